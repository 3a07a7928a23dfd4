"""What stands behind ids that nobody reads: the text of a pattern, the title of an issue."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final

from lognb._clauses import leaves_of
from lognb.analyses.issues import FIELD as ISSUE
from lognb.analyses.mined import FIELD as PATTERN
from lognb.analyses.mined import texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lognb._clauses import Clause
    from lognb.engines.base import Engine
    from lognb.query import Query

FIELDS: Final = (PATTERN, ISSUE)
_known: weakref.WeakKeyDictionary[Any, dict[str, dict[str, str]]] = weakref.WeakKeyDictionary()


def of(engine: Engine, fields: Iterable[str | None]) -> dict[str, dict[str, str]]:
    """For those of the fields that need it, the text of each value.

    What was never asked for is made for it, which for patterns reads all records: ask behind a question that did.
    """
    known = _known.setdefault(engine, {})
    for field in {f for f in fields if f in FIELDS} - set(known):
        titles = engine.derived(ISSUE).table.select(ISSUE, "title") if field == ISSUE else None
        known[field] = texts(engine) if titles is None else dict(titles.iter_rows())
    return known


def known(engine: Engine) -> dict[str, dict[str, str]]:
    """The same, as far as somebody has asked."""
    return _known.get(engine, {})


def named(query: Query) -> set[str]:
    """The fields that a query speaks of."""
    return {leaf.field for leaf in query.leaves()}


def told(meanings: Mapping[str, Mapping[str, str]], clause: Clause) -> str | None:
    """What a condition that names such ids says: their texts, None where it names none."""
    texts = []
    for leaf in leaves_of(clause):
        values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
        texts += [meanings[leaf.field][v] for v in map(str, values) if v in meanings.get(leaf.field, {})]
    return "; ".join(texts) if texts else None
