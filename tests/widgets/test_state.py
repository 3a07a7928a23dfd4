"""What clicks make of a query: the field's own conditions and nothing else, the same records as the words say."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lognb._origin import where as code
from lognb.errors import QueryError
from lognb.query import Condition, Not, Number, Or, Query, parse_time
from lognb.schema import LEVELS
from lognb.widgets.state import REMEMBERED, History, View, states

T0 = parse_time("2026-11-03T09:00:00Z") or 0
MINUTE = 60_000_000_000

CLICKS = [
    ("", "level", "a", "include", "level=a"),
    ("level=a", "level", "b", "include", "level in (a, b)"),
    ("level in (a, b)", "level", "b", None, "level=a"),
    ("level=a", "level", "a", None, ""),
    ("level=a", "level", "a", "exclude", "level!=a"),
    ("level!=a", "level", "b", "exclude", "-level in (a, b)"),
    ("-level in (a, b)", "level", "a", None, "level!=b"),
    ("-level=a", "level", "a", None, ""),
    ("", "level", None, "include", "-level exists"),
    ("-level exists", "level", None, "exclude", "level exists"),
    ("level exists", "level", None, None, ""),
    ("level=a", "level", None, "include", "(level=a OR -level exists)"),
    ("(level in (a, b) OR -level exists)", "level", "a", None, "(level=b OR -level exists)"),
    ("(level=a OR -level exists)", "level", None, None, "level=a"),
    ("x level=a y", "level", "b", "include", "x level in (a, b) y"),
    ("(level=a OR n=1)", "level", "b", "include", "(level=a OR n=1) level=b"),
    ("level~a level=b", "level", "c", "include", "level in (b, c) level~a"),
    ("level=a level in (a, b)", "level", "c", "include", "level in (a, c)"),
    ("severity>=error", "severity", "warn", "include", "severity in (error, fatal, warn)"),
    ("severity>=error", "severity", "fatal", None, "severity=error"),
    ("severity>=error", "severity", "error", "include", "severity>=error"),
    ("severity>=warn severity<fatal", "severity", "info", "include", "severity in (warn, error, info)"),
    ('n="1"', "n", Number("1"), "include", 'n in ("1", 1)'),
]


@pytest.mark.parametrize(("before", "field", "value", "state", "after"), CLICKS)
def test_a_click_edits_the_conditions_of_its_field(before: str, field: str, value: Any, state: Any, after: str) -> None:
    view = View(query=Query.parse(before)).toggle(field, value, state)
    assert str(view.query) == after
    assert view.query == Query.parse(after)


values = st.sampled_from(["a", "b", "c", Number("1"), True, ""])
fields = st.sampled_from(["level", "other"])
leaves = st.one_of(
    st.builds(lambda f, v: Condition(f, "=", v), fields, values),
    st.builds(lambda f, v: Condition(f, "!=", v), fields, values),
    st.builds(lambda f, v: Condition(f, "in", tuple(v)), fields, st.lists(values, max_size=3)),
    st.builds(lambda f: Condition(f, "exists"), fields),
)
clauses = st.recursive(
    leaves,
    lambda inner: st.one_of(st.builds(Not, inner), st.builds(lambda a, b: Or((a, b)), inner, inner)),
    max_leaves=4,
)
queries = st.builds(lambda c: Query(tuple(c), T0), st.lists(clauses, max_size=4))
picks = st.one_of(values, st.none())
wishes = st.sampled_from(["include", "exclude", None])
RECORDS = [
    {k: v for k, v in (("level", a), ("other", b)) if v is not None}
    for a in ("a", "b", "c", "d", 1, True, "", None)
    for b in ("a", 1, None)
]


@given(queries, picks, wishes)
def test_a_click_is_what_the_facet_then_says_and_leaves_all_others(query: Query, value: Any, state: Any) -> None:
    after = View(query=query).toggle("level", value, state).query
    said, absent, _ = states(after, "level")
    assert (absent if value is None else said.get(value)) == state
    before, absent_before, _ = states(query, "level")
    assert {v: s for v, s in said.items() if v != value} == {v: s for v, s in before.items() if v != value}
    assert value is None or absent == absent_before
    assert [c for c in after.conditions if c not in after.own("level")] == [
        c for c in query.conditions if c not in query.own("level")
    ]
    assert (after.since, after.until) == (query.since, query.until)
    assert Query.parse(str(after)) == after


@given(queries, picks)
@example(Query.parse("(level=a OR NOT level exists) level exists"), "a")
def test_the_rewritten_conditions_let_the_same_records_through(query: Query, value: Any) -> None:
    """Wanting a value and taking that back is the same question, put in the panel's own words."""
    said, absent, _ = states(query, "level")
    assume(any(fits(Query(query.own("level")), r) for r in RECORDS))
    now = absent if value is None else said.get(value)
    there = View(query=query).toggle("level", value, "exclude" if now != "exclude" else "include")
    back = there.toggle("level", value, now).query
    assert [r for r in RECORDS if fits(back, r)] == [r for r in RECORDS if fits(query, r)]


