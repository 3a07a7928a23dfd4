"""The same nouns as commands: `lognb info`, `lognb convert`, `lognb cache`. A thin skin over the library."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lognb._text import plural
from lognb._version import __version__
from lognb.errors import LognbError
from lognb.logs import cache as stores
from lognb.logs import read

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
        click.echo("lognb: " + " ".join(str(error).split()), err=True)
        sys.exit(1)


def _facts(logs: Logs) -> dict[str, Any]:
    return {
        "sources": list(logs.sources),
        "overview": logs.engine.overview,
        "load_report": logs.load_report.to_dict(),
    }
