"""What facets counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from lognb.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb import Logs

    Load = Callable[[list[tuple[float | None, str, str | None, dict[str, Any]]]], Logs]


def rows(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    return frame.select("value", "records", "values").rows()


def test_columns_are_what_the_docstring_tables(outage: Logs) -> None:
    assert outage.facets("severity").frame.schema == {
        "field": pl.String,
        "value": pl.String,
        "records": pl.UInt64,
        "share": pl.Float64,
        "values": pl.UInt64,
    }


def test_values_then_the_rest_then_those_without(outage: Logs) -> None:
    frame = outage.facets("route", top=3).frame
    assert rows(frame) == [("/pay", 400, 1), ("/p0", 40, 1), ("/p1", 40, 1), (None, 720, 18), (None, 2, 0)]
    assert frame["share"].sum() == pytest.approx(1)


def test_severities_come_in_their_order(outage: Logs) -> None:
    assert outage.facets("severity").frame["value"].to_list() == ["error", "warn", "info"]


def test_rows_of_each_field_add_up_to_all_records(outage: Logs) -> None:
    for query in ("", "severity>=error", "route=/pay", '"nowhere"'):
        narrowed = outage.where(query)
        sums = narrowed.facets("route", "severity", "service_name").frame.group_by("field").agg(pl.col("records").sum())
        assert set(sums["records"].to_list()) <= {len(narrowed)}


def test_fields_worth_a_look_are_chosen(load: Load) -> None:
    logs = load(
        [
            (0, "info", "a", {"http.route": "/a", "scope_name": "x", "secret": "s"}),
            (1, "info", "b", {"http.route": "/b", "http.request.method": "GET"}),
            (2, "info", "b", {"http.route": "/b", "http.request.method": "GET"}),
        ]
    )
    fields = logs.facets().frame["field"].unique(maintain_order=True).to_list()
    assert fields[:2] == ["severity", "service_name"]
    assert "http.route" in fields
    assert "secret" not in fields


def test_the_finding(outage: Logs) -> None:
    assert outage.facets("severity", "service_name", "route").sentence == (
        "1,202 records; 80 errors (6.7 %); service_name: web 67 %, 1 other; route: /pay 33 %, 20 others"
    )


def test_a_field_no_record_has(outage: Logs) -> None:
    with pytest.raises(FieldError, match="did you mean 'route'"):
        outage.facets("routes")


def test_nothing(outage: Logs) -> None:
    nothing = outage.where("severity=fatal").facets()
    assert nothing.sentence == "no records"
    assert nothing.frame["records"].sum() == 0
    assert "no records" in nothing._repr_mimebundle_()["text/html"]


def test_a_key_in_brackets_is_its_facet(outage: Logs) -> None:
    assert outage["route"].frame.equals(outage.facets("route").frame)


def test_a_field_is_counted_once(outage: Logs) -> None:
    assert outage.facets("route", "route").frame.equals(outage.facets("route").frame)
