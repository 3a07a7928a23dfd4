"""Tab completion of fields and query texts in IPython and JupyterLab, for any variable that is Logs.

    logs["http.ro⇥        late.where("severity>=error service_name=ch⇥

Nothing of what is typed is evaluated: a name of the user's namespace and attributes that are there without running
code are looked up, and behind them only calls of `where` and `between` are passed over, since they give Logs of the
same engine. IPython itself is used only where it is already running.
"""

from __future__ import annotations

import inspect
import re
import sys
import weakref
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._complete import Completion, complete, matching
from lognb._literals import read
from lognb.query import Condition, Not, Query, format_time
from lognb.schema import FIELDS, ID_BYTES, LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lognb.engines.base import Engine
    from lognb.query import Clause, Value

_MOST = 30  # values of a field
_TAIL = 10_000  # characters before the cursor that are looked at
_NARROWED = r"(?:\.(?:where|between)\([^()]*\)\s*)*"
_OPEN: Final = re.compile(
    rf"(?<![\w.\])\"'])(?P<root>[^\W\d]\w*(?:\.[^\W\d]\w*)*?)\s*{_NARROWED}"
    r"(?P<call>\[|\.facets\((?:\s*(?:\"[^\"\n]*\"|'[^'\n]*')\s*,)*|\.where\()\s*(?:text\s*=\s*)?(?P<raw>[rR]?)"
    r"(?P<quote>\"\"\"|'''|\"|')(?P<text>(?:\\.|(?!(?P=quote))[^\\])*)\Z",
    re.DOTALL,
)
_ESCAPES: Final = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t"}
# Fields with too many values, or too dear ones, to be looked through while someone types.
DEAR: Final = frozenset(
    (*ID_BYTES, "record_id", "body", "attributes", "resource", "scope_attributes", "source_position")
)
_values: weakref.WeakKeyDictionary[Any, dict[str, list[Value]]] = weakref.WeakKeyDictionary()
_installed: weakref.WeakSet[Any] = weakref.WeakSet()


def install(kind: type) -> None:
    """Complete for variables of a type, Logs, in the IPython that is running, if one is; once is enough."""
    ipython = sys.modules.get("IPython")
    shell: Any = None if ipython is None else getattr(ipython, "get_ipython", lambda: None)()
    completer = getattr(shell, "Completer", None)
    if completer is None or completer in _installed or not hasattr(completer, "custom_matchers"):
        return
    _installed.add(completer)

    def lognb_matcher(context: Any) -> dict[str, Any]:
        from IPython.core.completer import SimpleCompletion

        before = "\n".join([*context.full_text.split("\n")[: context.cursor_line], context.text_until_cursor])
        try:
            found = at_cursor(before, shell.user_ns, kind)
        except Exception:  # whatever it is, it must not get between a person and the cursor
            found = []
        start = found[0].start if found else len(before)
        return {
            "completions": [SimpleCompletion(text=c.text, type="text") for c in found],
            "matched_fragment": before[start:],
            "suppress": bool(found),
            "ordered": True,
        }

    lognb_matcher.matcher_api_version = 2  # type: ignore[attr-defined]
    lognb_matcher.matcher_identifier = "lognb"  # type: ignore[attr-defined]
    completer.custom_matchers.append(lognb_matcher)


def at_cursor(before: str, namespace: Mapping[str, Any], kind: type) -> list[Completion]:
    """What may be put in behind the code `before`, where it ends inside a text for Logs; all with the same start."""
    offset = max(0, len(before) - _TAIL)
    match = _OPEN.search(before, offset)
    engine = None if match is None else _engine(match["root"], namespace, kind)
    said = None if match is None else _said(match["text"], raw=bool(match["raw"]))
    if match is None or engine is None or said is None:
        return []
    text, places = said
    names = engine.field_names()
    if match["call"] == ".where(":
        found = complete(text, len(text), names, lambda field: frequent(engine, field))
    else:
        found = [Completion(0, len(text), name) for name in matching(text, names)]
    put = ((c, _escaped(c.text, match["quote"], raw=bool(match["raw"]))) for c in found)
    begin = match.start("text")
    return [Completion(begin + places[c.start], len(before), t) for c, t in put if t is not None]


