"""Each kind of message: what the answer says of it, and the way from it to its records and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import lognb as ln
from lognb.errors import QueryError
from lognb.query import Query, parse_time

ROOT = Path(__file__).resolve().parents[2]
NINE = parse_time("2026-11-03T09:00:00Z") or 0
HOSTILE = '=cmd()\x1b[2J<img src=x onerror="alert(1)">\u202e'


def record(second: float | None, body: Any, severity: int = 9, **attributes: str) -> dict[str, Any]:
    out: dict[str, Any] = {
        "severityNumber": severity,
        "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in attributes.items()],
    }
    if body is not None:
        out["body"] = body if isinstance(body, dict) else {"stringValue": body}
    if second is not None:
        out["timeUnixNano"] = str(NINE + round(second * 1e9))
    return out


def read(*records: dict[str, Any], service: str = "web") -> ln.Logs:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    dump = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": list(records)}]}]}
    return ln.read(json.dumps(dump).encode())


@pytest.fixture(scope="module")
def shop(samples: Path) -> ln.Logs:
    return ln.read(samples / "shop.json.zst")


@pytest.fixture(scope="module")
def small() -> ln.Logs:
    answers = [record(i, f"answered {200 if i % 3 else 500} in {i} ms", 9 if i % 3 else 17) for i in range(60)]
    ids = [{"session.id": f"s{i % 5}", "user.id": f"u{i % 4}"} for i in range(20)]
    users = [record(30 + i, f"user u{i % 4}x left", **own) for i, own in enumerate(ids)]
    return read(*answers, *users, record(None, "user u9x left"), record(5, None, event="click"), record(6, ""))


def test_columns_are_what_the_docstring_tables(small: ln.Logs) -> None:
    counts = pl.List(pl.Struct({"value": pl.String, "records": pl.UInt64}))
    time = pl.Datetime("ns", "UTC")
    frame = small.patterns().frame
    assert dict(frame.drop("slots", "trend").schema) == {
        "pattern": pl.String, "text": pl.String, "records": pl.UInt64, "share": pl.Float64, "new": pl.Boolean,
        "severities": counts, "errors": pl.UInt64, "services": pl.List(pl.String),
        "sessions": pl.UInt64, "users": pl.UInt64, "first": time,
        "last": time, "bytes": pl.Int64, "examples": pl.List(pl.String), "sampled": pl.UInt64, "fitting": pl.UInt64,
        "template": pl.String, "regex": pl.String,
    }  # fmt: skip
    doc = ln.Logs.patterns.__doc__ or ""
    assert all(f"`{name}`" in doc for name in frame.columns)


def test_what_it_says(small: ln.Logs) -> None:
    result = small.patterns()
    answered, left, empty = result.frame.rows(named=True)
    assert result.frame["text"].to_list() == ["answered {200|500} in <int> ms", "user <id> left", "(empty)"]
    assert [answered["records"], left["records"], empty["records"]] == [60, 21, 1]
    assert answered["share"] == pytest.approx(60 / 83)
    assert answered["severities"] == [{"value": "info", "records": 40}, {"value": "error", "records": 20}]
    assert (answered["errors"], left["errors"]) == (20, 0)
    assert answered["services"] == ["web"]
    assert (left["sessions"], left["users"]) == (5, 4)
    assert left["slots"][0]["values"] == 5
    ms = answered["slots"][1]
    assert (ms["kind"], ms["min"], ms["median"], ms["p99"]) == ("int", 0, 29, 59)
    assert sum(c["records"] for c in left["trend"]) == 20  # one has no time
    assert answered["trend"][0]["bucket"].isoformat() == "2026-11-03T09:00:00+00:00"
    assert [answered["first"].second, left["first"].second, left["last"].second] == [0, 30, 49]
    assert answered["sampled"] == answered["fitting"] == 60
    assert len(left["examples"]) == 3
    assert "82 records in 3 patterns" in result.sentence
    assert "1 record without a body left out" in result.sentence
    assert "most errors: answered" in result.sentence


def test_counts_are_exact_and_add_up(shop: ln.Logs) -> None:
    frame = shop.patterns().frame
    records = shop.to_polars(columns=["pattern", "size_bytes", "session_id"])
    said = records.filter(pl.col("pattern").is_not_null()).group_by("pattern").agg(pl.len(), pl.col("size_bytes").sum())
    assert set(frame.select("pattern", "records", "bytes").rows()) == set(said.rows())
    assert records["pattern"].null_count() == shop.where("NOT body exists").to_polars().height


@pytest.mark.truth
def test_the_truth_of_the_sample_is_among_them(shop: ln.Logs, truth: dict[str, Any]) -> None:
    faults = truth["faults"]
    wanted = {text for fault in faults.values() for key, text in fault.items() if key.endswith("pattern")}
    assert len(wanted) >= 4
    assert wanted <= set(shop.patterns().frame["template"])


def test_from_a_pattern_to_its_records_and_back(shop: ln.Logs) -> None:
    result = shop.patterns()
    loyalty = result.frame.row(by_predicate=pl.col("template").str.contains("loyalty"), named=True)
    logs = result.records(loyalty["pattern"][:8])
    assert len(logs) == loyalty["records"]
    assert str(logs.query) == f"pattern={loyalty['pattern']}"
    assert logs.to_polars(columns=["pattern"])["pattern"].unique().to_list() == [loyalty["pattern"]]
    assert len(shop.where(f"-pattern={loyalty['pattern']}")) == len(shop) - loyalty["records"]
    assert logs.facets("pattern", own=True).frame["value"].to_list() == [loyalty["pattern"]]
    assert len(shop.where('pattern:"did not answer"')) >= loyalty["records"]
    inside = logs.patterns().frame
    assert inside["pattern"].to_list() == [loyalty["pattern"]]
    assert set(logs.volume(by="pattern").frame["pattern"]) == {loyalty["pattern"]}


def test_an_expression_finds_all_records_of_its_pattern(shop: ln.Logs) -> None:
    result = shop.patterns()
    given = result.frame.filter(pl.col("regex").is_not_null())
    assert given["records"].sum() > 0.9 * result.frame["records"].sum()
    for row in given.rows(named=True):
        found = result.regex(row["pattern"])
        assert found == row["regex"]
        quoted = found.replace("\\", "\\\\").replace('"', '\\"')
        both = shop.where(f"pattern={row['pattern']}").where(f'body~"{quoted}"')
        assert len(both) == row["records"], row["text"]


def test_an_expression_that_misses_a_record_is_not_given() -> None:
    """Only the sample fits: one record of many has a list where the others have one."""
    logs = read(*(record(i, f"nodes: a{i}" if i else "nodes: a1, a2 , a3") for i in range(30)))
    result = logs.patterns()
    (row,) = result.frame.rows(named=True)
    assert result.regex(row["pattern"]) in (None, row["regex"])
    assert row["fitting"] <= row["sampled"] == 30


def test_new_is_what_no_record_before_the_window_has() -> None:
    logs = read(*(record(i, f"tick {i}") for i in range(60)), record(40, "disk full"), record(10, "disk 7 slow"))
    frame = logs.where(since="2026-11-03T09:00:30").patterns().frame
    assert dict(frame.select("template", "new").iter_rows()) == {"tick <*>": False, "disk full": True}
    assert "1 new since" in logs.where(since="2026-11-03T09:00:30").patterns().sentence
    assert logs.patterns().frame["new"].null_count() == 3
    # Whatever else the query asks.
    assert logs.where("severity=error", since="2026-11-03T09:00:30").patterns().frame.height == 0


def test_an_id_is_the_same_in_every_window_and_store(shop: ln.Logs) -> None:
    part = shop.where("service_name=worker", until="+120s")
    other = ln.read(part.to_polars(columns=["time", "body", "severity"]).rename({"time": "timestamp"}))
    here = dict(part.patterns().frame.select("template", "pattern").iter_rows())
    there = dict(other.patterns().frame.select("template", "pattern").iter_rows())
    assert here.keys() & there.keys()
    assert all(here[text] == there[text] for text in here.keys() & there.keys())


def test_an_older_id_still_finds_its_records() -> None:
    few = read(record(0, "login of ann failed"))
    (older,) = few.patterns().frame["pattern"]
    many = read(*(record(i, f"login of {name} failed") for i, name in enumerate(("ann", "bob", "cyd"))))
    (now,) = many.patterns().frame["pattern"]
    assert older != now
    assert len(many.where(f"pattern={older}")) == len(many.where(f"pattern={now}")) == 3
    assert str(many.patterns().records(older).query) == f"pattern={now}"


def test_the_sample_can_be_all() -> None:
    logs = read(*(record(i, f"answered {200 if i else 500} in {i} ms") for i in range(300)))
    (part,) = logs.patterns(sample=10).frame.rows(named=True)
    assert (part["sampled"], part["records"]) == (10, 300)
    (whole,) = logs.patterns(sample=None).frame.rows(named=True)
    assert whole["sampled"] == 300
    assert whole["slots"][0]["top"] == [{"value": "200", "records": 299}, {"value": "500", "records": 1}]
    with pytest.raises(QueryError, match="sample=0"):
        logs.patterns(sample=0)


def test_other_bodies() -> None:
    logs = read(
        record(0, {"bytesValue": "aGVsbG8="}), record(1, {"bytesValue": "d29ybGQ="}), record(2, {"intValue": "7"}),
        record(3, {"kvlistValue": {"values": [{"key": "msg", "value": {"stringValue": "order 7 paid"}}]}}),
        record(4, "order 9 paid"), record(5, "用户123登录失败"), record(6, HOSTILE),
    )  # fmt: skip
    texts = logs.patterns().frame.select("template", "records").rows()
    assert {("(bytes)", 2), ("<*>", 1), ("order <*> paid", 2), ("用户<*>登录失败", 1)} <= set(texts)


def test_hostile_text_is_text(tmp_path: Path) -> None:
    result = read(*(record(i, f"{HOSTILE} {i}") for i in range(3))).patterns()
    page = result._repr_mimebundle_()["text/html"]
    assert "<img src=x" not in page
    assert "\x1b" not in repr(result) + page
    assert "\u202e" not in repr(result) + page + result.to_markdown()
    assert "'=cmd" in result.write(tmp_path / "x.csv").read_text("utf-8")
    json.dumps(result.to_dict())


def test_no_records_and_unknown_patterns(small: ln.Logs) -> None:
    none = small.where("severity=fatal").patterns()
    assert (none.frame.height, none.sentence) == (0, "no records")
    assert small.where("NOT body exists").patterns().sentence == "1 record, none with a body"
    with pytest.raises(QueryError, match="is no pattern here"):
        small.patterns().records("nope")
    with pytest.raises(QueryError, match="there are 3"):
        small.patterns().records("")


def test_an_attribute_of_that_name_hides_the_field() -> None:
    logs = read(record(0, "a 1", pattern="mine"), record(1, "b 2"))
    assert len(logs.where("pattern=mine")) == 1
    assert logs.patterns().frame.height == 2


def test_a_query_narrows_what_is_counted_not_what_is_mined(small: ln.Logs) -> None:
    part = small.where(Query.parse("severity=error")).patterns().frame.row(0, named=True)
    assert (part["text"], part["records"]) == ("answered {500} in <int> ms", 20)
