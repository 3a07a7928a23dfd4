"""JSON that is no OTLP -> records by the usual names, or by the ones that the caller gives.

A row is an object that has a time or a body under a known name: a document, one of an array, or one of the list that
an API's answer wraps. Everything that is no part of the record stays an attribute, with its type.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import numpy as np
import polars as pl

from lognb.loaders import cells, json_walk, layouts, lookalikes, tables
from lognb.loaders.cells import Coded
from lognb.loaders.columns import Place, record_ids
from lognb.loaders.framing import BOM
from lognb.loaders.tables import SCALAR, Part, Rows
from lognb.loaders.values import ARRAY, KVLIST, STRING, Pairs

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lognb.loaders.decode import Decoded
    from lognb.loaders.framing import Unit
    from lognb.loaders.pairs import AttributeLists
    from lognb.schema import Batch

_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_OTLP: Final = re.compile(
    r"(?:resource|scope|instrumentation_?library)_?(?:logs|spans|metrics)|log_?records|.*time_?unix_?nano",
    re.IGNORECASE,
)
_HINT: Final = re.compile(rb"(?:esource|cope|ibrary)_?(?:[lL]ogs|[sS]pans|[mM]etrics)")
_MANY: Final = ("attributes", "resource", "scope_attributes")
_OBJECT_BODY: Final = ("body", "message", "msg", "jsonpayload", "@message")


class Row(NamedTuple):
    """A row: the number of its unit in the chunk, its place in that, its JSON."""

    unit: int
    place: int
    text: str


def rows(i: int, unit: Unit, columns: Mapping[str, str] | None, out: Decoded) -> list[Row] | None:
    """The rows of a unit; those without a time or a body are rejected. None if the unit is OTLP, damaged or no rows."""
    if unit.reason:
        return None
    data = unit.data.strip(b" \t\r\n,").removeprefix(BOM)
    known = frozenset((columns or {}).values())
    if _HINT.search(data) and json_walk.holds(data):
        return None  # OTLP inside another document, which may well have a time and a message of its own
    found = _rows(data, known, out.notes, top=True)
    if not found or not any(good for good, _ in found):
        return None
    for n, (good, _) in enumerate(found):
        if not good:
            out.reject(
                unit, f"item {n + 1} of the list has neither a time nor a body under a known name", length=0, records=1
            )
    return [Row(i, n, _text(raw, out.notes)) for n, (good, raw) in enumerate(found) if good]


def _text(raw: bytes, notes: Counter[str]) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        notes[cells.INVALID] += 1
        return raw.decode("utf-8", "replace")


def _rows(data: bytes, known: frozenset[str], notes: Counter[str], *, top: bool) -> list[tuple[bool, bytes]]:
    """(whether it is a row, its JSON) of each object; [] if there are none."""
    try:
        if data[:1] == b"[":
            return [(_is_row(bytes(item), known), bytes(item)) for item in _list(data)]
        have = _object(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Bad UTF-8, NaN and lone surrogates are for the more patient parser, one row at a time.
        return [(True, data)] if data[:1] == b"{" and _has_name(data, known) else []
    if _is_row(data, known, have):
        return [(True, data)]
    for name in layouts.LISTS if top else ():
        inner = bytes(have.get(name, b""))
        if inner[:1] == b"[" or (inner[:1] == b"{" and name == "hits"):
            found = _rows(inner, known, notes, top=inner[:1] == b"{")
            if any(good for good, _ in found):
                if len(have) > 1:
                    notes["members of an answer beside its rows, passed over"] += len(have) - 1
                return found
    return []


def _is_row(data: bytes, known: frozenset[str], have: Mapping[str, Any] | None = None) -> bool:
    """Whether an object is a plain record: a time or a body by name, and nothing of OTLP's own."""
    if have is None:
        try:
            have = _object(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
    telling = _telling(tuple(have), known)
    if telling is None or bytes(have.get("attributes", b""))[:1] == b"[":
        return False
    if any(key in known or bytes(have[key]) != b"null" for key in telling):
        return True
    return any(name in have and _is_row(bytes(have[name]), known) for name in layouts.WRAPPERS)


@lru_cache(1024)
def _telling(keys: tuple[str, ...], known: frozenset[str]) -> tuple[str, ...] | None:
    """The keys that make an object a record; None if one of them is OTLP's own. Few sets of keys recur."""
    if any(_OTLP.fullmatch(key) for key in keys) or lookalikes.known(keys):
        return None
    usual = ((key, layouts.usual(key)) for key in keys)
    return tuple(key for key, part in usual if key in known or (part and part[0] in ("timestamp", "body")))


def _has_name(data: bytes, known: frozenset[str]) -> bool:
    """The same question to an object that the strict parser refuses."""
    try:
        pairs = json.loads(data.decode("utf-8", "replace"), object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return False
    return isinstance(pairs, Pairs) and bool(_telling(tuple(key for key, _ in pairs), known))


def decode(
    found: Sequence[Row], place: Place, keys: tuple[Sequence[str], Sequence[str]], columns: Mapping[str, str] | None,
    out: Decoded,
) -> Batch:  # fmt: skip
    """The rows of a chunk as a Batch."""
    texts = pl.Series([row.text for row in found], dtype=pl.String)
    coded = _resources(_unwrapped(cells.object_pairs(texts, "$line", out.notes), out.notes), out.notes)
    lists = cells.merge(len(found), [coded])
    given = layouts.checked(columns)
    linked = {n: given.pop(n) for n in ("session_id", "user_id") if n in given}
    if columns:
        out.keys |= {*_keys(lists)}
    made = _lifted(_renamed(_flattened(lists, out.notes), len(found)), given, out.notes)
    unit = np.fromiter((row.unit for row in found), np.int64, len(found))
    index = np.fromiter((row.place for row in found), np.int64, len(found))
    mine = Place(place.source, record_ids(place.keys[unit], index), place.positions[unit])
    session, user = (
        (*((linked[n],) if n in linked else ()), *k) for n, k in zip(("session_id", "user_id"), keys, strict=True)
    )
    return tables.to_batch(made, mine, (session, user), out.notes)


def _keys(lists: AttributeLists) -> list[str]:
    return lists.table["key"].unique().to_list()


def _inner(text: str, notes: Counter[str]) -> list[tuple[str, int, str]]:
    """The pairs of an object's literal."""
    coded = cells.object_pairs(pl.Series([text], dtype=pl.String), "", notes, tagged=True)
    return [coded.table.row(c) for c in coded.codes.tolist()]


def _expanded(coded: Coded, at: NDArray[Any], inner: Mapping[int, list[tuple[str, int, str]]]) -> Coded:
    """Pairs at the places `at` replaced by those that their code stands for in `inner`, in their place."""
    table = coded.table.rows()
    of = {code: (len(table) + sum(len(inner[c]) for c in list(inner)[:n])) for n, code in enumerate(inner)}
    sizes = np.ones(len(coded.codes), np.int64)
    sizes[at] = [len(inner[c]) for c in coded.codes[at].tolist()]
    starts = coded.codes.copy()
    starts[at] = [of[c] for c in coded.codes[at].tolist()]
    more = [pair for pairs in inner.values() for pair in pairs]
    wide = pl.concat([coded.table, Coded.of([], [], more).table])
    return Coded(np.repeat(coded.rows, sizes), cells.runs(starts, sizes), wide)


def _unwrapped(coded: Coded, notes: Counter[str]) -> Coded:
    """Objects that only wrap a record give their pairs to it."""
    table = coded.table
    wraps = (table["key"].is_in(layouts.WRAPPERS) & (table["kind"] == KVLIST)).to_numpy()
    at = np.flatnonzero(wraps[coded.codes])
    if not len(at):
        return coded
    texts = table["text"]
    return _expanded(coded, at, {c: _inner(texts[c], notes) for c in np.unique(coded.codes[at]).tolist()})


def _resources(coded: Coded, notes: Counter[str]) -> Coded:
    """A resource as the Python SDK's console exporter has it, {"attributes": …, "schema_url": …}: its attributes."""
    table = coded.table
    mine = ((table["key"] == "resource") & (table["kind"] == KVLIST)).to_numpy()
    at = np.flatnonzero(mine[coded.codes])
    inner: dict[int, list[tuple[str, int, str]]] = {}
    for code in np.unique(coded.codes[at]).tolist():
        have = {key: (kind, text) for key, kind, text in _inner(table["text"][code], notes)}
        kind, text = have.get("attributes", (STRING, ""))
        plain = kind != KVLIST or not have.keys() <= {"attributes", "schema_url"}
        inner[code] = [("resource", KVLIST, table["text"][code] if plain else text)]
    return _expanded(coded, at, inner) if inner else coded


def _flattened(lists: AttributeLists, notes: Counter[str]) -> Coded:
    """All pairs; of records in ECS, which have "@timestamp", objects become dotted keys, as ECS names them."""
    coded = Coded(lists.rows(), lists.codes.astype(np.int64), lists.table)
    key, kind = lists.table["key"], lists.table["kind"]
    ecs = np.zeros(len(lists), bool)
    ecs[coded.rows[(key == "@timestamp").to_numpy()[coded.codes]]] = True
    at = np.flatnonzero((kind == KVLIST).to_numpy()[coded.codes] & ecs[coded.rows]) if ecs.any() else np.zeros(0, int)
    if not len(at):
        return coded
    texts = lists.table["text"]
    return _expanded(coded, at, {c: _dotted(key[c], texts[c], notes) for c in np.unique(coded.codes[at]).tolist()})


def _renamed(coded: Coded, count: int) -> Coded:
    """Pairs of rows whose names mean something else, under the usual names."""
    for needs, names in layouts.RENAMED:
        key = coded.table["key"]
        mine = np.ones(count, bool)
        for name in needs:
            have = np.zeros(count, bool)
            have[coded.rows[(key == name).to_numpy()[coded.codes]]] = True
            mine &= have
        at = np.flatnonzero(mine[coded.rows] & key.is_in(list(names)).to_numpy()[coded.codes])
        if len(at):
            table = coded.table.rows()
            inner = {c: [_told(names[table[c][0]], *table[c][1:])] for c in np.unique(coded.codes[at]).tolist()}
            coded = _expanded(coded, at, inner)
    return coded


def _told(name: str, kind: int, text: str) -> tuple[str, int, str]:
    """A pair under its usual name; PostHog's tables hold the properties of an event as JSON text."""
    if name == "attributes" and kind == STRING and text.lstrip().startswith("{"):
        try:
            msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            return name, kind, text
        return name, KVLIST, text.strip()
    return name, kind, text


def _dotted(key: str, text: str, notes: Counter[str]) -> list[tuple[str, int, str]]:
    out: list[tuple[str, int, str]] = []
    for name, kind, inner in _inner(text, notes):
        out += _dotted(f"{key}.{name}", inner, notes) if kind == KVLIST else [(f"{key}.{name}", kind, inner)]
    return out or [(key, KVLIST, "{}")]


def _lifted(coded: Coded, given: Mapping[str, str], notes: Counter[str]) -> Rows:
    """Parts of the record taken out of the pairs."""
    count = int(coded.rows[-1]) + 1 if len(coded.rows) else 0
    out = Rows(count)
    left = np.ones(len(coded.codes), bool)
    for part, ranks in _ranks(coded.table, given).items():
        at = np.flatnonzero(ranks[coded.codes] < _NONE)
        if not len(at):
            continue
        chosen = np.full(count, -1, np.int64)
        # Worst first, so that the best, and of equals the last sent, is what stays.
        order = np.argsort(-ranks[coded.codes[at]], kind="stable")
        chosen[coded.rows[at[order]]] = at[order]
        used = np.flatnonzero(chosen >= 0)
        left[chosen[used]] = False
        codes = coded.codes[chosen[used]]
        for name, n in coded.table["key"].gather(codes).value_counts().iter_rows():
            notes[f"plain JSON: {part} from {name!r}"] += n
        _take(out, part, coded, used, codes, notes)
    out.pairs.insert(0, Coded(coded.rows[left], coded.codes[left], coded.table))
    return out


def _take(out: Rows, part: str, coded: Coded, used: NDArray[Any], codes: NDArray[Any], notes: Counter[str]) -> None:
    """One part of the rows `used`, from the pairs `codes`; one for each name, since names decide how levels read."""
    keys = coded.table["key"].gather(codes)
    for name in keys.unique(maintain_order=True).to_list() if part == "severity" else [keys[0]]:
        mine = (keys == name).to_numpy() if part == "severity" else np.ones(len(codes), bool)
        texts = pl.Series([None], dtype=pl.String).new_from_index(0, out.count)
        texts = texts.scatter(used[mine], coded.table["text"].gather(codes[mine]))
        if part == "attributes":
            out.pairs.append(cells.object_pairs(texts, name, notes, tagged=True))
            continue
        kinds = np.zeros(out.count, np.uint8)
        kinds[used[mine]] = coded.table["kind"].gather(codes[mine]).to_numpy()
        out.parts.setdefault(part, []).append(Part(name, kinds=kinds, texts=texts))


_NONE: Final = 10_000


def _ranks(table: pl.DataFrame, given: Mapping[str, str]) -> dict[str, NDArray[np.int64]]:
    """For each part the rank of each pair as that part; _NONE where it is not it."""
    taken = {column: part for part, column in given.items()}
    covered = {"severity"} if given.keys() & {"severity_text", "severity_number"} else set()
    out: dict[str, NDArray[np.int64]] = {}
    keys, kinds, texts = table["key"], table["kind"].to_numpy(), table["text"]
    blank = (texts.str.strip_chars() == "").to_numpy()
    for key in keys.unique().to_list():
        part, rank = (taken[key], -1) if key in taken else layouts.usual(key) or ("", 0)
        if not part or (key not in taken and (part in given or part in covered)):
            continue
        kinds_of: tuple[int, ...] = (KVLIST,) if part in _MANY else SCALAR
        if part == "body" and (key in taken or key.lower() in _OBJECT_BODY):
            kinds_of = (*SCALAR, KVLIST, ARRAY)
        fits = (keys == key).to_numpy() & np.isin(kinds, kinds_of) & ~(blank & (kinds == STRING) & (part != "body"))
        out.setdefault(part, np.full(len(table), _NONE, np.int64))[fits] = rank
    return out
