"""No input of any command makes a traceback, a hang, a gigabyte, or a file outside of its folder.

`make soak` runs forty times as many cases as `make test`; ROLEWRIGHT_SEED says from which seed. With
tests/support on PYTHONPATH, one case again: `python tests/test_fuzz.py SEED NUMBER`; those of a range, with how each
kind ended: `… SEED FIRST LAST`.
"""

from __future__ import annotations

import contextlib
import gc
import io
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from cases import times
from fuzz_case import changed_beside, lay_out
from fuzz_inputs import KINDS, case
from rolewright.cli import main
from rolewright.core.printable import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

CODES = (0, 1, 2, 3, 4, 5)
DONE, DEEP = {0, 3, 5}, {0, 1, 3, 5}
"""Exit codes of a command that found nothing wrong, and of one that got as far as its work."""
BATCH = 200
SECONDS = 10
"""Of the processor; a case that waits for something is given six times as many on the clock."""
GIGABYTE = 1 << 30
FORGED = "\nFORGED"
"""What a file's name has in it after a line end, which must not become a line of what is said."""


class TooLongError(BaseException):
    """Not an Exception, which the command would take for one of its own."""


class Outcome(NamedTuple):
    """How a case ended: its kind and what was done to it, its exit code, the time, and what is wrong with it."""

    kind: str
    twist: str
    code: object
    seconds: float
    wrong: str


def outcome(seed: int, number: int, folder: Path) -> Outcome:
    """Run a case in this process."""
    made = case(seed, number)
    target = lay_out(made, folder)
    os.chdir(target)
    environment = dict(os.environ)
    sys.argv = ["rolewright", *made.arguments]
    said = io.StringIO()
    code: object = 0
    wrong = ""
    began = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, 6 * SECONDS)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main()
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException as error:  # whatever it is, it is what is looked for
        code, wrong = type(error).__name__, traceback.format_exc()[-3000:]
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.chdir(folder)
    seconds = time.process_time() - began
    os.environ.clear()
    os.environ.update(environment)
    wrong = wrong or _wrong_with(code, said.getvalue(), changed_beside(folder))
    shutil.rmtree(target, ignore_errors=True)
    told = f"{made.kind} {made.twist} {made.arguments}: {wrong}" if wrong else ""
    return Outcome(made.kind, made.twist, code, seconds, told)


def _wrong_with(code: object, text: str, beside: list[str]) -> str:
    if code not in CODES or "Traceback (most recent" in text:
        return f"exit code {code}\n{text[-3000:]}"
    if beside:
        return f"changed {beside} outside of its folder"
    if FORGED in text:
        return f"a name made a line\n{text[:2000]}"
    hidden = HIDDEN.search(text)
    return f"printed U+{ord(hidden[0]):04X}\n{text[:2000]!r}" if hidden else ""


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


def _prepare(seed: int) -> None:
    """Import and read once what each process that is forked then has."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(40):
            outcome(seed, number, Path(folder))
    gc.collect()
    gc.freeze()


def _warm(seed: int, numbers: range, folder: str, answer: Connection) -> None:
    """All batches, one after the other, from one process that has everything warm."""
    _prepare(0)
    for start in range(numbers.start, numbers.stop, BATCH):
        part = range(start, min(start + BATCH, numbers.stop))
        while part:
            part = _one_batch(seed, part, answer)
    answer.close()
    del folder


def _one_batch(seed: int, numbers: range, answer: Connection) -> range:
    """Run a batch, and hand on how its cases ended; what is left of it where its process died."""
    context = multiprocessing.get_context("fork")
    last, ended = numbers.start, False
    with tempfile.TemporaryDirectory() as folder:
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(target=_batch, args=(seed, numbers, folder, sending))
        process.start()
        sending.close()
        with contextlib.suppress(EOFError):
            while True:
                last, one = receiving.recv()
                ended = one is not None
                if ended:
                    answer.send((last, one))
        process.join()
    if ended and not process.exitcode:
        return range(0)
    answer.send((last, Outcome("", "", process.exitcode, 0, f"the process ended with {process.exitcode}")))
    return range(last + 1, numbers.stop)


def run(
    seed: int, numbers: range, tell: Callable[[str], object] = lambda _: None
) -> tuple[Counter[tuple[str, object]], list[str]]:
    """How many cases of each kind, and each twist, ended with which exit code; and what went wrong."""
    context = multiprocessing.get_context("fork")
    found: Counter[tuple[str, object]] = Counter()
    wrong: list[str] = []
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_warm, args=(seed, numbers, "", sending))
    process.start()
    sending.close()
    with contextlib.suppress(EOFError):
        while True:
            number, one = receiving.recv()
            found[one.kind, one.code] += 1
            found[f"+{one.twist}", one.code] += 1
            if one.wrong:
                wrong.append(f"case {number} of seed {seed}: {one.wrong}")
                tell(wrong[-1])
    process.join()
    if sum(count for (name, _), count in found.items() if name.startswith("+")) != len(numbers) or process.exitcode:
        wrong.append(f"the process of all batches ended with {process.exitcode}")
    return found, wrong


def table(found: Counter[tuple[str, object]]) -> str:
    """A line for each kind and each twist: how many cases ended in which way."""
    lines = []
    for name in sorted({name for name, _ in found}):
        ends = {str(code): count for (one, code), count in found.items() if one == name}
        lines.append(
            f"{name:12} {sum(ends.values()):6}  " + "  ".join(f"{code}: {ends[code]}" for code in sorted(ends))
        )
    return "\n".join(lines)


@pytest.mark.sampled
def test_no_input_breaks_a_command() -> None:
    seed = int(os.environ.get("ROLEWRIGHT_SEED", "1"))
    print("ROLEWRIGHT_SEED =", seed)
    amount = 200 * times(40)
    found, wrong = run(seed, range(amount))
    print(table(found))
    assert not wrong, "\n\n".join(wrong[:10])
    for kind in KINDS:
        name = kind.__name__.removeprefix("of_")
        ends = {code: count for (one, code), count in found.items() if one == name}
        assert sum(ends.get(code, 0) for code in DEEP) >= sum(ends.values()) / 3, f"{name}: {ends}"
        assert DONE & {*ends} or name == "questions" or sum(ends.values()) < 10, f"{name}: {ends}"


def _main(seed: int, first: int, last: int | None = None) -> None:
    if last is None:
        print(case(seed, first))
        print(outcome(seed, first, Path(tempfile.mkdtemp())))
        return
    began = time.monotonic()
    found, wrong = run(seed, range(first, last), lambda said: print(said, flush=True))
    print(table(found))
    print(f"cases {first} to {last} of seed {seed}: {len(wrong)} wrong, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:]))
