"""Anything that may be added to a report -> a Block."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _origin
from lognb.charts.pointed import speaking, svg, told
from lognb.errors import LognbError
from lognb.logs import Logs
from lognb.report.blocks import Block, Table
from lognb.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ACTIONS: Final = {
    "what": pl.String(), "owner": pl.String(), "due": pl.String(), "status": pl.String(), "kind": pl.String(),
}  # fmt: skip


def freeze(thing: Any, note: str = "") -> Block:
    """The thing as it stands now. Raises LognbError for what has no place in a report."""
    match thing:
        case Block():
            return replace(thing, note=note or thing.note)
        case str():
            return Block("words", text=thing, note=note)
        case Result():
            return replace(_result(thing), note=note)
        case Logs():
            return replace(_result(thing.summary()), note=note)
        case pl.DataFrame():
            return Block("result", "Table", "", {"rows": Table.of(thing)}, note=note)
    if hasattr(thing, "to_dict") and hasattr(thing, "configure_view"):  # an Altair chart of any kind, layers too
        return replace(_chart(thing), note=note)
    frozen = _panel(thing)
    if frozen is not None:
        return replace(frozen, note=note)
    raise LognbError(
        f"a report cannot hold a {type(thing).__name__}; add Markdown text, Logs, results, Altair charts, Polars "
        "frames, panels or stories"
    )


def pins(logs: Logs) -> Block:
    """The pinned records of these Logs' sources, whole, with their notes; the oldest pin first."""
    frame = logs.pins
    text = f"{frame.height} pinned record{'s' * (frame.height != 1)}"
    said = ("note", "who") if (frame["who"] != "").any() else ("note",)
    columns = ("time", "severity", "service_name", "body", *said)
    return Block("pins", "Pinned records", text, {"pins": Table.of(frame, columns)}, origin=_origin.of(logs, ".pins"))


def actions(rows: Sequence[Mapping[str, str]]) -> Block:
    """Rows: something to do; see ACTIONS. All values are text as the author writes it."""
    frame = pl.DataFrame([{c: row.get(c, "") for c in ACTIONS} for row in rows], schema=ACTIONS)
    return Block("actions", "Action items", "", {"actions": Table.of(frame)})


def pictured(block: Block) -> Block:
    """The block with its picture drawn from all rows that it has now; as it is where there is nothing to draw.

    A chart's is drawn from its specification, and loads nothing. Raises LognbError for one that cannot be drawn so.
    """
    if block.kind == "chart" and "spec" in block.facts:
        return replace(block, pictures={"chart": _specified(block.facts["spec"])})
    if block.kind in ("panel", "story"):
        from lognb.report.frozen import pictures

        return replace(block, pictures=pictures(block))
    name = "moments" if block.kind == "timeline" else "rows"
    rows = block.frames.get(name)
    if block.draw is None or rows is None or not rows.frame.height:
        return block
    return replace(
        block, pictures={**block.pictures, name: svg(block.draw(rows.frame if rows.whole is None else rows.whole))}
    )


def _result(result: Result) -> Block:
    rows = {"rows": Table.of(result.frame, tuple(result.shown))}
    origin = result.origin
    if origin is None:
        origin = _origin.Origin("", "", result.query, None, None, tuple((name, "") for name in result.sources))
    return Block("result", result.title, result.sentence, rows, origin=origin, draw=result.draw)


def _chart(chart: Any) -> Block:
    """The specification, with its data in it: the picture is drawn of that, without any address being asked."""
    spec = chart.to_dict()
    title = spec.get("title") or ""
    said = title.get("text", "") if isinstance(title, dict) else title
    return Block("chart", " ".join(said) if isinstance(said, list) else str(said), facts={"spec": spec})


def _panel(thing: Any) -> Block | None:
    """Panels and stories; their libraries are only loaded if there is one."""
    if not type(thing).__module__.startswith("lognb.widgets."):
        return None
    from lognb.report import freeze_panel, freeze_story

    make: Mapping[str, Callable[[Any], Block]] = {
        "Explorer": freeze_panel.panel, "Timeline": freeze_panel.timeline, "TableView": freeze_panel.table,
        "Story": freeze_story.story, "Replay": freeze_story.replay,
    }  # fmt: skip
    name = type(thing).__name__
    if name not in make:
        raise LognbError(f"a report cannot hold a {name}; add the panel that it is a part of")
    return make[name](thing)


def _specified(spec: Any) -> str:
    import vl_convert

    try:
        return told(str(vl_convert.vegalite_to_svg(speaking(spec), allowed_base_urls=[])), spec)
    except ValueError as error:
        why = " ".join(str(error).split("\n    at ")[0].split())
        raise LognbError(f"a chart in a report needs its data in it, and cannot be drawn: {why}") from error
