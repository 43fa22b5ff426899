"""The command line: one file a command; the only code that prints."""

from __future__ import annotations

import errno
import gc
import os
import sys
from typing import TYPE_CHECKING

from rolewright.cli.unchanged import unchanged

if TYPE_CHECKING:
    from typing import NoReturn


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Why what is printed cannot be written; files that are read and written have findings of their own."""


_COLLECT = (100_000, 50, 100)


def main() -> None:
    """Run the command line. Exit codes: 0, 1 findings, 2 wrong use, 3 not current or wider, 5 changed, 70 a bug."""
    # What a command imports and loads stays to its end. With Python's own thresholds the collector would look it
    # through for garbage again and again while it grows, which is a fifth of the first build.
    gc.set_threshold(*_COLLECT)
    try:
        printed = unchanged(sys.argv[1:])
        if printed is None:
            # What commands need takes longer to import than the answer that nothing changed.
            from rolewright.cli.commands import run  # noqa: PLC0415

            run()
        elif sys.stdout is not None:  # it is None where standard output was closed from the start
            sys.stdout.write(printed)
            sys.stdout.flush()
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # the one place where a bug becomes an exit code
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            _give_up(error)
        sys.__excepthook__(*sys.exc_info())
        print("rolewright: this is a bug; please report it with the lines above", file=sys.stderr)  # noqa: T201
        sys.exit(70)


def _give_up(error: OSError) -> NoReturn:
    # What is still waiting to be written would fail once more at the end of the process.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    print(f"rolewright: what there is to say cannot be written: {error.strerror}", file=sys.stderr)  # noqa: T201
    sys.exit(1)
