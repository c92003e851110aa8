"""Commands on a board each of whose answers comes twice, in real time: right, or an error."""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509

from optiga.emulator import Board, EmulatedChip
from optiga.protocol import frame
from tests.support.cli.runner import Cli
from tests.support.places import CONFIG
from tests.support.sampling import sampled

BOARD = 3


class Doubling:
    """Feeds a board, and says again what it has answered.

    :param doubled: the command whose answer comes twice, counted from 0; None for each.
    """

    def __init__(self, board: Board, later_s: float, doubled: int | None) -> None:
        self._board = board
        self._later_s = later_s
        self._doubled = doubled
        self._commands = 0
        self._due: list[tuple[float, bytes]] = []

    def feed(self, data: bytes) -> bytes:
        answer = self._board.feed(data)
        if len(answer) > len(frame.ERROR):
            if self._doubled in (None, self._commands):
                self._due.append((time.monotonic() + self._later_s, answer))
            self._commands += 1
        return answer

    def again(self) -> bytes:
        """What is due now."""
        due = [data for when, data in self._due if when <= time.monotonic()]
        self._due = [item for item in self._due if item[0] > time.monotonic()]
        return b"".join(due)

    def serve(self, source: int | socket.socket, read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
        """Until there is nothing to read any more, or nobody to write to."""
        with suppress(OSError):
            while True:
                if again := self.again():
                    write(again)
                if select.select([source], [], [], 0.0001 if self._due else 0.05)[0]:
                    data = read()
                    if not data:
                        return
                    if answer := self.feed(data):
                        write(answer)


@contextmanager
def on_tcp(doubling: Doubling) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                doubling.serve(client, lambda: client.recv(4096), client.sendall)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@contextmanager
def on_pty(doubling: Doubling) -> Iterator[str]:
    import pty
    import tty

    controller, device = pty.openpty()
    tty.setraw(device)
    stop = threading.Event()

    def read() -> bytes:
        data = os.read(controller, 4096)
        return b"" if stop.is_set() else data

    thread = threading.Thread(target=doubling.serve, args=(controller, read, lambda data: os.write(controller, data)))
    thread.start()
    yield os.ttyname(device)
    stop.set()
    os.write(device, b"\0")
    thread.join()
    os.close(controller)
    os.close(device)


WAYS = {"tcp": on_tcp}
if sys.platform != "win32":
    WAYS["pty"] = on_pty
COMMANDS = {"info": ("info", "--output", "json"), "csr": ("--csr", str(CONFIG)), "random": ("random", "16")}
MATRIX = [
    pytest.param(way, later_s, name, doubled, id=f"{name}, {way}, {1000 * later_s:g} ms, {doubled}")
    for later_s in (0.0, 0.0003, 0.005)
    for way in WAYS
    for name, number in {"csr": 3, "random": 2, "info": 24}.items()
    for doubled in [None, *range(number)]
]


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(("way", "later_s", "name", "doubled"), sampled(MATRIX, keep=4))
def test_what_is_said_is_right(way: str, later_s: float, name: str, doubled: int | None, cli: Cli) -> None:
    chip = EmulatedChip()
    with on_tcp(Doubling(Board(chip.execute), 0, -1)) as port:
        right = json.loads(cli("--port", port, "info", "--output", "json").out)
    sent: list[bytes] = []

    def execute(command: bytes) -> bytes:
        sent.append(chip.execute(command))
        return sent[-1]

    with WAYS[way](Doubling(Board(execute), later_s, doubled)) as port:
        done = cli("--port", port, *COMMANDS[name], "-q")
    assert done.code in (0, BOARD), done.err
    if done.code != 0:
        return
    if name == "info":
        assert {**json.loads(done.out), "port": ""} == {**right, "port": ""}
    elif name == "csr":
        (file,) = Path.cwd().glob("*.csr")
        assert x509.load_pem_x509_csr(file.read_bytes()).is_signature_valid
    else:
        assert bytes.fromhex(done.out.strip()) == sent[-1][4:]
