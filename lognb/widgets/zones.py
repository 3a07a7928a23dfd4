"""Time zones that a panel can show times in."""

from __future__ import annotations

from functools import cache
from typing import Final
from zoneinfo import available_timezones

_FIRST: Final = ("UTC", "local")


@cache
def names() -> list[str]:
    """UTC and the reader's own first, then the zones of the IANA database."""
    places = sorted(z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "SystemV/")))
    return [*_FIRST, *places]


def known(name: str) -> bool:
    return name in _FIRST or name in available_timezones()
