"""Units and ids in a query: written as people have them, kept in one way."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lognb.errors import QueryError
from lognb.query import Condition, Number, Query

if TYPE_CHECKING:
    from decimal import Decimal

UNITS = [
    ("duration_ms>0.6s", "600"),
    ("duration_ms>=1.5min", "90000"),
    ("duration_ms<1500us", "1.5"),
    ("duration_ms=1500µs", "1.5"),
    ("duration_ns!=2h", "7200000000000"),
    ("wait_s<=1ns", "0.000000001"),
    ("wait_s<-1.5d", "-129600"),
    ("wait_us=1e3s", "1000000000"),
    ("size_bytes>1.5KiB", "1536"),
    ("size_bytes>1kB", "1000"),
    ("size_bytes>1KB", "1000"),
    ("resource.limit_bytes<2GiB", "2147483648"),
    ("attributes.took_ms>1m", "60000"),
    ("body.timing.took_us>1ms", "1000"),
    ("took_ms>0.1234567890123456789012345678901234567890s", "123.456789012345678901234567890123456789"),
    ("took_ms>5", "5"),
]


@pytest.mark.parametrize(("text", "number"), UNITS)
def test_a_unit_is_converted_to_the_one_that_the_field_states(text: str, number: str) -> None:
    (condition,) = Query.parse(text).conditions
    assert isinstance(condition, Condition)
    assert condition.value == Number(number)
    assert Query.parse(str(condition)).conditions == (condition,)


def test_units_in_a_list() -> None:
    query = Query.parse('took_ms in (1s, 5, "1s", slow)')
    assert str(query) == 'took_ms in (1000, 5, "1s", slow)'
    assert Query.parse(str(query)) == query


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9), st.sampled_from(["ns", "us", "ms", "s", "m", "h"]))
def test_conversion_is_exact(value: Decimal, unit: str) -> None:
    (condition,) = Query.parse(f"took_us<{value:f}{unit}").conditions
    assert isinstance(condition, Condition)
    assert isinstance(condition.value, Number)
    in_us = {"ns": Fraction(1, 1000), "us": 1, "ms": 10**3, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6}
    assert Fraction(condition.value.text) == Fraction(value) * in_us[unit]


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("took_ms>5MiB", "'took_ms' is in ms, and 5MiB is not a length of time", 8),
        ("took_ms=5MiB", "not a length of time", 8),
        ("a size_bytes in (5, 5s)", "5s is not a size", 20),
        ("took>0.6s", "'took' states no unit", 5),
        ("took_ms>1e99999999999999999999s", "too large to convert", 8),
    ],
)
def test_a_unit_that_does_not_fit(text: str, message: str, column: int) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        Query.parse(text)
    assert str(caught.value).splitlines()[-1] == f"  {' ' * column}^"


def test_a_value_with_a_unit_is_text_where_no_unit_is_stated() -> None:
    assert Query.parse("took=5s x!=1d y in (2h)") == Query.parse('took="5s" x!="1d" y in ("2h")')


TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"trace_id={TRACE.upper()}", TRACE),
        ("trace_id=S/kvNXezTaajzpKdDg5HNg==", TRACE),
        ("trace_id!=S_kvNXezTaajzpKdDg5HNg", TRACE),
        ("span_id in (S/kvNXezTaY=, S/kvNXezTaY, 4BF92F3577B34DA6)", (SPAN, SPAN, SPAN)),
        ("trace_id=12345678901234567890123456789012", "12345678901234567890123456789012"),
        ("span_id=12345e7890123456", "12345e7890123456"),
        (f"trace_id={SPAN.upper()}", SPAN.upper()),  # not as long as a trace id
        (f"span_id:{SPAN[:5].upper()}", SPAN[:5].upper()),
        (f"parent_id={SPAN.upper()}", SPAN.upper()),
        ("trace_id=S/kvNXezTaajzpKdDg5HN!==", "S/kvNXezTaajzpKdDg5HN!=="),
    ],
)
def test_ids_are_lower_hex(text: str, value: str | tuple[str, ...]) -> None:
    query = Query.parse(text)
    assert query.conditions[0].value == value  # type: ignore[union-attr]
    assert Query.parse(str(query)) == query
    field, op = query.conditions[0].field, query.conditions[0].op  # type: ignore[union-attr]
    assert Query((Condition(field, op, value),)) == query
