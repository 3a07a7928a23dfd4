"""What leaves for other programs comes back the same, and does no harm there."""

from __future__ import annotations

import base64
import csv
import json
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

import lognb as ln
from lognb._export import _plain_cells
from lognb.errors import FieldError, LognbError, SourceError
from lognb.schema import RECORD

if TYPE_CHECKING:
    from pathlib import Path

BODIES = ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1"]
HARMLESS = ["-5", "+3.5e2", "a=1", "", 'say "hi", then\r\nleave', "Ünïcode 🙂", "'quoted", "1,5"]


def _otlp(bodies: list[str]) -> bytes:
    records = [
        {
            "timeUnixNano": str(1793696400123456789 + i),
            "severityNumber": 17,
            "body": {"stringValue": body},
            "attributes": [
                {"key": "n", "value": {"intValue": str(2**53 + 1 + i)}},
                {"key": "=x", "value": {"stringValue": body}},
            ][: 1 + i % 2],
        }
        for i, body in enumerate(bodies)
    ]
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()


@pytest.fixture(scope="module")
def odd() -> ln.Logs:
    return ln.read(_otlp(BODIES + HARMLESS))


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def test_csv_cells_are_unarmed_and_else_unchanged(tmp_path: Path, odd: ln.Logs) -> None:
    rows = _rows(odd.write_csv(tmp_path / "x.csv", ["body", "n", "=x"]))
    assert rows[0] == ["body", "n", "'=x"]
    assert [row[0] for row in rows[1:]] == ["'" + b for b in BODIES] + HARMLESS
    assert [row[1] for row in rows[1:]] == [str(2**53 + 1 + i) for i in range(len(rows) - 1)]
    assert [row[2] for row in rows[1:]] == [
        "" if i % 2 == 0 else f"'{b}" if b in BODIES else b for i, b in enumerate(BODIES + HARMLESS)
    ]
    assert (tmp_path / "x.csv").read_bytes().startswith(b"body,n,'=x\r\n")


def test_csv_numbers_are_left_alone_whatever_their_sign() -> None:
    frame = pl.DataFrame({"i": [-1, None], "f": [-0.5, 1e300], "b": [True, False]})
    assert_frame_equal(_plain_cells(frame), frame)


def test_csv_read_again_is_the_same(tmp_path: Path, logs: ln.Logs) -> None:
    names = ["timestamp", "severity_text", "body", "trace_id", "span_id", "http.route"]
    path = logs.write_csv(tmp_path / "shop.csv", names)
    again = ln.read(path, columns={n: n for n in names[:-1]})
    assert len(again) == len(logs)
    kept = [n for n in names if n != "severity_text"]
    assert_frame_equal(again.to_polars(kept).sort(kept), logs.to_polars(kept).sort(kept))


