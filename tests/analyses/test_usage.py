"""Who fills the disk, what it costs, what would be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.errors import FieldError, QueryError
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Load = Callable[[list[tuple[float | None, str, str | None, dict[str, Any]]]], ln.Logs]

HOSTILE = '=cmd()\x1b[2J<img src=x onerror="alert(1)">\u202e'


def test_columns_are_what_the_docstring_tables(outage: ln.Logs) -> None:
    first = {
        "service_name": pl.String, "records": pl.UInt64, "bytes": pl.Int64, "share": pl.Float64,
        "mean_bytes": pl.Float64, "largest_bytes": pl.Int64, "largest_record_id": pl.UInt64,
        "largest_body": pl.String, "billed_bytes": pl.Int64, "billed_gib": pl.Float64,
    }  # fmt: skip
    assert outage.usage().frame.schema == first
    assert outage.usage(price_per_gib=1).frame.columns == [*first, "cost"]
    less = outage.usage(drop="severity=error", price_per_gib=1).frame
    assert less.columns == [*first, "cost", "records_after", "billed_gib_after", "cost_after"]


def test_bytes_are_those_of_the_records(outage: ln.Logs) -> None:
    frame = outage.usage().frame
    records = outage.to_polars()
    expected = records.group_by("service_name").agg(pl.len(), pl.col("size_bytes").sum())
    assert {tuple(r) for r in frame.select("service_name", "records", "bytes").rows()} == set(expected.rows())
    assert frame["share"].sum() == pytest.approx(1)
    assert frame["bytes"].sum() == records["size_bytes"].sum()
    # Each record has a body of 4 bytes, a route and a service name as JSON texts; two have only the body, and are
    # given an empty name.
    names = {"checkout": '"checkout"', "web": '"web"', None: '""'}
    for name, count, billed in frame.select("service_name", "records", "billed_bytes").rows():
        routes = sum(len("route") + len(f'"/p{s % 20}"') for s in range(1200) if s % 3) if name == "web" else 0
        routes = 400 * (len("route") + len('"/pay"')) if name == "checkout" else routes
        assert billed == count * (4 + len("service.name") + len(names[name])) + routes
    assert frame["billed_gib"].to_list() == [b / 2**30 for b in frame["billed_bytes"]]


def test_cost(outage: ln.Logs) -> None:
    frame = outage.usage(price_per_gib=0.25).frame
    assert frame["cost"].to_list() == pytest.approx([g / 4 for g in frame["billed_gib"]])
    assert outage.usage(price_per_gib=1000).sentence.endswith("billed 3.729e-05 GiB, $0.04")


def test_what_if_a_query_were_dropped(outage: ln.Logs) -> None:
    result = outage.usage(drop="service_name=web severity<error", price_per_gib=1)
    after = dict(result.frame.select("service_name", "records_after").rows())
    assert after == {"web": len(outage.where("service_name=web severity=error")), "checkout": 400, None: 2}
    kept = outage.where(~Query.parse("service_name=web severity<error")).usage().frame
    assert result.frame["billed_gib_after"].sum() == pytest.approx(kept["billed_gib"].sum())
    assert "; without service_name=web severity<error " in result.sentence
    assert outage.usage(drop=Query.parse("severity>=info")).frame["records_after"].to_list()[:2] == [0, 0]


def test_what_if_one_in_some_were_kept(outage: ln.Logs) -> None:
    result = outage.usage(keep_one_in=(10, "service_name=web"))
    after = dict(result.frame.select("service_name", "records_after").rows())
    assert after["checkout"] == 400
    assert 40 < after["web"] < 130
    assert (
        dict(outage.usage(keep_one_in=(10, "service_name=web")).frame.select("service_name", "records_after").rows())
        == after
    )
    assert "; with 1 in 10 of service_name=web " in result.sentence
    everything = outage.usage(keep_one_in=1).frame
    assert everything["records_after"].to_list() == everything["records"].to_list()
    all_of = outage.usage(keep_one_in=10)
    assert all_of.frame["records_after"].sum() < 200
    assert "with 1 in 10 of all records" in all_of.sentence
    both = outage.usage(drop="service_name=web", keep_one_in=(10, "service_name=web")).frame
    assert dict(both.select("service_name", "records_after").rows())["web"] == 0


def test_the_largest_records(load: Load) -> None:
    logs = load([(i, "info", "a", {"k": "x" * i}) for i in range(50)])
    frame = logs.usage("record_id", top=3).frame
    assert frame["largest_bytes"].to_list() == [17 + 1 + i for i in (49, 48, 47, 46)]
    assert frame["record_id"].to_list() == [*map(str, frame["largest_record_id"].to_list()[:3]), "other (47 more)"]
    assert logs.get(frame["record_id"][0])["size_bytes"].to_list() == [67]


def test_the_start_of_a_body_is_safe_to_print(tmp_path: Path) -> None:
    logs = ln.read(pl.DataFrame({"body": [HOSTILE + "x" * 1000], "severity": ["info"]}), progress=False)
    result = logs.usage()
    shown = result.frame["largest_body"][0]
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert len(shown) < 130
    assert "<img src=x" not in result._repr_mimebundle_()["text/html"]
    assert "'=cmd" in result.write(tmp_path / "a.csv").read_text()


def test_ids_are_written_whole(outage: ln.Logs) -> None:
    result = outage.usage()
    assert result.to_dict()["rows"][0][6] == str(result.frame["largest_record_id"][0])
    assert str(result.frame["largest_record_id"][0]) in repr(result)


@pytest.mark.parametrize("keep", [0, -1, 1.5, True, (10,), (10, 5), ("10", "a"), [10, "severity=info"]])
def test_a_lot_that_cannot_be(outage: ln.Logs, keep: Any) -> None:
    with pytest.raises(QueryError, match="keep_one_in="):
        outage.usage(keep_one_in=keep)


def test_what_cannot_be_asked(outage: ln.Logs) -> None:
    for price in (-1, float("nan"), float("inf")):
        with pytest.raises(QueryError, match="is no price"):
            outage.usage(price_per_gib=price)
    with pytest.raises(FieldError):
        outage.usage("servce_name")
    with pytest.raises(FieldError):
        outage.usage(drop="servce_name=x")
    with pytest.raises(QueryError):
        outage.usage(drop="(")
    nothing = outage.where("severity=fatal").usage(price_per_gib=1, drop="severity=info")
    assert nothing.sentence == "no records"
    assert "text/html" in nothing._repr_mimebundle_()


def test_a_field_named_like_a_column_of_the_answer(load: Load) -> None:
    logs = load([(0, "info", "a", {"cost": "x"})])
    assert logs.usage("cost", price_per_gib=1).frame.columns[0] == "attributes.cost"


@pytest.mark.truth
def test_the_payloads_of_the_sample(shop: Path, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["memory"]
    logs = ln.read(shop, progress=False)
    largest = logs.usage("record_id", top=fault["payloads"]).frame.head(fault["payloads"])
    records = logs.get(*largest["record_id"])
    assert set(records["service_name"]) == {fault["service"]}
    assert records["body"].str.starts_with("export ").all()
    nodes = logs.where('"sent, payload"').usage("k8s.node.name").frame
    assert nodes.select("k8s.node.name", "records").rows() == [(fault["node"], fault["payloads"])]
