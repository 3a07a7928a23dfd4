"""A draft of a postmortem, for a person to edit: what the analyses can say is said, the rest is asked.

The order is that of Google's postmortem (Site Reliability Engineering, appendix D) and of PagerDuty's template
(postmortems.pagerduty.com): summary, impact, timeline, what changed, evidence, response, lessons, action items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lognb._progress import Bar
from lognb.errors import LognbError
from lognb.report import drafted
from lognb.report.drafted import Draft
from lognb.report.incident import incident
from lognb.report.report import Report

if TYPE_CHECKING:
    from lognb._moments import Moment
    from lognb.logs import Logs


def postmortem(
    logs: Logs,
    *,
    window: tuple[Moment, Moment] | None = None,
    baseline: Any = None,
    title: str | None = None,
    timezone: str = "UTC",
    redact: Any = False,
    **meta: object,
) -> Report:
    """Draft the report of an incident: what happened, to whom, when, what changed, the evidence, and what is open.

    `window` is the time of the incident, a pair of times as for `where`; those that say no zone are of `timezone`.
    Without it, it is found: from the first surest rise of errors to the last of the errors that began with it; the
    draft says how. `baseline` is what it is held against, a pair of times or Logs; without it, the same length of time
    right before. `title`, `timezone`, `redact` and `meta` are those of Report.

    Every number in the words is computed, and each block of evidence has the code that gives it again. Nothing is
    called a cause: what came with the errors, or shortly before them, is said to have. Where the data is silent (how it
    was noticed, who did what, what was learnt) the draft asks. It is a Report like any other: blocks can be changed,
    moved and removed, and more added. The analyses behind it look at all records; on large data narrow the Logs first.

    Raises QueryError for a window or a baseline that cannot be, or that no record lies in.
    """
    if not hasattr(logs, "engine"):
        raise LognbError(f"a postmortem is of Logs, not of {type(logs).__name__}; write ln.postmortem(ln.read(…))")
    if not len(logs):
        raise LognbError("there are no records to write a postmortem of; widen the query")
    bar = Bar("drafting", len(drafted.SECTIONS) + 1)
    found = incident(logs, window, baseline, timezone)
    facts: dict[str, object] = {"status": "draft", "authors": "to be named", **meta}
    report = Report("", timezone=timezone, redact=redact, **facts)
    draft = Draft(found, report)
    report.title = title or draft.title()
    for i, section in enumerate(drafted.SECTIONS, 1):
        bar.up_to(i)
        section(draft)
    bar.close()
    return report
