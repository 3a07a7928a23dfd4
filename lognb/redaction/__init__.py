"""Redaction: secrets and people found in texts, frames and recordings, and stable pseudonyms in their place.

`Redaction` are the rules, `Redactor` is their work in one report. `find.py` and `pairs.py` detect, `keys.py` says what
names mean, `pseudonyms.py` makes what stands for a value; `views.py` undoes escapes, `walk.py` keeps JSON JSON.
"""

from lognb.redaction.redactor import Redactor
from lognb.redaction.rules import Redaction
from lognb.redaction.slices import redact_folder, redact_logs

__all__ = ["Redaction", "Redactor", "redact_folder", "redact_logs"]
