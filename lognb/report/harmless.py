"""Is code that came in a bundle only a question to logs? Whoever made the bundle wrote it, and a notebook runs it.

Nothing is refused by its name: what may be is listed, and all else is not code of ours.
"""

from __future__ import annotations

import ast
import re
from typing import Final

_OPENERS: Final = ("read", "scan", "open_bundle")
_MAKERS: Final = (*_OPENERS, "Report", "Timeline", "TableView", "Query")
# Nothing that gives a frame of pandas, whose `query` runs code.
_ASKED: Final = frozenset([
    "volume", "facets", "steps", "hours", "stats", "usage", "sessions", "services", "impact", "changes", "traces",
    "waterfall", "compare", "errors", "explain", "scope", "summary", "patterns", "where", "between", "head", "tail",
    "get", "context", "sample", "to_polars", "fields", "spans", "recordings", "events", "pins", "marks", "all",
    "explore", "session", "user", "trace", "sql", "load_report", "frame", "frames", "timeline", "logs", "all_logs",
    "during", "clocks",
])  # fmt: skip
"""What may be asked of logs, results and bundles: what answers, keeps nothing and takes no code."""
_LOGS: Final = re.compile(r"logs(_\d+)?\Z")


def harmless(code: str) -> bool:
    """Is it an expression of questions to `logs` and to what `ln` opens, with plain values?

    >>> harmless('logs.where("a=1").errors().frames("x")'), harmless('ln.loaders.files.os.system("x")')
    (True, False)
    """
    tree = _tree(code)
    if tree is None or any(isinstance(n, ast.keyword) and n.arg == "store" for n in ast.walk(tree)):
        return False  # a store is a file that is written
    return _answer(tree.body)


def opener(code: str) -> ast.Expression | None:
    """The call that opened records, alone or with `.logs` or `.all_logs[1]` behind it; None if it is none.

    >>> opener('ln.open_bundle("x.zip").logs') is None, opener('ln.read("a").head()') is None
    (False, True)
    """
    tree = _tree(code) or _tree(code.replace("…", "..."))
    if tree is None or not _answer(tree.body):
        return None
    node = tree.body
    if isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute) and node.attr in ("logs", "all_logs"):
        node = node.value
    made = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _OPENERS
    once = sum(isinstance(n, ast.Call | ast.Name) for n in ast.walk(tree)) == 2  # the call, and `ln`
    return tree if made and once else None


def _tree(code: str) -> ast.Expression | None:
    try:
        tree = ast.parse(code, mode="eval")
        ast.unparse(tree)  # what is too deep for this is too deep for all that follows
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def _answer(node: ast.expr) -> bool:
    """`logs`, what `ln` makes, or what is asked of an answer."""
    match node:
        case ast.Name(name):
            return _LOGS.match(name) is not None
        case ast.Attribute(value, name):
            return name in _ASKED and _answer(value)
        case ast.Subscript(value, key):
            return _answer(value) and _value(key)
        case ast.Call(called, args, keywords):
            given = all(map(_value, args)) and all(k.arg is not None and _value(k.value) for k in keywords)
            return given and (_maker(called) or (isinstance(called, ast.Attribute) and _answer(called)))
    return False


def _maker(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(ast.Name("ln"), name):
            return name in _MAKERS
        case ast.Attribute(ast.Attribute(ast.Name("ln"), "Query"), "parse"):
            return True
    return False


def _value(node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.List(items) | ast.Tuple(items):
            return all(map(_value, items))
        case ast.Dict(keys, values):
            return all(key is not None and _value(key) for key in keys) and all(map(_value, values))
        case ast.UnaryOp(ast.USub(), ast.Constant()):
            return True
    return _answer(node)
