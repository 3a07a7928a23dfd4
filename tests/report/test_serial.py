"""Blocks written to files and read again are the same, whatever stands in them."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing.parametric import dataframes

from lognb._origin import Origin
from lognb.errors import LognbError
from lognb.query import Query
from lognb.report import serial
from lognb.report.blocks import Block, Document, Table
from lognb.report.pictures import checked
from tests.report.same import assert_same

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><g aria-label="{}"><path d="M0,0h1"/></g></svg>'
FLAT = [
    pl.Int8, pl.UInt64, pl.Int128, pl.Float32, pl.Float64, pl.Boolean, pl.String, pl.Binary, pl.Date, pl.Time, pl.Null,
    pl.Datetime("ns", "UTC"), pl.Datetime("us"), pl.Datetime("ms", "Europe/Berlin"), pl.Duration("ns"),
    pl.Decimal(20, 3), pl.Categorical(), pl.Enum(["warn", "", "ü"]),
]  # fmt: skip
DTYPES = [
    *FLAT, pl.List(pl.Enum(["a"])), pl.List(pl.Struct({"low": pl.Float64, "at": pl.Datetime("ns", "UTC")})),
    pl.Array(pl.UInt8, 2), pl.Struct({"a": pl.List(pl.String), "b": pl.Int128}), pl.List(pl.List(pl.Null)),
]  # fmt: skip
TEXT = st.text(max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | st.just("$double"), inner, max_size=3),
    max_leaves=8,
)
QUERIES = st.sampled_from(["", "severity>=error", 'time>=2026-01-01 "a \\"b\\"" -x=1.50 (n in (a, 2) OR y exists)'])


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    frame = draw(dataframes(max_cols=3, max_size=5, allowed_dtypes=DTYPES, allow_null=True))
    table = Table(frame, draw(st.integers(0, 10**12)), tuple(draw(st.lists(TEXT, max_size=2))))
    ns = st.none() | st.integers(-(2**63), 2**63 - 1)
    sources = tuple(draw(st.lists(st.tuples(TEXT, TEXT), max_size=2)))
    origin = Origin(draw(TEXT), draw(TEXT), Query.parse(draw(QUERIES)), draw(ns), draw(ns), sources, draw(TEXT))
    return Block(
        draw(st.sampled_from(["words", "result", "story", "panel"])), draw(TEXT), draw(TEXT), {draw(TEXT): table},
        draw(st.dictionaries(TEXT, JSON, max_size=3)), draw(st.none() | st.just(origin)), draw(TEXT), {"rows": SVG},
        recordings=draw(st.dictionaries(TEXT, st.binary(max_size=20), max_size=2)),
    )  # fmt: skip


def document(*held: Block) -> Document:
    return Document("t \ud800", "UTC", {"b": "2", "a": "1"}, held, datetime.now(UTC), "0.1.0", redacted=True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(blocks(), max_size=2))
def test_blocks_are_the_same_after_a_file(held: list[Block]) -> None:
    made = document(*held)
    files = serial.dump(made)
    json.loads(files[serial.BLOCKS], parse_constant=pytest.fail)
    again, of = serial.load(files.__getitem__)
    assert_same(again.blocks, made.blocks)
    assert list(again.meta.items()) == list(made.meta.items())
    assert of == [None] * len(held)
    assert (again.title, again.zone, again.made, again.version, again.redacted) == (
        made.title, made.zone, made.made, made.version, True,
    )  # fmt: skip


def test_doubles_that_are_no_number_and_structs_of_nothing() -> None:
    facts = {
        "n": [float("inf"), float("-inf"), float("nan")],
        "tag": {"$double": "x"},
        "o": {"$object": {"$double": 1}},
    }
    frame = pl.DataFrame({"s": pl.Series([{}, None], dtype=pl.Struct({}))})
    again, _ = serial.load(serial.dump(document(Block("result", frames={"rows": Table.of(frame)}, facts=facts))).get)  # type: ignore[arg-type]
    assert repr(again.blocks[0].facts) == repr(facts)
    assert again.blocks[0].frames["rows"].frame.equals(frame)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (Block("result", facts={"at": datetime.now(UTC)}), "block 1 hold a datetime"),
        (Block("result", frames={"rows": Table.of(pl.DataFrame({"o": [object()]}))}), "no file can hold"),
        (Block("chart", pictures={"rows": SVG.replace("<path", '<path onload="x()"')}), "onload"),
    ],
)
def test_what_cannot_be_kept_is_said_when_it_is_written(block: Block, said: str) -> None:
    with pytest.raises(LognbError, match=said):
        serial.dump(document(block))


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>", "<style>*{}</style>", "<foreignObject/>", '<use href="#x"/>', "<!--><script>-->",
        "<animate/>", '<a href=" javascript:alert(1)"/>', '<image href="https://x.example/p.png"/>', "<g>", "<?x y?>",
        '<image href="data:image/svg+xml;base64,PHN2Zz4="/>', '<rect fill="url(https://x.example/)"/>',
        '<rect style="fill:u\\72l(https://x.example)"/>', '<g OnClick="x()"/>', "<![CDATA[<script>]]>", "<x:g/>",
        "<title><g/></title>", '<s:script xmlns:s="http://www.w3.org/2000/svg"/>', '<div xmlns="http://www.w3.org/1999/xhtml"/>',
        '<rect x:href="javascript:x()" xmlns:x="http://www.w3.org/1999/xlink"/>',
    ],
)  # fmt: skip
def test_a_picture_that_could_do_more_than_show_is_refused(inside: str) -> None:
    with pytest.raises(LognbError, match="picture"):
        checked(SVG.replace("<path", f"{inside}<path"))


def test_pictures_as_they_are_drawn_pass() -> None:
    words = SVG.format("C:\\logs javascript: url(x) onload=&lt;b&gt;")
    links = (
        '<a href="https://shop.example/?a=1&amp;b=2"/><image href="data:image/png;base64,iVBORw0KGgo="/>'
        '<rect fill="url(#gradient_0)" xml:space="preserve"><title>12:00 &lt;b&gt;</title></rect>'
    )
    for svg in (words, SVG.replace("<path", f"{links}<path")):
        assert checked(svg) == svg


def _changes() -> list[tuple[str, Any]]:
    return [
        ("kind", "script"), ("kind", None), ("title", 7), ("frames", []), ("frames", {"rows": {"file": "x"}}),
        ("frames", {"rows": {"file": "../../etc/passwd", "rows": 1, "columns": []}}), ("facts", {"$double": "x y"}),
        ("origin", {}), ("pictures", {"rows": "report/blocks.json"}), ("recordings", ["x"]), ("logs", -1),
    ]  # fmt: skip


@pytest.mark.parametrize(("member", "value"), _changes())
def test_a_block_of_another_shape_is_an_error_in_words(member: str, value: Any) -> None:
    files = serial.dump(document(Block("result", frames={"rows": Table.of(pl.DataFrame({"n": [1]}))})))
    told = json.loads(files[serial.BLOCKS])
    told["blocks"][0][member] = value
    files[serial.BLOCKS] = json.dumps(told).encode()
    with pytest.raises(LognbError, match=r"block.*ask for the bundle again"):
        serial.load(files.__getitem__)


def _parquet(frame: pl.DataFrame) -> bytes:
    frame.write_parquet(out := io.BytesIO())
    return out.getvalue()


def _ipc(frame: pl.DataFrame) -> bytes:
    frame.write_ipc(out := io.BytesIO(), compression="zstd")
    return out.getvalue()


@pytest.mark.parametrize(
    ("ending", "data", "said"),
    [
        ("parquet", _parquet(pl.DataFrame({"n": pl.repeat(7, 300_000, eager=True)})), "300,000 rows"),
        ("parquet", _parquet(pl.DataFrame({"n": [pl.repeat(7, 6_000_000, eager=True)]})), "6,000,000 values"),
        ("arrow", _ipc(pl.DataFrame({"n": pl.repeat(7, 1_000, eager=True)})), "is compressed"),
    ],
)
def test_a_frame_that_would_grow_beyond_bounds_is_not_read(ending: str, data: bytes, said: str) -> None:
    """Parquet of equal values is small, however many they are."""
    files = serial.dump(document(Block("result", frames={"rows": Table.of(pl.DataFrame({"n": [1]}))})))
    told = json.loads(files[serial.BLOCKS])
    told["blocks"][0]["frames"]["rows"]["file"] = name = f"report/001-1.{ending}"
    files |= {serial.BLOCKS: json.dumps(told).encode(), name: data}
    with pytest.raises(LognbError, match=said):
        serial.load(files.__getitem__)


@pytest.mark.parametrize(
    ("kind", "name", "columns"),
    [
        ("actions", "rows", {"what": "x"}),
        ("actions", "actions", dict.fromkeys(("what", "owner", "due", "status", "kind"), 1)),
        ("timeline", "moments", dict.fromkeys(("time", "kind", "who", "what", "record_id"), "x")),
        ("pins", "pins", {"note": "x"}),
    ],
)
def test_a_block_needs_what_it_is_shown_by(kind: Any, name: str, columns: dict[str, Any]) -> None:
    files = serial.dump(document(Block(kind, frames={name: Table.of(pl.DataFrame([columns]))})))
    with pytest.raises(LognbError, match=f"a block of kind '{kind}'"):
        serial.load(files.__getitem__)
