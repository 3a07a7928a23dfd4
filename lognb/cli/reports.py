"""`report` and `notebook`: a drafted postmortem as a file, and a notebook that is run with parameters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lognb import _runs
from lognb._text import plural
from lognb.cli import shared
from lognb.cli.shared import cli, opened, pair, tell, writable
from lognb.errors import LognbError
from lognb.query import Query, format_time
from lognb.report.postmortem import postmortem
from lognb.report.report import format_of

if TYPE_CHECKING:
    from lognb.logs import Logs

_output = click.Path(path_type=Path, dir_okay=False)


@cli.command()
@shared.files
@click.option("-o", "--output", "path", required=True, type=_output, help="Where to write: .html .pdf .md .ipynb .zip")
@click.option("--query", "text", default="", help="Only these records, as 'service_name!=cron'.")
@click.option(
    "--since", help="When the incident began, as 09:30 (of --timezone), 2026-11-03T09:30Z, or -15m; with --until."
)
@click.option("--until", help="When it was over; without both, the time is found from the errors.")
@click.option("--baseline", metavar="A..B", help="The time it is held against; without, as much time right before.")
@click.option("--title", help="Without, made from the most frequent error.")
@click.option("--timezone", default="UTC", show_default=True, help="The zone of times, as Europe/Berlin.")
@click.option("--redact/--no-redact", default=False, help="Hide what is personal or secret.")
@click.option("--overwrite", is_flag=True, help="Write over a file that is there.")
@shared.as_json
def report(
    files: tuple[str, ...], path: Path, text: str, since: str | None, until: str | None, baseline: str | None,
    overwrite: bool, as_json: bool, **said: Any,
) -> None:  # fmt: skip
    """Draft a postmortem of what is in FILES, for a person to edit: summary, impact, timeline, evidence, questions."""
    format_of(path)
    writable(path, overwrite=overwrite)
    if (since is None) != (until is None):
        raise LognbError("the time of an incident has two ends; give --since and --until, or neither")
    against = None if baseline is None else pair(baseline)
    if baseline is not None and (against is None or None in against):
        raise LognbError(f"--baseline {baseline!r} is no stretch of time; write it as 09:00..09:30")
    logs = opened(files, text)
    window = None if since is None or until is None else (since, until)
    made = postmortem(logs, window=window, baseline=against, **said)
    written = made.save(path)
    if as_json:
        tell({"report": str(written), "title": made.title, "blocks": len(made.blocks), **_looked_at(logs)})
    else:
        click.echo(f"{written}: “{made.title}”, {plural(len(made.blocks), 'block')}", err=True)


@cli.command()
@click.argument("path", metavar="NOTEBOOK", type=_output)
@shared.files
@click.option("--query", "text", default="", help="Only these records, as 'service_name!=cron'.")
@click.option(
    "--since", help="When the incident began, as 09:30 (of --timezone), 2026-11-03T09:30Z, or -15m; with --until."
)
@click.option("--until", help="When it was over.")
@click.option("--template", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="A notebook of your own, with a cell tagged “parameters”.")  # fmt: skip
@click.option("-p", "--parameter", "more", nargs=2, multiple=True, metavar="NAME VALUE", help="A further parameter.")
@click.option("--no-run", is_flag=True, help="Write it, run nothing.")
@click.option("--overwrite", is_flag=True, help="Write over a notebook that is there.")
@shared.as_json
def notebook(
    path: Path, files: tuple[str, ...], text: str, since: str | None, until: str | None, template: Path | None,
    more: tuple[tuple[str, str], ...], no_run: bool, overwrite: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write NOTEBOOK, an investigation of FILES with parameters, and run it: for cron and for chat.

    It has the summary, a drafted postmortem, and whatever the parameters say; papermill can run it again with others.
    """
    Query.parse(text)
    if path.suffix != ".ipynb":
        raise LognbError(f"{path} is no name of a notebook; let it end in .ipynb")
    writable(path, overwrite=overwrite)
    sources = [name if "://" in name else str(Path(name).absolute()) for name in files]
    given = {"files": sources, "query": text, "since": since, "until": until, **dict(more)}
    seconds = _runs.written(path, given, template=template, run=not no_run)
    lines = [] if no_run else _runs.summary(path)
    if as_json:
        tell({"notebook": str(path), "ran": not no_run, "seconds": seconds, "summary": lines})
        return
    click.echo(f"{path}: " + ("written" if no_run else f"ran in {seconds:.1f} s"), err=True)
    for line in lines:
        click.echo(shared.line(line))


def _looked_at(logs: Logs) -> dict[str, Any]:
    first, last = logs.engine.window(logs.query)
    times = {"first": first, "last": last}
    return {"records": len(logs), **{name: None if ns is None else format_time(ns) for name, ns in times.items()}}
