"""A body as one line: what a person would read of it first.

Of several lines the first and the names of what caused it, whatever the frames between them; of a Python traceback its
last line; of a JSON object its message, or else its keys. Colours of terminals are taken out. A body that is one plain
line is itself, and found to be that by one look.
"""

from __future__ import annotations

from typing import Final

import polars as pl

LONGEST: Final = 4096
"""Characters of a headline; what lies behind says nothing more about the kind of a message."""

EMPTY: Final = "(empty)"

MESSAGES: Final = ("msg", "message", "event", "log", "body", "error", "text")
"""The keys of a JSON object that hold its message, the first that is there."""

_BREAK: Final = r"[\n\r\x1b]"
_COLOUR: Final = r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07)"
_CAUSE: Final = r"(?m)^\s*Caused by: ([\w.$]+)"
_TRACEBACK: Final = "Traceback (most recent call last)"
_LAST: Final = r"(?s)\n([^\s][^\n]*)\s*$"
_CLASS: Final = r"^([\w.]+)"
_KEY: Final = r'"([A-Za-z_][\w.-]*)"\s*:'


def headline(bodies: pl.Series) -> pl.Series:
    """The headline of each body; null for null.

    >>> headline(pl.Series(['{"ts":1,"msg":"no route"}', "boom\\n\\tat a.B\\nCaused by: java.io.E: x", " "])).to_list()
    ['no route', 'boom ⟵ java.io.E', '(empty)']
    """
    # What begins with a blank or {, or is empty: comparing is a tenth of an expression.
    begins = (bodies < "!") | ((bodies >= "{") & (bodies < "|"))
    special = begins | bodies.str.contains(_BREAK)
    if special.any():
        places = special.arg_true()
        bodies = bodies.scatter(places, _special(bodies.gather(places)))
    long = (bodies.str.len_bytes() > LONGEST).arg_true()
    return bodies.scatter(long, bodies.gather(long).str.slice(0, LONGEST)) if len(long) else bodies


def _special(bodies: pl.Series) -> pl.Series:
    bodies = bodies.str.replace_all(_COLOUR, "")
    objects = bodies.str.contains(r"(?s)^\s*\{.*\}\s*$").arg_true()
    if len(objects):
        bodies = bodies.scatter(objects, _message(bodies.gather(objects)))
    several = bodies.str.strip_chars().str.contains(r"[\n\r]").arg_true()
    if len(several):
        bodies = bodies.scatter(several, _one_line(bodies.gather(several)))
    return bodies.str.strip_chars().replace("", EMPTY)


def _message(objects: pl.Series) -> pl.Series:
    """The text of the first of MESSAGES, else the sorted keys, as {cpu,host}."""
    found = pl.Series([None] * len(objects), dtype=pl.String)
    for key in MESSAGES:
        missing = found.is_null().arg_true()
        if not len(missing):
            break
        text = objects.gather(missing).str.json_path_match(f'$["{key}"]')
        is_text = text.str.contains(r"^\s*[^\s{\[]").fill_null(value=False)
        found = found.scatter(missing.filter(is_text), text.filter(is_text))
    missing = found.is_null().arg_true()
    keys = pl.col("x").str.extract_all(_KEY).list.eval(pl.element().str.extract(_KEY)).list.unique().list.sort()
    named = objects.gather(missing).alias("x").to_frame().select("{" + keys.list.join(",") + "}").to_series()
    return found.scatter(missing, named)


def _one_line(bodies: pl.Series) -> pl.Series:
    x = pl.col("x")
    first = x.str.extract(r"^\s*([^\n\r]*)").str.strip_chars()
    causes = x.str.extract_all(_CAUSE).list.eval(pl.element().str.extract(_CAUSE)).list.join(" ⟵ ")
    last = x.str.extract(_LAST)
    python = pl.concat_str(first, pl.lit(" ⟵ "), last.str.extract(_CLASS), ignore_nulls=True)
    with_causes = pl.when(causes.str.len_bytes() > 0).then(first + " ⟵ " + causes).otherwise(first)
    line = (
        pl.when(first.str.starts_with(_TRACEBACK))
        .then(pl.coalesce("Traceback: " + last, first))
        .when(x.str.contains(_TRACEBACK, literal=True))
        .then(python)
        .otherwise(with_causes)
    )
    return bodies.alias("x").to_frame().select(line).to_series()
