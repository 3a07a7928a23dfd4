"""Frames, recordings and slices: whatever holds a secret, nothing that comes out does."""

from __future__ import annotations

import base64
import gzip
import io
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from planting import Draw, events, ordinary
from planting import settings as records

import lognb as ln
from lognb.redaction import Redaction, Redactor, redact_logs

if TYPE_CHECKING:
    from pathlib import Path

    from planting import Planted


def _stands(data: bytes, secrets: list[Planted]) -> list[str]:
    """Which secrets stand in some bytes as they are: the plain search that needs none of our code."""
    text = data.decode("utf-8", "replace")
    return [one.value for one in secrets if one.value in text or json.dumps(one.value)[1:-1] in text]


def test_a_frame_of_any_types_holds_nothing_any_more(secrets: list[Planted]) -> None:
    mail, card, phone = "ann.lee@cart.example", 4_000_000_000_000_002, "+44 20 7946 0958"
    pair = pl.List(pl.Struct({"value": pl.String, "records": pl.UInt32}))
    frame = pl.DataFrame(
        {
            "body": ["x " + mail, "fine", None],
            "user.id|string": ["u-24", None, "7"],
            "user_id": pl.Series([5, None, 200], dtype=pl.UInt8),
            "paid": [card, 12, None],
            "level": pl.Series(["a", mail, "a"], dtype=pl.Categorical),
            "tops": pl.Series(
                [[{"value": mail, "records": 3}], [], None],
                dtype=pl.List(pl.Struct({"value": pl.String, "records": pl.UInt32})),
            ),
            "users": [["ann", "bob"], [], None],
            "who": [{"password": "abcx", "n": 1}, None, None],
            "raw": [b"call " + phone.encode(), b"\xff\xfe", None],
            "field": ["user.id", "route", "email"],
            "value": ["ann.lee", "/x", mail],
            "session_id": ["u-24", "b", "c"],
            "took": [1.5, None, 2.5],
            mail: [1, 2, 3],
        },
        schema_overrides={"tops": pair},
    )
    hide = Redactor(key=b"k")
    made = hide.frame(frame)
    assert made.height == 3
    said = repr(made.drop("session_id").to_dicts())
    for gone in (mail, "u-24", str(card), "'ann'", "abcx", phone, "ann.lee"):
        assert gone not in said, gone
    kinds = dict(zip(frame.columns, made.dtypes, strict=False))
    assert kinds["tops"] == pair
    assert kinds["paid"] == pl.Int64
    assert made["session_id"].to_list() == ["u-24", "b", "c"]
    assert made["took"].to_list() == frame["took"].to_list()
    assert made["body"].to_list()[1:] == ["fine", None]
    assert made["raw"][1] == b"\xff\xfe"
    assert made["value"][1] == "/x"
    assert hide.frame(made).equals(made, null_equal=True)
    assert Redactor(False).frame(frame) is frame


def test_ordinary_columns_stay_as_they_are() -> None:
    texts = [text for text, _ in ordinary(120)]
    counted = pl.int_range(120, eager=True) + 1_000
    frame = pl.DataFrame({
        "body": texts, "time": counted + 1_795_000_000_000_000_000, "users": counted,
        "trace_id": ["4bf92f3577b34da6"] * 120, "key": ["0190b0a1-5122-7572-9b3c-72085632cc8b"] * 120,
        "service.version": ["10.2.3.4"] * 120,
    })  # fmt: skip
    assert Redactor(key=b"k").frame(frame).equals(frame)


def test_audit_preview_and_leaks_count_and_show_no_value() -> None:
    frame = pl.DataFrame(
        {"body": ["ann@cart.example", "ann@cart.example", "bob@cart.example"], "user_id": ["u-1", "u-1", None]}
    )
    hide = Redactor(key=b"k")
    shown = hide.preview(frame)
    assert shown.rows() == [
        ("email", "body", "a… (16)", 1, 2),
        ("email", "body", "b… (16)", 1, 1),
        ("user", "user_id", "u… (3)", 1, 2),
    ]
    assert hide.audit().height == 0
    made = hide.frame(frame)
    assert hide.audit().rows() == [("email", 2, 3, "body"), ("user", 1, 2, "user_id")]
    assert "cart" not in hide.audit().write_csv()
    clean = made.write_json().encode()
    assert hide.leaks(clean) == []
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.gz", gzip.compress(b"to=bob%40cart.example&x"))
    parquet = io.BytesIO()
    frame.write_parquet(parquet)
    for leak in (clean + b"ann@cart.example", packed.getvalue(), parquet.getvalue(), b"&#x27; bob@cart.example"):
        assert hide.leaks(leak) == ["email"]


