"""Commands on a port of which something comes without end: over in time with one line, the port free."""

from __future__ import annotations

import time
from itertools import product, starmap

import pytest

from optiga import BoardError
from optiga.chip import Chip
from optiga.files.locks import PortLock, lock_path_for_port
from optiga.link.uart_bridge import LIMIT_S
from optiga.transport.serial_line import SerialLine
from optiga.transport.uart import BridgeTransport
from tests.support.cli.runner import Cli
from tests.support.endless_traffic import ENDLESS
from tests.support.places import CONFIG
from tests.support.sampling import sampled
from tests.support.talking import BYTES_PER_S, WAYS, CountedLine

BOARD = 3

_BELIEVED = ("refusals", "answers without data", "answers with data", "new answers", "answers of all kinds")
"""Among these are valid answers to the first command: the time without one begins behind it."""
_HEARD_S = 2.0


@pytest.mark.long
@pytest.mark.parametrize(("name", "way"), sampled(starmap(pytest.param, product(ENDLESS, WAYS)), keep=6))
def test_a_command_ends_in_time(name: str, way: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[CountedLine] = []

    def open_line(port: str) -> CountedLine:
        lines.append(CountedLine(port))
        return lines[-1]

    monkeypatch.setattr("optiga.transport.serial_line.SerialLine", open_line)
    with WAYS[way](ENDLESS[name]) as port:
        done = cli("--port", port, "--csr", CONFIG, "-q")
        assert (done.code, len(done.err.splitlines()), len(done.errors)) == (BOARD, 1, 1)
        assert lines[-1].now() < LIMIT_S + (_HEARD_S if name in _BELIEVED else 0)
        lock = PortLock(lock_path_for_port(port), port=port, wait_s=0)
        lock.acquire()
        lock.release()


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_by_the_systems_clock(way: str) -> None:
    """With a shorter limit; how much longer it takes is the machine's."""
    limit = 7.0
    with WAYS[way](ENDLESS["noise"], BYTES_PER_S) as port:
        line = SerialLine(port)
        began = time.monotonic()
        try:
            with pytest.raises(BoardError):
                Chip(BridgeTransport(line, port=port, limit_s=limit), port=port)
        finally:
            line.close()
        assert time.monotonic() - began < 5 * limit
