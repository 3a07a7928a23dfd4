"""The settings of a panel as people write them: names, texts and moments, made into a View."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from lognb._moments import resolve
from lognb.errors import QueryError, did_you_mean
from lognb.query import Query
from lognb.widgets.state import View

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lognb.logs import Logs


def settled(logs: Logs, view: View, settings: dict[str, Any]) -> View:
    """A view with other settings. `columns` are names or (name, width); `baseline` is two moments, as for `where`.

    Raises QueryError for a setting that a panel does not have, or a value that it cannot be.
    """
    known = {f.name: type(getattr(view, f.name)) for f in fields(View)}
    out: dict[str, Any] = {}
    for given, value in settings.items():
        name = "log" if given == "log_scale" else given
        if name not in known:
            raise QueryError(f"a panel has no setting {given!r}{did_you_mean(given, known)}")
        if name == "query":
            value = value if isinstance(value, Query) else Query.parse(_of_type(given, value, str))
        elif name == "columns":
            value = _columns(view, _several(given, value))
        elif name == "fields":
            value = (
                None if value is None else tuple(_of_type(given, v, str) for v in dict.fromkeys(_several(given, value)))
            )
        elif name == "baseline":
            value = None if value is None else _baseline(logs, _several(given, value))
        elif value is not None or name != "by":
            value = _of_type(given, value, str if name in ("by", "zone", "unit", "tab", "against") else bool)
        out[name] = value
    return replace(view, **out)


def _columns(view: View, given: list[Any]) -> tuple[tuple[str, int | None], ...]:
    """Columns that are there keep their width."""
    widths = dict(view.columns)
    out: dict[str, int | None] = {}
    for column in given:
        name, width = column if isinstance(column, tuple | list) and len(column) == 2 else (column, None)
        name = _of_type("columns", name, str)
        out[name] = widths.get(name) if width is None else _of_type("columns", width, int)
    return tuple(out.items())


def _baseline(logs: Logs, given: list[Any]) -> tuple[int, int]:
    if len(given) != 2:
        raise QueryError("a baseline is two moments, (since, until)")
    overview = logs.engine.overview
    since, until = (t if isinstance(t, int) else resolve(t, overview["first"], overview["last"]) for t in given)
    return since, until


def _several(name: str, value: Any) -> list[Any]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise QueryError(f"{name}={value!r} is to be a list")
    found: Iterable[Any] = value
    return list(found)


def _of_type(name: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise QueryError(
            f"{name}={value!r} is to be {'text' if kind is str else 'a number' if kind is int else 'true or false'}"
        )
    return value
