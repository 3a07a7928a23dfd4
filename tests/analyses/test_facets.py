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
        "chosen": pl.Boolean,
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
        for own, fields in ((True, "route severity service_name"), (False, "exception.type service_name")):
            fields = [f for f in fields.split() if f in outage.engine.field_names()]
            counted = narrowed.facets(*fields, own=own).frame
            sums = counted.group_by("field").agg(pl.col("records").sum())
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
    assert nothing.frame.filter("chosen")["records"].sum() == 0
    assert "no records" in nothing._repr_mimebundle_()["text/html"]


def test_a_key_in_brackets_is_its_facet(outage: Logs) -> None:
    assert outage["route"].frame.equals(outage.facets("route").frame)


def test_a_field_is_counted_once(outage: Logs) -> None:
    assert outage.facets("route", "route").frame.equals(outage.facets("route").frame)


def test_a_field_shows_what_its_own_conditions_left_out(outage: Logs) -> None:
    narrowed = outage.where("severity=error service_name=web")
    result = narrowed.facets("service_name", "severity")
    frame = result.frame
    errors, web = outage.where("severity=error"), outage.where("service_name=web")
    by_service = dict(frame.filter(field="service_name").select("value", "records").rows())
    assert by_service == {s: len(errors.where(f"service_name={s}")) for s in ("checkout", "web")}
    assert dict(frame.select("value", "chosen").rows()) == {
        "web": True,
        "checkout": False,
        "error": True,
        "info": False,
    }
    assert frame.filter(field="severity")["records"].sum() == len(web)
    assert "service_name: 1 of 2 values chosen, " in result.sentence
    assert narrowed.facets("service_name", own=True).frame["value"].to_list() == ["web"]
