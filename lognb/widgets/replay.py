"""A recording to look at: the page as the user saw it, played by its own clock or sought from Python."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
import traitlets

from lognb import _moments
from lognb._text import plain
from lognb.errors import QueryError
from lognb.replay import clean, decode
from lognb.replay.parts import parts
from lognb.widgets.base import STATIC, Ask, Binary, Widget
from lognb.widgets.timeline import Ns  # noqa: TC001 - msgspec reads it at run time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lognb.logs import Logs
    from lognb.replay.parts import Parts


class Player(Ask, tag="player"):
    """The text of replay.js; only a page that shows a recording, and has none of it yet, asks for it."""


class Recording(Ask, tag="recording"):
    """What is in the recording: see lognb.replay.parts."""


class Events(Ask, tag="events"):
    """The bytes of one of its pieces."""

    i: Annotated[int, msgspec.Meta(ge=0)]


class At(Ask, tag="at"):
    """Where the player is."""

    time: Ns
    playing: bool


class Speed(Ask, tag="speed"):
    x: Annotated[float, msgspec.Meta(gt=0, le=64)]


class SkipIdle(Ask, tag="skip_idle"):
    on: bool


@cache
def player_text() -> str:
    """static/replay.js: rrweb's Replayer, which tools/replay makes."""
    return (STATIC / "replay.js").read_text(encoding="utf-8")


class Replay(Widget):
    """The recording of one session: play, pause, seek, speed, pass over idle times, go to the next error.

    `time` (ns, of the recording's clock plus `offset`) follows the page and can be set; `speed`, `skip_idle` too.
    `marks` are {time: ns, text, severity}: those with severity error or fatal are what "next error" goes to. With
    `remote` the page may load pictures and styles from the addresses in the recording; scripts and frames never.
    Raises QueryError where no recording of that session was read.
    """

    name = "recording"
    asks: ClassVar[dict[type[Ask], str]] = {
        Player: "_player",
        Recording: "_recording",
        Events: "_events",
        At: "_at",
        Speed: "_speed",
        SkipIdle: "_skip_idle",
    }
    at_once = frozenset({At, Speed, SkipIdle})

    time = traitlets.Int()
    playing = traitlets.Bool(False, read_only=True)
    speed = traitlets.Float(1.0, min=0.1, max=64)
    skip_idle = traitlets.Bool(False)

    def __init__(
        self,
        logs: Logs,
        session_id: str,
        *,
        remote: bool = False,
        mask_inputs: bool = False,
        offset: int = 0,
        marks: Sequence[Mapping[str, Any]] = (),
        zone: str = "UTC",
        **traits: Any,
    ) -> None:
        super().__init__(logs, **traits)
        self.session_id = session_id
        self._remote, self._mask = remote, mask_inputs
        self._offset, self._heard = offset, False
        self._parts = self._gather()
        self.time = _ns(self._parts.about["start"]) + offset
        self.data = {
            "offset": str(offset),
            "marks": [_mark(one) for one in marks],
            "zone": zone,
            "speed": self.speed,
            "skip_idle": self.skip_idle,
            "seek": None,
        }
        self.observe(self._sought, "time")
        self.observe(self._set, ["speed", "skip_idle"])

    def seek(self, time: Any, play: bool | None = None) -> None:
        """Go to a moment: a time as text ("09:00:03", "+12s" after the beginning), a datetime, or an int of ns."""
        about = self._parts.about
        first, last = (_ns(about[end]) + self._offset for end in ("start", "end"))
        at = time if isinstance(time, int) else _moments.resolve(time, first, last)
        with self._hearing():
            self.time = min(last, max(first, at))
        self._command(str(self.time), play)

    def play(self) -> None:
        self._command(None, True)

    def pause(self) -> None:
        self._command(None, False)

    def _gather(self) -> Parts:
        return prepare(self._logs, self.session_id, remote=self._remote, mask_inputs=self._mask)

    def _command(self, time: str | None, play: bool | None) -> None:
        n = (self.data["seek"] or {"n": 0})["n"] + 1
        self.data = {**self.data, "seek": {"n": n, "time": time, "play": play}}

    def _hearing(self) -> _Hearing:
        return _Hearing(self)

    def _sought(self, change: Any) -> None:
        if not self._heard:
            self.seek(change["new"])

    def _set(self, change: Any) -> None:
        if not self._heard:
            self.data = {**self.data, change["name"]: change["new"]}

    def _player(self, _: Ask) -> dict[str, str]:
        return {"text": player_text()}

    def _recording(self, _: Ask) -> dict[str, Any]:
        return {"recording": self._parts.about}

    def _events(self, ask: Events) -> Binary:
        if ask.i >= len(self._parts.pieces):
            raise QueryError(f"there is no piece {ask.i} of this recording; there are {len(self._parts.pieces)}")
        return Binary({}, [self._parts.pieces[ask.i]])

    def _at(self, ask: At) -> None:
        with self._hearing():
            self.time = int(ask.time)
            self.set_trait("playing", ask.playing)

    def _speed(self, ask: Speed) -> None:
        with self._hearing():
            self.speed = ask.x

    def _skip_idle(self, ask: SkipIdle) -> None:
        with self._hearing():
            self.skip_idle = ask.on


def prepare(logs: Logs, session_id: str, *, remote: bool = False, mask_inputs: bool = False) -> Parts:
    """The recording of a session, cleaned and taken apart. Raises QueryError where there is none."""
    packed = logs.engine.recording(session_id)
    if not packed:
        raise QueryError(
            f"no recording of session {plain(session_id, 60)} was read; logs.recordings has those there are"
        )
    events, _ = clean(decode(packed), remote=remote, mask_inputs=mask_inputs)
    return parts(events, remote=remote)


class _Hearing:
    """While the page tells where it is, nothing of it is sent back."""

    def __init__(self, widget: Replay) -> None:
        self.widget = widget

    def __enter__(self) -> None:
        self.widget._heard = True

    def __exit__(self, *_: Any) -> None:
        self.widget._heard = False


def _ns(ms: float) -> int:
    """As the page does it: to the microsecond, of which a number of ms knows no more."""
    return round(ms * 1000) * 1000


def _mark(mark: Mapping[str, Any]) -> dict[str, Any]:
    return {"time": str(int(mark["time"])), "text": plain(str(mark["text"]), 300), "severity": mark.get("severity")}