@given(st.sampled_from(("<", "<=", ">", ">=")), st.sampled_from(LEVELS))
def test_an_order_of_severities_is_the_list_of_them(op: str, level: str) -> None:
    query = Query((Condition("severity", op, level),))
    said, _, more = states(query, "severity")
    if not more:
        there = {"<": slice(1, LEVELS.index(level)), "<=": slice(1, LEVELS.index(level) + 1)}
        there |= {">": slice(LEVELS.index(level) + 1, None), ">=": slice(LEVELS.index(level), None)}
        assert said == dict.fromkeys(LEVELS[there[op]], "include")


def test_only_clear_drop_negate_edit() -> None:
    view = View(query=Query.parse("level=a level~x n=1 word"))
    assert str(view.only("level", "b").query) == "level=b n=1 word"
    assert str(view.clear("level").query) == "n=1 word"
    assert str(view.drop(2).query) == "level=a level~x word"
    assert str(view.negate(0).query) == "level!=a level~x n=1 word"
    assert view.negate(0).negate(0) == view
    assert view.negate(3).negate(3) == view
    assert str(view.edit(1, "(x OR y) n>2").query) == "level=a (x OR y) n>2 n=1 word"
    assert str(view.edit(1, "").query) == "level=a n=1 word"
    assert view.edit(0, "time>=2026-11-03T09:00Z").query.since == T0


@pytest.mark.parametrize("i", [-1, 4])
def test_a_condition_that_is_not_there_is_refused(i: int) -> None:
    view = View(query=Query.parse("a b c d"))
    for edit in (view.drop, view.negate, lambda i: view.edit(i, "x")):
        with pytest.raises(QueryError, match="no condition"):
            edit(i)


def test_chips_tell_what_is_not_wanted() -> None:
    view = View(query=Query.parse("severity>=error -a b!=1 (x OR y)"))
    assert view.chips() == [
        {"i": 0, "text": "severity>=error", "negated": False},
        {"i": 1, "text": "-a", "negated": True},
        {"i": 2, "text": "b!=1", "negated": True},
        {"i": 3, "text": "(x OR y)", "negated": False},
    ]


def test_words_are_those_that_the_body_shall_contain() -> None:
    assert View(query=Query.parse('"timed out" (retry OR -other) -gone n=1 retry body~x')).words() == [
        "timed out",
        "retry",
    ]


FIRST, LAST = T0, T0 + 60 * MINUTE - 1
ZOOMS = [
    ((20, 30), (15, 35)),
    ((0, 10), (0, 20)),
    ((55, 60), (50, 60)),
    ((10, 50), None),
    ((100, 110), (40, 60)),
    ((-30, -20), (0, 20)),
    ((None, 30), None),
    ((45, None), (30, 60)),
]


