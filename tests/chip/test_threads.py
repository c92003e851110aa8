"""A chip that several threads use: what one of them asks for is done before anything of another."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

import optiga
from optiga import testing
from optiga.protocol.request import Request
from optiga.transport import Transport
from tests.support.makers import make_certificate
from tests.support.patience import LIMIT_S
from tests.support.places import CONFIG

SIZE = 1500
"""Bytes that go in several commands, to be written and to be hashed."""


class Watching:
    """A transport that counts who is in it at the same time."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._inside = 0
        self.most = 0

    def exchange(self, request: Request) -> bytes:
        self._inside += 1
        self.most = max(self.most, self._inside)
        try:
            return self._transport.exchange(request)
        finally:
            self._inside -= 1

    def close(self) -> None:
        self._transport.close()


@pytest.fixture(autouse=True)
def _threads_change_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_what_takes_several_commands_is_not_mixed() -> None:
    with testing.bench() as bench, bench.open() as chip:
        watching = Watching(chip._transport)
        chip._transport = watching
        key = chip.generate_key("second")
        failures: list[BaseException] = []

        def work(number: int) -> Callable[[], None]:
            data = bytes([number]) * SIZE

            def act() -> None:
                for _ in range(8):
                    assert chip.crypto.sha256(data) == hashlib.sha256(data).digest()
                    chip.write(0xF1E0, data)
                    assert len(set(chip.read(0xF1E0))) == 1
                    assert len(chip.random(32)) == 32
                    assert key.sign(data)[0] == 0x30
                    with pytest.raises(optiga.ChipError) as caught:
                        chip.read(0xE0F2)
                    assert caught.value.code  # which is asked for with a command of its own

            return act

        def run(act: Callable[[], None]) -> None:
            try:
                act()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=run, args=(work(number),)) for number in range(1, 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert watching.most == 1


class Trying:
    """A transport in which another thread tries to have the chip at every exchange."""

    def __init__(self, chip: optiga.Chip) -> None:
        self._chip = chip
        self._transport = chip._transport
        self.had: list[bool] = []

    def exchange(self, request: Request) -> bytes:
        thread = threading.Thread(target=lambda: self.had.append(self._chip.turn.acquire(blocking=False)))
        thread.start()
        thread.join()
        return self._transport.exchange(request)

    def close(self) -> None:
        self._transport.close()


@pytest.mark.parametrize(
    "act",
    [
        lambda chip: optiga.csr(chip, CONFIG),
        lambda chip: optiga.csr(chip=chip, configuration=CONFIG),
        lambda chip: optiga.write_certificate(chip, make_certificate()),
        lambda chip: optiga.read_certificate(chip, "first"),
        lambda chip: chip.objects.metadata(0xE0F1),
    ],
)
def test_a_task_has_the_chip_until_its_end(act: Callable[[optiga.Chip], object]) -> None:
    with testing.bench() as bench, bench.open() as chip:
        trying = Trying(chip)
        chip._transport = trying
        act(chip)
        assert trying.had
        assert not any(trying.had)
        with chip.turn:  # a program that wants several functions at one go
            chip.random(8)
            assert not any(trying.had)


def test_a_chip_can_be_closed_at_any_time() -> None:
    with testing.bench() as bench, bench.open() as chip, chip.turn:
        thread = threading.Thread(target=chip.close)
        thread.start()
        thread.join(timeout=LIMIT_S)
        assert not thread.is_alive()
        assert "closed" in repr(chip)
