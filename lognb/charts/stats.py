"""The numbers of a field: bands of percentiles over time, else a histogram; one strip for each value of `by`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import dress

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

HEIGHT, STRIP = 170, 74


def draw(frame: pl.DataFrame, *, field: str, by: str | None, every: int | None) -> alt.TopLevelMixin:
    """Strips share both axes, so that they can be compared; those without a number are left out."""
    import altair as alt

    parts: list[tuple[Any, pl.DataFrame]] = [(None, frame)]
    if by is not None:
        parts = [(value, part) for (value,), part in frame.group_by(by, maintain_order=True) if part["records"].sum()]
    # In low strips the far ends of some buckets would leave no room for all others.
    far = "p99" if by is None else "p95"
    top = 0.0 if every is None else cast("float", frame[far].max() or 0)
    strips = []
    for i, (value, part) in enumerate(parts):
        lowest = i == len(parts) - 1
        if every is None:
            strip = _histogram(part, field, lowest=lowest)
        else:
            strip = _bands(part, field, every, top, far=far, lowest=lowest)
        size = {"width": axes.WIDTH, "height": HEIGHT if by is None else STRIP}
        told = "(absent)" if value is None else _text.plain(str(value), 60)
        name = {} if by is None else {"title": alt.TitleParams(told, frame="group")}
        strips.append(strip.properties(**size, **name))
    drawn = strips[0] if by is None else alt.vconcat(*strips, spacing=6)
    return cast("alt.TopLevelMixin", dress(drawn))


def _unit(field: str) -> str:
    return _text.plain(field, 40)


def _bands(frame: pl.DataFrame, field: str, every: int, top: float, *, far: str, lowest: bool) -> Any:
    """Pale from p5 to p95, strong from p25 to p75, a line at the median, a tick at `far`: as wide as the bucket."""
    import altair as alt

    rows = bands(frame, field, every)
    stamps = frame["bucket"].dt.timestamp("ns")
    first, last = cast("int", stamps.min()), cast("int", stamps.max()) + every
    note = "line: median; strong: middle half; pale: p5 to p95" + ("; tick: p99" if far == "p99" else "")
    x = axes.time("since", first, last, note, labels=lowest)
    scale = alt.Scale(domain=[min(0, *(row["p5"] for row in rows)), top], nice=True)
    base = alt.Chart(alt.InlineData(values=rows))
    kind = "bytes" if _text.unit(field)[1] == "bytes" else "number"
    axis = alt.Axis(tickCount=3, titleLimit=HEIGHT if far == "p99" else STRIP, **axes.amounts(kind))
    tips = [alt.Tooltip(f"{name}:N") for name in ("at", "records", "median", "95 %")]

    def y(low: str) -> Any:
        return alt.Y(f"{low}:Q", scale=scale, axis=axis, title=_title(field) if far == "p99" else _text.unit(field)[1])

    light = base.mark_rect(style="accent", opacity=0.2).encode(x=x, x2="until", y=y("p5"), y2="p95", tooltip=tips)
    dark = base.mark_rect(style="accent", opacity=0.4).encode(x=x, x2="until", y=y("p25"), y2="p75", tooltip=tips)
    line = base.mark_rule(style="ink", strokeWidth=1.6).encode(x=x, x2="until", y=y("p50"))
    tick = base.mark_rule(style="accent", strokeWidth=1).encode(x=x, x2="until", y=y(far))
    return alt.layer(light, dark, tick, line)


def bands(frame: pl.DataFrame, field: str, every: int) -> list[dict[str, Any]]:
    """What is drawn for each bucket with a number."""
    out = []
    for at, row in zip(frame["bucket"].dt.timestamp("ns").to_list(), frame.iter_rows(named=True), strict=True):
        if not row["records"]:
            continue
        out.append(
            {
                "since": at / 1e6,
                "until": (at + every * 0.88) / 1e6,
                "at": _text.window(at, at + every, every),
                "records": _text.count(row["records"]),
                "median": _text.measure(row["p50"], field),
                "95 %": _text.measure(row["p95"], field),
                **{name: float(row[name]) for name in ("p5", "p25", "p50", "p75", "p95", "p99")},
            }
        )
    return out


def _histogram(frame: pl.DataFrame, field: str, *, lowest: bool) -> Any:
    """Bars of equal width on the page; the edges stand between them, since they may grow from bin to bin."""
    import altair as alt

    rows = bins(frame, field)
    edges = [row["from"] for row in rows] + [rows[-1]["to"]]
    every = -(-len(edges) // 16)
    labels = {i: edge for i, edge in enumerate(edges) if i % every == 0}
    x = alt.X(
        "left:Q",
        scale=alt.Scale(domain=[0, len(rows)], nice=False),
        axis=alt.Axis(
            values=list(labels),
            labelExpr=f"{_object(labels)}[datum.value]",
            grid=False,
            labels=lowest,
            labelOverlap=True,
        ),
        title=_title(field) if lowest else None,
    )
    y = alt.Y("records:Q", title="records", axis=alt.Axis(tickCount=3, **axes.amounts("records")))
    tips = [alt.Tooltip("bin:N", title=_unit(field)), alt.Tooltip("records:Q", format=",")]
    base = alt.Chart(alt.InlineData(values=rows))
    return base.mark_rect(style="accent").encode(x=x, x2="right", y=y, y2=alt.datum(0), tooltip=tips)


def bins(frame: pl.DataFrame, field: str) -> list[dict[str, Any]]:
    """What is drawn for each bin."""
    out = []
    found = frame["histogram"][0].to_list()
    gap = 3 * len(found) / axes.WIDTH
    for i, bin_ in enumerate(found):
        low, high = (_text.number(bin_[end]) for end in ("low", "high"))
        ends = {"from": low, "to": high, "bin": f"{low} to {high}"}
        out.append({"left": i, "right": i + 1 - gap, "records": bin_["records"], **ends})
    return out


def _title(field: str) -> str:
    word = _text.unit(field)[0]
    return _unit(field) + (f", {word}" if word else "")


def _object(labels: dict[int, str]) -> str:
    """A Vega expression; the labels are numbers that we wrote ourselves."""
    return "{" + ", ".join(f"{i}: '{label}'" for i, label in labels.items()) + "}"