@pytest.mark.parametrize(("before", "after"), ZOOMS)
def test_zooming_out_doubles_the_window_within_the_data(before: Any, after: Any) -> None:
    bounds = [None if m is None else T0 + m * MINUTE for m in before]
    query = View(query=Query.parse("x")).window(*bounds).zoom_out(FIRST, LAST).query
    wanted = (None, None) if after is None else tuple(T0 + m * MINUTE for m in after)
    assert all(
        (a is None and b is None) or (a is not None and b is not None and abs(a - b) <= 2)
        for a, b in zip((query.since, query.until), wanted, strict=True)
    ), query
    assert str(query).startswith("x")


@given(st.integers(-10_000, 10_000), st.integers(1, 10_000))
def test_zooming_out_often_enough_shows_everything(since: int, length: int) -> None:
    view = View().window(since, since + length)
    for _ in range(40):
        before = view.query
        view = view.zoom_out(0, 5_000)
        assert view.query.since is None or before.since is None or view.query != before
    assert view.query == Query()


def test_another_text_keeps_the_window_unless_it_names_one() -> None:
    view = View(query=Query.parse("a time>=2026-11-03T09:00Z"))
    assert view.text("b c").query == Query.parse("b c time>=2026-11-03T09:00Z")
    assert view.text("b time<2026-11-04").query == Query.parse("b time<2026-11-04")


def test_a_window_of_nothing_is_refused() -> None:
    with pytest.raises(QueryError, match="before its end"):
        View().window(5, 5)


def test_undo_and_redo() -> None:
    history, steps = History(), [Query.parse(t) for t in ("", "a", "a b", "c")]
    for old, new in pairwise(steps):
        history.step(old, new)
    history.step(steps[3], steps[3])
    now = steps[3]
    for wanted in (*steps[2::-1], steps[0]):
        now = history.undo(now)
        assert now == wanted
    for wanted in (*steps[1:], steps[3]):
        now = history.redo(now)
        assert now == wanted
    now = history.undo(now)
    history.step(now, steps[0])
    assert not history.future


def test_the_history_is_bounded() -> None:
    history = History()
    for i in range(3 * REMEMBERED):
        history.step(Query((Condition("n", "=", i),)), Query((Condition("n", "=", i + 1),)))
    assert len(history.past) == REMEMBERED


def test_what_is_looked_at_survives_an_undo_of_what_is_asked() -> None:
    view = View(query=Query.parse("a"), newest=False)
    assert replace(view, query=Query()).newest is False


CODE = [
    ("", "", "logs"),
    ("severity>=error", "", "logs.where('severity>=error')"),
    ("time>=2026-11-03T09:00Z", "", 'logs.where(since="2026-11-03T09:00:00Z")'),
    ("a", "a", "logs"),
    ("a b", "a", "logs.where('a b')"),
    ("b", "a", "logs.all.where('b')"),
    ("", "a", "logs.all"),
]


@pytest.mark.parametrize(("query", "base", "line"), CODE)
def test_the_code_for_a_query(query: str, base: str, line: str) -> None:
    assert code(Query.parse(query), Query.parse(base)) == line


def fits(query: Query, record: dict[str, Any]) -> bool:
    return all(_fits(c, record) for c in query.conditions)


def _fits(clause: Any, record: dict[str, Any]) -> bool:
    if isinstance(clause, Not):
        return not _fits(clause.part, record)
    if isinstance(clause, Or):
        return any(_fits(p, record) for p in clause.parts)
    if clause.op == "exists":
        return clause.field in record
    if clause.op == "in":
        return any(_same(v, record.get(clause.field)) for v in clause.value)
    return _same(clause.value, record.get(clause.field)) == (clause.op == "=")


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, Number):
        return isinstance(found, int) and not isinstance(found, bool) and float(wanted.text) == found
    return type(wanted) is type(found) and bool(wanted == found)
