"""Redactor: the rules at work in one report, with its key, what it knows and what it has hidden."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb.redaction.frames import frame_hidden, meant
from lognb.redaction.known import worth
from lognb.redaction.leaks import leaking
from lognb.redaction.pseudonyms import Pseudonyms
from lognb.redaction.recordings import recording_hidden, typed_names
from lognb.redaction.rules import Redaction
from lognb.redaction.texts import Texts
from lognb.redaction.walk import walk_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lognb.logs import Logs
    from lognb.redaction.texts import Hit
    from lognb.redaction.walk import Leaf

AUDIT: Final = {"kind": pl.String(), "values": pl.UInt32(), "occurrences": pl.UInt64(), "where": pl.String()}
PREVIEW: Final = {
    "kind": pl.String(), "where": pl.String(), "shape": pl.String(), "values": pl.UInt32(), "occurrences": pl.UInt64(),
}  # fmt: skip
# These are found again by themselves wherever they stand; all others may need the name or the words beside them, and
# stand alone elsewhere, as among the values of a slot of a pattern.
_BY_ITSELF: Final = frozenset(("email", "ip", "card", "iban", "phone"))
_HOLDERS: Final = re.compile(
    r"(?i)url|uri|query|body|payload|header|refer|properties|message|param|arg|request|stack|data"
)
_SPANS: Final = 200_000  # of more the attributes are not gone through to learn from, only to be redacted


@dataclass
class _Tally:
    """How often each value was hidden, by kind and place."""

    counts: dict[tuple[str, str], dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    def add(self, hits: Iterable[Hit], where: str, n: int = 1) -> None:
        for hit in hits:
            place = f"{where}.{hit.key}" if where and hit.key else where or hit.key or "text"
            self.counts[hit.kind, place][hit.value] += n


class Redactor:
    """Hides by rules, in texts, values, frames and recordings; one for everything that is saved together.

    The same value has the same pseudonym wherever it stands and however it is written there, so that what belonged
    together still does. Without the `key`, which is random unless it is given, nobody can compute a pseudonym of a
    guess. What was hidden once is not hidden again: to redact a redacted text changes nothing.

    >>> hide = Redactor(key=b"for this example")
    >>> hide.text("login of ann@shop.example from 192.0.2.7 failed")
    'login of rh49r5zn@yxfwp.invalid from 252.210.107.34 failed'
    >>> hide.text("mail=ann%40shop.example")
    'mail=rh49r5zn%40yxfwp.invalid'
    >>> hide.audit().rows()
    [('email', 1, 2, 'text'), ('ip', 1, 1, 'text')]
    """

    def __init__(self, rules: Redaction | bool | str | Sequence[str] = True, key: bytes | None = None) -> None:
        self.rules = Redaction.of(rules)
        self.texts = Texts(self.rules, Pseudonyms(key))
        self._tally = _Tally()
        self.count = self._tally.add

    def text(self, text: str, field: str | None = None) -> str:
        """A text, or the value of a field; a text that is JSON stays JSON."""
        made, hits = self.texts.hide(text, field or "")
        self.count(hits, field or "")
        return made

    def value(self, value: Any, field: str | None = None) -> Any:
        """A value that JSON can hold, with everything in it, keys too."""
        return walk_value(value, lambda v, at: self._leaf(v, at, field or ""), self.text, self.texts.holds)

    def frame(self, frame: pl.DataFrame, fields: Mapping[str, str] = MappingProxyType({})) -> pl.DataFrame:
        """A frame of any columns: by their names, by what stands in them, numbers, lists and structs too.

        `fields` are the fields of columns whose names do not say them.

        The rows and their order stay. A column of numbers that are hidden may become Int64, an Enum a String.
        """
        if not self.rules:
            return frame
        return frame_hidden(frame, self.texts, self.count, fields)

    def record_frame(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Records or spans in the columns of lognb.schema: their ids and sessions stay, they lead back to the logs."""
        return self.frame(frame)

    def recording(self, data: bytes) -> bytes:
        """A recording (rrweb): a JSON array or JSON lines of events, as it is or as a gzip, which it then stays."""
        if not self.rules:
            return data
        return recording_hidden(data, self.texts, lambda hits: self.count(hits, "recording"))

    def learn(self, what: Logs | pl.DataFrame | bytes) -> None:
        """Know the values that names of columns and keys tell: user ids, names, secrets; of a recording, typed names.

        They are hidden from then on wherever they stand as whole words, in texts, titles, queries and code; so learn
        before the first text is redacted. Numbers under 6 digits and plain words under 5 letters are too common for
        that: they are hidden under their own key, and in a report where the rows of a block tell them (short.py).
        """
        if not self.rules:
            return
        if isinstance(what, bytes):
            for value in typed_names(what, self.texts) if "typed" in self.rules.kinds else ():
                self._know(value, "typed")
        elif isinstance(what, pl.DataFrame):
            frame_hidden(what, self.texts, lambda hits, where, n: self._know_all(hits))
        else:
            self._learn_logs(what)
        self.texts.forget()

    def audit(self) -> pl.DataFrame:
        """What was hidden: `kind`, how many `values`, how many `occurrences`, `where` (fields and columns); no values.

        What was learnt and then hidden in a text counts as the kind under which it was learnt.
        """
        rows = []
        for kind in sorted({kind for kind, _ in self._tally.counts}):
            places = {place: seen for (k, place), seen in self._tally.counts.items() if k == kind}
            values = len({value for seen in places.values() for value in seen})
            occurrences = sum(sum(seen.values()) for seen in places.values())
            rows.append((kind, values, occurrences, ", ".join(sorted(places))))
        return pl.DataFrame(rows, schema=AUDIT, orient="row")

    def preview(self, what: Logs | pl.DataFrame) -> pl.DataFrame:
        """What would be hidden: `kind`, `where`, the `shape` of the values (first character and length), how often.

        Nothing is changed or counted by it.
        """
        tally = _Tally()
        frames = [what] if isinstance(what, pl.DataFrame) else what.engine.batches(what.query)
        for frame in frames if self.rules else ():
            frame_hidden(frame, self.texts, tally.add)
        found: dict[tuple[str, str, str], list[int]] = {}
        for (kind, place), values in tally.counts.items():
            for value, n in values.items():
                one = found.setdefault((kind, place, f"{value[:1]}… ({len(value)})"), [0, 0])
                one[0] += 1
                one[1] += n
        rows = [(*key, *n) for key, n in sorted(found.items())]
        return pl.DataFrame(rows, schema=PREVIEW, orient="row")

    def leaks(self, data: bytes) -> list[str]:
        """The kinds of values that were hidden and still stand in an output, plain or escaped; [] is as it should be.

        Looked for as plain text and as JSON, HTML and addresses write it, also inside of gzip, zip and Parquet. Values
        under 6 characters, numbers under 6 digits and plain words are left out: they stand in any text by chance.
        """
        kinds = {value: kind for (kind, _), values in self._tally.counts.items() for value in values}
        kinds |= {value: kind for value, kind in self.texts.known.kinds.items() if value not in kinds}
        kinds = {
            value: kind
            for value, kind in kinds.items()
            if value not in self.texts.names.issued and (kind in _BY_ITSELF or worth(value, kind))
        }
        return sorted({kinds[value] for value in leaking(data, kinds)})

    def _leaf(self, value: Any, at: Leaf, field: str) -> Any:
        key, outer = self.texts.named(at, field)
        if isinstance(value, str):
            made, hits = self.texts.hide(value, key, outer)
        elif isinstance(value, int) and not isinstance(value, bool):
            digits, hits = self.texts.number(str(value), key, outer)
            made = int(digits) if hits else value  # type: ignore[assignment]
        else:
            return value
        self.count(hits, field or at[2])
        return made

    def _know_all(self, hits: Iterable[Hit]) -> None:
        for hit in hits:
            if hit.kind not in _BY_ITSELF:
                self._know(hit.value, hit.kind)

    def _know(self, value: str, kind: str) -> None:
        if worth(value, kind) and value not in self.texts.names.issued:
            self.texts.known.add(value, kind)

    def _learn_logs(self, logs: Logs) -> None:
        """From the columns whose names say something, those that hold other texts, bodies, spans and recordings."""
        services = {str(name) for name, _ in logs.engine.overview.get("services", ()) if name}

        def know(hits: Iterable[Hit], where: str, n: int) -> None:
            self._know_all(hit for hit in hits if hit.value not in services)

        told = set(logs.engine.field_names())
        fields = [name for name in told if self.texts.meaning(meant(name)) is not None or _HOLDERS.search(name)]
        columns = ["body", *sorted(set(fields) - {"body"})]
        for frame in logs.engine.batches(logs.query, columns):
            frame_hidden(frame, self.texts, know)
        spans = logs.engine.spans() if logs.engine.overview["spans"] else pl.DataFrame()
        if spans.height:
            few = spans.height <= _SPANS
            frame_hidden(spans.select("user_id", *(("attributes", "resource") if few else ())), self.texts, know)
        sessions = logs.engine.recordings()["session_id"].unique().to_list() if "typed" in self.rules.kinds else []
        for session in sessions:
            for part in logs.engine.recording(session):
                for value in typed_names(part, self.texts):
                    self._know(value, "typed")
