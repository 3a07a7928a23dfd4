"""Stack traces whose lines came as records of their own: which records are one trace. Also how a stack is known.

The patterns are read alike by RE2 and Python: an engine finds with them the few records that are looked at here.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

# A call behind "at": as the JVM and .NET write it, as V8 does, or a place alone.
_CALL: Final = (
    r"at (?:[\w$/@<>]+\.[^\s()]+\([^()\n]*\)|[^\n]*\([^()\s]*:\d+(?::\d+)?\)|[^\n]*\((?:native|<anonymous>|index \d+)\)"
    r"|(?:async )?\S+:\d+:\d+)"
)
STACK: Final = (
    rf"(?:^|\n)[ \t|]*(?:{_CALL}|File \"[^\n]+\", line \d+|goroutine \d+ \[)"
    r"|(?:^|\n)[^\n@]*@[^\n]*:\d+:\d+(?:\n|$)|Traceback \(most recent call last\)"
)
"""A text of several lines that holds a stack."""
ESCAPED: Final = rf"\\n(?:\\t| )*(?:{_CALL}|File \\\\?\"[^\n]+\\\\?\", line \d+|goroutine \d+ \[)"
"""A JSON text that holds one in a string."""
LINE: Final = (
    rf"^\s*(?:{_CALL}(?: in \S.*| ~?\[.*\])?\s*(?:\{{\s*)?$|File \"[^\"]+\", line \d+(?:, in \S.*)?\s*$"
    r"|Traceback \(most recent call last\):\s*$|goroutine \d+ \[[^\]]*\]:\s*$|\S+\.go:\d+(?: \+0x[0-9a-f]+)?\s*$"
    r"|\.\.\. \d+ (?:more|common frames omitted)\s*$)"
)
"""A line that stands nowhere but in a stack; what is near such lines, in the same stream, is looked at."""
NEAR: Final = 3
GAP_NS: Final = 2_000_000_000
"""Lines of one trace are written at once; a collector may read them in two turns."""

_SAID: Final = "During handling of the above exception|The above exception was the direct cause"
_CLASSES: Final = (
    ("head", re.compile(r"\s*(?:\+ Exception Group )?Traceback \(most recent call last\):\s*$")),
    ("file", re.compile(r'\s*File "[^"]+", line \d+')),
    ("at", re.compile(rf"\s*{_CALL}(?: in \S.*| ~?\[.*\])?\s*(?:\{{\s*)?$")),
    ("place", re.compile(r"\s*\S+\.go:\d+(?: \+0x[0-9a-f]+)?\s*$")),
    ("goroutine", re.compile(r"\s*goroutine \d+ \[[^\]]*\]:\s*$")),
    ("panic", re.compile(r"(?:panic|fatal error): |\[signal ")),
    ("cause", re.compile(r"\s*(?:Caused by: |Suppressed: |\.\.\. \d+ |--- End of |---> |\[?cause\]?: )")),
    ("chain", re.compile(rf"\s*(?:{_SAID})")),
    ("mark", re.compile(r"\s*[~^]+[\s~^]*$")),
    ("blank", re.compile(r"\s*$")),
    ("type", re.compile(r"\s*[A-Za-z_$][\w.$]*(?:: .*|:)?$")),
)
_NAMES: Final = pl.Enum([*(name for name, _ in _CLASSES), "other"])


def pieces(lines: pl.DataFrame) -> pl.DataFrame:
    """The traces among lines. Rows of the answer: a line of one, `row` and the number of its `piece`, in their order.

    `lines` are near such that fit LINE: `row`, `stream`, `n` (its place in the stream), `ns` (its time) and `body`, in
    the order of stream and n. Lines are classed once for each distinct text.
    """
    texts = lines["body"].unique()
    classes = pl.DataFrame({"body": texts, "is": pl.Series([_class(t or "") for t in texts], dtype=_NAMES)})
    out = lines.join(classes, on="body", how="left", nulls_equal=True, maintain_order="left")
    apart = (
        (pl.col("stream") != pl.col("stream").shift(1))
        | (pl.col("n") != pl.col("n").shift(1) + 1)
        | ((pl.col("ns") - pl.col("ns").shift(1)).abs() > GAP_NS)
    )
    out = out.with_columns(apart.fill_null(value=True).cum_sum().alias("run"))
    out = out.with_columns(_shifted("is", 1, "before"), _shifted("is", -1, "next"))
    free = pl.col("is").is_in(["type", "other"])
    source = free & (pl.col("before") == "file") & pl.col("next").is_in(["file", "mark", "type"])
    out = out.with_columns(source.fill_null(value=False).alias("source")).with_columns(
        _shifted("source", 1, "after_source")
    )
    before = pl.col("before")
    end = (pl.col("is") == "type") & ~pl.col("source") & (before.is_in(["file", "mark"]) | pl.col("after_source"))
    call = free & (pl.col("next") == "place")
    thrown = free & ~pl.col("source") & (pl.col("next") == "at")
    blank = (pl.col("is") == "blank") & (
        before.is_in(["chain", "panic"]) | pl.col("next").is_in(["chain", "goroutine", "panic"])
    )
    sure = pl.col("is").is_in(["head", "file", "at", "place", "goroutine", "panic", "cause", "chain"])
    marked = (pl.col("is") == "mark") & (pl.col("after_source") | (before == "file"))
    member = (sure | marked | pl.col("source") | end | call | thrown | blank).fill_null(value=False)
    out = out.with_columns(member.alias("member"), thrown.fill_null(value=False).alias("thrown"))
    begins = (
        ~_before("member", 1)
        | ((pl.col("is") == "head") & ~before.is_in(["chain", "blank"]))
        | pl.col("thrown")
        | ((pl.col("is") == "panic") & (before != "panic"))
        | ((pl.col("is") == "goroutine") & ~before.is_in(["panic", "blank"]))
    ).fill_null(value=True)
    out = out.with_columns(begins.alias("begins")).filter("member")
    out = out.with_columns(pl.col("begins").cum_sum().alias("piece"))
    strong = pl.col("is").is_in(["file", "at", "place"]).any().over("piece") & (pl.len().over("piece") > 1)
    return out.filter(strong).select("row", "piece", "body")


def _class(body: str) -> str:
    line = body[:1_000]
    return next((name for name, pattern in _CLASSES if pattern.match(line)), "other")


def _shifted(column: str, by: int, name: str) -> pl.Expr:
    return pl.col(column).shift(by).over("run").alias(name)


def _before(column: str, by: int) -> pl.Expr:
    return pl.col(column).shift(by).over("run").fill_null(value=False)
