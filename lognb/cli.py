"""The same nouns as commands: `lognb info`, `query`, `open`, `convert`, `cache`. A thin skin over the library."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import polars as pl

from lognb import _lab
from lognb._text import grid, plain, plural
from lognb._version import __version__
from lognb.errors import FieldError, LognbError, QueryError
from lognb.loaders import expand
from lognb.logs import cache as stores
from lognb.logs import read
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.logs import Logs

_files = click.argument("files", nargs=-1, required=True, metavar="FILES...")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", message="lognb %(version)s")
def cli() -> None:
    """Look into OpenTelemetry log dumps. FILES are files, globs or folders: OTLP JSON or protobuf, as they are."""


@cli.command()
@_files
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text.")
def info(files: tuple[str, ...], as_json: bool) -> None:
    """Say what is in FILES: records, window, severities, services, and what could not be read."""
    logs = read(*files)
    if as_json:
        click.echo(json.dumps(_facts(logs), ensure_ascii=True, indent=1))
    else:
        click.echo(f"{logs!r}\n\n{logs.load_report}")


# A query may begin with "-", as -severity=debug does: so nothing but the long options is one here.
@cli.command(context_settings={"help_option_names": ["--help"], "ignore_unknown_options": True})
@_files
@click.argument("text", metavar="QUERY")
@click.option("--since", help="A time, as 09:30, 2026-11-03T09:30Z, or -15m: before the last record.")
@click.option("--until", help="A time likewise; what is at it is out.")
@click.option("--head", type=click.IntRange(0), metavar="N", help="Print the first N records.")
@click.option("--columns", metavar="FIELD,…", help="The fields that --head prints.")
@click.option("--count", "counted", is_flag=True, help="Print only how many records there are.")
@click.option("--facets", metavar="FIELD,…", help="Count the values of some fields.")
@click.option("--steps", is_flag=True, help="Count what each condition of QUERY removes.")
@click.option("--sql", metavar="SELECT", help="Ask the records in SQL: SELECT … FROM logs.")
def query(files: tuple[str, ...], text: str, since: str | None, until: str | None, counted: bool, **asked: Any) -> None:
    """Say which records of FILES fit QUERY, as 'severity>=error "timed out"'; "" is all of them.

    Without an option, a summary of them; with several, one answer after the other.
    """
    logs = read(*files).where(text, since=since, until=until)
    if counted:
        click.echo(len(logs))
    if asked["head"] is not None:
        columns = asked["columns"] or "time,severity,service_name,body"
        click.echo(_rows(logs.engine.page(logs.query, asked["head"], columns=columns.split(",")).records))
    if asked["facets"]:
        click.echo(logs.facets(*asked["facets"].split(",")))
    if asked["steps"]:
        click.echo(logs.steps())
    if asked["sql"]:
        click.echo(_rows(logs.sql(asked["sql"])))
    if not counted and asked["head"] is None and not any(asked[name] for name in ("facets", "steps", "sql")):
        click.echo(repr(logs))


@cli.command()
@_files
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path), help="Where to write.")
@click.option("--to", "kind", type=click.Choice(["parquet", "otlp-json", "csv"]), default="parquet", show_default=True)
def convert(files: tuple[str, ...], folder: Path, kind: str) -> None:
    """Write the records of FILES to the folder OUTPUT: Parquet or OTLP JSON lines with the spans, or CSV without."""
    logs = read(*files)
    if kind == "parquet":
        written = logs.write_parquet(folder)
    else:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LognbError(f"{folder} cannot be made: {error.strerror}; name another folder with -o") from error
        written = logs.write_csv(folder / "logs.csv") if kind == "csv" else logs.write_jsonl(folder / "logs.jsonl")
    click.echo(f"{plural(len(logs), 'record')} written to {written}", err=True)


@cli.command("open", context_settings={"help_option_names": ["--help"]})
@_files
@click.option("--query", default="", help="Begin with this query, as 'severity>=error'.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), help="Write this notebook and keep it.")
@click.option("--no-browser", is_flag=True, help="Start JupyterLab, open no browser; it prints the address.")
@click.option("--write-only", is_flag=True, help="Write the notebook, start nothing.")
def open_(files: tuple[str, ...], query: str, target: Path | None, no_browser: bool, write_only: bool) -> None:
    """Explore FILES in JupyterLab: a notebook that reads them and shows the panel, ready to run."""
    Query.parse(query)
    found = expand(files)
    if target is None:
        target = Path(tempfile.mkdtemp(prefix="lognb-")) / "explore.ipynb"
    sources = [name if _elsewhere(name) else str(Path(name).absolute()) for name in files]
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(_lab.notebook(sources, query))
    except FileExistsError:
        raise LognbError(f"{target} is there already; name another notebook with -o") from None
    except OSError as error:
        raise LognbError(f"{target} cannot be written: {error.strerror}; name another notebook with -o") from error
    click.echo(f"{target}: reads {plural(len(found), 'source')}", err=True)
    if not write_only:
        more = [f"--ServerApp.root_dir={target.absolute().parent}", *(["--no-browser"] if no_browser else [])]
        line = _lab.command(Path(target.name), more)
        os.execv(line[0], line)  # Ctrl-C belongs to JupyterLab


@cli.command()
@click.option("--clear", is_flag=True, help="Remove every store that is not in use; they are made again when needed.")
def cache(clear: bool) -> None:
    """Show the stores that lognb keeps so that a file is decoded once only."""
    if clear:
        click.echo(f"{plural(stores().clear(), 'store')} removed", err=True)
    click.echo(repr(stores()))


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line; an error that lognb raises is one line on stderr and exit code 1."""
    try:
        cli.main(args=None if args is None else list(args), prog_name="lognb")
    except LognbError as error:
        lines = str(error).splitlines()
        if not isinstance(error, QueryError | FieldError):  # those point at a place, which needs its line
            lines = [" ".join(str(error).split())]
        click.echo("lognb: " + "\n".join(map(plain, lines)), err=True)
        sys.exit(1)


def _elsewhere(name: str) -> bool:
    """An address rather than a path."""
    return "://" in name


def _rows(frame: pl.DataFrame) -> str:
    """A frame for a terminal: all rows, every text on one line and harmless."""
    times = [
        pl.col(n).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ") for n, t in frame.schema.items() if isinstance(t, pl.Datetime)
    ]
    rows = [["" if cell is None else plain(str(cell)) for cell in row] for row in frame.with_columns(times).rows()]
    return grid([plain(name) for name in frame.columns], rows, [dtype.is_numeric() for dtype in frame.dtypes])


def _facts(logs: Logs) -> dict[str, Any]:
    return {
        "sources": list(logs.sources),
        "overview": logs.engine.overview,
        "load_report": logs.load_report.to_dict(),
    }
