"""The sections of a drafted postmortem, one function each: words with computed numbers, and the evidence for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from lognb import _origin
from lognb._text import MINUTE, SECOND, clock, count, day, duration, plain, plural, share
from lognb.analyses.deploys import deploys
from lognb.analyses.findings import session_to_look_at
from lognb.analyses.services import ERRORS
from lognb.query import Query
from lognb.report.blocks import Block, Table
from lognb.report.freeze import freeze
from lognb.report.incident import began_at
from lognb.result import escaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb.analyses.errors import Errors
    from lognb.analyses.summary import Summary
    from lognb.report.incident import Incident
    from lognb.report.report import Report
    from lognb.result import Result

    Section = Callable[["Draft"], None]

_ISSUES: Final = 3
_NAMED: Final = 4
_BEFORE: Final = 10 * MINUTE  # how far before the first error a deployment is told; at least as far as it lasted
_STATUSES: Final = ("http.response.status_code", "http.status_code")
_FRAMES: Final = ("exception", "relation", "frame", "function", "file", "line", "in_app")


class Draft:
    """An incident, the report that is being drafted, and what several sections ask, asked once."""

    def __init__(self, found: Incident, report: Report) -> None:
        self.found, self.report = found, report
        self.zone = ZoneInfo(report.timezone)

    @cached_property
    def errors(self) -> Errors:
        return self.found.during.errors()

    @cached_property
    def summary(self) -> Summary:
        """Of all that was given, if the time was found in it; else of the time around the incident."""
        return (self.found.around if self.found.how == "as given" else self.found.logs).summary()

    @cached_property
    def services(self) -> Result:
        return self.found.during.services(baseline=self.found.before)

    @cached_property
    def requests(self) -> str:
        return _requests(self)

    @cached_property
    def impact(self) -> Result:
        return self.found.errors.impact()

    @cached_property
    def deploys(self) -> list[tuple[int, str]]:
        """The deployments from shortly before the first error to shortly after the last: time, ns, and what it was."""
        far = max(self.found.until - self.found.since, _BEFORE)
        found = deploys(self.found.logs).with_columns(ns=pl.col("time").dt.timestamp("ns"))
        near = found.filter(pl.col("ns").is_between(self.begin - far, self.found.until + far))
        return [(ns, f"{who} {what}") for ns, who, what in near.select("ns", "who", "what").iter_rows()]

    @cached_property
    def first(self) -> tuple[int, str, str] | None:
        """The first error since the onset, of all where there is none: time, ns, body and service."""
        began = self.found.began
        some = self.found.errors if began is None else self.found.errors.where(Query((), since=began_at(began)))
        rows = some.head(1).select(pl.col("time").dt.timestamp("ns"), "body", "service_name").rows()
        if not rows or rows[0][0] is None:
            return None
        ns, body, service = rows[0]
        return ns, plain(body or "", 160), plain(service or "no service", 60)

    @property
    def begin(self) -> int:
        """The first error of the incident where there is one, else its beginning; ns."""
        return self.found.since if self.first is None else self.first[0]

    def at(self, ns: int, fine: bool = False) -> str:
        """A time of day in the report's zone, and in UTC where that is another."""
        every = 1_000_000 if fine else SECOND
        utc = f"{clock(ns, every)} UTC"
        if self.report.timezone == "UTC":
            return utc
        local = datetime.fromtimestamp(ns // SECOND, UTC).astimezone(self.zone)
        return f"{local:%H:%M:%S} {local.tzname()} ({utc})"

    def line(self, about: str) -> str:
        """What the summary says about something; "" if nothing."""
        said = self.summary.frame.filter(pl.col("about") == about)["said"]
        return str(said[0]) if len(said) else ""

    def issues(self) -> pl.DataFrame:
        """The issues that began together, where some did; else all of the incident."""
        frame = self.errors.frame
        return frame.filter(pl.col("issue").is_in(self.found.issues)) if self.found.issues else frame

    def title(self) -> str:
        when = f"{day(self.found.since)}, {clock(self.found.since)} UTC"
        top = self.issues().head(1)
        if not top.height or (not self.found.issues and self.found.began is None):
            return f"Review of {when}"
        where = ", ".join(plain(s, 40) for s in top["services"][0][:2])
        return f"{where + ': ' if where else ''}{_told(top['title'][0], 70)}, {when}"

    def words(self, *paragraphs: str) -> None:
        self.report.add("\n\n".join(p for p in paragraphs if p))


def overview(draft: Draft) -> None:
    found, errors = draft.found, draft.errors
    n = int(errors.frame["occurrences"].sum())
    if not n:
        said = f"Between {draft.at(found.since)} and {draft.at(found.until)}, on {day(found.since)}, there is no error."
        draft.words("## Summary", said, _stands_out(draft))
    else:
        end = f"to {draft.at(found.until)}" if found.over else "to the end of the data, and may not be over"
        length = duration(found.until - found.since)
        said = f"On {day(found.since)}, from {draft.at(found.since)} {end} ({length}): {draft.requests} "
        said += f"There {'was' if n == 1 else 'were'} **{plural(n, 'error record')}** of "
        said += f"{plural(errors.frame.height, 'issue')} in {_services(draft)}. {_whom(draft)}"
        calm = not found.began and not found.issues
        draft.words("## Summary", said, _first(draft), _releases(draft), _stands_out(draft) if calm else "")
    draft.words(f"*The time is {found.how}. It is held against {found.held}.*")


def _first(draft: Draft) -> str:
    if draft.first is None:
        return ""
    ns, body, service = draft.first
    return f"The first error was “{escaped(body)}” in {escaped(service)}, at {draft.at(ns, fine=True)}."


def _told(title: str, most: int) -> str:
    """An issue's title for people: what varies in it is three dots."""
    return plain(title.replace("<*>", "…"), most)


def _services(draft: Draft) -> str:
    bad = draft.services.frame.filter(pl.col("errors") > 0)
    told = ", ".join(escaped(plain(name or "no service", 40)) for name in bad["service_name"].head(_NAMED))
    more = f" and {count(bad.height - _NAMED)} more" if bad.height > _NAMED else ""
    return f"{count(bad.height)} of {plural(draft.services.frame.height, 'service')} ({told}{more})"


def _whom(draft: Draft) -> str:
    rows = draft.impact.frame.filter((pl.col("side") == "during") & (pl.col("who") == "affected"))
    if not rows.height or (not rows["sessions"][0] and not rows["users"][0]):
        return "No session and no user is named by them."
    return f"They reached **{escaped(draft.impact.sentence)}**."


def _releases(draft: Draft) -> str:
    """Which errors are of one release alone, and the deployments around them; no word of a cause."""
    begin, until = draft.begin, draft.found.until
    said = [f"A{escaped(part[1:])}" for part in draft.line("releases").split("; ") if part.startswith("all ")]
    before = False
    for ns, what in draft.deploys:
        if ns <= begin:
            when, before = f"{duration(begin - ns)} before the first error", True
        else:
            when = "during the incident" if ns < until else f"{duration(ns - until)} after the last error"
        said.append(f"{draft.at(ns)}, {when}: {escaped(what)}")
    listed = "\n".join(f"- {one}" for one in said)
    return listed + ("\n\nThat a release came before does not make it the cause." if before else "")


def _stands_out(draft: Draft) -> str:
    changes = draft.line("changes")
    return f"What changed around this time: {escaped(changes)}." if changes else "Nothing stands out around this time."


def impact(draft: Draft) -> None:
    """To whom: sessions, users, requests."""
    draft.words(
        "## Impact", _whom(draft) if len(draft.found.errors) else "No errors, so nobody met one.", draft.requests
    )
    if draft.impact.frame.height:
        draft.report.add(draft.impact)


def _requests(draft: Draft) -> str:
    """How many requests failed, from spans, else from HTTP statuses in records."""
    during = draft.found.during
    if draft.found.logs.engine.overview.get("spans"):
        traces = during.traces().frame
        failed = traces.filter((pl.col("errors") > 0) | (pl.col("error_records") > 0)).height
        part = f"{count(failed)} of {plural(traces.height, 'trace')} ({share(failed, traces.height)})"
        return f"{part} have a span with an error, or a record of one." if traces.height else ""
    name = next((s for s in _STATUSES if s in during.engine.field_names()), None)
    if name is None:
        return "How many requests failed cannot be told: there are no spans and no HTTP statuses."
    whole, failed = (len(during.where(f"{name}{of}")) for of in (" exists", ">=500"))
    return (
        f"{count(failed)} of {plural(whole, 'request')} ({share(failed, whole)}) have a status of 500 or more ({name})."
    )


def timeline(draft: Draft) -> None:
    draft.words(
        "## Timeline", "Times of people (noticed, paged, decided, mitigated) are to be added: `logs.mark(time, text)`."
    )
    draft.report.timeline(draft.found.around)


def changed(draft: Draft) -> None:
    """What came with it."""
    found = draft.found
    onset = f"Onset: {escaped(draft.line('onset'))}." if found.began is not None else ""
    draft.words("## What changed", onset, "What differs came with the incident; it need not be its cause.")
    if found.before is None:
        draft.words(f"It can be compared with {found.held}.")
        return
    told = freeze(found.logs.compare(found.before, found.during))
    draft.report.add(told, title=f"The incident beside {found.held}")


def evidence(draft: Draft) -> None:
    found = draft.found
    draft.words("## Evidence")
    draft.report.add(found.around.volume(by="severity"))
    if draft.errors.frame.height:
        _errors(draft)
    said = "Each line is an analysis, and has the code that gives it again; `logs` are the records of the sources."
    whole = "all of the data" if found.how != "as given" else "the time around the incident"
    draft.report.add(replace(freeze(draft.summary), title=f"What else is in {whole}", text=said))


def _errors(draft: Draft) -> None:
    found = draft.found
    draft.report.add(found.around.where(ERRORS).volume(by="service_name"), title="Errors by service")
    draft.report.add(draft.errors)
    for row in draft.errors.frame.head(_ISSUES).iter_rows(named=True):
        frames = draft.errors.frames(row["issue"])
        if frames.height:
            draft.report.add(_stack(draft, row, frames))
    draft.report.add(found.errors.patterns())
    session = session_to_look_at(found.during)
    if session is not None:
        draft.report.add(found.logs.session(session), note="One of the sessions that met these errors.")


def _stack(draft: Draft, row: dict[str, Any], frames: pl.DataFrame) -> Block:
    origin = _origin.of(draft.found.during, f'.errors().frames("{row["issue"]}")')
    said = f"{plural(row['occurrences'], 'occurrence')} in {', '.join(row['services']) or 'no service'}"
    table = Table.of(frames, tuple(c for c in _FRAMES if c in frames.columns))
    return Block("result", f"Stack of {plain(row['title'], 100)}", said, {"rows": table}, origin=origin)


def services(draft: Draft) -> None:
    draft.words("## Affected services")
    draft.report.add(draft.services)


def response(draft: Draft) -> None:
    last = draft.found.until - 1
    over = (
        f"The last of these errors is of {draft.at(last)}."
        if draft.found.over
        else "The data ends before the errors do."
    )
    draft.words(
        "## Detection, response and recovery",
        "- Detection: *to be written: how it was noticed, by whom, and how long after the first error*\n"
        "- Response: *to be written: who was called, what was tried, what was decided*\n"
        f"- Recovery: {over if len(draft.found.errors) else ''} {_after(draft)} *To be written: what ended it*",
    )


def _after(draft: Draft) -> str:
    later = [(ns, what) for ns, what in draft.deploys if ns > draft.begin]
    return " ".join(f"{escaped(what)} at {draft.at(ns)}." for ns, what in later)


def lessons(draft: Draft) -> None:
    draft.words(
        "## Lessons",
        "- What went well: *to be written*\n- What went wrong: *to be written*\n- Where we were lucky: *to be written*",
    )


def questions(draft: Draft) -> None:
    """What the data could not say."""
    found, asks = draft.found, []
    if found.began is not None or found.issues:
        asks.append("Which of the differences caused it, and which only came with it?")
    if not found.over:
        asks.append("When was it over? The errors go on to the end of the data.")
    n = len(found.errors)
    for field, what in (("session", "session"), ("trace_id", "trace")):
        lack = n - len(found.errors.where(f"{field} exists"))
        if lack:
            asks.append(f"Whom did {count(lack)} of {plural(n, 'error')} hit? They name no {what}.")
    overview = found.logs.engine.overview
    timeless = int(overview["records"]) - found.logs.engine.count(found.logs.all.where("time exists").query)
    if timeless:
        asks.append(f"When were {plural(timeless, 'record')} without any time written?")
    rejected = sum(file.rejected for file in found.logs.load_report.files)
    if rejected:
        asks.append(
            f"What is in {plural(rejected, 'place')} of the sources that could not be read (`logs.load_report`)?"
        )
    if draft.line("clocks"):
        asks.append(f"Do times of browsers mislead? {escaped(draft.line('clocks')).capitalize()}.")
    if draft.line("changes"):
        asks.append(f"Does any of what else changed belong to it? {escaped(draft.line('changes'))}.")
    draft.words("## Open questions", "\n".join(f"- {a}" for a in asks) or "None that the data raises.")


def actions(draft: Draft) -> None:
    """Things to do that the findings suggest, one of each kind; owners and dates are for people."""
    report, found = draft.report, draft.found
    draft.words("## Action items", "Drafted from what was found; owners and dates are to be set.")
    told = [
        f"“{_told(row['title'], 100)}” in {', '.join(plain(s, 40) for s in row['services']) or 'no service'}"
        for row in draft.issues().head(_ISSUES).iter_rows(named=True)
    ]
    if told and (found.began or found.issues):
        report.action(f"Find and mend what leads to {'; '.join(told)}", kind="prevent")
    for ns, what in draft.deploys if told else ():
        if ns <= draft.begin:
            report.action(f"Check what was in {what}, and what would have held it back", kind="mitigate")
    if told:
        report.action(f"Alert on {told[0]}: it was there from {draft.at(draft.begin)} on", kind="detect")
    report.action("Write down how it was noticed and who responded, while it is remembered", kind="process")


def sources(draft: Draft) -> None:
    """What it was read from, and what could not be."""
    logs = draft.found.logs
    said = f"{plural(int(logs.engine.overview['records']), 'record')} of {plural(len(logs.sources), 'source')}"
    draft.words("## Sources", f"{said}; what was read and what could not be is in the table below.")
    report = logs.load_report.frame
    draft.report.blocks.append(
        Block(
            "result", "Load report", said, {"rows": Table.of(report)}, origin=_origin.of(logs.all, ".load_report.frame")
        )
    )


SECTIONS: Final[tuple[Section, ...]] = (
    overview, impact, timeline, changed, evidence, services, response, lessons, questions, actions, sources,
)  # fmt: skip
