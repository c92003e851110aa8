"""Commands on a line on which answers come twice: right, or an error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import product
from pathlib import Path

import pytest
from cryptography import x509

from optiga.emulator import Board, EmulatedChip
from optiga.link import uart_frame as frame
from tests.support.cli.runner import Cli
from tests.support.doubling_line import DoublingLine
from tests.support.faulty_line import FaultyLine
from tests.support.places import CONFIG
from tests.support.sampling import sampled
from tests.support.served_boards import board_on_pty, board_on_tcp

BOARD = 3
PORT = "socket://127.0.0.1:1"
"""Nobody is there: the line is one of the tests'."""
COMMANDS = {"info": ("info", "--output", "json"), "csr": ("--csr", str(CONFIG)), "random": ("random", "16")}
ANSWERS = {"csr": 3, "random": 2, "info": 28}
MATRIX = [
    pytest.param(later_s, name, doubled, id=f"{name}, {1000 * later_s:g} ms, {doubled}")
    for later_s, (name, number) in product((0.0, 0.0003, 0.005), ANSWERS.items())
    for doubled in [None, *range(number)]
]


@pytest.mark.parametrize(("later_s", "name", "doubled"), sampled(MATRIX, keep=9))
def test_what_is_said_is_right(
    later_s: float, name: str, doubled: int | None, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    chip = EmulatedChip()
    sent: list[bytes] = []

    def execute(command: bytes) -> bytes:
        sent.append(chip.execute(command))
        return sent[-1]

    monkeypatch.setattr("optiga.transport.serial_line.SerialLine", lambda _: FaultyLine(chip.execute))
    right = cli("--port", PORT, "info", "--output", "json").out
    line = DoublingLine(execute, doubled=doubled, later_s=later_s)
    monkeypatch.setattr("optiga.transport.serial_line.SerialLine", lambda _: line)
    done = cli("--port", PORT, *COMMANDS[name], "-q")
    if done.code != 0:
        assert done.code == BOARD
        assert doubled is None or later_s > 0  # one that comes at once behind the first is always known
    elif name == "info":
        said, before = json.loads(done.out), json.loads(right)
        assert said.pop("security_event_counter") >= before.pop("security_event_counter")  # the key signed for it
        assert said == before
    elif name == "csr":
        (file,) = Path.cwd().glob("*.csr")
        assert x509.load_pem_x509_csr(file.read_bytes()).is_signature_valid
    else:
        assert bytes.fromhex(done.out.strip()) == sent[-1][4:]


class TwiceBoard(Board):
    """Says all its answers twice, in one piece."""

    def feed(self, data: bytes) -> bytes:
        answer = super().feed(data)
        return answer if answer == frame.ERROR else answer + answer


@pytest.mark.long
@pytest.mark.parametrize(
    "serve",
    [board_on_tcp, pytest.param(board_on_pty, marks=pytest.mark.skipif(sys.platform == "win32", reason="POSIX"))],
)
def test_over_what_people_have(serve: Callable[[Board], AbstractContextManager[str]], cli: Cli) -> None:
    chip = EmulatedChip()
    answers: list[bytes] = []

    def execute(command: bytes) -> bytes:
        answers.append(chip.execute(command))
        return answers[-1]

    with serve(TwiceBoard(execute)) as port:
        done = cli("--port", port, "random", "16", "-q")
    assert done.code == 0, done.err
    assert bytes.fromhex(done.out.strip()) == answers[-1][4:]