@pytest.mark.parametrize("packing", ["lines", "array", "gzip", "posthog"])
def test_recordings_hold_nothing_any_more(packing: str, secrets: list[Planted]) -> None:
    shown, typed = secrets[:98], ["Annegret Leopold", "12 Old Mill Lane"]
    found: list[dict[str, Any]] = events(shown, typed)
    if packing == "posthog":
        squeeze = lambda v: gzip.compress(json.dumps(v).encode()).decode("latin-1")  # noqa: E731
        found[1]["data"], found[1]["cv"] = squeeze(found[1]["data"]), "2024-10"
        for event in found:
            if event["data"] and isinstance(event["data"], dict) and "texts" in event["data"]:
                event["data"]["texts"] = squeeze(event["data"]["texts"])
    data = json.dumps(found).encode()
    data = b"\n".join(json.dumps(e).encode() for e in found) if packing == "lines" else data
    data = gzip.compress(data) if packing == "gzip" else data
    hide = Redactor(key=b"k")
    hide.learn(data)
    made = hide.recording(data)
    assert hide.recording(made) == made
    assert (made[:2] == b"\x1f\x8b") is (packing == "gzip")
    plain = gzip.decompress(made) if packing == "gzip" else made
    back = [json.loads(line) for line in plain.splitlines()] if packing == "lines" else json.loads(plain)
    assert [e["type"] for e in back] == [e["type"] for e in found]
    for event in back:  # open what is packed
        for holder, name in ((event, "data"), (event["data"], "texts")):
            if isinstance(holder, dict) and isinstance(holder.get(name), str) and holder[name][:2] == "\x1f\x8b":
                holder[name] = json.loads(gzip.decompress(holder[name].encode("latin-1")))
    said = json.dumps(back, ensure_ascii=False).encode()
    assert _stands(said, shown) == []
    assert hide.leaks(said) == []
    assert not any(t.encode() in said for t in typed), "what was typed into fields for a name is known everywhere"
    assert b"Your data" in said


def test_all_text_of_a_page_can_be_hidden() -> None:
    data = json.dumps(events([], ["x"])).encode()
    hide = Redactor(Redaction.of(["+screen text"]), key=b"k")
    node = {"type": 2, "data": {"node": {"type": 3, "id": 4, "textContent": "Dear Ann, 7 left"}}}
    assert b"xxxx xxx, 0 xxxx" in hide.recording(json.dumps([node]).encode())
    assert hide.recording(hide.recording(data)) == hide.recording(data)


def test_a_slice_of_logs_holds_nothing_any_more(tmp_path: Path, secrets: list[Planted]) -> None:
    draw = Draw(2)
    planted = [one for one in secrets[::3] if len(one.value) >= 8]
    rows = []
    for i, one in enumerate(planted):
        places = list(records(draw, one))
        rows.append({
            "time": f"2026-11-03T09:{i // 60 % 60:02d}:{i % 60:02d}Z", "msg": places[i % len(places)][1],
            "user_id": f"u-{i % 50}x", "note": one.text(), f"rare.{i % 7}": one.text(), "pay": {"deep": [one.text()]},
        })  # fmt: skip
    name = tmp_path / "ann.lee@cart.example.jsonl"
    name.write_text("\n".join(json.dumps(row) for row in rows))
    recording = tmp_path / "s-1.json"
    recording.write_text(json.dumps(events(planted[:60], ["Annegret Leopold"])))
    logs = ln.read(name, recording, store=tmp_path / "s.duckdb", progress=False)
    hide = Redactor(key=b"k")
    hide.learn(logs)
    out = redact_logs(logs, hide, tmp_path / "out")
    for file in out.iterdir():
        assert hide.leaks(file.read_bytes()) == [], file.name
    again = ln.scan(out)
    whole = "\n".join([again.to_polars().write_ndjson(), repr(again.load_report), (out / "manifest.json").read_text()])
    assert _stands(whole.encode(), planted) == []
    assert "ann.lee" not in whole
    events_of = gzip.decompress(again.engine.recording("s-1")[0])
    assert _stands(events_of, planted) == []
    before, after = logs.to_polars(), again.to_polars()
    for column in ("record_id", "time", "severity", "source_position", "size_bytes"):
        assert after[column].equals(before[column])
    assert after["user_id"].n_unique() == before["user_id"].n_unique()
    one = after["user_id"][0]
    assert len(again.where(f'user_id="{one}"')) == before.filter(pl.col("user_id") == before["user_id"][0]).height


