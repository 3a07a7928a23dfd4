"""`info`, `query`, `convert`, `open`, `cache`: what is in files, which records, in another format, in JupyterLab."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import click

from lognb import _lab
from lognb._text import plural
from lognb.cli import shared
from lognb.cli.shared import cells, cli, opened, tell
from lognb.errors import LognbError
from lognb.loaders import expand
from lognb.logs import cache as stores
from lognb.logs import read
from lognb.query import Query


@cli.command()
@shared.files
@shared.as_json
def info(files: tuple[str, ...], as_json: bool) -> None:
    """Say what is in FILES: records, window, severities, services, and what could not be read."""
    logs = read(*files)
    if as_json:
        report = logs.load_report.to_dict()
        tell({"sources": list(logs.sources), "overview": logs.engine.overview, "load_report": report})
    else:
        click.echo(f"{logs!r}\n\n{logs.load_report}")


# A query may begin with "-", as -severity=debug does: so nothing but the long options is one here.
@cli.command(context_settings={"help_option_names": ["--help"], "ignore_unknown_options": True})
@shared.files
@click.argument("text", metavar="QUERY")
@shared.window
@click.option("--head", type=click.IntRange(0), metavar="N", help="Print the first N records.")
@click.option("--columns", metavar="FIELD,…", help="The fields that --head prints.")
@click.option("--count", "counted", is_flag=True, help="Print only how many records there are.")
@click.option("--facets", metavar="FIELD,…", help="Count the values of some fields.")
@click.option("--steps", is_flag=True, help="Count what each condition of QUERY removes.")
@click.option("--sql", metavar="SELECT", help="Ask the records in SQL: SELECT … FROM logs.")
@shared.as_json
def query(files: tuple[str, ...], text: str, since: str | None, until: str | None, as_json: bool, **asked: Any) -> None:
    """Say which records of FILES fit QUERY, as 'severity>=error "timed out"'; "" is all of them.

    Without an option, a summary of them; with several, one answer after the other.
    """
    logs = opened(files, text, since, until)
    columns = (asked["columns"] or "time,severity,service_name,body").split(",")
    found: dict[str, Any] = {}
    if asked["counted"]:
        found["count"] = len(logs)
    if asked["head"] is not None:
        found["head"] = logs.engine.page(logs.query, asked["head"], columns=columns).records
    if asked["facets"]:
        found["facets"] = logs.facets(*asked["facets"].split(","))
    if asked["steps"]:
        found["steps"] = logs.steps()
    if asked["sql"]:
        found["sql"] = logs.sql(asked["sql"])
    if as_json:
        told = {
            k: v if k == "count" else v.to_dict() if k in ("facets", "steps") else cells(v) for k, v in found.items()
        }
        tell({"query": str(logs.query), "count": len(logs), **told})
        return
    for name, answer in found.items():
        click.echo(shared.rows(answer) if name in ("head", "sql") else answer)
    if not found:
        click.echo(repr(logs))


@cli.command()
@shared.files
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path), help="Where to write.")
@click.option("--to", "kind", type=click.Choice(["parquet", "otlp-json", "csv"]), default="parquet", show_default=True)
@shared.as_json
def convert(files: tuple[str, ...], folder: Path, kind: str, as_json: bool) -> None:
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
    if as_json:
        tell({"records": len(logs), "written": str(written)})
    else:
        click.echo(f"{plural(len(logs), 'record')} written to {written}", err=True)


@cli.command("open", context_settings={"help_option_names": ["--help"]})
@shared.files
@click.option("--query", default="", help="Begin with this query, as 'severity>=error'.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), help="Write this notebook and keep it.")
@click.option("--no-browser", is_flag=True, help="Start JupyterLab, open no browser; it prints the address.")
@click.option("--write-only", is_flag=True, help="Write the notebook, start nothing.")
@shared.as_json
def open_(
    files: tuple[str, ...], query: str, target: Path | None, no_browser: bool, write_only: bool, as_json: bool
) -> None:
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
    if as_json:
        tell({"notebook": str(target), "sources": [source.name for source in found]})
    else:
        click.echo(f"{target}: reads {plural(len(found), 'source')}", err=True)
    if not write_only:
        more = [f"--ServerApp.root_dir={target.absolute().parent}", *(["--no-browser"] if no_browser else [])]
        line = _lab.command(Path(target.name), more)
        os.execv(line[0], line)  # Ctrl-C belongs to JupyterLab


@cli.command()
@click.option("--clear", is_flag=True, help="Remove every store that is not in use; they are made again when needed.")
@shared.as_json
def cache(clear: bool, as_json: bool) -> None:
    """Show the stores that lognb keeps so that a file is decoded once only."""
    removed = stores().clear() if clear else 0
    if as_json:
        tell({"removed": removed, "stores": cells(stores().frame)})
        return
    if clear:
        click.echo(f"{plural(removed, 'store')} removed", err=True)
    click.echo(repr(stores()))


def _elsewhere(name: str) -> bool:
    """An address rather than a path."""
    return "://" in name
