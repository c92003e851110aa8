"""What can go wrong on the bus: each kind at each frame, and all of it in any order."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga import BoardError, OptigaError
from optiga.chip import Chip
from optiga.emulator import EmulatedChip, MemoryStore
from optiga.emulator.board.i2c_faults import Fault, FaultKind, FaultyBus
from optiga.emulator.board.i2c_slave import Acknowledges, I2cSlave
from optiga.identity.configuration import load_configuration
from optiga.identity.csr import create_csr
from optiga.link.i2c.datalink import encode
from optiga.link.i2c.host import ATTEMPTS, LIMIT_S, I2cConversation
from optiga.link.i2c.registers import Register, State
from optiga.link.i2c.transport import PRESENCE
from optiga.protocol import apdu
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import CommandCode
from optiga.protocol.request import Protection, Request, Returns, Traits
from tests.support.i2c_carried import Carried, SimulatedClock
from tests.support.places import CONFIG
from tests.support.sampling import sampled

SECRET = bytes(range(1, 65))
"""Of a new chip."""
DIGEST = bytes(range(32))
PROBE = bytes.fromhex("0300010000ffff")
"""A frame that is none."""


class CountingChip(EmulatedChip):
    """A chip that counts the key pairs it has made."""

    pairs = 0

    def execute(self, command: bytes, protection: Protection | None = None) -> bytes:
        self.pairs += apdu.command_code(command) == CommandCode.GEN_KEY_PAIR
        return super().execute(command, protection)


@dataclass
class FactoryChips:
    """New chips, made from one."""

    content: dict = field(default_factory=dict)

    def make(self, clock: SimulatedClock) -> CountingChip:
        if not self.content:
            store = MemoryStore()
            EmulatedChip(store)
            self.content = store.load()
        return CountingChip(MemoryStore(self.content), clock=clock)


CHIPS = FactoryChips()


def carried_with(faults: list[Fault], secret: bytes | None, acknowledges: Acknowledges) -> tuple[Carried, CountingChip]:
    clock = SimulatedClock()
    chip = CHIPS.make(clock)
    bus = FaultyBus(I2cSlave(chip, clock=clock, acknowledges=acknowledges), faults)
    return Carried(bus, clock, I2cConversation(port="bus", secret=secret)), chip


def is_shielded(written: bytes) -> bool:
    """Whether what was written to a register is no packet outside the presentation layer."""
    return (
        len(written) < 5
        or written[0] != Register.DATA
        or bool(written[1] & 0x80)
        or bool(written[4] & PRESENCE)
        or written[1:] == PROBE
    )


def sign_with_a_new_key(carried: Carried) -> None:
    """What a CSR asks of the chip; it must be right."""
    key = Chip(carried).generate_key("second", KeyAlgorithm.SECP256R1)
    public = load_der_public_key(key.public_key_info)
    public.verify(key.sign_digest(DIGEST), DIGEST, ec.ECDSA(Prehashed(SHA256())))


def check(faults: list[Fault], secret: bytes | None, acknowledges: Acknowledges) -> bool:
    """Whether a CSR could be had; if not, one clear error says why, in time."""
    carried, chip = carried_with(faults, secret, acknowledges)
    started = carried.clock.now
    refusal: Exception | None = None
    try:
        sign_with_a_new_key(carried)
    except (OptigaError, InvalidSignature, ValueError) as error:  # the last two as who makes a CSR sees them
        refusal = error
    is_done = refusal is None
    assert not isinstance(refusal, BoardError) or (refusal.hint and refusal.port == "bus")
    assert carried.clock.now - started < LIMIT_S
    if is_done and chip.pairs > 1:
        assert any("second time" in note for note in carried.notes)
    assert chip.pairs <= ATTEMPTS
    assert secret is None or all(is_shielded(data) for data in carried.written)
    return is_done


FOR_EVER = {
    "plain": (None, Acknowledges.APART, 6),
    "shielded": (SECRET, Acknowledges.INSIDE, 10),
}
NOT_SEEN_IN_PLAIN = (
    FaultKind.CIPHERTEXT_DAMAGED,
    FaultKind.FATAL_ALERT,
    FaultKind.INTEGRITY_ALERT,
    FaultKind.STALE,
    FaultKind.PLAIN,
    FaultKind.CHAINING_ERROR,
)
"""Faults with the right FCS. What they do to a command is an error of the chip, or of who checks the signature."""
HARMLESS = (
    FaultKind.DAMAGED,
    FaultKind.CUT,
    FaultKind.LOST,
    FaultKind.REPEATED,
    FaultKind.WRONG_NUMBER,
    FaultKind.NAK,
    FaultKind.ADDRESS_NACK,
    FaultKind.DATA_NACK,
)
"""What the data link makes good, if it happens once."""


MATRIX = [
    pytest.param(kind, is_towards_chip, how, id=f"{kind.value}-{'to' if is_towards_chip else 'from'}-{how}")
    for kind, is_towards_chip, how in itertools.product(FaultKind, (True, False), FOR_EVER)
]


@pytest.mark.parametrize(("kind", "is_towards_chip", "how"), sampled(MATRIX, keep=2))
def test_each_fault_at_each_frame(kind: FaultKind, is_towards_chip: bool, how: str) -> None:
    secret, acknowledges, frames = FOR_EVER[how]
    for number in range(frames):
        is_done = check([Fault(kind, is_towards_chip, number)], secret, acknowledges)
        assert is_done or kind not in HARMLESS, number
        check([Fault(kind, is_towards_chip, number, None)], secret, acknowledges)


@pytest.mark.parametrize("kind", FaultKind)
def test_each_fault_at_the_frame_with_the_key_pair(kind: FaultKind) -> None:
    is_done = check([Fault(kind, False, 3)], SECRET, Acknowledges.INSIDE)
    assert is_done or kind not in HARMLESS


@pytest.mark.parametrize("secret", [None, SECRET], ids=["plain", "shielded"])
@pytest.mark.parametrize("kind", HARMLESS[:2])
def test_a_csr_over_a_bus_that_damages_every_tenth_frame(kind: FaultKind, secret: bytes | None) -> None:
    faults = [Fault(kind, way, number) for number in range(0, 100, 10) for way in (True, False)]
    carried, chip = carried_with(faults, secret, Acknowledges.WHEN_SLOW)
    csr = create_csr(Chip(carried), load_configuration(CONFIG))
    assert x509.load_der_x509_csr(csr.der).is_signature_valid
    assert chip.pairs == 1


READ = Request(bytes.fromhex("81000006e0c200000611"), Traits(Returns.MOSTLY_DATA, 1, 5090))
MAKE = Request(bytes.fromhex("b8030009010002e0f102000121"), Traits(Returns.DATA, 2, 5165))
WRITE = Request(bytes.fromhex("82400259e0e10000") + bytes(597), Traits(Returns.NOTHING, 2, 5165))
COUNT = Request(bytes.fromhex("82020005e120000001"), Traits(Returns.NOTHING, 2, 5165, is_repeatable=False))
DRAW = Request(bytes.fromhex("8c0000020010"), Traits(Returns.DATA, 2, 5165, is_repeatable=False))
REQUESTS = (READ, MAKE, WRITE, COUNT, DRAW)
NATURAL = (
    FaultKind.DAMAGED,
    FaultKind.CUT,
    FaultKind.LOST,
    FaultKind.REPEATED,
    FaultKind.ADDRESS_NACK,
    FaultKind.DATA_NACK,
)
FAULTS = st.lists(
    st.builds(Fault, st.sampled_from(NATURAL), st.booleans(), st.integers(0, 40), st.integers(1, 4)), max_size=8
)


class NumberedChip:
    """A chip whose every answer with data is another, longer than a frame, and which keeps account of what it did."""

    def __init__(self) -> None:
        self.done: list[tuple[bytes, bytes]] = []
        self._numbers = itertools.count(1)

    def execute(self, command: bytes, protection: Protection) -> bytes:
        assert command in [request.apdu for request in REQUESTS], "a command that nobody has sent"
        is_write = apdu.command_code(command) == CommandCode.SET_DATA_OBJECT
        answer = apdu.encode_answer(b"" if is_write else next(self._numbers).to_bytes(300, "big"))
        self.done.append((command, answer))
        return answer

    def use_binding_secret(self) -> bytes:
        return SECRET

    def take_security_delay_s(self) -> float:
        return 0.0

    def reset(self) -> None:
        pass


class TestTwoOfOurOwn:
    """Both ends against each other over a bus that damages, loses, repeats and does not acknowledge."""

    @settings(max_examples=40)
    @given(
        FAULTS,
        st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=4),
        st.sampled_from(Acknowledges),
        st.booleans(),
        st.sampled_from([0.0, 0.003, 0.05]),
    )
    def test_every_message_arrives_once_or_both_ends_know(
        self, faults: list[Fault], requests: list[Request], acknowledges: Acknowledges, shielded: bool, work_s: float
    ) -> None:
        clock, chip = SimulatedClock(), NumberedChip()
        slave = I2cSlave(chip, clock=clock, acknowledges=acknowledges, work_s=lambda *_: work_s)
        conversation = I2cConversation(port="bus", secret=SECRET if shielded else None)
        carried = Carried(FaultyBus(slave, faults), clock, conversation)
        for request in requests:
            before, heard = len(chip.done), clock.now
            try:
                answer = carried.exchange(request)
            except BoardError:
                answer = None
            mine = [given for command, given in chip.done[before:] if command == request.apdu]
            assert len(mine) == len(chip.done) - before, "a command of before ran again"
            assert request.traits.is_repeatable or len(mine) <= 1
            assert len(mine) <= 1 or any("second time" in note for note in carried.notes)
            assert clock.now - heard < LIMIT_S
            if answer is not None:
                assert answer == mine[-1]


class TestLeftOver:
    """An answer to an earlier command is never taken for that of the next."""

    @pytest.mark.parametrize("lost", range(4))
    def test_where_the_frame_that_has_the_chip_count_afresh_is_lost(self, lost: int) -> None:
        """The chip holds the first answer, with the number that the host expects next."""
        clock, chip = SimulatedClock(), NumberedChip()
        slave = I2cSlave(chip, clock=clock, acknowledges=Acknowledges.INSIDE)
        bus = FaultyBus(slave, [Fault(FaultKind.LOST, False, 0, None)])
        carried = Carried(bus, clock)
        with pytest.raises(BoardError):
            carried.exchange(DRAW)
        bus._faults = [Fault(FaultKind.LOST, True, bus._counts[True] + 2 * place) for place in range(lost)]
        assert carried.exchange(READ) == chip.done[-1][1]
        assert [command for command, _ in chip.done] == [DRAW.apdu, READ.apdu]

    def test_where_it_does_not_acknowledge_the_command(self) -> None:
        old, new = apdu.encode_answer(b"old"), apdu.encode_answer(b"new")
        frames = [encode(0x03, b"\x00" + old), encode(0x04, b"\x00" + new)]

        class Chip:
            """It has an answer left from a count that has begun as the host's."""

            pointer, has_command = 0, False

            def write(self, data: bytes) -> bool:
                self.pointer = data[0]
                self.has_command = self.has_command or len(data) > 8
                if data == b"\x80" + encode(0x80):
                    frames.pop(0)
                return True

            def read(self, size: int) -> bytes:
                if self.pointer == Register.DATA:
                    return frames[0]
                if self.pointer == Register.DATA_REG_LEN:
                    return b"\x01\x15"
                return State(False, self.has_command, len(frames[0])).encode()

        carried = Carried(Chip(), SimulatedClock())
        assert carried.exchange(READ) == new
        assert any("earlier command" in note for note in carried.notes)
