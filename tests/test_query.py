"""A query's text and its value are the same thing: each gives the other back."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lognb._literals import NUMBER
from lognb._parse import places
from lognb._regex import fault
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
    ("http.route=/api/{id} url:https://x/y?a=b&c=d", None),
    ('"my key"="a \\"b\\" \\\\ c"', None),
    ("500 007 true", None),
    ("a time>=2026-11-03T09:00:00Z time<2026-11-03T09:30:00.5Z", None),
    ("time>=2026-11-03T10:00:00+01:00 a", "a time>=2026-11-03T09:00:00Z"),
    ("time>2026-11-03T09:00:00Z", "time>=2026-11-03T09:00:00.000000001Z"),
    ("-time<2026-11-03", None),
    ("a in ()", None),
    ("duration_ms>0.6s", "duration_ms>600"),
    ('duration_ms="0.6s" duration=0.6s duration="1.5"', None),
    ("span_id=S/kvNXezTaY=", "span_id=4bf92f3577b34da6"),
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
        ("(" * 200, "nested deeper", 81),  # what is far to the left of the place is cut
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


_HOSTILE = st.sampled_from(
    [
        '"',
        "\\",
        '\\"',
        "%",
        "_",
        "';--",
        "\0",
        "\u202e",
        "😀",
        "\n",
        "\x85",
        "and",
        "OR",
        "5MiB",
        "1e5",
        "-",
        "=",
        "a&&b",
        "'",
    ]
)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.lists(_HOSTILE, max_size=3).map("".join)
_NUMBER = st.from_regex(NUMBER, fullmatch=True).map(Number)
_VALUE = st.one_of(_TEXT, st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _NUMBER)
_FIELD = st.one_of(
    st.sampled_from(
        ["body", "a", "x.y", "in", "NOT", "-a", "a:b", "é", "$x", "t_ms", "size_bytes", "trace_id", "time"]
    ),
    _TEXT,
)
_CLAUSES = st.recursive(
    st.one_of(
        st.builds(Condition, _FIELD, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), _VALUE),
        st.builds(Condition, _FIELD, st.just(":"), _VALUE),
        st.builds(Condition, _FIELD, st.just("~"), _TEXT.map(re.escape).filter(lambda p: fault(p) is None)),
        st.builds(Condition, _FIELD, st.just("exists")),
        st.builds(Condition, _FIELD, st.just("in"), st.lists(_VALUE, max_size=3).map(tuple)),
        st.just(And(())),
    ),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(Or),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(And),
    ),
    max_leaves=6,
)
_BOUND = st.none() | st.integers(0, 2**60) | st.integers(-(10**30), 10**30)
_QUERIES = st.builds(Query, st.lists(_CLAUSES, max_size=4).map(tuple), _BOUND, _BOUND)


@given(_QUERIES)
def test_any_query_prints_and_parses_back(query: Query) -> None:
    assert Query.parse(str(query)) == query


@given(_QUERIES)
def test_any_query_comes_back_from_json(query: Query) -> None:
    sent = json.dumps(query.to_json())
    assert Query.from_json(json.loads(sent)) == query
    assert str(Query.from_json(json.loads(sent))) == str(query)


_KEYS = st.sampled_from(["conditions", "since", "until", "field", "op", "value", "not", "or", "and", "number", "x"])
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), _TEXT, st.text(max_size=3),
    st.sampled_from(["=", "in", "exists", "~", "2026-11-03T09:00:00Z", "body", "0x1", "(?=a)"]),
)  # fmt: skip
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=12
)
_CLAUSE = st.fixed_dictionaries({"field": _SCALARS, "op": _SCALARS}, optional={"value": _JSON})
_NEARLY = st.fixed_dictionaries(
    {"conditions": st.lists(st.one_of(_CLAUSE, _JSON, st.fixed_dictionaries({"not": _CLAUSE})), max_size=2)},
    optional={"since": _SCALARS, "until": _SCALARS},
)


@given(_JSON | _NEARLY)
def test_any_json_is_a_query_or_a_query_error(value: object) -> None:
    try:
        query = Query.from_json(value)
    except QueryError:
        return
    assert Query.from_json(query.to_json()) == query
    assert Query.parse(str(query)) == query


def test_what_is_not_the_json_of_a_query_is_told() -> None:
    deep: dict[str, object] = {"field": "a", "op": "exists"}
    for _ in range(100_000):
        deep = {"not": deep}
    for value, message in (
        ([], "a query is an object, not a list"),
        ({}, "lacks 'conditions'"),
        ({"conditions": {}}, "'conditions' is a list, not an object"),
        ({"conditions": [], "until": "soon"}, "'until' is no ISO time: 'soon'"),
        ({"conditions": [], "limit": 5}, "knows no 'limit'"),
        ({"conditions": ["a"]}, "a clause is an object, not text"),
        ({"conditions": [{"field": "a", "op": "like", "value": "b"}]}, "no operator 'like'"),
        ({"conditions": [{"field": "a", "op": "=", "value": {"number": "0x10"}}]}, "not written as a number"),
        ({"conditions": [{"field": "a", "op": "=", "value": {"number": 5}}]}, "the number as text, not int"),
        ({"conditions": [{"field": "a", "op": "=", "value": float("nan")}]}, "'nan' is not written as a number"),
        ({"conditions": [{"field": "a", "op": "=", "value": 10**5000}]}, "more than 4,300 digits"),
        ({"conditions": [{"field": "a", "op": "in", "value": "b"}]}, "'in' does not take 'b'"),
        ({"conditions": [{"or": [{"field": "a", "op": "exists"}]}]}, "two clauses or more"),
        ({"conditions": [{"field": "a", "op": "~", "value": "(?=b)"}]}, "no lookahead"),
        ({"conditions": [{"field": 5, "op": "exists"}]}, "a field is named by text, not by int"),
        ({"conditions": [deep]}, "nested deeper than 100"),
    ):
        with pytest.raises(QueryError, match=re.escape(message)):
            Query.from_json(value)


def test_plain_json_numbers_are_numbers() -> None:
    value = {"conditions": [{"field": "n", "op": "in", "value": [1, 2.5, "1", True]}]}
    assert Query.from_json(value) == Query.parse('n in (1, 2.5, "1", true)')


@given(
    st.text(st.sampled_from('ab ="()-:~<>!,\\\n&|5s_'), max_size=12)
    | st.lists(st.sampled_from([*OPS, "a", " ", "OR", "NOT", "in", "(", ")", '"', "5s", "x_ms", "'"])).map("".join)
)
def test_any_text_parses_or_points(text: str) -> None:
    try:
        query = Query.parse(text)
    except QueryError as caught:
        pointed = str(caught).endswith("^")
    else:
        pointed = Query.parse(str(query)) == query
    assert pointed


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("a==b", "write =$", 1),
        ("a =~ b", "write ~ for", 2),
        ("a!~b", "write -a~", 1),
        ("a => 5", "write >=", 2),
        ("a=<5", "write <=", 1),
        ("a<>b", "write !=", 1),
        ("a : = b", "write = for the whole", 2),
        ("a:>5", "write a>", 1),
        ("x && y", "write a space", 2),
        ("x || y", "write OR", 2),
        ("x !a=b", "write -a=", 2),
        ("a='x y'", "double quotes", 2),
        ("a in ('x')", "double quotes", 6),
    ],
)
def test_operators_of_other_languages(text: str, message: str, column: int) -> None:
    with pytest.raises(QueryError, match=re.compile(message, re.MULTILINE)) as caught:
        Query.parse(text)
    assert str(caught.value).splitlines()[-1] == f"  {' ' * column}^"


@pytest.mark.parametrize(
    "text", ['a="=b"', "a~<b>", 'a:"<b>"', '"&&"', "a&&b", "fine!", "a=b=c", "a=x'y", "and or not", "url:http://x"]
)
def test_what_only_looks_like_a_slip_is_left_alone(text: str) -> None:
    assert Query.parse(str(Query.parse(text))) == Query.parse(text)


def test_half_a_character_is_told() -> None:
    for make in (
        lambda: Query.parse("a=\ud83d"),
        lambda: Query.parse("\udc00=b"),
        lambda: Condition("a", "in", ("b", "x\ud800")),
    ):
        with pytest.raises(QueryError, match="half of a character"):
            make()


def test_places_are_those_of_field_and_values() -> None:
    text = 'a=1 -(b in (x, "y z") OR "c d":e) word f exists'
    found = [(p.condition.op, text[p.field :][:2], [text[v:][:2] for v in p.values]) for p in places(text)]
    assert found == [
        ("=", "a=", ["1 "]),
        ("in", "b ", ["x,", '"y']),
        (":", '"c', ["e)"]),
        (":", "wo", ["wo"]),
        ("exists", "f ", []),
    ]


def test_an_error_far_in_a_long_text_shows_what_is_around_it() -> None:
    with pytest.raises(QueryError) as caught:
        Query.parse("x" * 10**6 + " a== " + "y" * 10**6)
    _, line, caret = str(caught.value).splitlines()
    assert line[caret.index("^")] == "="
    assert len(line) < 200


def test_a_terminal_cannot_be_steered_by_an_error() -> None:
    with pytest.raises(QueryError) as caught:
        Query.parse('"\x1b[2J\u202e" 名 a==b')
    _, line, caret = str(caught.value).splitlines()
    assert line == '  "\ufffd[2J\ufffd" 名 a==b'
    assert caret.index("^") == line.index("==") + 1  # 名 is two places wide
