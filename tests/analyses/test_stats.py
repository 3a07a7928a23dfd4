"""What stats measures and says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.errors import FieldError, LimitError, QueryError
from lognb.schema import SEVERITY, TIME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Load = Callable[[list[tuple[float | None, str, str | None, dict[str, Any]]]], ln.Logs]

PERCENTILES = ["p5", "p25", "p50", "p75", "p90", "p95", "p99"]


@pytest.fixture
def slow(load: Load) -> ln.Logs:
    """100 seconds; a takes 1 to 10 ms, b does too, but 1000 ms from 40 to 60 s; some records have no such number."""
    records: list[tuple[float | None, str, str | None, dict[str, Any]]] = []
    for s in range(100):
        records += [(s + i / 10, "info", "a", {"took_ms": i + 1}) for i in range(10)]
        records.append((s, "info", "b", {"took_ms": 1000 if 40 <= s < 60 else s % 10 + 1}))
        records.append((s, "error", "b", {}))
    records += [(5, "info", "c", {"took_ms": "12"}), (None, "info", "a", {"took_ms": 3})]
    return load(records)


def test_columns_are_what_the_docstring_tables(slow: ln.Logs) -> None:
    assert slow.stats("took_ms").frame.columns == [
        "records", "min", *PERCENTILES, "max", "mean", "sum", "nan", "infinite", "other", "histogram",
    ]  # fmt: skip
    frame = slow.stats("took_ms", every="10s", by="severity").frame
    assert frame.columns == [
        "bucket", "severity", "records", "min", *PERCENTILES, "max", "mean", "sum", "nan", "infinite", "other",
    ]  # fmt: skip
    assert frame.schema["bucket"] == TIME
    assert frame.schema["severity"] == SEVERITY
    assert {frame.schema[c] for c in ("min", *PERCENTILES, "max", "sum")} == {pl.Int64()}


def test_the_whole_field(slow: ln.Logs) -> None:
    result = slow.stats("took_ms")
    row = result.frame.row(0, named=True)
    assert (row["records"], row["other"], row["min"], row["p50"], row["max"]) == (1101, 1, 1, 6, 1000)
    assert row["sum"] == 5500 + 20_000 + 8 * 55 + 3
    assert [(b["low"], b["high"], b["records"]) for b in row["histogram"][-2:]] == [(500, 1000, 0), (1000, 2000, 20)]
    assert result.sentence == (
        "1,101 records with a number in took_ms: median 6 ms, 95 % up to 10 ms; from 1 ms to 1,000 ms; "
        "1 no number; 100 records without it"
    )
    assert result.title == "took_ms, milliseconds"


def test_over_time_every_bucket_has_a_row_and_the_worst_is_named(slow: ln.Logs) -> None:
    result = slow.where("service_name=b").stats("took_ms", every="10s")
    frame = result.frame
    assert frame["records"].to_list() == [10] * 10
    assert frame["p95"].to_list() == [10] * 4 + [1000] * 2 + [10] * 4
    assert (
        "95th percentile highest at 09:00:40–09:00:50 UTC: 1,000 ms, half of the buckets up to 10 ms" in result.sentence
    )
    gap = slow.where("service_name=c OR -took_ms<1000").stats("took_ms", every="10s").frame
    assert gap["records"].to_list() == [0] * 4 + [10] * 2 + [0] * 4
    assert gap["p50"].to_list() == [None] * 4 + [1000] * 2 + [None] * 4
    assert gap["other"].to_list() == [1] + [0] * 9


def test_by_value_and_the_rest(slow: ln.Logs) -> None:
    result = slow.stats("took_ms", by="service_name")
    assert result.frame["service_name"].to_list() == ["a", "b", "c"]
    assert result.frame["p95"].to_list() == [10, 1000, None]
    assert "highest for b: 1,000 ms, lowest for a: 10 ms" in result.sentence
    lists = result.frame["histogram"].to_list()
    assert [[b["low"] for b in bins] for bins in lists] == [[b["low"] for b in lists[0]]] * 3
    assert [sum(b["records"] for b in bins) for bins in lists] == result.frame["records"].to_list()
    top = slow.stats("took_ms", by="service_name", top=1).frame
    assert top["service_name"].to_list() == ["a", "other (2 more)"]
    assert top["records"].sum() == 1101
    assert [sum(b["records"] for b in bins) for bins in top["histogram"].to_list()] == top["records"].to_list()
    assert slow.stats("took_ms", every="50s", by="service_name", top=1).frame.height == 4


def test_records_without_a_value_of_by_are_a_row_of_null(load: Load) -> None:
    logs = load([(0, "info", "a", {"n": 1, "k": "x"}), (1, "info", "a", {"n": 5})])
    frame = logs.stats("n", by="k").frame
    assert set(frame["k"]) == {"x", None}
    assert [sum(b["records"] for b in bins) for bins in frame["histogram"].to_list()] == [1, 1]


def test_values_that_do_not_differ_are_said_to(slow: ln.Logs) -> None:
    said = slow.where("took_ms<1000").stats("took_ms", by="service_name").sentence
    assert said == "1,081 records with a number in took_ms; 95th percentile 10 ms for each value"


def test_a_field_without_a_number_is_told(slow: ln.Logs) -> None:
    with pytest.raises(FieldError, match="did you mean 'took_ms'"):
        slow.stats("took_m")
    with pytest.raises(QueryError, match="took_ms is never a number in these records: 1 text or other values"):
        slow.where("service_name=c").stats("took_ms")
    with pytest.raises(QueryError, match="none of these records has took_ms"):
        slow.where("severity=error").stats("took_ms")
    with pytest.raises(QueryError, match="none of these records has took_ms and a time"):
        slow.where("-time exists took_ms<0 OR -time exists -took_ms exists").stats("took_ms", every="1m")
    with pytest.raises(QueryError, match="body is never a number"):
        slow.stats("body")
    with pytest.raises(QueryError, match="is no length of time"):
        slow.stats("took_ms", every="often")
    with pytest.raises(LimitError):
        slow.stats("took_ms", every="1us")


def test_every_number_of_a_record_can_be_asked_for(slow: ln.Logs) -> None:
    assert slow.stats("size_bytes").title == "size_bytes, bytes"
    assert " B" in slow.stats("size_bytes").sentence
    assert slow.stats("severity_number").frame["max"].to_list() == [17]
    body = ln.read(pl.DataFrame({"body": [json.dumps({"n": 2**60 + 1})]}), progress=False)
    assert body.stats("body.n").frame["max"].to_list() == [2**60 + 1]


def test_it_shows_itself_and_can_be_written(slow: ln.Logs, tmp_path: Path) -> None:
    result = slow.stats("took_ms", by="service_name")
    assert "█" in repr(result)
    assert "<svg" in result._repr_mimebundle_()["text/html"]
    assert pl.read_csv(result.write(tmp_path / "a.csv"))["histogram"][0].startswith('[{"low": 1.0')
    assert json.loads(result.write(tmp_path / "a.json").read_text())["rows"][0][-1][0]["high"] == 2.0
    assert pl.read_parquet(result.write(tmp_path / "a.parquet")).equals(result.frame)


@pytest.mark.truth
def test_the_slow_node_of_the_sample(shop: Path, truth: dict[str, Any]) -> None:
    """Against Polars, on the real capture."""
    fault = truth["faults"]["slow"]
    logs = ln.read(shop, progress=False).where(f"service_name={fault['service']} http.route={fault['route']}")
    frame = logs.stats(fault["field"], by="k8s.node.name").frame
    plain = logs.to_polars(columns=[fault["field"], "k8s.node.name"]).cast({fault["field"]: pl.Float64})
    for node, part in plain.group_by("k8s.node.name"):
        row = frame.filter(pl.col("k8s.node.name") == node[0]).row(0, named=True)
        column = part[fault["field"]].drop_nulls()
        assert (row["records"], row["min"], row["max"]) == (len(column), column.min(), column.max())
        assert row["mean"] == pytest.approx(column.mean())
        for p in (5, 25, 50, 75, 90, 95, 99):
            rank = max(0, -(-len(column) * p // 100) - 1)
            assert row[f"p{p}"] == column.sort()[rank]
    worst = frame.sort("p95", descending=True)["k8s.node.name"][0]
    assert worst == fault["node"]
