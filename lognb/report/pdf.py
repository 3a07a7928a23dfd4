"""A report as PDF: the page, printed by a Chromium of this machine, else by WeasyPrint where that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from lognb._export import replacing
from lognb._text import plain
from lognb.errors import LognbError
from lognb.report import page

if TYPE_CHECKING:
    from lognb.report.report import Report

ASKED: Final = "LOGNB_CHROMIUM"
"""The environment variable that names the browser to print with."""
TIMEOUT: Final = 120
_NAMES: Final = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge",
)  # fmt: skip
_PLACES: Final = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
# The page loads nothing by its own policy. These keep the browser itself from asking anybody for anything.
_FLAGS: Final = (
    "--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-quic", "--disable-dev-shm-usage",
    "--disable-domain-reliability", "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer",
    "--generate-pdf-document-outline", "--export-tagged-pdf",
)  # fmt: skip


def write(report: Report, path: Path) -> Path:
    """Print the report's page in light colours. Raises LognbError where there is nothing to print with, or it fails."""
    browser = find()
    text = page.html(report.document(), alive=False, follow=False)
    printed = _woven(text) if browser is None else _printed(browser, text)
    with replacing(path) as file:
        file.write(printed)
    return path


def find() -> str | None:
    """The browser to print with: $LOGNB_CHROMIUM, else the first Chromium, Chrome or Edge. Raises LognbError if the one
    that is asked for is not there.
    """
    asked = os.environ.get(ASKED)
    if asked:
        found = shutil.which(asked)
        if found is None:
            raise LognbError(f"{ASKED} names {asked!r}, which is no program here; name a Chromium, Chrome or Edge")
        return found
    named = next(filter(None, map(shutil.which, _NAMES)), None)
    return named or next((place for place in _PLACES if Path(place).is_file()), None)


def _printed(browser: str, text: str) -> bytes:
    with TemporaryDirectory(prefix="lognb-", ignore_cleanup_errors=True) as folder:  # the browser may still write there
        source, target = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(text, encoding="utf-8", errors="replace")
        root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []  # it does not start as root else
        to = [f"--user-data-dir={Path(folder, 'profile')}", f"--print-to-pdf={target}", source.as_uri()]
        try:
            done = subprocess.run([browser, *_FLAGS, *root, *to], capture_output=True, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired as error:
            raise LognbError(f"{browser} printed nothing in {TIMEOUT} s; save as .html and print that") from error
        except OSError as error:
            why = error.strerror or str(error)
            raise LognbError(f"{browser} cannot be run: {why}; name another browser in {ASKED}") from error
        printed = target.read_bytes() if target.is_file() else b""
    if not printed.startswith(b"%PDF"):
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = plain(said[-1], 200) if said else f"it ended with {done.returncode}"
        raise LognbError(f"{browser} could not print the report: {why}; save as .html and print that")
    return printed


def _woven(text: str) -> bytes:
    try:
        import weasyprint
    except (ImportError, OSError) as error:  # it needs libraries of the system, which may be absent
        raise LognbError(
            "a PDF needs a browser to print it, and none was found: install Chromium, Chrome or Edge (or name one in "
            f"{ASKED}), or `pip install 'lognb[pdf]'`; a report saved as .html can be printed from any browser"
        ) from error
    try:
        text = text.replace("@media print, (max-width: 640px)", "@media print")  # it reads no list with a width in it
        printed: bytes = weasyprint.HTML(string=text, url_fetcher=_refuse).write_pdf()
    except Exception as error:  # its own errors are of many kinds, and none of them is the reader's
        raise LognbError(f"WeasyPrint could not print the report: {plain(str(error), 200)}; save as .html") from error
    return printed


def _refuse(address: str, *_: object, **__: object) -> object:
    """Nothing is fetched but what the page brings along."""
    if not address.startswith("data:"):
        raise ValueError("nothing is loaded for a report")
    from weasyprint.urls import default_url_fetcher

    return default_url_fetcher(address)
