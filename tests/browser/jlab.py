"""A real Jupyter server driven by a real Chromium: settings that ask for nothing outside, and a page that is watched.

The server is JupyterLab's; with the packages `notebook` and `voila` installed it serves their pages too.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb",
]  # fmt: skip
LAB = "lab/tree"
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
_READY = """() => {
  const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
  const kernel = panel && panel.sessionContext && panel.sessionContext.session && panel.sessionContext.session.kernel;
  return !!kernel && panel.context.isReady && kernel.connectionStatus === "connected" && kernel.status === "idle";
}"""
_DONE = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const cells = panel.content.model.sharedModel.cells.filter((c) => c.cell_type === "code" && c.source.trim());
  const failed = cells.some((c) => c.outputs.some((o) => o.output_type === "error"));
  return failed || (cells.every((c) => c.execution_count) && panel.sessionContext.session.kernel.status === "idle");
}"""
_PYTHON = """async (code) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code });
  let out = "";
  future.onIOPub = (m) => {
    if (m.header.msg_type === "stream") out += m.content.text;
    if (m.header.msg_type === "error") out += m.content.ename + ": " + m.content.evalue;
  };
  await future.done;
  return out;
}"""


@contextlib.contextmanager
def server(folder: Path, home: Path, theme: str = "JupyterLab Light") -> Iterator[str]:
    """A server on the notebooks of `folder`; its address. Everything it writes goes below `home`."""
    for name, settings in {**SETTINGS, "apputils-extension/themes": {"theme": theme}}.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {
        "HOME": home, "JUPYTER_CONFIG_DIR": home / "config", "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "run", "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces", "IPYTHONDIR": home / "ipython", "PYTHONPATH": ROOT,
    }  # fmt: skip
    environment = {**os.environ, **{name: str(path) for name, path in places.items()}}
    options = [
        "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
        "--IdentityProvider.token=", "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True",
        f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=", "--ServerApp.terminals_enabled=False", "--JupyterNotebookApp.expose_app_in_browser=True",
    ]  # fmt: skip
    with (home / "lab.log").open("w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address, home / "lab.log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/api/status", timeout=2).close()
            return
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab does not answer: {log.read_text()[-2000:]}")


def write(path: Path, cells: list[str]) -> None:
    """A notebook of these cells."""
    node = nbformat.v4.new_notebook()
    node.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    node.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(node, path)


class Tab:
    """A page of JupyterLab, or of another front end whose `path` is given.

    What it asked for outside (and was refused), and what went wrong in it, is kept; not so addresses that begin as one
    of `theirs`, which the front end asks for whatever notebook it shows. Nor errors of a front end that is not
    JupyterLab, unless a widget's module had a part in them: Notebook 7.6 meets one or two with an empty notebook too.
    """

    def __init__(
        self, browser: Any, address: str, path: str = LAB, theirs: tuple[str, ...] = (), **context: Any
    ) -> None:
        self.address, self.path, self.theirs = address, path, theirs
        self.outside: list[str] = []
        self.wrong: list[str] = []
        self.context = browser.new_context(viewport={"width": 1400, "height": 1000}, **context)
        self.page = self.context.new_page()
        self.context.route("**/*", self._route)
        self.page.on("pageerror", self._failed)
        self.page.on("dialog", lambda dialog: (self.wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))

    def _route(self, route: Any) -> None:
        address = route.request.url
        if address.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            if not address.startswith(self.theirs):
                self.outside.append(address)
            route.abort()

    def _failed(self, error: Any) -> None:
        if self.path == LAB or "blob:" in (error.stack or "blob:"):  # anywidget loads modules from blobs
            self.wrong.append(str(error))

    def run(self, folder: Path, name: str, cells: list[str]) -> None:
        """Write a notebook, open it and run all of it; fails with the first error of a cell."""
        write(folder / name, cells)
        self.open(name)

    def go(self, name: str) -> None:
        """Open a notebook and wait for no more than the page."""
        self.page.goto(f"{self.address}/{self.path}/{name}?reset", wait_until="domcontentloaded")

    def open(self, name: str) -> None:
        """Open a notebook and run all of it."""
        self.go(name)
        self.page.wait_for_function(_READY, timeout=90_000)
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_function(_DONE, timeout=120_000)
        failed = self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells.flatMap((c) => "
            "c.cell_type === 'code' ? c.outputs.filter((o) => o.output_type === 'error').map((o) => o.evalue) : [])"
        )
        assert failed == [], failed

    def python(self, code: str) -> str:
        """Run code in the kernel of the notebook; what it printed."""
        return str(self.page.evaluate(_PYTHON, code))

    def theme(self, name: str) -> None:
        change = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
        self.page.evaluate(change, name)
        self.page.wait_for_timeout(700)

    def close(self) -> None:
        self.context.close()
