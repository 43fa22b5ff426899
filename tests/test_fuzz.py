"""No input of any command makes a traceback, a hang, a gigabyte, or a file outside of its folder.

`make soak` runs ten times as many cases as `make test`; ROLEWRIGHT_SEED says from which seed. One case again:
`python tests/test_fuzz.py SEED NUMBER`.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cases import times
from fuzz_inputs import case
from rolewright.characters import HIDDEN
from rolewright.cli import main

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CODES = (0, 1, 2, 3, 4, 5)
BATCH = 100
SECONDS = 10
"""Of the processor; a case that waits for something is given six times as many on the clock."""
GIGABYTE = 1 << 30


class TooLongError(BaseException):
    """Not an Exception, which the command would take for one of its own."""


def outcome(seed: int, number: int, folder: Path) -> str:
    """What is wrong with how a case ended; "" for nothing."""
    made = case(seed, number)
    target = folder / "case"
    for name, data in made.files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    os.chdir(target)
    sys.argv = ["rolewright", *made.arguments]
    said = io.StringIO()
    code: object = 0
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, 6 * SECONDS)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main()
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException as error:  # whatever it is, it is what is looked for
        return f"{made.arguments}: {type(error).__name__}\n{traceback.format_exc()[-3000:]}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.chdir(folder)
    text = said.getvalue()
    beside = sorted(path.name for path in folder.iterdir() if path.name not in ("case", "cache"))
    hidden = HIDDEN.search(text)
    shutil.rmtree(target)
    if code not in CODES or "Traceback (most recent" in text:
        return f"{made.arguments}: exit code {code}\n{text[-3000:]}"
    if beside:
        return f"{made.arguments}: wrote {beside} outside of its folder"
    return f"{made.arguments}: printed U+{ord(hidden[0]):04X}" if hidden else ""


def _batch(seed: int, numbers: range, folder: str, answer: Connection) -> None:
    """A share of the cases, in a process that may take a gigabyte more than it has."""

    def stop(*_: object) -> None:
        raise TooLongError

    signal.signal(signal.SIGVTALRM, stop)
    signal.signal(signal.SIGALRM, stop)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + GIGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    os.environ["XDG_CACHE_HOME"] = str(Path(folder, "cache"))
    for number in numbers:
        answer.send((number, None))
        answer.send((number, outcome(seed, number, Path(folder))))
    answer.close()


def run(seed: int, cases: int) -> list[str]:
    """What went wrong in so many cases."""
    context = multiprocessing.get_context("fork")
    wrong: list[str] = []
    start = 0
    while start < cases:
        numbers = range(start, min(start + BATCH, cases))
        last, ended = start, False
        with tempfile.TemporaryDirectory() as folder:
            receiving, sending = context.Pipe(duplex=False)
            process = context.Process(target=_batch, args=(seed, numbers, folder, sending))
            process.start()
            sending.close()
            with contextlib.suppress(EOFError):
                while True:
                    last, said = receiving.recv()
                    ended = said is not None
                    if said:
                        wrong.append(f"case {last} of seed {seed}: {said}")
            process.join()
        if not ended or process.exitcode:
            wrong.append(f"case {last} of seed {seed}: the process ended with {process.exitcode}")
        start = last + 1
    return wrong


@pytest.mark.sampled
def test_no_input_breaks_a_command() -> None:
    import rolewright.cli.commands
    import rolewright.pipeline  # noqa: F401 - what a process that is forked then has

    seed = int(os.environ.get("ROLEWRIGHT_SEED", "1"))
    print("ROLEWRIGHT_SEED =", seed)
    wrong = run(seed, 180 * times(10))
    assert not wrong, "\n\n".join(wrong[:10])


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps([repr(case(int(sys.argv[1]), int(sys.argv[2])))]))
        print(outcome(int(sys.argv[1]), int(sys.argv[2]), Path(tempfile.mkdtemp())))
