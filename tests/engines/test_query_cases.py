"""tests/cases/queries.toml on the engine, and on the oracle that other tests hold the engine against."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from factory import Rec, batches
from oracle import matches

from lognb.engines.duckdb import build
from lognb.errors import FieldError, QueryError
from lognb.loaders import LoadReport
from lognb.logs import Logs
from lognb.query import Query, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = tomllib.loads((Path(__file__).parents[1] / "cases" / "queries.toml").read_text(encoding="utf-8"))
KINDS = {str: "string", bool: "bool", int: "int", float: "double", list: "array"}


def record(case: dict[str, Any]) -> Rec:
    pairs = [(key, value) for part in ("before", "attributes") for key, value in case.get(part, {}).items()]
    attributes = [(k, KINDS[type(v)], _literal(v)) for k, v in pairs]
    return Rec(
        id=case["id"],
        time=parse_time(case["time"]) if "time" in case else None,
        severity=case["severity"],
        service=case.get("service"),
        body=case["body"],
        trace=case.get("trace"),
        attributes=attributes + [(key, "empty", "null") for key in case.get("nulls", [])],
        resource=json.dumps(case.get("resource", {})),
    )


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return value
    return '{"$double":"NaN"}' if value != value else json.dumps(value)  # NaN alone is not itself


RECORDS = [record(r) for r in FILE["record"]]


@pytest.fixture(scope="module")
def logs() -> Iterator[Logs]:
    engine = build(None, batches(RECORDS), [("digest", "a.jsonl")], dict)
    yield Logs(engine, Query(), ["a.jsonl"], LoadReport.from_dict({"overall": engine.overview}))
    engine.close()


@pytest.mark.parametrize("case", FILE["case"], ids=lambda c: c["query"][:40] or "(empty)")
def test_a_query_lets_these_records_through(logs: Logs, case: dict[str, Any]) -> None:
    query = Query.parse(case["query"])
    narrowed = logs.where(case["query"])
    found = narrowed.to_polars(["record_id"])["record_id"].to_list()
    assert sorted(found) == case["ids"], case.get("why", "")
    assert len(narrowed) == len(case["ids"])
    assert len(logs.where(~query)) == len(RECORDS) - len(case["ids"])
    assert sorted(logs.where(Query.parse(str(query))).to_polars(["record_id"])["record_id"]) == case["ids"]


# What the oracle does not know: these fields, words, numbers and flags.
_BEYOND = ("size_bytes", "timestamp>", "Warning", "FATAL", "1e999", "(?-i)")
_KNOWN = [c for c in FILE["case"] if not any(odd in c["query"] for odd in _BEYOND)]


@pytest.mark.parametrize("case", _KNOWN, ids=lambda c: c["query"][:40] or "(empty)")
def test_the_oracle_agrees(case: dict[str, Any]) -> None:
    query = Query.parse(case["query"])
    assert [r.id for r in RECORDS if matches(query, r)] == case["ids"], case.get("why", "")


@pytest.mark.parametrize("case", FILE["error"], ids=lambda c: c["query"][:40])
def test_a_mistake_is_shown_with_its_place(logs: Logs, case: dict[str, Any]) -> None:
    with pytest.raises((FieldError, QueryError)) as caught:
        logs.where(case["query"])
    assert str(caught.value) == case["shows"].removeprefix("\n")


def test_there_are_many_cases() -> None:
    assert len(FILE["case"]) >= 100
    assert len(FILE["error"]) >= 20
    assert len({c["query"] for c in FILE["case"]}) == len(FILE["case"])
