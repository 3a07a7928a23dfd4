"""What every panel's widget has: a browser half from static/, `data` to draw, and questions that are checked first.

The browser sends `{"id": n, "ask": {"kind": …, …}}`. `{"id": n, "value": …}` or `{"id": n, "error": text}` comes back;
`{"id": n, "dropped": true}` says that a newer question took the place of this one. A question is one of the widget's
`asks`, msgspec Structs: what is none of them, or has a value of another type, gets an error and nothing else happens.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Union

import anywidget
import msgspec
import traitlets

from lognb.errors import LognbError
from lognb.widgets.worker import worker_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lognb.logs import Logs

STATIC: Final = Path(__file__).resolve().parents[1] / "static"
_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "\./([a-z]+)\.js";\n', re.MULTILINE)
_IMPORT_STYLE: Final = re.compile(r'^@import "\./([a-z]+)\.css";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(async )?(function|const|class) )", re.MULTILINE)
_NAMED: Final = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)", re.MULTILINE)
_DEFAULT: Final = re.compile(r"^export default .*;\n?", re.MULTILINE)
_log = logging.getLogger("lognb.widgets")


@dataclass(frozen=True, slots=True)
class Binary:
    """An answer with bytes beside it, which the page finds as `buffers` of the value."""

    value: dict[str, Any]
    buffers: list[bytes]


class Ask(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind"):
    """A question of the browser; its subclasses are told apart by `kind`."""


@cache
def module(name: str) -> str:
    """static/<name>.js behind the files it imports from, each once: a module from a blob has no neighbours.

    What a file does not export is seen by the others all the same, so no two of them may use one name at their top.
    """
    texts = {file: _IMPORT.sub("", text) for file, text in _gathered((name,), "js", _IMPORT).items()}
    return "\n".join(text if file == name else _EXPORT.sub("", text) for file, text in texts.items())


@cache
def bundle(name: str) -> str:
    """static/<name>.js as one script of a page, behind all files it needs, each once and in a scope of its own."""

    def known(match: re.Match[str]) -> str:
        names = match[0][len("import {") : match[0].index("}")].replace(" as ", ": ")
        return f"const {{{names}}} = ${match[1]};\n"

    def scoped(file: str, text: str) -> str:
        names = ", ".join(_NAMED.findall(text))
        body = _DEFAULT.sub("", _EXPORT.sub("", _IMPORT.sub(known, text)))
        return f"const ${file} = (() => {{\n{body}\nreturn {{ {names} }};\n}})();"

    return "\n".join(scoped(file, text) for file, text in _gathered((name,), "js", _IMPORT).items())


@cache
def style(*names: str) -> str:
    """static/common.css and static/<name>.css of each name behind the files it imports, each once."""
    texts = _gathered(("common", *names), "css", _IMPORT_STYLE)
    return "\n".join(_IMPORT_STYLE.sub("", text) for text in texts.values())


def _gathered(names: Sequence[str], ending: str, imports: re.Pattern[str]) -> dict[str, str]:
    """The texts of some files of static/ behind those that they import, each once."""
    texts: dict[str, str] = {}

    def take(file: str) -> None:
        text = (STATIC / f"{file}.{ending}").read_text(encoding="utf-8")
        for other in imports.findall(text):
            if other not in texts:
                take(other)
        texts[file] = text

    for name in names:
        if name not in texts:
            take(name)
    return texts


class Widget(anywidget.AnyWidget):
    """The Python half. Subclasses set `name` and `asks`: a Struct -> the method that answers it, in the worker."""

    name: ClassVar[str]
    asks: ClassVar[dict[type[Ask], str]] = {}
    at_once: frozenset[type[Ask]] = frozenset()
    """Those that are answered where they arrive, since they only change a little state."""
    latest: ClassVar[frozenset[type[Ask]]] = frozenset()
    """Those of which only the newest matters."""

    # Known before anywidget's __init__, which would take neither as an argument.
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    data = traitlets.Dict().tag(sync=True)

    def __init__(self, logs: Logs, **traits: Any) -> None:
        super().__init__(_esm=module(self.name), _css=style(self.name), **traits)
        self._logs = logs
        self._worker = worker_of(logs.engine)
        self.on_msg(self._receive)

    def _send(self, msg: Any, buffers: Any = None) -> None:
        super()._send(msg, buffers)
        # ipykernel 7.4 handles what comes next on a channel in the shell whose thread last sent on it: the main one, if
        # a cell or the worker did, where it would wait for the cell that runs. Without this it goes where it was sent.
        getattr(self.comm, "__dict__", {}).pop("_reply_subshell_id", None)

    def _receive(self, _: Any, content: Any, buffers: Any) -> None:
        number = content.get("id") if isinstance(content, dict) else None
        if isinstance(number, bool) or not isinstance(number, int):
            return  # nobody waits for an answer
        try:
            # The kinds are known only at run time.
            ask = msgspec.convert(content.get("ask"), type=Union[tuple(self.asks)])  # noqa: UP007
        except (msgspec.ValidationError, TypeError) as error:
            self.send({"id": number, "error": f"not a question of this panel: {error}"})
            return
        if type(ask) in self.at_once:
            self._answer(number, ask)
            return
        key = (id(self), type(ask).__name__) if type(ask) in self.latest else None
        self._worker.put(
            lambda: self._answer(number, ask), key, dropped=lambda: self.send({"id": number, "dropped": True})
        )

    def _answer(self, number: int, ask: Ask) -> None:
        method: Callable[[Any], Any] = getattr(self, self.asks[type(ask)])
        try:
            found = method(ask)
            if isinstance(found, Binary):
                self.send({"id": number, "value": found.value}, found.buffers)
            else:
                self.send({"id": number, "value": found})
        except LognbError as error:
            self.send({"id": number, "error": str(error)})
        except Exception:
            # A mistake of ours must not end the worker; the page says that there was one, the log which.
            _log.exception("a panel could not answer %r", type(ask).__name__)
            self.send({"id": number, "error": "lognb made a mistake; logging has its traceback"})