def test_csv_has_all_columns_and_every_batch_but_one_header(
    tmp_path: Path, logs: ln.Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, ids = logs.engine.batches, logs.to_polars(["record_id"])["record_id"].to_list()
    monkeypatch.setattr(logs.engine, "batches", lambda query, columns=None: whole(query, columns, 100))
    rows = _rows(logs.write_csv(tmp_path / "x.csv"))
    assert rows[0] == list(RECORD)
    assert [int(row[0]) for row in rows[1:]] == ids


def test_nothing_has_a_header(tmp_path: Path, logs: ln.Logs) -> None:
    nothing = logs.where('"no such words anywhere"')
    assert _rows(nothing.write_csv(tmp_path / "x.csv", ["time", "body"])) == [["time", "body"]]
    assert nothing.to_arrow(["time", "body"]).num_rows == 0


def test_a_failure_leaves_the_earlier_file(tmp_path: Path, logs: ln.Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        yield logs.head(1)
        raise LognbError("broken off")

    monkeypatch.setattr(logs.engine, "batches", broken)
    for name, write in (("x.csv", logs.write_csv), ("x.jsonl", logs.write_jsonl)):
        (tmp_path / name).write_text("earlier")
        with pytest.raises(LognbError, match="broken off"):
            write(tmp_path / name)
        assert (tmp_path / name).read_text() == "earlier"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.csv", "x.jsonl"]


def test_what_cannot_be_written_says_so(tmp_path: Path, logs: ln.Logs) -> None:
    for write in (logs.write_csv, logs.write_jsonl):
        with pytest.raises(LognbError, match=r"cannot be written: No such file or directory; name another file"):
            write(tmp_path / "nowhere" / "x")
    with pytest.raises(FieldError, match="servce_name"):
        logs.write_csv(tmp_path / "x.csv", ["servce_name"])
    for columns, why in ((["time", "time"], "'time' more than once"), ([], "columns is empty")):
        with pytest.raises(LognbError, match=why):
            logs.to_arrow(columns)
    assert list(tmp_path.iterdir()) == []


NARROWED = ["severity>=error", "http.route=/api/search duration_ms>100", '"no such words anywhere"']
"""The last lets no record through."""


def _same(found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    """The same records in the same order; keys of a JSON object may come in another one."""
    texts = ["attributes", "resource", "scope_attributes"]
    names = [n for n in RECORD if n not in ("record_id", "source", "source_position", *texts)]
    assert_frame_equal(found.select(names), wanted.select(names))
    for name in texts:
        assert [json.loads(x) for x in found[name]] == [json.loads(x) for x in wanted[name]]


@pytest.mark.parametrize("query", NARROWED)
def test_a_narrowed_export_has_the_records_of_the_query_and_the_spans(
    tmp_path: Path, logs: ln.Logs, query: str
) -> None:
    some = logs.where(query, since="03:10")
    assert (len(some) > 0) == (query != NARROWED[-1])
    scanned = ln.scan(some.write_parquet(tmp_path / "p"))
    assert_frame_equal(scanned.to_polars(), some.to_polars())
    again = ln.read(some.write_jsonl(tmp_path / "x.jsonl"))
    _same(again.to_polars(), some.to_polars())
    for other in (scanned, again):
        assert len(other) == len(some)
        assert other.spans.drop("source", "source_position", "attributes", "resource").equals(
            logs.spans.drop("source", "source_position", "attributes", "resource")
        )
    assert len(scanned.where("severity>=warn")) == len(some.where("severity>=warn"))


@pytest.mark.parametrize("columns", [None, ["time", "http.route", "duration_ms", "resource", "source", "body"]])
@pytest.mark.parametrize("query", NARROWED)
def test_frames_of_a_narrowed_export_agree(
    tmp_path: Path, logs: ln.Logs, query: str, columns: list[str] | None
) -> None:
    pytest.importorskip("pandas")
    some = logs.where(query)
    frame = some.to_polars(columns)
    assert frame.columns == (columns or list(RECORD))
    assert frame.schema == logs.to_polars(columns).schema, "the types do not hang on what is left"
    arrow = pl.DataFrame(pl.from_arrow(some.to_arrow(columns)))
    assert_frame_equal(arrow.cast(frame.schema), frame)  # type: ignore[arg-type]
    pandas = some.to_pandas(columns)
    assert (list(pandas.columns), len(pandas)) == (frame.columns, frame.height)
    assert pandas["body"].tolist() == frame["body"].to_list()
    rows = _rows(some.write_csv(tmp_path / "x.csv", columns))
    assert (rows[0], len(rows) - 1) == (frame.columns, frame.height)


@pytest.mark.parametrize("query", ["service_name=checkout", *NARROWED])
def test_jsonl_is_what_the_official_messages_take(tmp_path: Path, logs: ln.Logs, query: str) -> None:
    """OTLP JSON is JSON of the messages, but for ids, which are hex; an unknown or misspelt field is an error there."""
    from google.protobuf import json_format
    from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    def as_base64(value: Any) -> Any:
        if isinstance(value, list):
            return [as_base64(v) for v in value]
        if not isinstance(value, dict):
            return value
        return {
            k: base64.b64encode(bytes.fromhex(v)).decode()
            if k in ("traceId", "spanId", "parentSpanId")
            else as_base64(v)
            for k, v in value.items()
        }

    some, bodies, spans = logs.where(query), [], 0
    for line in some.write_jsonl(tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines():
        request = as_base64(json.loads(line))
        if "resourceLogs" in request:
            message = json_format.ParseDict(request, LogsData())
            scopes = [scope for resource in message.resource_logs for scope in resource.scope_logs]
            bodies += [
                r.body.string_value for scope in scopes for r in scope.log_records if r.body.HasField("string_value")
            ]
        else:
            traces = json_format.ParseDict(request, TracesData())
            spans += sum(len(scope.spans) for resource in traces.resource_spans for scope in resource.scope_spans)
    assert bodies == some.where("body_type=string").to_polars(["body"]).to_series().to_list()
    assert spans == logs.spans.height


def test_nothing_at_all_can_be_written(tmp_path: Path, odd: ln.Logs) -> None:
    """No record and no span: there is a file, and to read it says that nothing is in it."""
    nothing = odd.where('"no such words anywhere"')
    assert len(ln.scan(nothing.write_parquet(tmp_path / "p"))) == 0
    path = nothing.write_jsonl(tmp_path / "x.jsonl")
    assert path.read_bytes() == b""
    with pytest.raises(SourceError, match="no log record and no span"):
        ln.read(path)


def test_arrow_is_the_frame(logs: ln.Logs, odd: ln.Logs) -> None:
    table = logs.to_arrow()
    assert isinstance(table, pa.Table)
    assert_frame_equal(pl.DataFrame(pl.from_arrow(table)).cast(RECORD), logs.to_polars())  # type: ignore[arg-type]
    assert table.schema.field("time").type == pa.timestamp("ns", "UTC")
    assert odd.to_arrow(["n"])["n"].to_pylist()[:2] == [2**53 + 1, 2**53 + 2]


def test_pandas_keeps_integers_and_nulls(logs: ln.Logs, odd: ln.Logs) -> None:
    pytest.importorskip("pandas")
    frame = odd.to_pandas(["n", "=x", "time"])
    assert frame["n"].tolist()[0] == 2**53 + 1
    assert frame["=x"].isna().tolist() == [i % 2 == 0 for i in range(len(frame))]
    assert frame["time"].iloc[0].nanosecond == 789
    assert len(logs.to_pandas()) == len(logs)


def test_without_pandas(logs: ln.Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(LognbError, match=r"needs pandas.*pip install pandas.*to_arrow"):
        logs.to_pandas()
