"""What steps counts, held against counts in plain Python, and what is said of a query that leaves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

import lognb as ln
from lognb.errors import FieldError, QueryError

if TYPE_CHECKING:
    from lognb import Logs


def test_columns_are_what_the_docstring_tables(outage: Logs) -> None:
    assert outage.steps().frame.schema == {
        "step": pl.String,
        "records": pl.UInt64,
        "removed": pl.UInt64,
        "alone": pl.UInt64,
    }


def test_each_step_counts_what_is_left_and_what_it_alone_lets_through(outage: Logs) -> None:
    narrowed = outage.where("service_name=checkout (severity=error OR route=/p3) -route=/p3", since="09:05")
    seconds = range(1200)
    checkout = {s for s in seconds if s % 3 == 0}
    late = set(range(300, 1200))
    either = {s for s in seconds if s % 60 == 31 or (s in checkout and 480 <= s < 660)} | {
        s for s in set(seconds) - checkout if s % 20 == 3
    }
    other = {s for s in seconds if s in checkout or s % 20 != 3}
    first, second, third = len(late & checkout), len(late & checkout & either), len(late & checkout & either & other)
    assert narrowed.steps().frame.rows() == [
        ("all records", 1202, 0, 1202),
        ("time>=2026-11-03T09:05:00Z", 900, 302, 900),
        ("service_name=checkout", first, 900 - first, len(checkout)),
        ("(severity=error OR route=/p3)", second, first - second, len(either)),
        ("-route=/p3", third, second - third, len(other) + 2),  # the two without a route are no /p3
    ]
    assert len(narrowed) == third == 60


def test_the_finding(outage: Logs) -> None:
    assert outage.where("service_name=checkout severity>=error").steps().sentence == (
        "1,202 → 400 → 60 records; most removed by service_name=checkout (802)"
    )
    assert outage.steps().sentence == "1,202 records; the query has no step"
    assert outage.where("-severity=fatal").steps().sentence == "1,202 → 1,202 records; no step removed any"
    many = outage.where(" ".join(f"-route=/p{i}" for i in range(10)))
    assert many.steps().sentence == (
        "1,202 → 1,162 → 1,122 → 1,082 → 1,042 → 1,002 → … → 802 records; most removed by -route=/p0 (40)"
    )


def test_it_draws_every_step_even_where_nothing_is_left(outage: Logs) -> None:
    chart = outage.where('severity=fatal "<script>"').steps().chart().to_dict()
    (rows,) = (rows for rows in chart["datasets"].values() if "row" in rows[0])
    assert [(r["step"], r["number"], r["removed"]) for r in rows] == [
        ("all records", "1,202", ""),
        ("severity=fatal", "0", "−1,202"),
        ('"<script>"', "0", "−0"),
    ]


EMPTY = [
    ("service_name=chekout", "service_name=chekout matches no record; nearest value: 'checkout'"),
    ("service_name=CHECKOUT", "service_name=CHECKOUT matches no record; nearest value: 'checkout'"),
    ("severity=error service_name in (shop, wep)", "nearest value: 'web'"),
    ("severity=fatal", "severity=fatal matches no record\n"),
    ('route="zzz"', "route=zzz matches no record\n"),
    ("service_name=web route=/pay", "without service_name=web there are 400 records"),
    ("service_name=web route=/pay", "without route=/pay there are 800 records"),
    ("time>=2027-01-01", "matches no record: they are from 2026-11-03T09:00:00Z to 2026-11-03T09:19:59Z"),
    ("service_name=web route=/pay severity=info severity=warn", "no record fits even all but one"),
    ('route=a route=b route=c route=d route="\x1b[2J"', "and 2 more"),
]


@pytest.mark.parametrize(("query", "said"), EMPTY)
def test_an_empty_answer_says_why(outage: Logs, query: str, said: str) -> None:
    shown = outage.where(query)._repr_mimebundle_()
    assert said in shown["text/plain"]
    assert said.strip().replace("'", "&#x27;").replace(">", "&gt;") in shown["text/html"]
    assert "\x1b" not in shown["text/plain"]


def test_the_same_characters_as_another_type() -> None:
    logs = ln.read(b'{"msg": "a", "code": 500, "zip": "0123", "n": "7"}\n', progress=False)
    assert 'code="500" matches no record; nearest value: 500, not a text' in repr(logs.where('code="500"'))
    assert 'n=7 matches no record; nearest value: "7", a text' in repr(logs.where("n=7"))


def test_records_that_are_there_are_not_explained(outage: Logs) -> None:
    assert "empty" not in repr(outage.where("service_name=web"))
    assert "empty" not in repr(outage)


@pytest.mark.parametrize(
    ("text", "kind", "message", "column"),
    [
        ("servce_name=checkout", FieldError, "no field 'servce_name'; did you mean 'service_name'", 0),
        ("service_name=web (x OR -rout exists)", FieldError, "did you mean 'route'", 24),
        ("service_name=web\nseverity>=erorr", QueryError, "did you mean 'error'", 10),
        ("severity in (error, warm)", QueryError, "did you mean 'warn'", 20),
        ("time>=yesterday", QueryError, "'yesterday' is no time", 6),
        ('body~"(a{900}){1}(b{900}){1}(c{900}){1}(\\\\pL{900})"', QueryError, "too large", 5),
    ],
)
def test_what_the_records_do_not_have_is_told_at_its_place(
    outage: Logs, text: str, kind: type[Exception], message: str, column: int
) -> None:
    with pytest.raises(kind) as caught:
        outage.where("route exists").where(text)
    said, _, caret = str(caught.value).rsplit("\n", 2)
    assert message in said
    assert caret == f"  {' ' * column}^"
    assert type(caught.value) is kind


def test_a_query_value_is_told_without_a_place(outage: Logs) -> None:
    with pytest.raises(FieldError, match=r"did you mean 'route'[^\n]*$"):
        outage.where(ln.Query.parse("rout=x"))
