"""What the tests of recordings share: small recordings, and what a browser would make of one."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
