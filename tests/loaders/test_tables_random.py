"""Tables and plain JSON of random values keep every one of them, with its type."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from making import check, load

import lognb as ln
from lognb.loaders.json_walk import _LISTS, known

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# What holds the lists of a request is a request, whatever stands around it (json_walk.holds).
KEYS = TEXT.filter(lambda k: k and not k.startswith("$") and not known({k: []}).keys() & set(_LISTS))
VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT
VALUES |= st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(VALUES, lambda some: st.lists(some, max_size=3) | st.dictionaries(KEYS, some, max_size=3))
ROWS = st.lists(st.dictionaries(KEYS.map(lambda k: f"k {k}"), JSON, max_size=4), min_size=1, max_size=5)


def parquet(frame: pl.DataFrame, group: int) -> bytes:
    out = io.BytesIO()
    pq.write_table(frame.to_arrow(), out, row_group_size=group)
    return out.getvalue()


def same(a: Any, b: Any) -> bool:
    """Equal, type by type: 1, 1.0 and true are three values."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return all(map(same, a, b)) and len(a) == len(b) if isinstance(a, list) else a == b


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([{"k 0": {"ResourceLogs": []}}])
@given(ROWS)
def test_json_lines_keep_every_value_and_its_type(rows: list[dict[str, Any]]) -> None:
    data = "\n".join(json.dumps({"msg": f"m{i}", **row}) for i, row in enumerate(rows)).encode()
    frame, report = load(data)
    check(data, frame, report)
    assert frame["body"].to_list() == [f"m{i}" for i in range(len(rows))], str(report)
    for row, text in zip(rows, frame["attributes"], strict=True):
        assert same(json.loads(text), row)


PAIR = st.fixed_dictionaries({"a": st.integers(0, 9), "b": st.text('xy"\\', max_size=3)})
COLUMNS = {
    "int": (st.integers(-(2**63), 2**63 - 1), pl.Int64()),
    "small": (st.integers(0, 255), pl.UInt8()),
    "float": (st.floats(allow_nan=False, allow_infinity=False), pl.Float64()),
    "bool": (st.booleans(), pl.Boolean()),
    "text": (TEXT, pl.String()),
    "list": (st.lists(st.integers(0, 9) | st.none(), max_size=3), pl.List(pl.Int64)),
    "struct": (PAIR, pl.Struct({"a": pl.Int64, "b": pl.String})),
}


@st.composite
def tables(draw: Any) -> dict[str, list[Any]]:
    n = draw(st.integers(1, 12))
    return {name: draw(st.lists(some | st.none(), min_size=n, max_size=n)) for name, (some, _) in COLUMNS.items()}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.integers(1, 5))
def test_tables_keep_every_value_and_its_type(table: dict[str, list[Any]], group: int) -> None:
    n = len(table["int"])
    frame = pl.DataFrame(table, {k: t for k, (_, t) in COLUMNS.items()}).with_columns(
        msg=pl.Series([f"m{i}" for i in range(n)])
    )
    for source in (frame, parquet(frame, group)):
        found = pl.concat(ln.frames(source))
        assert found["body"].to_list() == [f"m{i}" for i in range(n)]
        for i, text in enumerate(found["attributes"]):
            assert same(json.loads(text), {k: v[i] for k, v in table.items() if v[i] is not None})


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=8)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), max_size=8))
def test_csv_keeps_every_cell_as_text(rows: list[tuple[str, str]]) -> None:
    names = dict.fromkeys(("message", "a", "b"), pl.String)
    made = pl.DataFrame([(f"m{i}", *row) for i, row in enumerate(rows)], names, orient="row")
    data = made.write_csv(quote_style="always").encode()
    frame, report = load(data)
    check(data, frame, report)
    assert frame["body"].to_list() == made["message"].to_list(), str(report)
    for row, text in zip(rows, frame["attributes"], strict=True):
        assert json.loads(text) == {k: v for k, v in zip("ab", row, strict=True) if v}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_behind_a_csv_header_are_accounted_for(data: bytes) -> None:
    data = b"time,message\n2024-05-01T10:00:00Z,first\n" + data
    frame, report = load(data)
    check(data, frame, report)