def test_hostile_texts_and_recordings_cost_no_more_than_their_length() -> None:
    hide = Redactor(key=b"k")
    for part in (
        "token=",
        'password="',
        "-----BEGIN PRIVATE KEY-----",
        "ab://a:b@",
        "10.1.2.3 ",
        "%41",
        '\\"',
        "(",
        "1:",
    ):
        text = part * (30_000 // len(part))
        started = time.process_time()
        hide.text(text)
        assert time.process_time() - started < 3, part
    node: dict[str, Any] = {"type": 3, "id": 1, "textContent": "ann@cart.example"}
    for i in range(300):
        node = {"type": 2, "id": i + 2, "tagName": "div", "attributes": {}, "childNodes": [node]}
    data = json.dumps([{"type": 2, "timestamp": 1, "data": {"node": node}}]).encode()
    hide.learn(data)
    assert b"ann@" not in hide.recording(data), "what nobody can look into is left out"


@pytest.mark.parametrize("learnt", [True, False])
def test_what_is_typed_is_hidden_where_it_comes_as_an_attribute(learnt: bool) -> None:
    def changed(node: int, **attributes: str) -> dict[str, Any]:
        return {"type": 3, "data": {"source": 0, "attributes": [{"id": node, "attributes": attributes}]}}

    fields = [
        {"type": 2, "id": n, "tagName": "input", "attributes": {"type": kind, "name": name}, "childNodes": []}
        for n, kind, name in ((5, "text", "fullname"), (6, "button", "send"))
    ]
    page: list[dict[str, Any]] = [{"type": 2, "data": {"node": {"type": 0, "id": 1, "childNodes": fields}}}]
    page += [changed(5, value="Marlene Quist"), changed(5, value=""), changed(6, value="Send", title="Thanks")]
    data, hide = json.dumps(page).encode(), Redactor(key=b"k")
    if learnt:
        hide.learn(data)
        assert "Quist" not in hide.text("Thank you, Marlene Quist")
    made = hide.recording(data)
    assert b"Quist" not in made
    assert b'"Send"' in made
    assert hide.recording(made) == made


def test_a_short_id_within_a_hash_is_no_leak() -> None:
    hide = Redactor(key=b"k")
    hide.learn(pl.DataFrame({"user_id": ["a3f9c1", "beatrix"]}))
    assert hide.leaks(b'{"trace_id": "00a3f9c1de", "png": "xa3f9c1beatrixY=", "b": "a3f9c12"}') == []
    for leak in (b"of a3f9c1.", b'"line\\na3f9c1"', b"to%20beatrix", b'"\\u0020beatrix"', b"xa3f9c1 a3f9c1"):
        assert hide.leaks(leak) == ["user"]


def test_files_in_base64_are_looked_into_but_for_pictures() -> None:
    def file(kind: str, data: bytes) -> str:
        return f"data:{kind};base64,{base64.b64encode(data).decode()}"

    mail = b"ann@shop.example"
    shown = [file("image/png", b"\x89PNG"), file("font/woff2", b"\xff"), file("text/css;charset=utf-8", b"a{}")]
    read = [file(kind, mail) for kind in ("text/html", "application/json", "image/svg+xml", "")]
    texts = [*shown, *read, file("application/pdf", b"\xff" + mail), "data:;base64, ann@shop.example"]
    hide = Redactor(key=b"k")
    made = hide.recording(json.dumps([{"type": 5, "data": {"payload": texts}}]).encode())
    back = json.loads(made)[0]["data"]["payload"]
    assert back[:3] == shown
    for text in back[3:7]:
        assert base64.b64decode(text.partition(",")[2]).endswith(b".invalid")
    assert back[7] == "data:application/pdf;base64,"
    assert b"ann@" not in made
    assert hide.recording(made) == made
