"""Frames, columns=, and tables that are damaged, large, or of any shape."""

from __future__ import annotations

import io
import json
import random
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import check, load
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import ConsoleLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

import lognb as ln
from lognb.loaders import delimited, parquet_tables

if TYPE_CHECKING:
    from pathlib import Path

FRAME = pl.DataFrame({
    "ts": [1_714_557_600, 1_714_557_601, None],
    "msg": ["a", None, "c"],
    "level": ["warn", "INFO", None],
    "n": [7, None, 9],
    "zip": ["007", "7", ""],
})  # fmt: skip


def parquet(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


class Capsule:
    """Something that is known for nothing but its Arrow stream."""

    def __init__(self, table: pa.Table) -> None:
        self.__arrow_c_stream__ = table.__arrow_c_stream__


FRAMES = {
    "polars": lambda: FRAME,
    "lazy": FRAME.lazy,
    "arrow": FRAME.to_arrow,
    "reader": lambda: FRAME.to_arrow().to_reader(),
    "batch": lambda: FRAME.to_arrow().combine_chunks().to_batches()[0],
    "capsule": lambda: Capsule(FRAME.to_arrow()),
}


@pytest.mark.parametrize("name", FRAMES)
def test_any_frame_is_a_source(name: str) -> None:
    logs = ln.read(FRAMES[name]())
    frame = logs.to_polars().sort("source_position")
    assert frame["body"].to_list() == ["a", None, "c"]
    assert frame["severity"].to_list() == ["warn", "info", "unspecified"]
    assert frame["time"].cast(pl.Int64).to_list() == [1_714_557_600 * 10**9, 1_714_557_601 * 10**9, None]
    assert [json.loads(a) for a in frame["attributes"]] == [{"n": 7, "zip": "007"}, {"zip": "7"}, {"n": 9, "zip": ""}]
    (file,) = logs.load_report.files
    assert (file.source, file.format, file.records, file.rejected) == ("<frame 0>", "frame", 3, 0)
    assert "body from 'msg'" in file.why
    assert any("seconds since 1970" in note for note in file.notes)


def test_a_pandas_frame_is_a_source_with_its_index() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame({"msg": ["a", "b"], "n": [1, 2]}, index=pandas.to_datetime([1, 2], unit="s", utc=True))
    frame.index.name = "time"
    found = pl.concat(ln.frames(frame))
    assert found["time"].cast(pl.Int64).to_list() == [10**9, 2 * 10**9]
    assert found["attributes"].to_list() == ['{"n":1}', '{"n":2}']
    mixed = pandas.DataFrame({"msg": ["a", "b"], "x": [1, "two"]})
    with pytest.raises(ln.SourceError, match="one type"):
        ln.frames(mixed)


def test_a_frame_of_the_same_content_opens_the_same_store() -> None:
    first = ln.read(FRAME)
    again = ln.read(FRAME.clone())
    assert first.engine.report["key"] == again.engine.report["key"]
    assert ln.read(FRAME.with_columns(n=8)).engine.report["key"] != first.engine.report["key"]
    assert ln.read(FRAME, columns={"body": "zip"}).engine.report["key"] != first.engine.report["key"]
    assert ln.read(FRAME, columns={"body": "zip"}).to_polars()["body"].to_list() != first.to_polars()["body"].to_list()


def test_a_lazy_frame_that_fails_is_an_error_that_says_so(tmp_path: Path) -> None:
    lazy = FRAME.lazy().select("nothing of the kind")
    with pytest.raises(ln.SourceError, match="lazy frame cannot be collected"):
        ln.read(lazy)


def test_what_is_no_source_is_said() -> None:
    with pytest.raises(TypeError, match="frames"):
        ln.read(3.5)


MISTAKES = [
    ({"bdy": "msg"}, "a record has no 'bdy'; did you mean 'body'"),
    ({"body": "msgg"}, "no column 'msgg'; did you mean 'msg'"),
    ({"body": "MSG"}, "did you mean 'msg'"),
    ({"time": "ts", "timestamp": "ts"}, "the same part"),
    ({"body": 7}, "name one column"),
]


@pytest.mark.parametrize(("columns", "words"), MISTAKES)
@pytest.mark.parametrize("form", ["frame", "parquet", "csv", "json"])
def test_mistakes_in_columns_are_told_with_the_nearest_names(form: str, columns: Any, words: str) -> None:
    source = {
        "frame": FRAME,
        "parquet": parquet(FRAME.to_arrow()),
        "csv": FRAME.write_csv().encode(),
        "json": FRAME.write_ndjson().encode(),
    }[form]
    with pytest.raises(ln.SourceError, match=words):
        list(ln.frames(source, columns=columns))


def test_columns_go_before_a_layout_and_the_rest_stays() -> None:
    frame = FRAME.rename({"ts": "time_unix_nano", "msg": "body", "level": "severity_text"}).with_columns(
        log_attributes=pl.lit('{"a":1}'), severity_number=pl.lit(9), time_unix_nano=pl.lit(1_714_557_600_000_000_000)
    )
    found = ln.frames(frame, columns={"body": "zip", "session_id": "n"})
    rows = pl.concat(found)
    assert rows["body"].to_list() == ["007", "7", ""]
    assert rows["session_id"].to_list() == ["7", None, "9"]
    assert json.loads(rows["attributes"][0]) == {"a": 1, "n": 7, "body": "a"}
    assert "duckdb-otlp" in found.load_report.files[0].why
    assert "by columns=" in found.load_report.files[0].why


def test_a_tie_between_layouts_goes_to_the_one_that_knows_more_and_is_said() -> None:
    row = {"timestamp": 1, "body": "b", "severity_number": 9, "severity_text": "x", "log_attributes": "{}"}
    found = ln.frames(pl.DataFrame([row | {"resource_attributes": "{}", "uuid": "u"}]))
    list(found)
    assert found.load_report.files[0].framing == "rotel"
    assert "PostHog logs would know" in found.load_report.files[0].why


def test_csv_in_many_stretches_and_processes_reads_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f'2024-05-01T10:00:{i % 60:02}Z,"line {i}\nof ""two""",{i:03}' for i in range(2000)]
    data = ("time,message,n\n" + "\n".join(rows)).encode()
    whole, report = load(data)
    assert len(whole) == 2000, str(report)
    assert whole["body"][1999] == 'line 1999\nof "two"'
    assert whole["source_position"].to_list() == list(range(2, 4002, 2))
    assert whole["record_id"].n_unique() == 2000
    monkeypatch.setattr(delimited, "_BLOCK", 10_000)
    parts, _ = load(data)
    assert parts.equals(whole)
    assert load(data, workers=2)[0].equals(whole)
    # What is appended changes no id of what was there.
    assert load(data + b"\n2024-05-01T10:00:00Z,more,1\n")[0].head(2000).equals(whole)


