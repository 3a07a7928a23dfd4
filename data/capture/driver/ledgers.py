"""The ledgers of a run: what every program says it gave to its SDK, and the lines a collector took from files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Line = dict[str, Any]


class Ledgers:
    """`logs` and `spans` are what the programs sent, `lines` the plain text lines; `lost` is what never got out.

    A program that dies while it sends does not learn whether the record arrived, and calls it lost; the Collector's own
    file knows better.
    """

    def __init__(self, folder: Path) -> None:
        self.logs: list[Line] = []
        self.spans: list[Line] = []
        self.lost: list[Line] = []
        written = [file for file in (folder / "out" / "shop.jsonl", folder / "shop.jsonl") if file.exists()]
        self._written = "".join(file.read_text(encoding="utf-8") for file in written)
        for file in sorted((folder / "ledger").glob("*.jsonl")):
            self._read(file)
        self.lines = [line for file in sorted((folder / "lines").glob("*.log")) for line in _lines(file)]

    def _read(self, file: Path) -> None:
        said = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        doubted = {time for line in said if line["kind"] == "lost" for time in line["times"]}
        lost = {time for time in doubted if f'"timeUnixNano":"{time}"' not in self._written}
        for line in said:
            if line["kind"] == "span":
                self.spans.append(line)
            elif line["kind"] == "log":
                (self.lost if line["time"] in lost else self.logs).append(line)

    def where(self, service: str, **attributes: Any) -> list[Line]:
        """The records of a service whose attributes are these; `_` stands for the dot of a key."""
        wanted = {key.replace("_", "."): value for key, value in attributes.items()}
        return [
            line for line in self.logs
            if line["resource"]["service.name"] == service
            and all(line["attributes"].get(key) == value for key, value in wanted.items())
        ]  # fmt: skip


def _lines(file: Path) -> list[Line]:
    """The lines of a worker's standard error, as a line-wise collector sends them: trimmed, empty ones left out."""
    node = file.name.split("_")[0]
    return [
        {"file": file.name, "node": node, "body": text.strip()}
        for text in file.read_text(encoding="utf-8").splitlines() if text.strip()
    ]  # fmt: skip
