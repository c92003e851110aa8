"""What an open chip adds to its errors, and what it refuses by itself: what its model lacks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

import optiga
from optiga.chip import Chip
from optiga.emulator import EmulatedChip
from optiga.emulator.models import find_model
from optiga.errors import ChipError, Reason
from optiga.protocol.codes import CommandCode
from optiga.protocol.commands.params import ON_EVERY_MODEL
from optiga.protocol.models import MODELS
from optiga.transport.emulated import EmulatedTransport


class TestErrorsOnTheWayOut:
    """Where many boards are at work, each error knows which it is about."""

    def leave(self, error: optiga.OptigaError, *, asks_uid: bool = True) -> optiga.OptigaError:
        try:
            with Chip(EmulatedTransport(EmulatedChip()), port="board 7") as chip:
                self.uid = chip.uid.hex if asks_uid else ""
                raise error
        except optiga.OptigaError as left:
            return left

    @pytest.mark.parametrize("kind", [optiga.BoardError, optiga.ChipError, optiga.CertificateError])
    def test_of_the_board_its_chip_and_what_is_on_it(self, kind: type[optiga.OptigaError]) -> None:
        error = self.leave(kind("it is broken"))
        assert (error.port, error.uid) == ("board 7", self.uid)
        assert str(error) == "board 7: it is broken"

    @pytest.mark.parametrize("kind", [optiga.ConfigurationError, optiga.CloudError])
    def test_of_something_else(self, kind: type[optiga.OptigaError]) -> None:
        """A file or a cloud is at fault, not what is at the port."""
        error = self.leave(kind("it is broken"))
        assert (error.port, error.uid) == ("board 7", self.uid)
        assert str(error) == "it is broken"

    def test_what_it_knows_already_stays(self) -> None:
        error = self.leave(optiga.ChipError("it is broken", port="board 3"), asks_uid=False)
        assert (error.port, error.uid) == ("board 3", "")


@pytest.mark.parametrize("model", ["trust-m-v1", "trust-x"])
class TestWhatAModelLacks:
    """It is refused by name, and the chip is not asked."""

    @pytest.mark.parametrize(
        ("lack", "use", "lacking"),
        [
            ("counters", lambda chip: chip.objects.count(0xE120), ["trust-x"]),
            ("pre-master secrets", lambda chip: chip.crypto.draw_pre_master_secret(0xE100), ["trust-x"]),
            ("command CloseApplication", lambda chip: chip.hibernate(), ["trust-x"]),
            ("command DecryptSym", lambda chip: chip.crypto.authorize(0xF1D0, b"secret"), ["trust-m-v1", "trust-x"]),
            ("random bytes in sessions", lambda chip: chip.random(16, session=0xE100), ["trust-m-v1", "trust-x"]),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_refused(self, model: str, lack: str, use: Callable[[Chip], object], lacking: list[str]) -> None:
        asked: list[bytes] = []
        emulated = EmulatedChip(model=find_model(model))

        def execute(command: bytes) -> bytes:
            asked.append(command)
            return emulated.execute(command)

        with Chip(EmulatedTransport(emulated, execute)) as chip:
            if model not in lacking:
                with suppress(ChipError):  # a chip may refuse what its model has
                    use(chip)
                return
            with pytest.raises(optiga.ConfigurationError, match=f"does not support {lack}"):
                use(chip)
        assert [command[0] & 0x7F for command in asked] == [CommandCode.OPEN_APPLICATION, CommandCode.GET_DATA_OBJECT]


def test_what_is_on_every_model_is() -> None:
    for code, params in ON_EVERY_MODEL.items():
        assert all(set(params) <= model.commands[code] for model in MODELS)


def test_a_chip_that_was_reset_meanwhile_is_said_so() -> None:
    """Its application is closed, and it does not even tell its last error."""
    emulated = EmulatedChip()
    with Chip(EmulatedTransport(emulated)) as chip:
        chip.random(8)
        Chip(EmulatedTransport(emulated)).close_application()  # another host, or the chip's reset
        for _ in range(2):
            with pytest.raises(ChipError, match=r"GetRandom: .*reset in the meantime.* open the chip again$") as caught:
                chip.random(8)
            assert caught.value.reason is Reason.DISCONNECTED
    with Chip(EmulatedTransport(emulated)) as chip:
        assert len(chip.random(8)) == 8


@pytest.mark.parametrize("end", [Chip.close_application, Chip.hibernate], ids=lambda end: end.__name__)
def test_an_application_that_the_program_has_closed(end: Callable[[Chip], object]) -> None:
    """Nobody has reset the chip."""
    with Chip(EmulatedTransport(EmulatedChip())) as chip:
        end(chip)
        with pytest.raises(ChipError, match=r"application was closed.* open the chip again$") as caught:
            chip.random(8)
    assert caught.value.reason is Reason.DISCONNECTED
