"""All charts on one sheet, to be looked at: `make contact` writes build/contact_sheet_light.html, .png, and both dark.

Each verb of Logs that answers with a picture is called on the samples, and again on records that make pictures hard:
labels in every script, long, empty and hostile ones; hundreds of rows; one record; nothing but zeros.
tests/charts/test_contact_sheet.py draws the same charts and measures them.
"""

from __future__ import annotations

import json
import re
import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import lognb as ln
from palette import small

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lognb.result import Result

SAMPLE = (
    "logs.volume()",
    "logs.volume(by='service_name', of='bytes', per='minute')",
    "logs.volume(by=None, earlier='1m')",
    "logs.volume(cumulative=True, by=None)",
    "logs.hours(zone='Europe/Berlin')",
    "logs.facets('severity', 'service_name', 'http.route', 'user_id')",
    "logs.where('service_name=checkout').facets('severity', own=False)",
    "logs.where('severity>=warn service_name=checkout').steps()",
    "logs.stats('duration_ms')",
    "logs.stats('duration_ms', every='10s')",
    "logs.stats('duration_ms', every='10s', by='service_name')",
    "logs.usage('service_name', price_per_gib=0.3, drop='severity<info')",
    "logs.sessions()",
    "logs.where('severity>=error').impact()",
    "logs.services(baseline=('03:09', '03:12'))",
    "logs.changes()",
    "logs.where('service_name=checkout severity>=info').explain('03:12:08')",
    "logs.compare(logs.between('03:10', '03:12'), logs.between('03:12', '03:14'), fields=['severity', 'http.route'])",
    "logs.scope('severity>=error')",
    "logs.errors()",
    "logs.patterns()",
    "logs.traces()",
    "logs.traces(by='service', baseline=logs.between('03:09', '03:12'))",
    "logs.waterfall('379c08f2f2d4980070a4b1312652506e')",
    "logs.summary()",
)
HARD = (
    "logs.volume(by='service_name')",
    "logs.facets('severity', 'service_name', 'route', 'a.very.long.name.of.an.attribute.that.somebody.gave.it')",
    "logs.where('severity>=info service_name!=\"' + 'x' * 150 + '\" NOT \"يوم\"').steps()",
    "logs.stats('duration_ms', by='service_name', top=3)",
    "logs.stats('duration_ms', every='1m')",
    "logs.usage('service_name', price_per_gib=0.3, top=200)",
    "logs.sessions()",
    "logs.services()",
    "logs.compare(logs.where('severity<error'), logs.where('severity>=error'))",
    "logs.scope('service_name exists \"注文\"')",
    "logs.errors()",
    "logs.patterns()",
    "logs.traces(by='operation')",
    "logs.waterfall('0' * 31 + '1')",
)
ONE = (
    "logs.volume()",
    "logs.hours()",
    "logs.facets('severity')",
    "logs.steps()",
    "logs.stats('duration_ms')",
    "logs.stats('duration_ms', every='1m')",
    "logs.usage()",
    "logs.sessions()",
    "logs.scope('severity exists')",
    "logs.errors()",
    "logs.patterns()",
    "logs.traces()",
    "logs.waterfall('0' * 31 + '1')",
)
LABELS = (
    "web", "", "a-service-with-a-name-that-" + "is-far-too-long-" * 8, "<script>alert(1)</script>",
    "注文サービス・東京", "خدمة الدفع", "שירות תשלום", "\u202eevil\u2066", "=HYPERLINK(1)", "💥🔥 emoji",
    "tab\tand\nline", "'; DROP TABLE logs", "Ελληνικά", "e\u0301\u0323" * 12, "W" * 40, "#cf3f3a",
)  # fmt: skip
_SYLLABLES = ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op")
DOCS = (
    "logs.volume()", "logs.volume(by='service", "logs.facets", "logs.stats('duration_ms', every='10s')",
    "logs.where('severity>=error').impact", "logs.services", "logs.changes", "logs.scope", "logs.errors",
    "logs.traces()", "logs.traces(by", "logs.waterfall", "logs.where('service_name=checkout sev",
)  # fmt: skip
_START = 1_793_696_400  # 3 Nov 2026, 09:00 UTC


class Drawn(NamedTuple):
    """A chart of the sheet: of which records, the code that gives it, its Result."""

    of: str
    code: str
    result: Result


def sample(path: str | Path) -> Iterator[Drawn]:
    """The charts of the committed capture."""
    return _all("sample", SAMPLE, ln.read(path, progress=False))


def edges() -> Iterator[Drawn]:
    """The charts of records that make pictures hard."""
    yield from _all("hard", HARD, ln.read(hard(), progress=False))
    yield from _all("one", ONE, ln.read(_otlp([_record(0, 0, "", {"duration_ms": 0})], [_span(0, 0)]), progress=False))


def hard() -> bytes:
    """20 minutes: 300 services with hostile names, 300 sessions, 100 kinds of errors, 200 traces, one of 100 spans."""
    records, spans = [], []
    for i in range(1200):
        label = LABELS[i % len(LABELS)]
        bad = i % 12 == 0
        attributes = {
            "route": f"{label}/{i % 40}",
            "session.id": f"{label[:30]}-{i % 300}",
            "user.id": f"{label[:60]}{i % 150}",
            "duration_ms": 0 if i % 7 else i * 10,
            "a.very.long.name.of.an.attribute.that.somebody.gave.it": label or "empty",
        }
        if bad:
            attributes |= {"exception.type": f"{label or 'E'}Error{i % 100}", "exception.message": label * 3}
        body = f"{label * 2} 注文 {'failed' if bad else 'done'} in {_words(i % 60)}"
        service = f"{label}{i % 300}" if i % 16 else None
        records.append(_record(i, 17 if bad else (9, 5, 13, 0)[i % 4], body, attributes, service))
    for trace in range(200):
        spans += [_span(trace, i, LABELS[(trace + i) % len(LABELS)]) for i in range(100 if trace == 0 else 2)]
    return _otlp(records, spans)