def test_a_large_parquet_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"ts": range(1_714_557_600, 1_714_557_600 + 100_000), "msg": [f"m{i}" for i in range(100_000)]})
    sizes = [len(f) for f in ln.frames(parquet(table))]
    assert sum(sizes) == 100_000
    assert max(sizes) <= parquet_tables.ROWS


def hostile(seed: int) -> bytes:
    """A whole file with a few bytes of it changed, cut out or cut off."""
    rng = random.Random(seed)
    table = FRAME.with_columns(
        log=pl.Series(["{}", '{"a":[1]}', "x"]), deep=pl.Series([[1], [2, 3], None]), raw=pl.Series([b"a", b"", None])
    ).to_arrow()
    squeezed = rng.choice(["none", "snappy", "zstd"])
    data = bytearray(parquet(pa.concat_tables([table] * 20), row_group_size=25, compression=squeezed))
    kind = seed % 4
    if kind == 0:
        return bytes(data[: rng.randrange(4, len(data))])
    for _ in range(rng.choice([1, 1, 3, 10])):
        # The footer is where most of the structure is.
        at = rng.randrange(4, len(data)) if kind == 1 else rng.randrange(len(data) * 2 // 3, len(data))
        data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


@pytest.mark.parametrize("seed", range(0, 200, 40))
def test_a_hostile_parquet_is_never_more_than_a_line_of_the_report(seed: int) -> None:
    for i in range(seed, seed + 40):
        frame, report = load(hostile(i))
        (file,) = report.files
        assert file.format in ("parquet", "unknown")
        assert file.records == len(frame)
        assert 0 <= file.rejected_bytes <= file.bytes
        if file.records < 60:
            assert file.rejected, (i, str(report))
            assert all(r.reason for r in file.rejections)


def test_a_panic_of_polars_is_a_line_that_names_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PanicException does not derive from Exception."""
    assert not issubclass(pl.exceptions.PanicException, Exception)

    def panic(*_: Any, **__: Any) -> Any:
        raise pl.exceptions.PanicException("the buffer is not of one mind")

    path = tmp_path / "hostile.parquet"
    path.write_bytes(parquet(FRAME.to_arrow()))
    monkeypatch.setattr(parquet_tables.tables, "rows_of", panic)
    with pytest.raises(ln.SourceError, match=r"hostile\.parquet.*rows 1 to 3.*not of one mind"):
        ln.read(path)


def test_a_panic_of_polars_costs_plain_records_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    def panic(*_: Any, **__: Any) -> Any:
        raise pl.exceptions.PanicException("not of one mind")

    monkeypatch.setattr(parquet_tables.tables, "to_batch", panic)
    for data in (b'{"msg":"a"}\n{"msg":"b"}\n', b"time,message\n2024-05-01T10:00:00Z,a\n"):
        frame, report = load(data)
        check(data, frame, report)
        assert report.files[0].rejected == (2 if data[:1] == b"{" else 1)
        assert "not of one mind" in report.files[0].rejections[0].reason


def test_a_small_limit_of_units_does_not_touch_rows() -> None:
    data = b"time,message\n" + b"".join(b"2024-05-01T10:00:00Z,row %d\n" % i for i in range(1000))
    frame, report = load(data, max_unit_bytes=100)
    assert (len(frame), report.files[0].rejected) == (1000, 0)


def test_variant_attributes_are_kept_and_told() -> None:
    variant = pa.array(
        [{"metadata": b"\1", "value": b"\2"}], pa.struct([("metadata", pa.binary()), ("value", pa.binary())])
    )
    table = pa.table({"time_unix_nano": [1], "body": ["b"], "severity_number": [9], "log_attributes": variant})
    frame, report = load(parquet(table))
    assert json.loads(frame["attributes"][0])["log_attributes"]["value"] == {"$bytes": "Ag=="}
    assert any("VARIANT" in note for note in report.files[0].notes)


def test_a_damaged_row_group_costs_itself_and_says_its_rows() -> None:
    table = pa.table({"ts": [1_714_557_600] * 400, "msg": [f"message {i}" for i in range(400)]})
    data = bytearray(parquet(table, row_group_size=100, compression="zstd", use_dictionary=False))
    at = pq.read_metadata(io.BytesIO(data)).row_group(1).column(1).data_page_offset
    data[at : at + 60] = b"\xff" * 60
    frame, report = load(bytes(data))
    assert frame["body"].to_list() == [f"message {i}" for i in (*range(100), *range(200, 400))]
    assert frame["source_position"].to_list() == [*range(1, 101), *range(201, 401)]
    (lost,) = report.files[0].rejections
    assert (lost.position, lost.records) == (101, 100)
    assert "rows 101 to 200 (row group 2)" in lost.reason


RELATIVE = {
    "JSON numbers": b"\n".join(b'{"time":%s,"level":"info","msg":"x"}' % t for t in (b"0", b"0.5", b"12.5")),
    "JSON lengths": b"\n".join(b'{"time":"+%ss","msg":"x"}' % t for t in (b"0.5", b"12.5")),
    "CSV": b"time,level,msg\n0.5,info,a\n0.9,info,b\n12.5,info,c\n",
}


@pytest.mark.parametrize("name", RELATIVE)
def test_rows_with_relative_times_are_refused(name: str) -> None:
    frame, report = load(RELATIVE[name])
    assert len(frame) == 0
    assert "times are relative (" in report.files[0].rejections[0].reason
    assert "12.5" in report.files[0].rejections[0].reason
    with pytest.raises(ln.SourceError, match="times are relative"):
        ln.read(RELATIVE[name])


def test_rows_with_relative_times_beside_real_ones_are_not() -> None:
    frame, report = load(b'{"time":0.5,"ts":1700000000,"msg":"a"}\n{"time":"2026-11-03T09:00:00Z","msg":"b"}\n')
    assert frame["body"].to_list() == ["a", "b"]
    assert report.files[0].rejected == 0


def test_what_the_console_exporter_of_the_python_sdk_prints() -> None:
    out = io.StringIO()
    provider = LoggerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(ConsoleLogRecordExporter(out=out)))
    for i in range(3):
        provider.get_logger("app").emit(
            LogRecord(
                timestamp=1_700_000_000_000_000_000,
                severity_number=SeverityNumber.ERROR,
                body=f"boom {i}",
                attributes={"n": i},
                trace_id=0xAF7651916CD43DD8448EB211C80319C,
                span_id=5,
            )
        )
    provider.shutdown()
    frame, report = load(out.getvalue().encode())
    assert report.files[0].rejected == 0
    assert frame["body"].to_list() == ["boom 0", "boom 1", "boom 2"]
    assert frame["service_name"].to_list() == ["shop"] * 3
    assert frame["trace_id"].unique().to_list() == ["0af7651916cd43dd8448eb211c80319c"]
    assert frame["span_id"].unique().to_list() == ["0000000000000005"]
    assert frame["severity"].unique().to_list() == ["error"]
    assert ln.read(out.getvalue().encode()).to_polars()["body"].to_list() == ["boom 0", "boom 1", "boom 2"]


def test_repeated_keys_of_plain_json_are_told_and_the_store_is_made() -> None:
    read = ln.read(b'{"time":1700000000,"msg":"x","msg":"y","a":1,"a":2}\n' * 2)
    assert read.to_polars()["body"].to_list() == ["y", "y"]
    assert all(type(n) is int for f in read.load_report.files for n in f.notes.values())
