"""The command line: one file a command; the only code that prints."""

from __future__ import annotations

import sys

from rolewright.cli.unchanged import unchanged


def main() -> None:
    """Run the command line. Exit codes: 0, 1 findings, 2 wrong use, 3 not current, 70 a bug."""
    try:
        printed = unchanged(sys.argv[1:])
        if printed is None:
            # What commands need takes longer to import than the answer that nothing changed.
            from rolewright.cli.commands import run  # noqa: PLC0415

            run()
        else:
            sys.stdout.write(printed)
            sys.stdout.flush()
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:  # the one place where a bug becomes an exit code
        sys.__excepthook__(*sys.exc_info())
        print("rolewright: this is a bug; please report it with the lines above", file=sys.stderr)  # noqa: T201
        sys.exit(70)
