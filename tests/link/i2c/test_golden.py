"""Both ends against what Infineon's own host software has on the bus, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from optiga.emulator.board.i2c_slave import I2cSlave
from optiga.link.i2c import presentation
from optiga.link.i2c.host import I2cConversation
from optiga.link.i2c.presentation import Channel, ChipHello, Keys, Kind, Numbers, Role
from optiga.protocol.request import Protection, Request, Returns, Traits
from tests.support import i2c_golden as golden
from tests.support.i2c_carried import Carried, SimulatedClock

OPEN = ("f0000010d27600000447656e417574684170706c", "00000000")
UID = ("81000006e0c20000001b", "0000001bcd16339301001c000500000a09a413000a002f002e801010712440")
MAKE = (
    "b8030009010002e0f102000121",
    "00000047020044034200"
    "0421d44d1bbe9f0357fc4ca506f38399c016457d0c3d419f284fd318c1ef7ef41b215e3a45570cb2700a1ba375fd4d6f1562f66afe519b4295"
    "e26b7a6bb432540b",
)
SIGN = (
    "b1110028010020000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f030002e0f1",
    "00000044022004aa6c83155c8946bc85fb9e5bb528882d59c5951774449fa8901e0bd48c6274"
    "022069a17e78320d87d18d6107908810c223e0ee5a5f009ca7669949d879c10097b8",
)
DATA = golden.PATTERN[:725].hex()
WRITE = ("824002d9e0e10000" + DATA, "00000000")
READ = ("81000006e0e100000611", "000002d5" + DATA)
REFUSED = ("81000006f1e70000000a", "ff000000")
ERROR = ("01000006f1c200000001", "0000000101")
CLOSE = ("f1000000", "00000000")
PLAIN = [OPEN, UID, MAKE, SIGN, WRITE, READ, REFUSED, ERROR, CLOSE]
SHORT = [OPEN, UID]
RESTORED = [("f0010018d27600000447656e417574684170706c7bd5d47e446fcec2", "00000000"), UID, CLOSE]

HANDSHAKES = {
    "both": (golden.FULL, Protection.BOTH),
    "command": (golden.COMMAND_ONLY, Protection.COMMAND),
    "answer": (golden.ANSWER_ONLY, Protection.ANSWER),
}
KEYS = Keys.derive(golden.SECRET, golden.RANDOM)
SAVED_AT_HOST = Channel(Role.HOST, KEYS, Numbers(0x5685, 0x1241, golden.HOST_FINISHED, golden.CHIP_FINISHED)).export()


@dataclass
class Script:
    """A chip that says what stands in a log, to what stands there."""

    steps: list[tuple[str, bytes]]

    def write(self, data: bytes) -> bool:
        assert self.steps.pop(0) == ("W", data)
        return True

    def read(self, size: int) -> bytes:
        kind, data = self.steps.pop(0)
        assert (kind, len(data)) == ("R", size)
        return data


@dataclass
class FixedChip:
    """What is behind an emulated chip's bus: it answers what it is asked in turn.

    :ivar protections: of the commands.
    """

    exchanges: list[tuple[str, str]]
    secret: bytes = golden.SECRET
    protections: list[Protection] = field(default_factory=list)

    def execute(self, command: bytes, protection: Protection) -> bytes:
        self.protections.append(protection)
        expected, answer = self.exchanges.pop(0)
        assert command.hex() == expected
        return bytes.fromhex(answer)

    def use_binding_secret(self) -> bytes:
        return self.secret

    def take_security_delay_s(self) -> float:
        return 0.0

    def reset(self) -> None:
        pass


def drawn() -> object:
    """The random numbers that the logs were made with, in turn."""
    values = [golden.RANDOM, bytes.fromhex("1234"), bytes.fromhex("5678")]

    def draw(size: int) -> bytes:
        assert len(values[0]) == size
        return values.pop(0)

    return draw


def request(command: str) -> Request:
    return Request(bytes.fromhex(command), Traits(Returns.EITHER, 0.1, 5000))


def replayed_by_host(log: str, exchanges: list[tuple[str, str]], conversation: I2cConversation) -> Carried:
    script = Script(golden.transactions(log))
    carried = Carried(script, SimulatedClock(), conversation)
    for command, answer in exchanges:
        assert carried.exchange(request(command)).hex() == answer
    assert script.steps == []
    assert carried.notes == []
    return carried


def replayed_by_chip(log: str, slave: I2cSlave, clock: SimulatedClock) -> None:
    for kind, data in golden.transactions(log):
        clock.now += 0.0002
        if kind == "W":
            assert slave.write(data)
            clock.now += 0.02 if data[0] == 0x88 else 0
        else:
            read = slave.read(len(data))
            assert read is not None
            assert read.hex() == data.hex()


def slave_of(chip: FixedChip, clock: SimulatedClock) -> I2cSlave:
    slave = I2cSlave(chip, clock=clock, random=drawn())
    clock.now += 0.02
    return slave


class TestPlain:
    def test_the_host(self) -> None:
        carried = replayed_by_host(golden.PLAIN, PLAIN, I2cConversation(port="bus"))
        assert carried.conversation.is_settled
        assert carried.conversation.max_khz == 400

    def test_the_chip(self) -> None:
        clock, chip = SimulatedClock(), FixedChip(list(PLAIN))
        replayed_by_chip(golden.PLAIN, slave_of(chip, clock), clock)
        assert chip.exchanges == []
        assert set(chip.protections) == {Protection.NONE}


class TestShielded:
    @pytest.mark.parametrize("name", HANDSHAKES)
    def test_the_host(self, name: str) -> None:
        log, protection = HANDSHAKES[name]
        conversation = I2cConversation(port="bus", secret=golden.SECRET, protection=protection)
        replayed_by_host(log, SHORT, conversation)
        assert conversation.is_shielded

    @pytest.mark.parametrize("name", HANDSHAKES)
    def test_the_chip(self, name: str) -> None:
        log, protection = HANDSHAKES[name]
        clock, chip = SimulatedClock(), FixedChip(list(SHORT))
        replayed_by_chip(log, slave_of(chip, clock), clock)
        assert chip.protections == [protection] * 2

    def test_a_chip_takes_messages_without_protection_before_any_handshake(self) -> None:
        clock, chip = SimulatedClock(), FixedChip(list(SHORT))
        replayed_by_chip(golden.UNSEALED, slave_of(chip, clock), clock)
        assert chip.protections == [Protection.NONE] * 2


class TestRestored:
    """A connection that was saved at the number of the last record before, and goes on behind a reset."""

    def test_the_host(self) -> None:
        conversation = I2cConversation(port="bus")
        script = Script(golden.transactions(golden.RESTORED))
        carried = Carried(script, SimulatedClock(), conversation)
        carried.carry(lambda now: conversation.restore(SAVED_AT_HOST, now))
        for command, answer in RESTORED:
            assert carried.exchange(request(command)).hex() == answer
        assert script.steps == []

    def test_the_chip(self) -> None:
        clock, chip = SimulatedClock(), FixedChip(list(RESTORED))
        slave = slave_of(chip, clock)
        saved = Channel(Role.CHIP, KEYS, Numbers(0x1241, 0x5685, golden.CHIP_FINISHED, golden.HOST_FINISHED))
        slave._shield._channel = saved
        assert slave._shield.take(bytes([Kind.SAVE])) == bytes([Kind.SAVED])
        replayed_by_chip(golden.RESTORED, slave, clock)
        assert chip.exchanges == []


class TestVectors:
    """The values between the bytes: derived keys, both Finished, records, as either end makes them."""

    HOST_FINISHED = bytes.fromhex(
        "0800001234e8a189373d9f4157d6d7b1084d80e145d30f69dcfbdfd72f5922990e4fc192d26fb2f29f2eeef1f9889df10d"
    )
    CHIP_FINISHED = bytes.fromhex(
        "0800005678dc8bf99a5a5c10e94b4f0e3d73a061c75eceedd1d2b82e86e0d1fc3a9d3cc0d533c511de350cb4e4db05f99d"
    )

    def test_the_keys(self) -> None:
        assert KEYS.host.key + KEYS.chip.key + KEYS.host.nonce + KEYS.chip.nonce == golden.DERIVED

    def test_both_finished(self) -> None:
        assert presentation.finished(Role.HOST, KEYS, golden.RANDOM, golden.HOST_FINISHED) == self.HOST_FINISHED
        assert presentation.finished(Role.CHIP, KEYS, golden.RANDOM, golden.CHIP_FINISHED) == self.CHIP_FINISHED
        assert presentation.check_finished(Role.CHIP, KEYS, golden.RANDOM, self.HOST_FINISHED) == golden.HOST_FINISHED
        assert presentation.check_finished(Role.HOST, KEYS, golden.RANDOM, self.CHIP_FINISHED) == golden.CHIP_FINISHED

    def test_the_hellos(self) -> None:
        assert presentation.HELLO.hex() == "0001"
        hello = ChipHello(golden.RANDOM, golden.HOST_FINISHED)
        assert hello.encode().hex() == "0001" + golden.RANDOM.hex() + "00001234"
        assert ChipHello.decode(hello.encode()) == hello

    @pytest.mark.parametrize(
        ("protection", "plain", "sealed"),
        [
            (3, OPEN[0], "2300005679faa99180d690dcf7db87f8576a9bb074aa5da522b39e0a322535726f"),
            (1, OPEN[0], "2100005679faa99180d690dcf7db87f8576a9bb074aa5da522b523e8e6c31d0198"),
            (2, OPEN[0], "22" + OPEN[0]),
            (0, OPEN[0], "20" + OPEN[0]),
        ],
    )
    def test_a_command(self, protection: int, plain: str, sealed: str) -> None:
        host = presentation.channel_of_host(KEYS, golden.HOST_FINISHED, golden.CHIP_FINISHED)
        chip = presentation.channel_of_chip(KEYS, golden.HOST_FINISHED, golden.CHIP_FINISHED)
        assert host.seal(Protection(protection), bytes.fromhex(plain)).hex() == sealed
        assert chip.open(bytes.fromhex(sealed)) == (Protection(protection), bytes.fromhex(plain))

    @pytest.mark.parametrize(
        ("protection", "sealed"),
        [
            (3, "2300001235b457e61eb5c74f61d8c39cca"),
            (2, "2200001235b457e61e006554ebff58e7e5"),
            (1, "2100000000"),
            (0, "2000000000"),
        ],
    )
    def test_an_answer(self, protection: int, sealed: str) -> None:
        host = presentation.channel_of_host(KEYS, golden.HOST_FINISHED, golden.CHIP_FINISHED)
        chip = presentation.channel_of_chip(KEYS, golden.HOST_FINISHED, golden.CHIP_FINISHED)
        assert chip.seal(Protection(protection), bytes(4)).hex() == sealed
        assert host.open(bytes.fromhex(sealed), Protection(protection)) == (Protection(protection), bytes(4))