def frequent(engine: Engine, field: str) -> list[Value]:
    """The most frequent values of a field among all records, as a query writes them; asked once of each engine."""
    known = _values.setdefault(engine, {})
    if field not in known:
        known[field] = _frequent(engine, field)
    return known[field]


def _frequent(engine: Engine, field: str) -> list[Value]:
    if field == "severity":
        return list(LEVELS[::-1])
    if isinstance(FIELDS.get(field), pl.Datetime):
        ends = [engine.overview["first"], engine.overview["last"]] if field == "time" else []
        return [format_time(t) for t in ends if t is not None]
    if field in DEAR or field.startswith("body.") or field not in engine.field_names():
        return []
    texts = engine.facets(Query(), [field], _MOST)["value"].drop_nulls().to_list()[:_MOST]
    return list(typed(engine, field, texts).values())


def typed(engine: Engine, field: str, texts: Sequence[str]) -> dict[str, Value]:
    """The value that a query writes for each text as which an engine's facets show a value of a field.

    Left out is what cannot be written: NaN and infinities.
    """
    if field == "severity" or (field in FIELDS and FIELDS[field] == pl.String()):
        return {t: t for t in texts}
    dtype = engine.dtypes([field])[field]
    found = {t: read("", "=", t) for t in texts}
    if dtype != pl.String():
        return {t: v for t, v in found.items() if not isinstance(v, str) or isinstance(dtype, pl.Datetime)}
    # Text, or values of several types: a number and a text of the same characters are told apart by asking.
    doubtful = [t for t, v in found.items() if not isinstance(v, str)]
    real = _some(engine, field, [found[t] for t in doubtful])
    found |= {t: t for t in doubtful if not (real and _some(engine, field, [found[t]]))}
    return found | {t: t[1:-1] for t in texts if t[:1] == t[-1:] == '"' and not isinstance(read("", "=", t[1:-1]), str)}


def conditions(engine: Engine, field: str, texts: Sequence[str | None]) -> dict[str | None, Clause]:
    """What finds the records for which an engine's facets show each text; null are those that lack the field."""
    values = [text for text in texts if text is not None]
    meant = typed(engine, field, values) if values else {}
    found: dict[str | None, Clause] = {text: Condition(field, "=", meant.get(text, text)) for text in values}
    return found | ({None: Not(Condition(field, "exists"))} if None in texts else {})


def _some(engine: Engine, field: str, values: list[Value]) -> bool:
    return bool(values) and engine.count(Query((Condition(field, "in", tuple(values)),))) > 0


def _engine(root: str, namespace: Mapping[str, Any], kind: type) -> Engine | None:
    """The engine of the Logs that a dotted name is, found without running any code of the user's objects."""
    first, *rest = root.split(".")
    found = namespace.get(first)
    for name in rest:
        found = inspect.getattr_static(found, name, None)
    # Not isinstance: it would ask the object for its __class__.
    return found.engine if issubclass(type(found), kind) else None  # type: ignore[union-attr]


def _said(source: str, *, raw: bool) -> tuple[str, list[int]] | None:
    """The text that a Python literal's source is, and where in it each character stands; None for odd escapes."""
    if raw:
        return source, list(range(len(source) + 1))
    out, places, at = [], [], 0
    while at < len(source):
        places.append(at)
        c = source[at]
        if c == "\\":
            c = _ESCAPES.get(source[at + 1 : at + 2], "")
            if not c:
                return None
            at += 1
        out.append(c)
        at += 1
    return "".join(out), [*places, len(source)]


def _escaped(text: str, quote: str, *, raw: bool) -> str | None:
    """A text as it stands in a Python literal with this quote; None where it cannot."""
    if raw:
        return None if quote[0] in text or text.endswith("\\") or not text.isprintable() else text
    text = text.replace("\\", "\\\\").replace(quote[0], "\\" + quote[0])
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
