"""Log text that would run as a script stays text, in every widget and in the static page of a panel."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import jlab

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def payloads(root: Path) -> list[str]:
    found: list[str] = tomllib.loads((root / "tests/cases/hostile_html.toml").read_text(encoding="utf-8"))["payloads"]
    assert len(found) >= 60
    return found


@pytest.fixture(scope="module")
def hostile(payloads: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each text as body, key, value, service name and event name; the file is called like one of them."""
    resources = [_record(i, text) for i, text in enumerate(payloads)]
    path = tmp_path_factory.mktemp("hostile") / "'\"><img src=x onerror=window.__ran=1>.json"
    path.write_text(json.dumps({"resourceLogs": resources}), encoding="utf-8")
    return path


def _record(i: int, text: str) -> dict[str, Any]:
    value = {"stringValue": text}
    record = {
        "timeUnixNano": str(1_793_696_400_000_000_000 + i * 1_000_000_000),
        "severityText": text,
        "severityNumber": 17,
        "body": value,
        "eventName": text,
        "attributes": [
            {"key": text, "value": value},
            {"key": "http.route", "value": value},
            {"key": "exception.stacktrace", "value": {"stringValue": f"Error: {text}\n  at {text} (a.js:1:1)"}},
        ],
    }
    named = {"attributes": [{"key": k, "value": value} for k in ("service.name", "k8s.node.name", "host.name")]}
    return {"resource": named, "scopeLogs": [{"scope": {"name": text}, "logRecords": [record]}]}


def test_the_panel(tabs: Callable[..., jlab.Tab], notebooks: Path, hostile: Path, payloads: list[str]) -> None:
    tab = tabs()
    cells = [
        f"import lognb as ln\nlogs = ln.read({str(hostile)!r}, progress=False)\n"
        "logs.mark('2026-11-03T09:00:20Z', logs.head(1)['body'][0])\n"
        "for i in range(3): logs.pin(logs.head(60)['record_id'][i * 20], logs.head(60)['body'][i * 20])\n"
        "panel = logs.explore(); panel",
        "logs",
        "logs.facets('http.route', top=100)",
        "logs.volume(by='service_name')",
        "logs.where('severity>=error').steps()",
    ]
    tab.run(notebooks, "hostile.ipynb", cells)
    page = tab.page
    page.locator(".lt-title", has_text=f"{len(payloads)} record").wait_for()
    page.get_by_role("grid").first.focus()
    page.keyboard.press("Home")
    for _ in payloads:  # every record, one after the other
        page.keyboard.press("Enter")
        page.locator(".lt-details").first.wait_for()
        page.keyboard.press("Enter")
        page.keyboard.press("j")
    # Texts as names of series, of facets and of columns.
    tab.python("panel.by = 'http.route'")
    tab.python(f"panel.fields = [*panel.fields, *{payloads[::12]!r}]")
    tab.python(f"panel.columns = {payloads[1::12]!r}")
    assert tab.python("print(panel.wait(), panel.by)").strip() == "True http.route"
    page.get_by_label("time", exact=True).hover()
    page.wait_for_timeout(400)
    for more in page.get_by_role("button", name="more").all()[:3]:
        more.click()
    box = page.locator(".ln textarea.ln-text")
    box.click()
    box.press_sequentially("http.route=", delay=20)
    page.wait_for_timeout(600)
    page.keyboard.press("Escape")
    for text in payloads[::9]:
        tab.python(f"panel.query_text = str(ln.Query.parse('http.route=x').without('http.route')) or {_quoted(text)!r}")
        tab.python("panel.wait()")
    page.wait_for_timeout(500)
    assert page.evaluate("window.__ran") is None
    assert page.locator(".ln img, .ln iframe, .ln object, .ln embed, .ln script").count() == 0


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_the_static_page(chrome: Any, hostile: Path) -> None:
    logs = ln.read(hostile)
    panel = logs.explore()
    assert panel.wait()
    context = chrome.new_context()
    page = context.new_page()
    asked: list[str] = []
    context.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))
    page.on("dialog", lambda d: (asked.append(d.message), d.dismiss()))
    shown = [x._repr_mimebundle_()["text/html"] for x in (panel, logs, logs.facets("http.route"), logs.steps())]
    page.set_content("<!doctype html><body>" + "".join(shown))
    page.wait_for_timeout(300)
    assert page.evaluate("window.__ran") is None
    assert asked == []
    assert page.locator("script, iframe, object, embed, img:not([src^='data:'])").count() == 0
    context.close()
