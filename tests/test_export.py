"""What leaves for other programs comes back the same, and does no harm there."""

from __future__ import annotations

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
from lognb.errors import FieldError, LognbError
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
