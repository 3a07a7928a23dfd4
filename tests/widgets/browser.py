"""A bare page in which widgets are tested: the real module of the browser half talks to the real Python widget.

Only the notebook between them is missing. What the page sends reaches the widget as a message of the front end would;
what the widget sends, and each change of its traits, comes back as ipywidgets puts it on the wire: a state with its
buffers taken out, which arrive as DataViews. The page asks for these by a timer and not the other way round, since
answers are given in the worker's thread, where Playwright must not be touched.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from ipywidgets.widgets.widget import _remove_buffers
from jupyter_core.paths import jupyter_path

from lognb.widgets.base import module, style

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route

    from lognb.widgets.base import Widget

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
)
ADDRESS: Final = "http://localhost/"  # never reached; a secure address, so that the page has a clipboard
PICTURES: Final = Path(__file__).resolve().parents[2] / "build" / "pictures"

_SHIM: Final = """
  const models = new Map();
  class Model {
    constructor(number, state) { this.number = number; this.state = state; this.calls = new Map(); }
    get(name) { return this.state[name]; }
    on(name, fn) { this.calls.set(name, [...(this.calls.get(name) || []), fn]); }
    off(name, fn) { this.calls.set(name, (this.calls.get(name) || []).filter((f) => f !== fn)); }
    send(content) { window.sent.push(content); window.lognbSend(this.number, JSON.stringify(content)); }
    fire(name, ...args) { for (const fn of this.calls.get(name) || []) fn(...args); }
  }
  const view = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const whole = ({ state, paths, buffers }) => {
    paths.forEach((path, i) => {
      const last = path.pop();
      path.reduce((at, key) => at[key], state)[last] = view(buffers[i]);
    });
    return state;
  };
  const deliver = (message) => {
    const model = models.get(message.number);
    if (message.content !== undefined) return model.fire("msg:custom", message.content, message.buffers.map(view));
    const state = whole(message);
    Object.assign(model.state, state);
    for (const name of Object.keys(state)) model.fire(`change:${name}`);
  };
  const from = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  window.sent = [];
  window.lognb = {
    async show(number, source, css, width, message) {
      const model = new Model(number, whole(message));
      models.set(number, model);
      document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
      const el = document.createElement("div");
      el.id = `widget-${number}`;
      if (width) el.style.width = `${width}px`;
      document.body.append(el);
      const { default: widget } = await import(from(source));
      model.end = await widget.render({ model, el });  // before `el` has a size, as in a notebook
    },
    end(number) { models.get(number).end?.(); },
    async poll() { for (const message of await window.lognbNext()) deliver(message); },
    start() { this.timer = setTimeout(async () => { await this.poll(); if (this.timer) this.start(); }, 15); },
    stop() { clearTimeout(this.timer); this.timer = 0; },
  };
  window.lognb.start();
