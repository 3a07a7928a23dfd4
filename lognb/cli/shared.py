"""What commands share: the group, the arguments that most of them have, how answers are printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import polars as pl

from lognb._text import grid, plain
from lognb._version import __version__
from lognb.errors import LognbError
from lognb.logs import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lognb.logs import Logs
    from lognb.result import Result

files = click.argument("files", nargs=-1, required=True, metavar="FILES...")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text, also of an error.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", message="lognb %(version)s")
def cli() -> None:
    """Look into OpenTelemetry log dumps. FILES are files, globs or folders: OTLP JSON or protobuf, as they are."""


def window(command: Callable[..., None]) -> Callable[..., None]:
    """The options --since and --until."""
    command = click.option("--until", help="A time likewise; what is at it is out.")(command)
    said = "A time, as 09:30, 2026-11-03T09:30Z, or -15m: before the last record."
    return click.option("--since", help=said)(command)


def narrowed(command: Callable[..., None]) -> Callable[..., None]:
    """The options --query, --since and --until."""
    return click.option("--query", "text", default="", help="Only these records, as 'severity>=error'.")(
        window(command)
    )


def opened(sources: tuple[str, ...], text: str = "", since: str | None = None, until: str | None = None) -> Logs:
    """The records of a command's arguments."""
    return read(*sources).where(text, since=since, until=until)


def show(answer: Result, *, as_json: bool) -> None:
    """A Result as text, or whole as JSON."""
    if as_json:
        tell(answer.to_dict())
    else:
        click.echo(repr(answer))


def tell(facts: Any) -> None:
    """One JSON document: ASCII, so that no terminal can be steered by it."""
    click.echo(json.dumps(facts, ensure_ascii=True, indent=1))


def rows(frame: pl.DataFrame) -> str:
    """A frame for a terminal: all rows, every text on one line and harmless."""
    told = [["" if cell is None else plain(str(cell)) for cell in row] for row in _times(frame).rows()]
    return grid([plain(name) for name in frame.columns], told, [dtype.is_numeric() for dtype in frame.dtypes])


def cells(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """A frame as JSON values: times as ISO text, record ids as decimal strings, bytes never."""
    frame = _times(frame).with_columns(pl.col("^(.*_)?record_id$").cast(pl.String))
    found: list[dict[str, Any]] = json.loads(json.dumps(frame.to_dicts(), default=str))
    return found


def pair(text: str) -> tuple[str | None, str | None] | None:
    """The two ends of "09:00..09:30", None for the one that is not said; None for what is no stretch of time."""
    since, dots, until = text.partition("..")
    if not dots or set(text) & set('=<>~" '):
        return None
    return since or None, until or None


def writable(path: Path, *, overwrite: bool = False) -> Path:
    """The path of a file that may be written; raises LognbError if it is there already, or its folder is not."""
    if path.exists() and not overwrite:
        raise LognbError(f"{path} is there already; name another file, or say --overwrite")
    if not path.absolute().parent.is_dir():
        raise LognbError(f"{path} cannot be written: the folder {path.absolute().parent} is not there")
    return path


def _times(frame: pl.DataFrame) -> pl.DataFrame:
    named = [n for n, t in frame.schema.items() if isinstance(t, pl.Datetime)]
    return frame.with_columns(pl.col(n).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ") for n in named)


def line(told: dict[str, Any]) -> str:
    """A line of a summary for a terminal."""
    return f"{plain(str(told['about'])):<9}  {plain(str(told['said']))}"
