"""Errors as issues: what the frame says of each, and what is behind one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.errors import QueryError
from lognb.query import parse_time

if TYPE_CHECKING:
    from pathlib import Path

NINE = parse_time("2026-11-03T09:00:00Z") or 0
HOSTILE = '=cmd()\x1b[2J<img src=x onerror="alert(1)">\u202e'


def record(second: float, body: str, level: int = 9, span: str | None = None, **attributes: Any) -> dict[str, Any]:
    pairs = [{"key": k.replace("__", "."), "value": {"stringValue": v}} for k, v in attributes.items()]
    out = {"timeUnixNano": str(NINE + round(second * 1e9)), "severityNumber": level, "attributes": pairs}
    return out | {"body": {"stringValue": body}} | ({"traceId": span * 2, "spanId": span} if span else {})


def dump(records: list[dict[str, Any]], service: str = "shop", **resource: str) -> bytes:
    said = {"service.name": service, **{k.replace("__", "."): v for k, v in resource.items()}}
    attributes = [{"key": k, "value": {"stringValue": v}} for k, v in said.items()]
    logs = [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": records}]}]
    return json.dumps({"resourceLogs": logs}).encode()


def traceback(function: str = "pay", message: str = "no") -> str:
    called = '  File "/srv/a.py", line 9, in main\n    x()\n'
    return f'Traceback (most recent call last):\n{called}  File "/srv/a.py", line 3, in {function}\n    y()\n' + (
        f"shop.Failed: {message}\n"
    )


def test_columns_are_what_the_docstring_tables() -> None:
    frame = ln.read(dump([record(0, traceback())])).errors().frame
    times = pl.Datetime("ns", "UTC")
    assert frame.schema == {
        "issue": pl.String(), "title": pl.String(), "culprit": pl.String(), "occurrences": pl.UInt64(),
        "records": pl.UInt64(), "spans": pl.UInt64(), "sessions": pl.UInt64(), "users": pl.UInt64(),
        "services": pl.List(pl.String()), "releases": pl.List(pl.String()), "first": times, "last": times,
        "trend": pl.List(pl.Struct({"bucket": times, "occurrences": pl.UInt64()})), "new": pl.Boolean(),
        "sample_record_id": pl.UInt64(), "why": pl.String(),
    }  # fmt: skip


def test_an_issue_says_what_fails_where_to_whom_since_when() -> None:
    one = [record(s, traceback(message=f"order {s}"), session__id=f"s{s % 2}", user__id="u1") for s in range(4)]
    errors = ln.read(dump(one, service__version="1.2"), dump([record(9, "lost 7", 17)], "web")).errors()
    first, second = errors.frame.rows(named=True)
    assert (first["title"], first["culprit"]) == ("shop.Failed: order <*>", "pay (a.py)")
    assert (first["occurrences"], first["records"], first["sessions"], first["users"]) == (4, 4, 2, 1)
    assert (first["services"], first["releases"], first["new"]) == (["shop"], ["1.2"], None)
    assert first["why"] == "the same 2 frames of the application and the same type, Failed"
    assert (second["title"], second["culprit"], second["services"]) == ("lost <*>", "", ["web"])
    assert errors.sentence == (
        "2 issues, 5 errors; most often shop.Failed: order <*> in pay (a.py), 4 times (2 sessions, 1 user)"
    )


def test_a_trend_has_all_buckets_of_the_window_and_every_occurrence() -> None:
    errors = ln.read(dump([record(s, traceback()) for s in (0, 1, 599)])).errors()
    trend = errors.frame["trend"][0].struct.unnest()
    steps = trend["bucket"].diff().drop_nulls().unique()
    assert steps.len() == 1
    assert trend["occurrences"].sum() == 3
    assert trend["occurrences"][0] == 2
    assert trend["bucket"][0].timestamp() == NINE / 1e9


def test_new_is_what_was_not_there_before_the_window() -> None:
    logs = ln.read(dump([record(0, traceback("pay")), record(100, traceback("pay")), record(101, traceback("ship"))]))
    errors = logs.where(since="09:01").errors()
    assert dict(errors.frame.select("culprit", "new").rows()) == {"pay (a.py)": False, "ship (a.py)": True}
    assert errors.sentence.endswith("; 1 new in this window")


def test_the_records_of_an_issue_are_logs_and_within_the_query() -> None:
    logs = ln.read(dump([record(s, traceback("pay" if s % 3 else "ship")) for s in range(9)]))
    errors = logs.where(since="09:00:04").errors()
    for row in errors.frame.rows(named=True):
        found = errors.records(row["issue"])
        assert len(found) == row["records"]
        assert found.head(1)["record_id"][0] == row["sample_record_id"]
        assert len(logs.where(f"issue={row['issue']}")) == {"pay (a.py)": 6, "ship (a.py)": 3}[row["culprit"]]
    assert errors.records(errors.frame["issue"][0][:6]).query == errors.records(errors.frame["issue"][0]).query


def test_the_frames_of_an_issue_are_a_table() -> None:
    text = 'Traceback (most recent call last):\n  File "/usr/lib/python3.11/json/decoder.py", line 337, in decode\n'
    text += "    x\nValueError: bad\n\nThe above exception was the direct cause of the following exception:\n\n"
    errors = ln.read(dump([record(0, text + traceback())])).errors()
    frames = errors.frames(errors.frame["issue"][0])
    columns = ["exception", "relation", "type", "function", "line", "in_app", "counts"]
    assert frames.select(columns).rows() == [
        (0, None, "shop.Failed", "pay", 3, True, True),
        (0, None, "shop.Failed", "main", 9, True, True),
        (1, "cause", "ValueError", "decode", 337, False, False),
    ]


def test_what_went_on_around_an_error_is_told_by_trace_session_and_service() -> None:
    span = "b" * 16
    shop = [record(-40, "long before", session__id="s"), record(-10, "other service's session", session__id="s"),
            record(-5, "elsewhere")]  # fmt: skip
    failing = [record(-31, "too early"), record(-29, "of the service"), record(-3, "of the trace", span=span),
               record(0, traceback(), span=span, session__id="s"), record(1, "later", span=span)]  # fmt: skip
    logs = ln.read(dump(shop, "web"), dump(failing, "shop"))
    errors = logs.where("service_name=shop").errors()
    found = errors.surrounding(errors.frame["issue"][0])
    assert found.select("how", "body").rows()[:-1] == [
        ("service", "of the service"), ("session", "other service's session"), ("trace", "of the trace"),
    ]  # fmt: skip
    assert found["record_id"][-1] == errors.frame["sample_record_id"][0]
    assert errors.surrounding(found["record_id"][-1], seconds=2).height == 1


def test_seconds_are_no_issue() -> None:
    errors = ln.read(dump([record(0, traceback())])).errors()
    with pytest.raises(QueryError, match="not of float"):
        errors.surrounding(0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", ["frames", "records", "surrounding"])
def test_an_unknown_issue_is_said_with_the_nearest(ask: str) -> None:
    errors = ln.read(dump([record(0, traceback())])).errors()
    known = errors.frame["issue"][0]
    wrong = known[:-1] + ("0" if known[-1] != "0" else "1")
    with pytest.raises(QueryError, match=f"'{wrong}' is no issue here; did you mean '{known}'"):
        getattr(errors, ask)(wrong)


def test_no_errors_is_said() -> None:
    errors = ln.read(dump([record(0, "fine")])).errors()
    assert (errors.frame.height, errors.sentence) == (0, "no errors")
    assert "no errors" in errors._repr_mimebundle_()["text/html"]


def test_hostile_text_is_text() -> None:
    logs = ln.read(dump([record(0, HOSTILE, 17), record(1, traceback(HOSTILE, HOSTILE))]))
    errors = logs.errors()
    shown = errors._repr_mimebundle_()
    assert "<img src=x" not in shown["text/html"]
    assert "\x1b" not in shown["text/plain"]
    assert "\u202e" not in shown["text/plain"]
    assert len(errors.records(errors.frame["issue"][0])) == 1


def test_it_can_be_written_and_drawn(tmp_path: Path) -> None:
    errors = ln.read(dump([record(s, traceback()) for s in range(3)])).errors()
    for ending in ("csv", "json", "parquet", "svg"):
        assert errors.write(tmp_path / f"errors.{ending}").stat().st_size
    drawn = errors.chart().to_dict()
    assert "shop.Failed: no" in json.dumps(drawn)
    assert pl.read_parquet(tmp_path / "errors.parquet").equals(errors.frame)


# ---- stacks that were split


def lines(text: str, at: float, **attributes: Any) -> list[dict[str, Any]]:
    return [record(at + i / 1000, line.strip(), 0, **attributes) for i, line in enumerate(text.strip().split("\n"))]


NODE = """RangeError: too many
    at fill (/srv/front.js:3:9)
    at Object.<anonymous> (/srv/front.js:9:1)"""
JAVA = """com.acme.OrderException: failed
\tat com.acme.Orders.pay(Orders.java:41)
\tat com.acme.Main.main(Main.java:12)
Caused by: java.sql.SQLException: no connection
\tat com.acme.Db.open(Db.java:9)
\t... 2 more"""
GO = """panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.(*Cart).Total(0xc000012120)
\t/build/dev/shop/cart.go:21 +0x1d
main.main()
\t/build/dev/shop/main.go:9 +0x4f"""
CHAINED = (
    traceback().rstrip()
    + "\n\nDuring handling of the above exception, another exception occurred:\n\n"
    + (traceback("ship", "yes").rstrip())
)


@pytest.mark.parametrize(
    "text", [traceback(), CHAINED, NODE, JAVA, GO], ids=["python", "chained", "node", "java", "go"]
)
def test_a_stack_that_was_split_is_one_error_like_the_whole(text: str) -> None:
    whole = ln.read(dump([record(0, text)])).errors().frame.row(0, named=True)
    around = [record(-1, "started"), *lines(text, 0), record(0.5, "ready: yes"), record(1, "stopped")]
    errors = ln.read(dump(around)).errors()
    (found,) = errors.frame.rows(named=True)
    assert (found["issue"], found["title"], found["culprit"]) == (whole["issue"], whole["title"], whole["culprit"])
    assert found["occurrences"] == 1
    assert found["records"] == len(text.strip().split("\n"))
    assert errors.sentence.endswith(f"1 stack of all records put together from {found['records']} lines")
    assert [b.strip() for b in errors.records(found["issue"]).to_polars()["body"]] == [
        line.strip() for line in text.strip().split("\n")
    ]


def test_two_stacks_in_a_row_are_two() -> None:
    errors = ln.read(dump([*lines(traceback(), 0), *lines(traceback(), 0.1), *lines(traceback("ship"), 0.2)])).errors()
    assert dict(errors.frame.select("culprit", "occurrences").rows()) == {"pay (a.py)": 2, "ship (a.py)": 1}


def test_lines_of_two_processes_are_not_mixed() -> None:
    first, second = (lines(traceback(f), at, log__file__name=f"{f}.log") for f, at in (("pay", 0), ("ship", 0.0005)))
    errors = ln.read(dump([*first, *second])).errors()
    assert dict(errors.frame.select("culprit", "records").rows()) == {"pay (a.py)": 6, "ship (a.py)": 6}


def test_joining_can_be_switched_off() -> None:
    logs = ln.read(dump(lines(traceback(), 0)))
    assert logs.errors(join_lines=False).frame.height == 0
    loud = ln.read(dump([r | {"severityNumber": 17} for r in lines(traceback(), 0)]))
    errors = loud.errors(join_lines=False)
    assert errors.frame["records"].sum() == 6
    assert "put together" not in errors.sentence
    assert len(errors.records(errors.frame["issue"][0])) == errors.frame["records"][0]
    assert loud.errors().frame["records"].to_list() == [6]


def test_a_line_alone_is_no_stack() -> None:
    logs = ln.read(dump([record(0, "at start (fine)"), record(5, "at f (/srv/a.js:1:2)"), record(9, "main.go:12")]))
    assert logs.errors().frame.height == 0
