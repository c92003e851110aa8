"""Files, documents, queries and frames with seeded mutations, through every border that they come in by.

``python -m tests.support.mutated_files 1000000 [SEED [BORDER …]]`` divides as many among the borders (or those named),
and prints for each how they ended, how many a second, and what took longest. Each input has a seed of its own, so the
same numbers try the same.

An input is taken, or it is refused with an error of the project's own in one printable line. All else is unexpected:
any other exception, a text that cannot be printed, more than five seconds of processor time.
"""

from __future__ import annotations

import logging
import random
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from optiga.errors import ConfigurationError, OptigaError
from tests.support.borders import check_message
from tests.support.certificate_borders import CERTIFICATES
from tests.support.database_borders import DATABASES
from tests.support.file_borders import DOCUMENTS, Border
from tests.support.frame_borders import LINES
from tests.support.query_borders import TEXTS
from tests.support.update_borders import UPDATES

MOST_SECONDS = 5.0
_GIVEN_UP_AFTER = 12.0
_SHOWN = 3000
_BORDERS = {border.name: border for border in (*DOCUMENTS, *CERTIFICATES, *TEXTS, *UPDATES, *DATABASES, *LINES)}
_SHARES = {
    "import": 6,
    "state": 5,
    "certificate file": 6,
    "private key": 3,
    "configuration": 14,
    "policy": 14,
    "policy in AWS": 5,
    "fleet": 12,
    "CA settings": 10,
    "lock owner": 4,
    "query": 16,
    "update": 8,
    "update applied": 2,
    "journal": 1,
    "journal of version 1": 2,
    "chip file": 1,
    "CA records": 1,
    "board's frames": 2,
    "frames to a board": 6,
    "chip's answers": 6,
}
"""Of a hundred inputs and a few more; what is slow has less."""


class TookTooLong(BaseException):
    """The time is over; no border takes it for an error of its own."""


@dataclass
class Ends:
    """How the inputs of one border ended.

    :param seconds: of processor time, of all of them.
    :param slowest: the seconds of the slowest, and which.
    :param unexpected: each that ended otherwise than it must: which, what happened, and the input in hex.
    """

    taken: int = 0
    refused: int = 0
    seconds: float = 0.0
    slowest: tuple[float, int] = (0.0, 0)
    unexpected: list[str] = field(default_factory=list)


def run(
    count: int, seed: int, folder: Path, names: Sequence[str] = (), *, least: int = 1
) -> Iterator[tuple[str, Ends]]:
    """Try mutated inputs at each border, by its share.

    :param folder: an empty one, best on a disk that is none.
    :param names: of borders; all of them by default.
    :param least: how many inputs each border gets at the least.
    :returns: each border with how its inputs ended.
    """
    chosen = list(names) or list(_BORDERS)
    whole = sum(_SHARES[name] for name in chosen)
    logging.getLogger("optiga").setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings(), _deadline():
        warnings.simplefilter("ignore")  # as the command line does: what libraries warn programmers of
        for name in chosen:
            own = folder / name.replace(" ", "-").replace("'", "")
            own.mkdir()
            border = _BORDERS[name](own)
            ends = Ends()
            for number in range(max(count * _SHARES[name] // whole, least)):
                _try(border, random.Random(f"{seed} {name} {number}"), number, ends)
            yield name, ends


def _try(border: Border, chance: random.Random, number: int, ends: Ends) -> None:
    begin, given = time.process_time(), b""
    try:
        given = border.make(chance)
        begin = time.process_time()
        _set_timer(_GIVEN_UP_AFTER)
        try:
            border.take(given, chance)
            ends.taken += 1
        except OptigaError as error:
            _set_timer(0)
            check_message(error)
            for problem in error.problems if isinstance(error, ConfigurationError) else ():
                assert problem.isprintable(), repr(problem)
            ends.refused += 1
    except (Exception, TookTooLong) as error:
        _set_timer(0)
        where = [place for place in traceback.extract_tb(error.__traceback__) if "site-packages" not in place.filename]
        places = " < ".join(f"{Path(place.filename).name}:{place.lineno}" for place in reversed(where[-4:]))
        what = f"{type(error).__name__}: {str(error)[:500]} in {places}"
        ends.unexpected.append(f"{border.name} {number}: {what}: {given.hex()[:_SHOWN]}")
    _set_timer(0)
    seconds = time.process_time() - begin
    ends.seconds += seconds
    if seconds > ends.slowest[0]:
        ends.slowest = (seconds, number)
    if seconds > MOST_SECONDS:
        ends.unexpected.append(f"{border.name} {number}: took {seconds:.1f} s: {given.hex()[:_SHOWN]}")


@contextmanager
def _deadline() -> Iterator[None]:
    """What would never end is ended; not on Windows, which has no such timer."""
    if not hasattr(signal, "SIGPROF"):
        yield
        return
    before = signal.signal(signal.SIGPROF, _end)
    try:
        yield
    finally:
        _set_timer(0)
        signal.signal(signal.SIGPROF, before)


def _end(_: int, __: FrameType | None) -> None:
    raise TookTooLong(f"more than {_GIVEN_UP_AFTER:.0f} s")


def _set_timer(seconds: float) -> None:
    if hasattr(signal, "ITIMER_PROF"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def fast_folder() -> str | None:
    """Where files cost least: in memory, where the system has such a place."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def main() -> None:
    """What the command line says, see the top."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    begin, tried, unexpected = time.monotonic(), 0, 0
    with TemporaryDirectory(dir=fast_folder()) as folder:
        for name, ends in run(wanted, seed, Path(folder), sys.argv[3:]):
            count = ends.taken + ends.refused + len(ends.unexpected)
            tried, unexpected = tried + count, unexpected + len(ends.unexpected)
            print(
                f"{name:<18} taken {ends.taken:>7}  refused {ends.refused:>7}  unexpected {len(ends.unexpected):>3}  "
                f"{count / max(ends.seconds, 0.001):>7.0f} per second  slowest {ends.slowest[0]:.3f} s, number "
                f"{ends.slowest[1]}",
                *ends.unexpected,
                sep="\n",
                flush=True,
            )
    seconds = time.monotonic() - begin
    print(f"{tried} tried, seed {seed}: {seconds:.0f} s, {tried / seconds:.0f} per second, unexpected {unexpected}")
    sys.exit(bool(unexpected))


if __name__ == "__main__":
    main()
