"""Hostile text as value and as name of a field, through every operator: the answers of plain Python, and no crash."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from factory import T0, Rec, batches
from oracle import matches

from lognb.engines.duckdb import DuckDB, build, scan_parquet
from lognb.errors import FieldError, QueryError
from lognb.query import Condition, Number, Query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE = [
    "", " ", "'", '"', "''", '"""', "`", "%", "_", "%_%", "\\", "\\\\", '\\"', "\\n", "\n", "\r\n", "\t", "\0", "a\0b",
    "'; DROP TABLE logs; --", '"; DROP TABLE logs; --', "$1", "?", ":x", "{0}", "%s", "NULL", "null", "NaN", "true",
    "-0", "1e5", "007", "5s", "5MiB", "\u202eevil\u202c", "\u200f", "\ufeff", "😀", "👩‍👩‍👧", "e\u0301", "é", "ÀÉ",
    "|string", "body", "a=b", "a!=b", "(a OR b)", "-a", "NOT", "in (x)", "<script>alert(1)</script>", "=1+1", "\x1b[2J",
    "\x7f", "\U0010ffff", "\ud7ff", "\ue000", "../../etc/passwd", "${jndi:ldap://x}", "[a-z]+", ".*", "^$", "\u2028",
]  # fmt: skip
MEGABYTE = "'\"%_;--\\\0😀" * 70_000


def record(i: int, text: str, attributes: list[tuple[str, str, str]]) -> Rec:
    return Rec(
        id=i,
        time=T0 + i,
        service=text,
        body=text,
        attributes=[("odd", "string", text), *attributes],
        resource=json.dumps({"kind": text, text: "r"}),
        position=i,
    )


# Keys that few records have, which the store keeps in lists; then keys that all have, which are columns.
RARE = [record(i, text, [(text, "string", f"v{i}")]) for i, text in enumerate([*HOSTILE, MEGABYTE])]
FLAT = [
    record(i, text, [(key, "string", HOSTILE[i - j]) for j, key in enumerate(HOSTILE)])
    for i, text in enumerate(HOSTILE)
]


@pytest.fixture(scope="module", params=["rare", "flat", "parquet"])
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[DuckDB, list[Rec]]]:
    records = RARE if request.param == "rare" else FLAT
    engine = build(None, batches(records), [("digest", "a.jsonl")], dict)
    if request.param == "parquet":
        folder: Path = tmp_path_factory.mktemp("hostile")
        engine.write_parquet(folder / "parquet", Query())
        engine.close()
        engine = scan_parquet(folder / "parquet")
    yield engine, records
    engine.close()


def escaped(text: str) -> str:
    """The pattern of a text itself."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def check(case: tuple[DuckDB, list[Rec]], condition: Condition) -> None:
    engine, records = case
    query = Query((condition,))
    assert Query.parse(str(query)) == query
    assert Query.from_json(json.loads(json.dumps(query.to_json()))) == query
    expected = Counter(r.id for r in records if matches(query, r))
    assert Counter(engine.fetch(query, ["record_id"])["record_id"].to_list()) == expected, str(condition)[:200]
    if condition.op in ("=", ":", "in"):
        assert engine.count(~query) == len(records) - expected.total()


@pytest.mark.parametrize("field", ["body", "odd", "service_name", "resource.kind", "body.x"])
@pytest.mark.parametrize("op", ["=", "!=", ":", "~", "in", "<", "<=", ">", ">="])
def test_as_value(case: tuple[DuckDB, list[Rec]], field: str, op: str) -> None:
    texts = HOSTILE if op in ("=", ":", "~") else HOSTILE[::4]
    for text in texts:
        value = (text, "nothing", text[::-1]) if op == "in" else escaped(text) if op == "~" else text
        check(case, Condition(field, op, value))


@pytest.mark.parametrize("op", ["=", "!=", ":", "~", "in", "<", ">=", "exists"])
def test_as_name_of_a_field(case: tuple[DuckDB, list[Rec]], op: str) -> None:
    for name in HOSTILE:
        if name != "body":
            value = {"in": ("v3", "x"), "~": "^v", "exists": None}.get(op, "v3")
            check(case, Condition(name, op, value))
            if op in ("=", "exists"):
                check(case, Condition(f"attributes.{name}", op, value))
    if case[1] is RARE:
        check(case, Condition(MEGABYTE, "exists"))


def test_as_a_word_of_the_text(case: tuple[DuckDB, list[Rec]]) -> None:
    for text in HOSTILE:
        check(case, Condition("body", ":", text))


@pytest.mark.parametrize("op", ["=", "!=", ":", "in", "<", ">="])
def test_a_megabyte(case: tuple[DuckDB, list[Rec]], op: str) -> None:
    for text in (MEGABYTE, MEGABYTE + "x", "x" * 1_000_000):
        for field in ("body", "odd", "kind"):
            check(case, Condition(field, op, (text,) if op == "in" else text))


def test_a_megabyte_of_pattern_is_refused(case: tuple[DuckDB, list[Rec]]) -> None:
    with pytest.raises(QueryError, match="too large") as caught:
        case[0].count(Query((Condition("body", "~", "x" * 1_000_000),)))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "number",
    [
        "1e999999999",
        "-1e-999999999",
        "9" * 5000,
        "0." + "9" * 5000,
        "1e99999999999999999999",
        "-1e-99999999999999999999",
    ],
)
@pytest.mark.parametrize("field", ["odd", "body", "source_position", "kind", "body.x", "size_bytes", "record_id"])
def test_numbers_beyond_all_bounds(case: tuple[DuckDB, list[Rec]], field: str, number: str) -> None:
    engine, records = case
    for op in ("=", "!=", "<", ">="):
        query = Query((Condition(field, op, Number(number)),))
        assert Query.parse(str(query)) == query
        found = engine.count(query)
        assert found + engine.count(~query) == len(records)
        if field in ("source_position", "record_id"):
            # Those that are not huge are just below 1 and just below 0; positions and ids count from 0.
            least = {"0." + "9" * 5000: 1, "-1e-999999999": 0, "-1e-99999999999999999999": 0}.get(number, len(records))
            left = {"=": 0, "!=": len(records), "<": least, ">=": len(records) - least}
            assert found == left[op]


def test_half_a_character_is_a_clear_error(case: tuple[DuckDB, list[Rec]]) -> None:
    for half in ("\ud800", "a\udfffb", "\udc80" * 3):
        for op in ("=", "!=", "<", ">", ":", "~", "in"):
            with pytest.raises(QueryError, match="half of a character"):
                Condition("body", op, (half,) if op == "in" else half)
        with pytest.raises(QueryError, match="half of a character"):
            Condition(half, "exists")
        with pytest.raises(QueryError, match="half of a character"):
            Query.parse(f'body="{half}"')
        with pytest.raises(QueryError, match="half of a character"):
            Query.from_json({"conditions": [{"field": "body", "op": "=", "value": half}]})
        with pytest.raises(FieldError, match="no field"):
            case[0].facets(Query(), [half])
