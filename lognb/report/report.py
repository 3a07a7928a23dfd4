"""Report: words, results, charts, panels and stories in order, frozen as they are added, and written to a file."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lognb._text import plain, plural
from lognb._version import __version__
from lognb.errors import LognbError
from lognb.report.blocks import Block, Document
from lognb.report.freeze import actions, freeze, pictured, pins
from lognb.report.moments import timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.logs import Logs
    from lognb.redaction import Redactor

_FORMATS: Final = {".html": "page", ".pdf": "pdf", ".md": "markdown", ".ipynb": "notebook", ".zip": "bundle"}


class Report:
    """A report that others can open and check.

    `timezone` is the IANA name of the zone that times are shown in; what is kept is UTC. `redact` hides what is
    personal or secret in all that is written (see lognb.redaction.Redaction): True, the names of kinds, or rules of
    your own; False writes everything as it is, and the report says so. Any further keywords are facts about the whole
    (authors="…", status="…", severity="…"), shown under the title in the order given.

    `blocks` is the list of what was added, of frozen values: `report.blocks.pop(2)` takes one out, and
    `report.blocks.insert(0, report.blocks.pop())` puts the last one first. The title of a block stands one level below
    the last heading in the words before it. Raises LognbError for a zone or a kind to hide that is not known.
    """

    def __init__(self, title: str, *, timezone: str = "UTC", redact: Any = False, **meta: object) -> None:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise LognbError(f"{timezone!r} is no time zone; write an IANA name, as Europe/Berlin or UTC") from error
        if redact is not False:
            from lognb.redaction import Redaction

            Redaction.of(redact)
        self.title = title
        self.timezone = timezone
        self.redact = redact
        self.meta = {name: str(value) for name, value in meta.items()}
        self.blocks: list[Block] = []
        self.logs: list[Logs] = []  # what the blocks are of, for a bundle
        self.records: Logs | Sequence[Logs] | None = None  # those that a bundle takes, if not what the blocks looked at
        # Of a report that came in a bundle: the blocks that came redacted, and what opens the records now that others
        # opened then.
        self.hidden: tuple[Block, ...] = ()
        self.opened: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}  # by (opened, sources)
        self._key = secrets.token_bytes(32)  # of the pseudonyms: in all that is saved of one report they are the same

    def add(self, *things: Any, title: str = "", note: str = "") -> Report:
        """Add Markdown text, Results, Logs (as their summary), Altair charts, Polars frames, panels or stories.

        Each is frozen: what happens to it later changes nothing here. `title` is the heading of the last of them
        instead of its own, `note` Markdown about it. Raises LognbError for what has no place in a report, and then
        adds nothing.
        """
        made = [freeze(thing) for thing in things]
        last = [replace(block, title=title or block.title, note=note or block.note) for block in made[-1:]]
        for block in [*made[:-1], *last]:
            self._take(block)
        return self

    def pins(self, logs: Logs, note: str = "") -> Report:
        """Add the records that are pinned, with their notes."""
        self._take(freeze(pins(logs), note))
        return self

    def timeline(self, logs: Logs, *, note: str = "", **options: Any) -> Report:
        """Add what happened, in order: deployments, changes, errors, pins, marks and moments of your own.

        Options: `since` and `until` as for `where`; `more`, moments to add, each a dict with "time", "what" and, if
        wanted, "who" and "kind"; `deploys`, False or deployments given the same way instead of those that are found.
        """
        self._take(freeze(timeline(logs, **options), note))
        return self

    def action(self, what: str, *, owner: str = "", due: str = "", status: str = "open", kind: str = "") -> Report:
        """Add something to do; those that follow one another are one table."""
        row = {"what": what, "owner": owner, "due": due, "status": status, "kind": kind}
        rows = [row]
        if self.blocks and self.blocks[-1].kind == "actions":
            rows = [*self.blocks.pop().frames["actions"].frame.to_dicts(), row]
        self.blocks.append(actions(rows))
        return self

    def document(self, redactor: Redactor | None = None) -> Document:
        """The report as it would be written now: pictures drawn, and redacted if that was asked for.

        `redactor` is the one for all that is saved together, see `redactor`; without it one is made.
        """
        came = bool(self.hidden) and all(any(block is one for one in self.hidden) for block in self.blocks)
        made = Document(self.title, self.timezone, self.meta, tuple(self.blocks), datetime.now(UTC), __version__, came)
        redactor = redactor or self.redactor()
        if redactor is not None:
            from lognb.report.redacted import redacted

            made = redacted(made, redactor)
        return replace(made, blocks=tuple(pictured(block) for block in made.blocks))

    def redactor(self) -> Redactor | None:
        """What hides by this report's rules and with its key, knowing what is behind its blocks; None without rules."""
        if self.redact is False:
            return None
        from lognb.redaction import Redaction, Redactor
        from lognb.report.redacted import learn

        rules = Redaction.of(self.redact)
        if not rules:
            return None
        made = Redactor(rules, self._key)
        learn(made, self.blocks, self.logs)
        return made

    def save(self, path: str | Path, *, records: Logs | Sequence[Logs] | None = None) -> Path:
        """Write it; the ending says as what: .html (one file, needs no network), .pdf, .md (with its pictures in a
        folder beside it), .ipynb (a notebook that makes it again) or .zip (an incident bundle, see open_bundle).

        A bundle holds the records, spans and recordings in all windows that a block looked at, and the records that
        are named in one or pinned; `records` are those to take of their sources instead, as logs.where(…), also from
        the next time on (`report.records`).
        """
        path = Path(path)
        self.records = self.records if records is None else records
        written: Path = import_module(f"lognb.report.{format_of(path)}").write(self, path)
        return written

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        document = self.document()  # an output is written too: what is hidden in files is hidden here
        page = import_module("lognb.report.page").inside(document)
        head = f"report {document.title!r}, {plural(len(document.blocks), 'block')}"
        lines = [head, *(f"  {n}. {line}" for n, line in enumerate(map(_line, document.blocks), 1))]
        return {"text/plain": "\n".join(lines), "text/html": page}

    def __repr__(self) -> str:
        kinds = ", ".join(b.kind for b in self.blocks) or "nothing yet"
        return f"report {self.title!r}: {kinds}"

    def _take(self, block: Block) -> None:
        self.blocks.append(block)
        logs = block.origin.logs if block.origin else None
        if logs is not None and all(known.engine is not logs.engine for known in self.logs):
            self.logs.append(logs.all)


def format_of(path: Path) -> str:
    """The module that writes what the ending of the path says; raises LognbError for one that none does."""
    module = _FORMATS.get(path.suffix.lower())
    if module is None:
        kinds = " ".join(_FORMATS)
        raise LognbError(f"cannot write {path.suffix or 'a file without ending'!r}; use one of {kinds}")
    return module


def _line(block: Block) -> str:
    """A block in a line."""
    said = " · ".join(part for part in (block.title, block.text) if part)
    return plain(f"{block.kind}: {said}", 120)
