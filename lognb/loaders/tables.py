"""Rows of any table -> a Batch: which column is which part of a record is a Plan, how it is read stands here.

A value that cannot be what its column stands for (a time that is none, an id of another length) is counted, and stays
with its record as an attribute under the column's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from lognb.loaders import cells, columns, times
from lognb.loaders.cells import Coded
from lognb.loaders.columns import Groups, LogColumns, Owner, Place, record_ids, unit_key
from lognb.loaders.layouts import NUMBERED
from lognb.loaders.values import BOOL, DOUBLE, EMPTY, INT, STRING
from lognb.schema import BODY_LEVEL_NUMBERS, KIND, LEVELS

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lognb.loaders.layouts import Plan
    from lognb.loaders.pairs import Arrow
    from lognb.schema import Batch

SCALAR: Final = (STRING, BOOL, INT, DOUBLE)


@dataclass(slots=True)
class Part:
    """One column that stands for a part of the record: an Arrow column, or kinds and texts that were read already."""

    name: str
    array: Arrow | None = None
    kinds: NDArray[np.uint8] | None = None
    texts: pl.Series | None = None

    def cells(self, notes: Counter[str]) -> tuple[NDArray[np.uint8], pl.Series]:
        if self.kinds is None or self.texts is None:
            self.kinds, self.texts = cells.typed_column(self.array, notes)
        return self.kinds, self.texts

    def series(self, notes: Counter[str]) -> pl.Series:
        """As numbers, times or bytes where the column is that, else as text."""
        if self.array is not None:
            array = cells.whole(self.array)
            kind = array.type
            if cells.is_text(kind):
                return cells.text(array, notes)
            if cells.is_bytes(kind):
                return pl.Series(array.cast(pa.large_binary()), dtype=pl.Binary)
            if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_date(kind):
                return pl.Series(array)
            if pa.types.is_timestamp(kind):
                # Microseconds hold what seconds and milliseconds say; Polars has no seconds.
                return pl.Series(array.cast(pa.timestamp("us", kind.tz)) if kind.unit == "s" else array)
        return self.cells(notes)[1]

    def text(self, notes: Counter[str]) -> pl.Series:
        """As text: bytes are read as UTF-8."""
        series = self.series(notes)
        if series.dtype == pl.Binary:
            return cells.text(cells.whole(self.array), notes)
        return series if series.dtype == pl.String else self.cells(notes)[1]

    def kept(self, rows: pl.Series, notes: Counter[str]) -> Coded:
        """The cells of some rows as attributes."""
        at = rows.arg_true().to_list()
        kinds, texts = self.cells(notes) if at else (np.zeros(0, np.uint8), pl.Series([], dtype=pl.String))
        return Coded.of(at, range(len(at)), [(self.name, int(kinds[i]), texts[i] or "") for i in at])


@dataclass(slots=True)
class Rows:
    """Some rows: their parts by name (schema.RECORD and layouts.py), and the pairs of all other columns."""

    count: int
    parts: dict[str, list[Part]] = field(default_factory=dict)
    pairs: list[Coded] = field(default_factory=list)
    unit: str = ""  # of times that are numbers
    json_body: bool = False
    tagged: bool = False  # whether JSON holds literals of values.py

    def one(self, part: str) -> Part | None:
        return next(iter(self.parts.get(part, ())), None)


class Spot(NamedTuple):
    """Where rows stand: the source, what stands for it in record ids, and the number of the first of them, from 1."""

    source: str
    first: bytes
    row: int

    def place(self, rows: int) -> Place:
        """Each row is a unit of its own."""
        numbers = np.arange(self.row, self.row + rows)
        keys = np.full(rows, unit_key(self.first, 0), np.uint64)
        return Place(self.source, record_ids(keys, numbers), numbers.astype(np.int64))


def rows_of(table: pa.Table, plan: Plan, notes: Counter[str], *, json_body: bool = False) -> Rows:
    """An Arrow table by its plan; columns without a part become attributes."""
    layout = plan.layout
    tagged = layout is not None and layout.name == "lognb"
    out = Rows(table.num_rows, unit=layout.unit if layout else "", json_body=json_body, tagged=tagged)
    for part, names in plan.parts.items():
        for name in names:
            if part == "attributes":
                out.pairs.append(cells.many_pairs(name, table[name], notes, tagged=tagged))
            else:
                out.parts.setdefault(part, []).append(Part(name, table[name]))
    for name in (*plan.session, *plan.user):  # they are found under their own name
        if name not in plan.named:
            out.pairs.append(cells.column_pairs(name, table[name], notes))
    named = plan.named | {*plan.session, *plan.user}
    for i, name in enumerate(table.column_names):
        if name not in named:
            out.pairs.append(cells.column_pairs(name, table.column(i), notes))
    if not tagged:
        out.pairs += [_copy(Part(name, table[name]), Part(of, table[of]), notes) for name, of in plan.copies.items()]
        _urls([Part(name, table[name]) for name in plan.urls], notes)
    return out


def _copy(part: Part, of: Part, notes: Counter[str]) -> Coded:
    """A column that repeats another is left out where it does; a time may repeat it in whole seconds."""
    mine, its = part.series(notes), of.series(notes)
    if isinstance(its.dtype, pl.Datetime):
        unit = "s" if mine.dtype.is_integer() else ""
        (a, _), (b, _) = times.nanoseconds(mine, notes, unit), times.nanoseconds(its, notes)
        same = (a == b) | (a == b // 10**9 * 10**9)
    else:
        same = part.text(notes) == of.text(notes)
    return part.kept(mine.is_not_null() & ~same.fill_null(value=False), notes)


def _urls(parts: Sequence[Part], notes: Counter[str]) -> None:
    for part in parts:
        if used := int((part.text(notes).fill_null("") != "").sum()):
            notes["schema URLs, which a record has no column for, passed over"] += used


def to_batch(rows: Rows, place: Place, keys: tuple[Sequence[str], Sequence[str]], notes: Counter[str]) -> Batch:
    """The rows as a Batch; row i stands at `place.positions[i]`."""
    n = rows.count
    read = _Reader(rows, notes)
    number, word = read.severity()
    kinds, body = read.body()
    trace_id, span_id = read.ids("trace_id", 16), read.ids("span_id", 8)
    resource_ix, resources = read.resources()
    scope_ix, scopes = read.scopes()
    groups = Groups(
        list(range(n)), resource_ix.tolist(), scope_ix.tolist(), [1] * n, resources, scopes
    )  # fmt: skip
    logs = LogColumns(
        timestamp=read.time("timestamp"),
        observed_timestamp=read.time("observed_timestamp"),
        severity_number=number,
        severity_text=word,
        body_kind=kinds,
        body=body,
        trace_id=trace_id,
        span_id=span_id,
        event_name=read.text("event_name"),
        trace_flags=read.small("trace_flags"),
        dropped_attributes_count=read.small("dropped_attributes_count"),
        attributes=cells.merge(n, rows.pairs),
        groups=groups,
    )
    made = columns.batch(logs, None, place, keys, notes)
    return read.stored(made) if rows.tagged else made


@dataclass(slots=True)
class _Reader:
    """Reads the parts of some rows; what cannot be read goes to their pairs."""

    rows: Rows
    notes: Counter[str]

    def _null(self, dtype: pl.DataType) -> pl.Series:
        return pl.Series([None], dtype=dtype).new_from_index(0, self.rows.count)

    def _keep(self, part: Part, bad: pl.Series, why: str) -> None:
        if count := int(bad.sum()):
            self.notes[f"{why}, kept as the attribute {part.name!r}"] += count
            self.rows.pairs.append(part.kept(bad, self.notes))

    def text(self, name: str) -> pl.Series:
        part = self.rows.one(name)
        return self._null(pl.String()) if part is None else part.text(self.notes)

    def time(self, name: str) -> pl.Series:
        part = self.rows.one(name)
        if part is None:
            return self._null(pl.Int64())
        series = part.series(self.notes)
        ns, bad = times.nanoseconds(
            part.text(self.notes) if series.dtype == pl.Binary else series, self.notes, self.rows.unit
        )
        alone = name == "timestamp" and self.rows.one("observed_timestamp") is None and not (ns > 0).any()
        if alone and bad.any() and (length := times.relative(series)):
            where = f"times are relative ({length} in {part.name!r}), not since 1970"
            raise ValueError(f"{where}: add the start and pass the rows as a frame, or give columns={{'time': …}}")
        self._keep(part, bad, "times that could not be read, taken as absent")
        return ns

    def ids(self, name: str, size: int) -> pl.Series:
        part, what = self.rows.one(name), name.replace("_", " ")
        if part is None:
            return self._null(pl.String())
        series = part.series(self.notes)
        counted = type(self.notes)()  # the note below says more
        if series.dtype == pl.Binary:
            length = series.bin.size()
            if bool(((length == 2 * size) | (length == 0)).fill_null(value=True).all()):
                series = part.text(self.notes)  # hex, in a column of bytes
            else:
                hexed = columns.binary_ids(series, size, counted, what)
                zero = series.bin.encode("hex") == "00" * size
                self._keep(part, (length > 0) & hexed.is_null() & ~zero, f"{what} of wrong length")
                return hexed
        if series.dtype != pl.String:
            series = part.cells(self.notes)[1]
        dashed = series.str.contains(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$").fill_null(value=False)
        if size == 16 and dashed.any():
            self.notes["trace ids written as UUIDs, dashes taken out"] += int(dashed.sum())
            at = dashed.arg_true()
            series = series.scatter(at, series.gather(at).str.replace_all("-", "", literal=True))
        series = series.str.strip_prefix("0x")  # as the Python SDK's console exporter has them
        hexed = columns.hex_ids(series, size, counted, what)
        missing = hexed.is_null() & ~series.str.contains(r"^[0A=\s]*$").fill_null(value=True)
        self._keep(part, missing, f"{what} of wrong length or alphabet")
        return hexed

    def small(self, name: str) -> pl.Series:
        """UInt32, 0 where absent."""
        part = self.rows.one(name)
        if part is None:
            return pl.repeat(0, self.rows.count, dtype=pl.UInt32, eager=True)
        series = part.series(self.notes)
        number = (series if series.dtype.is_numeric() else part.text(self.notes)).cast(pl.UInt32, strict=False)
        self._keep(part, series.is_not_null() & number.is_null(), f"{name} outside uint32, taken as 0")
        return number.fill_null(0)

    def severity(self) -> tuple[pl.Series, pl.Series]:
        """(number, text): a column for each, or one of words or of a logger's own numbers."""
        parts, sent = self.rows.parts.get("severity", ()), self.rows.one("severity_number")
        word = self.text("severity_text") if not parts else self._null(pl.String())
        number = pl.repeat(0, self.rows.count, dtype=pl.Int64, eager=True)
        for part in parts:  # of JSON, one for each key that a level stands under
            mine = part.text(self.notes)
            word, number = word.fill_null(mine), number + self._levels(part, mine)
        if not parts and (sent is None or "severity_text" in self.rows.parts):
            self._unknown(word)
        if sent is not None:
            series = sent.series(self.notes)
            plain = (series if series.dtype.is_numeric() else sent.text(self.notes)).cast(pl.Int64, strict=False)
            self._keep(sent, series.is_not_null() & plain.is_null(), "severity number that is none, taken as 0")
            plain = plain.fill_null(0).clip(-1, 256)
            number = pl.select(pl.when(pl.lit(plain) != 0).then(pl.lit(plain)).otherwise(pl.lit(number))).to_series() \
                if self.rows.count else plain  # fmt: skip
        return number, word

    def _levels(self, part: Part, word: pl.Series) -> pl.Series:
        """Severity numbers from levels that are numbers, by the table of the logger whose key this is."""
        table = NUMBERED.get(part.name.lower(), BODY_LEVEL_NUMBERS)
        known = {str(n): 4 * LEVELS.index(level) - 3 for n, level in table.items()}
        level = word.str.strip_chars().str.strip_suffix(".0")
        number = level.replace_strict(known, default=0, return_dtype=pl.Int64)
        if found := int((number > 0).sum()):
            said = ", ".join(f"{n} {name}" for n, name in table.items())
            self.notes[f"levels that are numbers, read as {said}"] += found
        self._unknown(word.set((number > 0).fill_null(value=False), None))
        return number.fill_null(0)

    def _unknown(self, word: pl.Series) -> None:
        odd = [w for w in word.unique().drop_nulls().to_list() if w and not columns._level(w)]
        if odd:
            self.notes["severity words that say no known level"] += int(word.is_in(odd).sum())

    def body(self) -> tuple[NDArray[np.uint8], pl.Series]:
        part = self.rows.one("body")
        if part is None:
            return np.zeros(self.rows.count, np.uint8), self._null(pl.String())
        series = part.series(self.notes) if part.array is not None else None
        if series is None or series.dtype not in (pl.String, pl.Binary):
            kinds, text = part.cells(self.notes)
            return kinds, columns.kinds_with_text(kinds, text)
        text = part.text(self.notes)
        if self.rows.json_body:
            kinds, text = cells.json_cells(text, self.notes)
            return kinds, columns.kinds_with_text(kinds, text)
        kinds = np.where(text.is_null().to_numpy(), EMPTY, STRING).astype(np.uint8)
        sent = self.rows.one("body_type")
        if sent is not None:
            known = sent.text(self.notes).replace_strict(KIND, default=STRING, return_dtype=pl.UInt8)
            kinds = np.where(text.is_null().to_numpy(), EMPTY, known.fill_null(STRING).to_numpy()).astype(np.uint8)
        return kinds, text

    def _object(self, name: str) -> pl.Series:
        """A part that holds many pairs, as one JSON object of literals a row."""
        coded = []
        for part in self.rows.parts.get(name, ()):
            if part.array is not None:
                coded.append(cells.many_pairs(part.name, part.array, self.notes, tagged=self.rows.tagged))
            else:
                coded.append(cells.object_pairs(part.text(self.notes), part.name, self.notes, tagged=True))
        return cells.merge(self.rows.count, coded).texts()

    def resources(self) -> tuple[NDArray[np.int64], list[Owner]]:
        """(for each row its resource, the distinct resources)."""
        single = {n.removeprefix("resource:"): self.text(n) for n in self.rows.parts if n.startswith("resource:")}
        at, distinct = _distinct({"": self._object("resource"), **single})
        owners = []
        for row, known in zip(distinct.iter_rows(), _pairs(distinct[""], self.notes), strict=True):
            pairs = list(known)
            have = {k: t for k, _, t in pairs}
            mine = [
                (k, STRING, v) for k, v in zip(distinct.columns[1:], row[1:], strict=True) if v and have.get(k) != v
            ]
            # A column beside the same key of the resource is the last word on it.
            owners.append(
                Owner.of([*(p for p in mine if p[0] not in have), *pairs, *(p for p in mine if p[0] in have)])
            )
        return at, owners

    def scopes(self) -> tuple[NDArray[np.int64], list[Owner]]:
        name, version = self.text("scope_name"), self.text("scope_version")
        if "scope" in self.rows.parts:
            both = self.text("scope")
            found = both.str.extract_groups(r"^(.*)@([^@]*)$").struct.unnest()
            name, version = found["1"].fill_null(both), found["2"]
        at, distinct = _distinct({"": self._object("scope_attributes"), "name": name, "version": version})
        known = _pairs(distinct[""], self.notes)
        return at, [Owner.of(p, n, v) for p, n, v in zip(known, distinct["name"], distinct["version"], strict=True)]

    def stored(self, batch: Batch) -> Batch:
        """Record ids and sources as a frame of lognb's own has them."""
        kept = {}
        for name in ("record_id", "source", "source_position"):
            part = self.rows.one(name)
            if part is not None:
                series = part.series(self.notes).cast(batch.records.schema[name], strict=False)
                if not series.null_count():
                    kept[name] = series.alias(name)
        return batch if "record_id" not in kept else _replaced(batch, kept)


def _replaced(batch: Batch, kept: dict[str, pl.Series]) -> Batch:
    from dataclasses import replace

    return replace(batch, records=batch.records.with_columns(*kept.values()))


def _distinct(parts: dict[str, pl.Series]) -> tuple[NDArray[np.int64], pl.DataFrame]:
    """(for each row its place among the distinct rows, these)."""
    frame = pl.DataFrame(parts, schema=dict.fromkeys(parts, pl.String))
    distinct = frame.unique(maintain_order=True)
    numbered = distinct.with_row_index("\0ix")
    at = frame.join(numbered, on=frame.columns, how="left", nulls_equal=True, maintain_order="left")["\0ix"]
    return at.to_numpy().astype(np.int64), distinct


def _pairs(objects: pl.Series, notes: Counter[str]) -> list[list[tuple[str, int, str]]]:
    """The pairs of each object of literals."""
    lists = cells.merge(len(objects), [cells.object_pairs(objects, "", notes, tagged=True)])
    table = list(zip(*(lists.table[name].to_list() for name in lists.table.columns), strict=True))
    bounds = lists.offsets.tolist()
    return [[table[c] for c in lists.codes[a:b].tolist()] for a, b in pairwise(bounds)]