def build(folder: Path, drawn: list[Drawn], name: str) -> list[Path]:
    """The sheet of these charts as .html and .png, in the look of the theme that is enabled."""
    import vl_convert as vlc

    svgs = [(d, _svg(d.result)) for d in drawn if d.result.draw is not None and d.result.frame.height]
    folder.mkdir(parents=True, exist_ok=True)
    page, picture = folder / f"{name}.html", folder / f"{name}.png"
    figures = "".join(
        f"<figure>{svg}<figcaption>{escape(d.of)}: {escape(d.code)}</figcaption></figure>" for d, svg in svgs
    )
    style = "body{font:13px sans-serif;background:#888;columns:2 900px}figure{margin:0 0 20px;break-inside:avoid}"
    page.write_text(f"<!doctype html><meta charset=utf-8><title>{name}</title><style>{style}</style>{figures}")
    picture.write_bytes(vlc.svg_to_png(sheet([svg for _, svg in svgs]), scale=1))
    return [page, picture]


def sheet(svgs: list[str], *, columns: int = 2, width: int = 960, gap: int = 16, paper: str = "#888888") -> str:
    """Pictures in columns, each where most room is left, as one SVG."""
    ends, parts = [gap] * columns, []
    for i, svg in enumerate(svgs):
        size = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
        assert size is not None
        column = ends.index(min(ends))
        x, y = gap + column * (width + gap), ends[column]
        own = re.search(r'fill="(#\w+)"', svg)  # of the background: the card goes on where the picture ends
        parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{size[2]}" fill="{own[1] if own else "none"}"/>')
        apart = re.sub(r'(id="|url\(#)', rf"\g<1>p{i}-", svg)  # ids are those of one document
        parts.append(apart.replace("<svg ", f'<svg x="{x}" y="{y}" ', 1))
        ends[column] += round(float(size[2])) + gap
    whole = f'width="{gap + columns * (width + gap)}" height="{max(ends)}"'
    space = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {space} {whole}><rect width="100%" height="100%" fill="{paper}"/>{"".join(parts)}</svg>'


def _svg(result: Result) -> str:
    import vl_convert as vlc

    return str(vlc.vegalite_to_svg(result.chart().to_dict()))


def _all(of: str, codes: tuple[str, ...], logs: ln.Logs) -> Iterator[Drawn]:
    for code in codes:
        yield Drawn(of, code, eval(code, {"logs": logs, "ln": ln}))


def _words(n: int) -> str:
    """A kind of message for each `n`: numbers would be one kind."""
    return " ".join(_SYLLABLES[(n >> i) % 8] for i in range(0, 6, 2)) + chr(97 + n % 26) * 3


def _record(i: int, severity: int, body: str, attributes: dict[str, Any], service: str | None = None) -> dict[str, Any]:
    record = {
        "timeUnixNano": str((_START + i) * 10**9), "severityNumber": severity, "body": {"stringValue": body},
        "attributes": [{"key": k, "value": _value(v)} for k, v in attributes.items()],
        "traceId": f"{i % 200 + 1:032x}", "spanId": f"{i % 200 + 1:08x}{1:08x}",
    }  # fmt: skip
    return {"resource": _resource(service), "scopeLogs": [{"logRecords": [record]}]}


def _span(trace: int, i: int, service: str = "") -> dict[str, Any]:
    since, until = _START + trace * 5 + i * 0.01, _START + trace * 5 + 2 - i * 0.01
    span = {
        "traceId": f"{trace + 1:032x}", "spanId": f"{trace + 1:08x}{i + 1:08x}",
        "name": f"{service} GET {'/path' * 30}",
        "parentSpanId": f"{trace + 1:08x}{i:08x}" if i else "", "kind": 2 + i % 2,
        "startTimeUnixNano": str(int(since * 1e9)), "endTimeUnixNano": str(int(max(until, since) * 1e9)),
        "status": {"code": 2 if i % 9 == 1 else 0},
    }  # fmt: skip
    return {"resource": _resource(service), "scopeSpans": [{"spans": [span]}]}


def _resource(service: str | None) -> dict[str, Any]:
    return {"attributes": [] if service is None else [{"key": "service.name", "value": _value(service)}]}


def _value(value: Any) -> dict[str, Any]:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def _otlp(records: list[dict[str, Any]], spans: list[dict[str, Any]]) -> bytes:
    return b"\n".join(
        json.dumps({k: v}).encode() for k, v in (("resourceLogs", records), ("resourceSpans", spans)) if v
    )


def main() -> None:
    """Draw all, light and dark; with `--docs` also docs/charts.png, a few of the samples' charts."""
    import altair as alt
    import vl_convert as vlc

    root = Path(__file__).resolve().parents[1]
    drawn = [*sample(root / "data" / "samples" / "shop.json.zst"), *edges()]
    drawn[0].result.chart()  # which registers the themes, also where the package's own entry points are not installed
    for name in ("lognb", "lognb-dark"):
        with alt.theme.enable(name):
            made = build(root / "build", drawn, f"contact_sheet_{'dark' if name.endswith('dark') else 'light'}")
        print(*made, sep="\n")
    if "--docs" in sys.argv:
        own = [_svg(d.result) for d in drawn if d.of == "sample" and d.code.startswith(DOCS)]
        png = bytes(vlc.svg_to_png(sheet(own, paper="#e2e5eb"), scale=0.8))
        (root / "docs" / "charts.png").write_bytes(small(png))


if __name__ == "__main__":
    main()
