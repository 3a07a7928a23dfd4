"""Ids that are too short to be looked for in any text (known.worth), hidden where the rows beside a text tell them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb.redaction import keys
from lognb.redaction.frames import meant
from lognb.redaction.known import worth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lognb.redaction.redactor import Redactor

_KINDS: Final = frozenset(("user", "name", "person", "field"))
_STRING: Final = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1""")


def told(frame: pl.DataFrame, redactor: Redactor, fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The short values that the columns of a frame tell, each with its field; `fields` are those that a column's name
    does not say.
    """
    for name in frame.columns:
        yield from _of(frame[name], meant(fields.get(name, name)), redactor)
    field = next((n for n in ("field", "key") if n in frame.columns and frame[n].dtype == pl.String), None)
    if field is not None and "value" in frame.columns:
        for (key,), rows in frame.group_by(field):
            if key is not None:
                yield from _of(rows["value"], meant(str(key)), redactor)


def _of(column: pl.Series, field: str, redactor: Redactor) -> Iterator[tuple[str, str]]:
    found = redactor.texts.meaning(field)
    whole = column.dtype.is_integer() and not keys.counts(field)
    if found is None or found.kind not in _KINDS or not (whole or _words(column.dtype)):
        return
    for value in column.drop_nulls().cast(pl.String).unique().to_list():
        if value and not worth(value, found.kind):
            yield value, field


def _words(kind: pl.DataType) -> bool:
    return kind == pl.String or isinstance(kind, (pl.Enum, pl.Categorical))


class Short:
    """Hides short values in the texts that are told of their rows, as whole words.

    A number may be one of how many: it is hidden behind the name of its field or "user", and, with 3 digits or more,
    where no word follows that says of what. So is a single letter, behind those names alone.
    """

    def __init__(self, values: Iterable[tuple[str, str]], redactor: Redactor) -> None:
        self._redactor = redactor
        self._fields = {v: f for v, f in values if redactor.texts.hide(v, f)[0] != v}
        self._patterns: list[re.Pattern[str]] = []
        longest = sorted(self._fields, key=len, reverse=True)
        numbers = [v for v in longest if v.isdigit() or len(v) == 1]
        others = [v for v in longest if not v.isdigit() and len(v) > 1]
        if others:
            self._patterns.append(re.compile(rf"(?<!\w)(?P<v>{'|'.join(map(re.escape, others))})(?!\w)"))
        if numbers:
            names = "|".join(map(re.escape, sorted({"user", *(self._fields[v] for v in numbers)}, key=len)[::-1]))
            before = rf"""\b(?:{names})["')]*\s?[:=(]?\s?["']?"""
            every = "|".join(map(re.escape, numbers))
            self._patterns.append(re.compile(rf"(?i){before}(?P<v>{every})(?!\w)"))
        if long := [v for v in numbers if len(v) >= 3]:
            self._patterns.append(re.compile(rf"(?<![\w.,:+-])(?P<v>{'|'.join(long)})(?![\w%]|[.,:-]\d|\s[^\W\d_])"))

    def text(self, text: str) -> str:
        """The text, then by the rules as any other."""
        return self._redactor.text(self._bare(text))

    def code(self, code: str) -> str:
        """Python: only what stands in its quotes is looked at."""
        return self._redactor.text(_STRING.sub(lambda m: self._bare(m[0]), code))

    def picture(self, svg: str) -> str:
        """An SVG: labels that are nothing but such a value."""
        made = re.sub(r"(?<=>)[^<>]+(?=<)", lambda m: self._one(m[0]), svg) if self._fields else svg
        return self._redactor.text(made)

    def _bare(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern.sub(lambda m: m[0][: m.start("v") - m.start()] + self._one(m["v"]), text)
        return text

    def _one(self, value: str) -> str:
        field = self._fields.get(value)
        return value if field is None else self._redactor.text(value, field)
