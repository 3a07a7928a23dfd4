"""Any record, from protobuf and from JSON, to OTLP and to Parquet and back: the same record."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import as_json, be32, json_line, load, unplaced
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status
from polars.testing import assert_frame_equal

from lognb.engines.duckdb import build
from lognb.loaders import Load, Source, expand, to_frame
from lognb.loaders.otlp_write import write_otlp
from lognb.query import Query
from lognb.schema import RECORD, SPAN

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
KEYS = st.one_of(
    st.sampled_from(
        ["a", "b", "time", "session.id", "user.id", "x.distinct_id", "$bytes", "$double", "$kvlist", "", "a|int"]
    ),
    TEXT,
)
DOUBLES = st.one_of(st.floats(), st.sampled_from([7.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1e22, 1e16, 1e-7]))
SCALARS = st.one_of(
    st.builds(AnyValue),
    st.builds(AnyValue, string_value=st.one_of(TEXT, st.sampled_from(["", "007", "null", '{"a":1}', '"q"', "\0"]))),
    st.builds(AnyValue, bool_value=st.booleans()),
    st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
    st.builds(AnyValue, double_value=DOUBLES),
    st.builds(AnyValue, bytes_value=st.binary(max_size=5)),
)


def _nested(inner: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    pairs = st.builds(KeyValue, key=KEYS, value=inner)
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda v: AnyValue(array_value=ArrayValue(values=v))),
        st.lists(pairs, max_size=3).map(lambda v: AnyValue(kvlist_value=KeyValueList(values=v))),
    )


VALUES = st.recursive(SCALARS, _nested, max_leaves=6)
PAIRS = st.lists(st.builds(KeyValue, key=KEYS, value=VALUES), max_size=4)
TIMES = st.one_of(st.just(0), st.integers(1, 2**63 - 1), st.sampled_from([10**18, 2**63 - 1]))
RESOURCES = st.builds(Resource, attributes=PAIRS)
SCOPES = st.builds(InstrumentationScope, name=TEXT, version=TEXT, attributes=PAIRS)


def ids(size: int) -> st.SearchStrategy[bytes]:
    return st.one_of(st.just(b""), st.binary(min_size=size, max_size=size), st.just(bytes(size)))


RECORDS = st.builds(
    LogRecord,
    time_unix_nano=TIMES,
    observed_time_unix_nano=TIMES,
    severity_number=st.integers(0, 24),
    severity_text=st.one_of(TEXT, st.sampled_from(["WARN", "Critical", "notice", ""])),
    body=st.one_of(
        VALUES, st.sampled_from([AnyValue(string_value='{"level":"error"}'), AnyValue(double_value=math.nan)])
    ),
    attributes=PAIRS,
    dropped_attributes_count=st.integers(0, 2**32 - 1),
    flags=st.integers(0, 2**32 - 1),
    trace_id=ids(16),
    span_id=ids(8),
    event_name=TEXT,
)
LOGS = st.builds(
    ExportLogsServiceRequest,
    resource_logs=st.lists(
        st.builds(
            ResourceLogs,
            resource=RESOURCES,
            scope_logs=st.lists(
                st.builds(ScopeLogs, scope=SCOPES, log_records=st.lists(RECORDS, max_size=3)), max_size=2
            ),
        ),
        min_size=1,
        max_size=2,
    ),
)
SPANS = st.builds(
    Span,
    trace_id=ids(16),
    span_id=ids(8),
    parent_span_id=ids(8),
    trace_state=TEXT,
    flags=st.integers(0, 2**32 - 1),
    name=TEXT.filter(bool),
    kind=st.integers(0, 5),
    # Of a span that says next to nothing, the bytes do not say that it is one.
    start_time_unix_nano=st.integers(1, 2**63 - 1),
    end_time_unix_nano=TIMES,
    attributes=PAIRS,
    dropped_attributes_count=st.integers(0, 2**32 - 1),
    events=st.lists(st.builds(Span.Event, time_unix_nano=TIMES, name=TEXT, attributes=PAIRS), max_size=2),
    links=st.lists(
        st.builds(Span.Link, trace_id=ids(16), span_id=ids(8), trace_state=TEXT, attributes=PAIRS), max_size=2
    ),
    status=st.builds(Status, code=st.integers(0, 2), message=TEXT),
)
TRACES = st.builds(
    ExportTraceServiceRequest,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            resource=RESOURCES,
            scope_spans=st.lists(
                st.builds(ScopeSpans, scope=SCOPES, spans=st.lists(SPANS, min_size=1, max_size=2)),
                min_size=1,
                max_size=2,
            ),
        ),
        min_size=1,
        max_size=2,
    ),
)
QUICK = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def records_of(message: ExportLogsServiceRequest) -> int:
    return sum(len(s.log_records) for r in message.resource_logs for s in r.scope_logs)


def _parsed(frame: pl.DataFrame) -> pl.DataFrame:
    """JSON as what it means: DuckDB escapes control characters with other letters."""
    texts = [repr(json.loads(text, object_pairs_hook=list)) for text in frame["attributes"]]
    return frame.with_columns(pl.Series("attributes", texts, dtype=pl.String))


def all_spans(data: bytes) -> pl.DataFrame:
    found = [b.spans for b in Load([Source("x", data=data)])]
    return pl.concat([pl.DataFrame(schema=SPAN), *found]).drop("source", "source_position")


@QUICK
@given(LOGS)
def test_protobuf_and_json_of_a_record_load_equal(message: ExportLogsServiceRequest) -> None:
    proto, proto_report = load(be32([message.SerializeToString()]))
    line, line_report = load(json_line(message))
    assert len(proto) == records_of(message)
    assert_frame_equal(unplaced(proto), unplaced(line))
    assert proto_report.files[0].notes == line_report.files[0].notes
    assert not proto_report.files[0].rejected + line_report.files[0].rejected


@QUICK
@given(LOGS)
def test_otlp_json_written_from_records_gives_them_back(message: ExportLogsServiceRequest) -> None:
    frame, _ = load(be32([message.SerializeToString()]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.jsonl"
        write_otlp([frame], path)
        again, report = load(path.read_bytes())
        assert list(Path(folder).iterdir()) == [path]
    assert_frame_equal(unplaced(again), unplaced(frame))
    assert not report.files[0].rejected


@settings(QUICK, max_examples=60)
@given(TRACES)
def test_spans_too(message: ExportTraceServiceRequest) -> None:
    proto, line = all_spans(be32([message.SerializeToString()])), all_spans(json_line(message))
    assert_frame_equal(proto, line)
    with tempfile.TemporaryDirectory() as folder:
        write_otlp([], Path(folder) / "x.jsonl", spans=proto)
        assert_frame_equal(all_spans((Path(folder) / "x.jsonl").read_bytes()), proto)


@settings(QUICK, max_examples=15)
@given(LOGS, TRACES)
def test_parquet_gives_records_and_spans_back(
    logs: ExportLogsServiceRequest, traces: ExportTraceServiceRequest
) -> None:
    data = be32([logs.SerializeToString(), traces.SerializeToString()])
    made = build(None, Load([Source("dump", data=data)]), [("digest", "dump")])
    with tempfile.TemporaryDirectory() as folder:
        parquet = Path(folder) / "parquet"
        made.write_parquet(parquet, Query())
        again = Load(expand([str(parquet)]))
        batches = list(again)
        frame = pl.concat([pl.DataFrame(schema=RECORD), *map(to_frame, batches)])
        assert_frame_equal(_parsed(frame), _parsed(made.fetch(Query())))
        back = build(None, batches, [("digest", "dump")])
        assert_frame_equal(back.fetch(Query()), made.fetch(Query()))
        assert_frame_equal(back.spans(), made.spans())
    (file,) = again.report.files
    assert (file.records, file.spans, file.rejected) == (made.count(Query()), len(made.spans()), 0)
    made.close()
    back.close()


def test_many_records_are_written_in_lines_of_a_thousand(tmp_path: Any) -> None:
    from making import request

    frame, _ = load(be32([request(2500, run=10).SerializeToString()]))
    write_otlp([frame[:1700], frame[1700:]], tmp_path / "x.jsonl")
    lines = (tmp_path / "x.jsonl").read_bytes().splitlines()
    assert len(lines) == 3
    assert_frame_equal(unplaced(load(b"\n".join(lines))[0]), unplaced(frame))


def test_a_failed_write_leaves_the_earlier_file(tmp_path: Any) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("earlier")

    def frames() -> Any:
        yield load(json_line(ExportLogsServiceRequest()))[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_otlp(frames(), path)
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_the_json_made_here_is_that_of_the_specification() -> None:
    """The oracle itself: ids in hex, int64 as text, enums as numbers, NaN as text, bytes in base64."""
    record = LogRecord(time_unix_nano=5, severity_number=9, trace_id=b"\x0a" * 16, body=AnyValue(double_value=math.nan))
    record.attributes.append(
        KeyValue(
            key="k", value=AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=0), AnyValue(bytes_value=b"\0")]))
        )
    )
    assert as_json(record) == {
        "timeUnixNano": "5",
        "severityNumber": 9,
        "body": {"doubleValue": "NaN"},
        "attributes": [{"key": "k", "value": {"arrayValue": {"values": [{"intValue": "0"}, {"bytesValue": "AA=="}]}}}],
        "traceId": "0a" * 16,
    }
