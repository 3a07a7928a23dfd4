"""What of a frame stays the same from build to build and from machine to machine: a name of its file and its function.

Prefixes of paths, hosts, hashes of bundles, numbers of lambdas and closures, generated classes and parameters go.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_URL: Final = re.compile(r"[a-z][\w+.-]*:/{1,3}", re.IGNORECASE)
_HEX: Final = re.compile(r"[0-9a-f]{6,}|[0-9A-F]{6,}")
_WORD: Final = re.compile(r"[A-Za-z0-9_]{7,}")
_GROUPS: Final = re.compile(r"\(\w{2,12}\)$")
_PIECES: Final = re.compile(r"([.~-])")

_JS_WORDS: Final = ("async ", "new ", "get ", "set ", "static ", "bound ")
_JS_NOTHING: Final = frozenset(
    ("anonymous", "<anonymous>", "eval", "?", "global code", "module code", "eval code", "<computed>", "<", "Object")
)  # fmt: skip
_JAVA: Final = (
    (re.compile(r"\$\$(?:Lambda|EnhancerBy\w*|FastClassBy\w*|SpringCGLIB)\b[\w$/]*(?:\$\$[0-9a-fx]+)?"), "$$"),
    (re.compile(r"\$\$[0-9a-f]{6,}"), "$$"),
    (re.compile(r"(?<=[a-zA-Z$])\$\d+"), "$"),
    (re.compile(r"(?<=Accessor)\d+|(?<=\$Proxy)\d+|(?<=Proxy)\d+$"), ""),
)
_GO: Final = (
    (re.compile(r"\[[^\]]*\]"), ""),
    (re.compile(r"\.(?:func|gowrap|deferwrap)\d+(?:\.\d+|\.(?:func|gowrap)\d+)*(?:-range\d+)?"), ".func"),
    (re.compile(r"/v\d+(?=[./])"), ""),
    (re.compile(r"-fm$"), ""),
)
_NET: Final = (
    (re.compile(r"[.+]<>c(?:__DisplayClass\d+(?:_\d+)?)?(?:`\d+)?(?=\.)"), ""),
    (re.compile(r"[.+]?<(\w+)>d__\d+(?:`\d+)?\.MoveNext$"), r".\1"),
    (re.compile(r"<(\w+)>[bg]__(?:(\w+)\|)?[\d_]+"), r"\1"),
    (re.compile(r"\[[^\]]*\]|`\d+"), ""),
)


def function(name: str, language: str) -> str:
    """A function's name as all builds call it; "" for one without a name, or with one that a minifier gave.

    >>> function("async Cart.total [as sum]", "javascript"), function("com.x.Y$1.lambda$run$0", "java")
    ('total', 'com.x.Y$.lambda$run$')
    """
    return _FUNCTIONS.get(language, str)(name.strip())


def path(file: str) -> list[str]:
    """The parts of a file's path without host, query and hashes.

    >>> path("https://x.example/static/main.3f2a1b9c.js?v=7"), path("C:\\\\app\\\\a.py")
    (['static', 'main.js'], ['app', 'a.py'])
    """
    text = file.replace("\\", "/")
    begun = _URL.match(text)
    if begun:
        text = text.partition("?")[0].partition("#")[0]
        remote = (
            begun[0].lower().startswith(("http", "ws", "app:", "capacitor", "chrome", "moz", "safari", "webpack://"))
        )
        text = text[begun.end() :]
        text = text.partition("/")[2] if remote and "/" in text else text
    parts = [p for p in text.split("/") if p not in ("", ".", "..") and not _GROUPS.fullmatch(p)]
    parts = [p for p in parts if not (len(p) == 2 and p[1] == ":")]  # a drive
    return [*(p for p in parts[:-1] if not _hash(p)), *(unhashed(p) for p in parts[-1:])]


def unhashed(name: str) -> str:
    """A file's name without the hash that a bundler put in: main.3f2a1b9c.js and index-DkJ3fQ2z.js."""
    pieces = _PIECES.split(name)
    if len(pieces) < 3:
        return name
    out = pieces[:1]
    for mark, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if not _hash(piece):
            out += [mark, piece]
    return "".join(out)


def _hash(piece: str) -> bool:
    if _HEX.fullmatch(piece) and any(c.isdigit() for c in piece):
        return True
    if not _WORD.fullmatch(piece) or len(piece) > 64:
        return False
    digits, upper = sum(c.isdigit() for c in piece), sum(c.isupper() for c in piece)
    if piece.isupper() and len(piece) == 8:  # esbuild's are of A-Z and 2-7
        return True
    return (digits > 0 and upper > 1 and not piece[0].isdigit()) or (digits > 1 and upper > 0) or upper > len(piece) / 2


def _javascript(name: str) -> str:
    name = name.rpartition("*")[2]  # Firefox: "async*f", "setTimeout handler*f"
    name = name.partition(" [as ")[0]
    while (word := next((w for w in _JS_WORDS if name.startswith(w)), None)) is not None:
        name = name.removeprefix(word)
    name = name.rpartition("/")[2]  # Firefox: "outer/inner", "outer/<"
    name = name.rpartition(".")[2].lstrip("#").rstrip("<")
    if name in _JS_NOTHING or " " in name or len(name) <= 2 or name.isdigit():
        return ""
    return name


def _cleaned(rules: tuple[tuple[re.Pattern[str], str], ...]) -> Callable[[str], str]:
    def clean(name: str) -> str:
        for pattern, instead in rules:
            name = pattern.sub(instead, name)
        return name.strip(".")

    return clean


_FUNCTIONS: Final[dict[str, Callable[[str], str]]] = {
    "javascript": _javascript,
    "java": _cleaned(_JAVA),
    "go": _cleaned(_GO),
    "dotnet": _cleaned(_NET),
}
