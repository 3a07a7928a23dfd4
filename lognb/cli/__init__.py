"""The same nouns as commands: a thin skin over the library. `records.py` asks records, `analyses.py` analyses,
`reports.py` writes reports and runs notebooks, `shared.py` is what all commands have.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from lognb._text import plain
from lognb.cli import analyses, records, reports
from lognb.cli.shared import cli
from lognb.errors import FieldError, LognbError, QueryError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["analyses", "cli", "main", "records", "reports"]


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line. What lognb raises is a line on stderr and exit code 1, a wrong command line 2.

    With --json both are {"error": …, "kind": …} on stdout, and nothing else is.
    """
    given = sys.argv[1:] if args is None else list(args)
    as_json = "--json" in given
    try:
        cli.main(args=given, prog_name="lognb", standalone_mode=False)
    except LognbError as error:
        if as_json:
            _tell(error, str(error))
        lines = str(error).splitlines()
        if not isinstance(error, QueryError | FieldError):  # those point at a place, which needs its line
            lines = [" ".join(str(error).split())]
        click.echo("lognb: " + "\n".join(map(plain, lines)), err=True)
        sys.exit(1)
    except click.ClickException as error:
        if as_json:
            _tell(error, error.format_message(), error.exit_code)
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("lognb: stopped", err=True)
        sys.exit(130)
    sys.exit(0)


def _tell(error: Exception, text: str, code: int = 1) -> None:
    click.echo(json.dumps({"error": text, "kind": type(error).__name__}))
    sys.exit(code)
