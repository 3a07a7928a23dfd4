"""A query's text and its value are the same thing: each gives the other back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lognb.errors import QueryError
from lognb.query import OPS, And, Condition, Not, Number, Or, Query, format_time, parse_time

SINCE = 1_793_696_400_000_000_000

TEXTS = [
    # text, the text it prints as (None: the same)
    ("", None),
    ("timeout", None),
    ('"timed out"', None),
    ('severity>=error service_name=checkout "timed out"', None),
    ("severity >= error", "severity>=error"),
    ("a AND b", "a b"),
    ("a=1 a=1.50 a=-3 a=1e+3 a=007", None),
    ('a="1" a=true a="true" a=""', None),
    ("a!=b a<1 a<=1 a>1 a>=1", None),
    ('a:"x y" a~"^x.*y$"', None),
    ("a in (b, 2, true)", None),
    ('a IN ("b",2)', "a in (b, 2)"),
    ("a exists -b exists", None),
    ("NOT a=1 -b", "-a=1 -b"),
    ("a OR b c", "(a OR (b c))"),
    ("(a OR b) c", None),
    ("-(a b=2)", None),
    ("could not connect in time", 'could "not" connect "in" time'),
    ("http.route=/health url:https://x/y", None),
    ('"my key"="a \\"b\\" \\\\ c"', None),
    ("500 007 true", None),
    ("a time>=2026-11-03T09:00:00Z time<2026-11-03T09:30:00.5Z", None),
    ("time>=2026-11-03T10:00:00+01:00 a", "a time>=2026-11-03T09:00:00Z"),
    ("time>2026-11-03T09:00:00Z", "time>=2026-11-03T09:00:00.000000001Z"),
    ("-time<2026-11-03", None),
]


@pytest.mark.parametrize(("text", "printed"), TEXTS)
def test_text_to_query_and_back(text: str, printed: str | None) -> None:
    query = Query.parse(text)
    assert str(query) == (text if printed is None else printed)
    assert Query.parse(str(query)) == query


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("severity>=", "a value is missing", 10),
        ("(a", "closing parenthesis", 2),
        ("a)", "no parenthesis is open", 1),
        ("a OR", "missing", 4),
        ("OR a", "before OR", 0),
        ("=3", "must stand before the operator", 0),
        ('a "b', "never closed", 2),
        ("a in (b c)", "comma or a closing", 8),
        ("NOT", "what should not hold", 3),
        ("a AND", "both sides of AND", 5),
        ("a\nb=", "a value is missing", 2),
        ("(" * 200, "nested deeper", 101),
    ],
)
def test_an_error_points_at_its_character(text: str, message: str, column: int) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        Query.parse(text)
    assert str(caught.value).splitlines()[-1] == f"  {' ' * column}^"


def test_values_are_typed_unless_quoted() -> None:
    query = Query.parse('a=1 a="1" a=true a=007 a:5')
    values = [c.value for c in query.conditions if isinstance(c, Condition)]
    assert values == [Number("1"), "1", True, "007", "5"]
    assert Condition("a", "=", 1) == Condition("a", "=", Number("1"))
    assert hash(query) == hash(Query.parse(str(query)))


def test_conditions_that_make_no_sense() -> None:
    for field, op, value in (
        ("a", "==", "b"),
        ("a", "in", "b"),
        ("a", "=", None),
        ("a", "exists", "x"),
        ("a", "=", ("b",)),
    ):
        with pytest.raises(QueryError):
            Condition(field, op, value)


def test_the_window_is_half_open_and_narrows() -> None:
    query = Query.parse("a time>=2026-11-03T09:00:00Z time<2026-11-03T10:00:00Z time<=2026-11-03T09:30:00Z")
    assert (query.since, query.until) == (SINCE, SINCE + 1800 * 10**9 + 1)
    assert query.conditions == (Condition("body", ":", "a"),)


def test_and_or_not() -> None:
    a, b = Query.parse("a time>=2026-11-03T09:00:00Z"), Query.parse("b time>=2026-11-03T08:00:00Z")
    assert (a & b) == Query.parse("a b time>=2026-11-03T09:00:00Z")
    assert a & a == a
    assert str(a | b) == "((a time>=2026-11-03T09:00:00Z) OR (b time>=2026-11-03T08:00:00Z))"
    assert ~~Query.parse("x") == Query.parse("x")
    assert str(~a) == "-(a time>=2026-11-03T09:00:00Z)"
    nothing = ~Query()
    assert nothing == Query((Not(And(())),))
    assert Query.parse(str(nothing)) == nothing


def test_times() -> None:
    for text, ns in (
        ("2026-11-03", SINCE - 9 * 3600 * 10**9),
        ("2026-11-03T09:00", SINCE),
        ("2026-11-03 09:00:00,5Z", SINCE + 5 * 10**8),
    ):
        assert parse_time(text) == ns
    for text in ("yesterday", "2026-13-01", "2026-11-03T25:00", "", "12:00"):
        assert parse_time(text) is None


@given(st.integers(-(2**62), 2**63 - 1))
def test_a_time_prints_all_its_digits(ns: int) -> None:
    assert parse_time(format_time(ns)) == ns


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_VALUE = st.one_of(_TEXT, st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
_FIELD = st.one_of(st.sampled_from(["body", "a", "x.y", "in", "NOT", "-a", "a:b", "é", "$x"]), _TEXT)
_CLAUSES = st.recursive(
    st.one_of(
        st.builds(Condition, _FIELD, st.sampled_from(["=", "!=", "<", ">="]), _VALUE),
        st.builds(Condition, _FIELD, st.sampled_from([":", "~"]), _TEXT),
        st.builds(Condition, _FIELD, st.just("exists")),
        st.builds(Condition, _FIELD, st.just("in"), st.lists(_VALUE, min_size=1, max_size=3).map(tuple)),
    ),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(Or),
    ),
    max_leaves=6,
)


@given(st.lists(_CLAUSES, max_size=4), st.none() | st.integers(0, 2**60), st.none() | st.integers(0, 2**60))
def test_any_query_prints_and_parses_back(
    clauses: list[Condition | Not | Or], since: int | None, until: int | None
) -> None:
    query = Query(tuple(clauses), since, until)
    assert Query.parse(str(query)) == query


@given(
    st.text(st.sampled_from('ab ="()-:~<>!,\\\n'), max_size=12)
    | st.lists(st.sampled_from([*OPS, "a", " ", "OR", "NOT", "in", "(", ")", '"'])).map("".join)
)
def test_any_text_parses_or_points(text: str) -> None:
    try:
        query = Query.parse(text)
    except QueryError as caught:
        pointed = str(caught).endswith("^")
    else:
        pointed = Query.parse(str(query)) == query
    assert pointed
