"""Pages with players on them, and a stranger who listens: a server that counts who knocks."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

from lognb.replay.parts import parts
from lognb.widgets.base import STATIC, module, style

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data:; font-src data:"
)
_PAGE: Final = """<!doctype html><meta charset=utf-8>{policy}
<style>{style} .place + .place {{ position: absolute; top: 0; width: 400px }}</style><body class="ln">
<script type="text/plain" id="kit">{kit}</script>
<script type="module">
{module}
const kitText = document.getElementById("kit").textContent;
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const place = () => Object.assign(document.createElement("div"), {{ className: "place" }});
window.given = {given};
window.begin = ({{ about, pieces, ...options }}, on) => player(document.body.appendChild(place()), {{
  load: async () => kitText, recording: about, events: async (i) => bytes(pieces[i]), ...options }}, on);
window.rrweb = async () => import(URL.createObjectURL(new Blob([kitText], {{ type: "text/javascript" }})));
</script>"""
_EACH: Final = """
  const rest = (ms) => new Promise((done) => setTimeout(done, ms)), waiting = [...window.given];
  const each = async (one) => { while (waiting.length) await one(waiting.shift()); };
  await Promise.all(Array.from({ length: 8 }, () => each(show)));
  await rest(400);
  return window.__pwn === undefined && window.given.length;
"""
# Each recording from its beginning to its end, as one would seek and as it would play.
PLAY_ALL: Final = """async () => {
  const show = async (given) => {
    const made = begin(given);
    await made.ready;
    made.speed(64);
    made.play();
    await rest(50);
    await made.seek(String(BigInt(given.about.end) * 1000000n));
    await rest(20);
    const fault = document.querySelector(".rp-over:not([hidden]) [role=alert]");
    if (fault) throw new Error(fault.textContent);
    made.destroy();
  };""" + _EACH + "}"  # fmt: skip
# The same in rrweb as it comes: no fence, and the fast way that makes elements in the page of the notebook.
PLAY_BARE: Final = """async () => {
  const { Replayer } = await window.rrweb();
  const show = async ({ about, pieces }) => {
    const root = document.body.appendChild(document.createElement("div")), events = [];
    for (const piece of pieces) {
      const packed = new Blob([Uint8Array.from(atob(piece), (c) => c.charCodeAt(0))]);
      events.push(...await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).json());
    }
    try {
      const replayer = new Replayer(events, { root, showWarning: false });
      await rest(30);
      replayer.pause(about.end - about.start + 1);
      await rest(30);
    } catch {} // some cannot be shown at all
    root.remove();
  };""" + _EACH + "}"  # fmt: skip


def page(*recordings: list[dict[str, Any]], policy: bool = True, fence: bool = True, **options: Any) -> str:
    """One HTML text that plays recordings without Python or network: window.given, and begin(given) gives a player.

    `policy`: the page itself may load nothing, as a saved report; `fence`: with the second wall, else without.
    """
    given = json.dumps([packed(events, **options) for events in recordings]).replace("</", "<\\/")
    kit = (STATIC / "replay.js").read_text(encoding="utf-8")
    assert "</script" not in kit
    meta = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">' if policy else ""
    text = module("player")
    if not fence:
        for built, without in (
            ("guard(iframe, this.remote, this.strict)", "{ whole: () => true }"),
            ("allowed(data, this.remote)", "true"),
        ):
            assert text.count(built) == 1
            text = text.replace(built, without)
    return _PAGE.format(policy=meta, style=style("player"), kit=kit, module=text, given=given)


def packed(events: list[dict[str, Any]], remote: bool = False, **options: Any) -> dict[str, Any]:
    """What begin() takes."""
    made = parts(events, remote=remote)
    return {"about": made.about, "pieces": [base64.b64encode(piece).decode() for piece in made.pieces], **options}


class Stranger:
    """A place on this machine that a page must never speak to. `knocked` is what came, the first line of each."""

    def __init__(self) -> None:
        self.knocked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            with caller, contextlib.suppress(OSError):
                caller.settimeout(0.3)
                self.knocked.append("a connection")
                self.knocked[-1] = caller.recv(2000).split(b"\r\n")[0].decode("latin-1") or self.knocked[-1]
                caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)  # else accept() waits on
        self._socket.close()
        self._thread.join(5)


@contextlib.contextmanager
def stranger() -> Iterator[Stranger]:
    made = Stranger()
    try:
        yield made
    finally:
        made.close()


def saved(folder: Path, text: str) -> str:
    """The page as a file; its address."""
    path = folder / "page.html"
    path.write_text(text, encoding="utf-8")
    return path.as_uri()
