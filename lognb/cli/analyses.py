"""`summary`, `patterns`, `compare`: what is wrong, which kinds of messages there are, what is different."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lognb.cli import shared
from lognb.cli.shared import cli, opened, pair, show

if TYPE_CHECKING:
    from lognb.logs import Logs


@cli.command()
@shared.files
@shared.narrowed
@shared.as_json
def summary(files: tuple[str, ...], text: str, since: str | None, until: str | None, as_json: bool) -> None:
    """Say in ten lines what FILES hold and what is wrong: errors, since when, who is affected, what changed."""
    show(opened(files, text, since, until).summary(), as_json=as_json)


@cli.command()
@shared.files
@shared.narrowed
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="Print so many of them.")
@shared.as_json
def patterns(files: tuple[str, ...], text: str, since: str | None, until: str | None, top: int, as_json: bool) -> None:
    """Say which kinds of messages FILES hold, the most frequent first. --json has all of them."""
    found = opened(files, text, since, until).patterns()
    if as_json:
        show(found, as_json=True)
        return
    click.echo(found.to_text(top))


@cli.command()
@shared.files
@shared.narrowed
@click.option("--baseline", required=True, metavar="A..B|QUERY", help="What to hold against: times, or a query.")
@click.option("--current", metavar="A..B|QUERY", help="What is held against it; without, all of the records.")
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="Print so many differences.")
@shared.as_json
def compare(
    files: tuple[str, ...], text: str, since: str | None, until: str | None, baseline: str, current: str | None,
    top: int, as_json: bool,
) -> None:  # fmt: skip
    """Say what is new, gone, more or fewer: --baseline 09:00..09:30 --current 10:00..10:30, or two queries."""
    logs = opened(files, text, since, until)
    found = logs.compare(_side(logs, baseline), None if current is None else _side(logs, current))
    if as_json:
        show(found, as_json=True)
        return
    click.echo(found.to_text(top))


def _side(logs: Logs, text: str) -> Logs:
    times = pair(text)
    return logs.where(text) if times is None else logs.where(since=times[0], until=times[1])
