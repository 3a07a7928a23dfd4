"""Records, errors and bytes by bucket and by fields, as plain Python counts them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from factory import T0, Rec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import _value, matches

from lognb.errors import FieldError
from lognb.query import Query

if TYPE_CHECKING:
    from lognb.engines.duckdb import DuckDB

SECOND = 10**9


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.sampled_from(["", "severity>=warn", "-timed", "n<3 OR env=test"]),
    fields=st.sampled_from([[], ["severity"], ["service_name", "http.route"], ["http.route", "severity"]]),
    every=st.sampled_from([1, 7, 60, 3600]),
    least=st.integers(1, 40),
    distinct=st.sampled_from([None, "http.route"]),
)
def test_counts_are_those_of_python(
    engine: DuckDB, records: list[Rec], text: str, fields: list[str], every: int, least: int, distinct: str | None
) -> None:
    query = Query.parse(text)
    groups: dict[tuple[Any, ...], list[Rec]] = defaultdict(list)
    totals: dict[tuple[Any, ...], int] = defaultdict(int)
    for r in records:
        at = r.time if r.time is not None else r.observed
        if at is not None and matches(query, r):
            key = tuple(_value(f, r)[0] for f in fields)
            groups[*key, at // (every * SECOND) * every * SECOND].append(r)
            totals[key] += 1
    expected = {
        key: (
            len(rs),
            sum(_value("severity", r)[0] in ("error", "fatal") for r in rs),
            sum(len(r.body) for r in rs),
            len({_value(distinct, r)[0] for r in rs} - {None}) if distinct else 0,
        )
        for key, rs in groups.items()
        if totals[key[:-1]] >= least
    }
    frame = engine.series(query, every * SECOND, fields, least, distinct)
    got = {
        (*row[:-5], row[-5]): row[-4:]
        for row in frame.with_columns(bucket=frame["bucket"].dt.timestamp("ns")).iter_rows()
    }
    assert got == expected
    assert frame.height == len(got)


def test_unknown_fields_are_errors(engine: DuckDB) -> None:
    with pytest.raises(FieldError, match="nosuch"):
        engine.series(Query((), T0), SECOND, ["nosuch"])


@pytest.mark.parametrize("text", ["", "severity>=warn", "-timed"])
def test_tallies_are_the_series_of_each_field(engine: DuckDB, text: str) -> None:
    fields = [f for f in engine.field_names() if f not in ("attributes", "resource", "scope_attributes")]
    found = engine.tallies(Query.parse(text), 7 * SECOND, fields)
    for field, frame in zip(fields, found, strict=True):
        expected = engine.series(Query.parse(text), 7 * SECOND, [field]).select("by0", "bucket", "records")
        assert frame.equals(expected), field
