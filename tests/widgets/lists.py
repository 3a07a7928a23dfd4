"""A tab to list things with: who fills the disk, one row a service."""

from __future__ import annotations

from typing import Final

import lognb as ln
from lognb.widgets.tabs import Column, Tab

USAGE: Final = Tab(
    name="usage",
    title="Usage",
    ask=lambda logs: ln.Logs.usage(logs),
    columns=(
        Column("service_name", "text", "service", rank=0),
        Column("records", "bar"),
        Column("bytes", "bytes"),
        Column("share", "share", rank=2),
        Column("largest_body", "code", "largest", rank=3),
    ),
    narrows=("service_name", "service_name"),
)
