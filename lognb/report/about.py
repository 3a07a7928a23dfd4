"""The README.md of a bundle: what it is, for a person who got it and may not have lognb."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from lognb._text import count, plain, plural

if TYPE_CHECKING:
    from lognb.report.blocks import Document

_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")

_TEXT: Final = """\
# {title}

An incident bundle of lognb: a report, and the log records, spans and session
recordings that it is about. Made {made} by lognb {version}. {redacted}

## With lognb

```python
import lognb as ln

bundle = ln.open_bundle("{name}")
bundle.report        # the blocks, to read, change and save again
bundle.logs          # the records: where, volume, patterns, explore …
```

## Without lognb

| file | what it is, and what opens it |
|---|---|
| `report.html` | the report; any browser, no network |
| `report.ipynb` | the report as a notebook; it is code, so look at it before you run it |
| `otlp/logs.jsonl`, `otlp/traces.jsonl` | records and spans as OTLP JSON lines, each under 1 MiB where one record is; \
the OpenTelemetry Collector's receiver of OTLP JSON files, or one POST to `/v1/logs` or `/v1/traces` for each line |
| `records/logs-*.parquet`, `records/spans.parquet` | the same as Parquet; DuckDB, Polars, Spark |
| `recordings/*.json` | rrweb events of a session; rrweb-player |
| `notes.json` | pinned records with their notes, and marks |
| `report/` | the report's tables as Parquet, its pictures as SVG |
| `manifest.json` | sources with their hashes, queries, counts, and the size and SHA-256 of every file here |

## What is in it

{contents}

What lies outside of these windows is not here: an analysis that looks further, as for what was seen earlier, knows of
no more than this.
"""


def readme(document: Document, manifest: dict[str, Any], name: str) -> str:
    """The text; a title or a file's name cannot become Markdown of its own."""
    redacted = (
        "What is personal or secret was replaced by pseudonyms."
        if document.redacted
        else "Nothing in it was hidden: it holds the logs as they were sent."
    )
    return _TEXT.format(
        title=_quoted(document.title),
        made=f"{document.made:%Y-%m-%d %H:%M} UTC",
        version=document.version,
        redacted=redacted,
        name=plain(name).replace("\\", "\\\\").replace('"', '\\"'),
        contents="\n".join(map(_slice, manifest["slices"]))
        or "No records: nothing in the report is an answer of logs.",
    )


def _slice(told: dict[str, Any]) -> str:
    what = [f"{count(told['records'])} of {plural(told['of_records'], 'record')}"]
    what.append(f"{count(told['spans'])} of {plural(told['of_spans'], 'span')}")
    what.append(plural(len(told["recordings"]), "recording"))
    windows = told["windows"] or []
    within = ", ".join(f"{since or 'the first'} to {until or 'the last'}" for since, until in windows)
    sources = ", ".join(_quoted(source["name"]) for source in told["sources"])
    return f"- `{told['folder']}/`: {', '.join(what)}" + (f", {within}" if within else "") + f"; of {sources}"


def _quoted(text: str) -> str:
    return _MARKS.sub(r"\\\1", plain(text))