"""


@dataclass
class Bench:
    """A page with widgets. What it asked of others and what went wrong in it is kept, for the fixture to look at."""

    page: Page
    widgets: list[Widget] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    received: int = 0
    _waiting: SimpleQueue[dict[str, Any]] = field(default_factory=SimpleQueue)

    def show(self, widget: Widget, width: int | None = None) -> Locator:
        """Put a widget on the page, below those before; gives its element."""
        number = len(self.widgets)
        self.widgets.append(widget)
        # What a front end with a kernel would get: Widget._send is where ipywidgets hands a message to the comm.
        widget._send = lambda message, buffers=None: self._waiting.put(_wire(number, message, buffers or []))
        state, paths, buffers = _remove_buffers({k: v for k, v in widget.get_state().items() if _ours(k)})
        message = {"state": state, "paths": paths, "buffers": [_text(b) for b in buffers]}
        given = [number, module(widget.name), style(widget.name), width, message]
        self.page.evaluate("given => window.lognb.show(...given)", given)
        return self.page.locator(f"#widget-{number}")

    def settle(self, timeout: float = 30) -> None:
        """Until nothing is asked, answered or on its way, and the page has painted."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            sent = self.page.evaluate("window.lognb.poll().then(() => window.sent.length)")
            waited = all(w._worker.wait(timeout) for w in self.widgets)
            if waited and sent == self.received and self._waiting.empty():
                self.page.evaluate("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
                if self._waiting.empty() and self.page.evaluate("window.sent.length") == self.received:
                    return
        raise TimeoutError(f"the page did not come to rest within {timeout} s")

    def sent(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The questions that the page asked, in order; of one kind, if `kind` is given."""
        asked = [message["ask"] for message in self.page.evaluate("window.sent")]
        return [ask for ask in asked if kind in (None, ask["kind"])]

    def theme(self, name: str) -> None:
        """Switch JupyterLab's theme: "light" or "dark"."""
        self.page.evaluate(_SWITCH, [name, _variables(name)])

    def picture(self, name: str) -> Path:
        """The page as an image in build/pictures, for a person to look at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def receive(self, number: int, text: str) -> None:
        """A message of the page, in the thread of the test as in that of a kernel."""
        widget = self.widgets[number]
        widget._receive(widget, json.loads(text), [])
        self.received += 1

    def take(self) -> list[dict[str, Any]]:
        """What waits for the page."""
        found = []
        while True:
            try:
                found.append(self._waiting.get_nowait())
            except Empty:
                return found

    def hear(self, message: ConsoleMessage) -> None:
        """A line in the page's console."""
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)

    def guard(self, route: Route) -> None:
        """A request of the page: none may leave it."""
        if route.request.url == ADDRESS:
            route.fulfill(content_type="text/html", body=self._html)
            return
        self.outside.append(route.request.url)
        route.abort()

    _html: str = ""


def bench(browser: Browser, theme: str | None = "light", scheme: str = "light", **context: Any) -> Bench:
    """A new page. `theme` is that of JupyterLab, None a page without its variables, which asks for `scheme`."""
    page = browser.new_context(color_scheme=scheme, **context).new_page()
    page.set_default_timeout(10_000)  # nothing here takes so long
    made = Bench(page)
    made._html = "<!doctype html><meta charset=utf-8><style>body { margin: 8px }</style><body>"
    page.context.route("**/*", made.guard)
    page.on("console", made.hear)
    page.on("pageerror", lambda error: made.wrong.append(str(error)))
    page.expose_function("lognbSend", made.receive)
    page.expose_function("lognbNext", made.take)
    page.goto(ADDRESS)
    page.evaluate(_SHIM)
    if theme:
        made.theme(theme)
    elif scheme == "dark":
        page.evaluate("document.body.style.background = '#111'")
    return made


_SWITCH: Final = """([name, css]) => {
  let style = document.getElementById("theme");
  if (!style) document.head.append(style = Object.assign(document.createElement("style"), { id: "theme" }));
  style.textContent = css + "body { background: var(--jp-layout-color1); color: var(--jp-ui-font-color1) }";
  document.body.dataset.jpThemeName = `JupyterLab ${name}`;
  document.body.dataset.jpThemeLight = String(name === "light");
}"""


def _variables(theme: str) -> str:
    """JupyterLab's own style of a theme, as it is installed."""
    inside = Path("themes", "@jupyterlab", f"theme-{theme}-extension", "index.css")
    return next(at for at in (Path(p) / inside for p in jupyter_path("lab")) if at.is_file()).read_text("utf-8")


def _ours(name: str) -> bool:
    return not name.startswith("_") and name not in ("layout", "tooltip", "tabbable")


def _wire(number: int, message: dict[str, Any], buffers: list[Any]) -> dict[str, Any]:
    """A message of ipywidgets as JSON; taken apart at once, since the widget may change its data later."""
    if message["method"] == "custom":
        given = {"content": message["content"], "buffers": [_text(b) for b in buffers]}
        return json.loads(json.dumps({"number": number, **given}))
    given = {"state": message["state"], "paths": message.get("buffer_paths", [])}
    return json.loads(json.dumps({"number": number, **given, "buffers": [_text(b) for b in buffers]}))


def _text(buffer: Any) -> str:
    return base64.b64encode(bytes(buffer)).decode()
