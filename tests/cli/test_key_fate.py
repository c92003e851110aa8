"""Every ending of ``key generate`` says what has become of the key in the slot."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import optiga
from optiga.protocol import apdu
from optiga.protocol.codes import CommandCode
from tests.support.cli.runner import Cli, Result
from tests.support.told_wire import Wire, raising

BOARD, CHIP, INTERRUPTED = 3, 4, 130
GEN = CommandCode.GEN_KEY_PAIR


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()
    monkeypatch.setattr("optiga.transport.emulator_port.EmulatorPort.open", lambda self: made)
    return made


def said(result: Result) -> str:
    """The line that says why it has ended."""
    return result.err.splitlines()[-2] if result.code == INTERRUPTED else result.errors[0]


class TestKeyGenerate:
    @pytest.fixture
    def generate(self, cli: Cli, port: str) -> Callable[[], Result]:
        return lambda: cli("--port", port, "-q", "key", "generate", "second", "--yes")

    @pytest.mark.parametrize(
        ("error", "code"),
        [(optiga.BoardError("the board is gone"), BOARD), (KeyboardInterrupt(), INTERRUPTED)],
        ids=["unplugged", "stopped"],
    )
    def test_while_it_is_made(
        self, generate: Callable[[], Result], wire: Wire, error: BaseException, code: int
    ) -> None:
        wire.before[GEN] = raising(error)
        result = generate()
        assert (result.code, result.out) == (code, "")
        assert "0xE0F1 may have a new key" in said(result)

    def test_refused(self, generate: Callable[[], Result], wire: Wire) -> None:
        wire.before[GEN] = lambda: apdu.encode_answer(ok=False)
        wire.change[CommandCode.GET_DATA_OBJECT] = lambda _: b"\x07"  # the last error code
        result = generate()
        assert (result.code, result.out) == (CHIP, "")
        assert "new key" not in said(result)

    def test_with_a_public_key_that_is_none(self, generate: Callable[[], Result], wire: Wire) -> None:
        wire.change[GEN] = lambda data: data[:5] + b"\x04" + data[6:]
        result = generate()
        assert (result.code, result.out) == (CHIP, "")
        assert "new key" in said(result)

    def test_before_it_nothing_is_said_of_a_key(self, generate: Callable[[], Result], wire: Wire) -> None:
        wire.before[CommandCode.OPEN_APPLICATION] = raising(optiga.BoardError("the board is gone"))
        assert "new key" not in said(generate())
