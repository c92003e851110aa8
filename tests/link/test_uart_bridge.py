"""The conversation with a board as a pure machine: no line, no clock, and each thing that can go wrong."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from optiga import BoardError
from optiga.chip import Chip
from optiga.emulator import EmulatedChip
from optiga.identity.configuration import load_configuration
from optiga.identity.csr import create_csr
from optiga.link.uart_bridge import ATTEMPTS, LIMIT_S
from optiga.link.uart_frame import encode, longest_wait
from optiga.protocol import apdu
from optiga.protocol.codes import CommandCode
from optiga.protocol.request import Request, Returns, Traits
from tests.support.carried import Carried, Mishaps, mishaps_of
from tests.support.faulty_line import FAULTS, HARMLESS, Fault, lose_byte
from tests.support.places import CONFIG

EXCHANGES = {"OpenApplication": 0, "GenKeyPair": 1, "CalcSign": 2}


def request_csr(carried: Carried) -> x509.CertificateSigningRequest:
    return x509.load_der_x509_csr(create_csr(Chip(carried), load_configuration(CONFIG)).der)


class TestMatrix:
    """A CSR, each fault at each exchange, once and for ever."""

    @pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
    @pytest.mark.parametrize("name", FAULTS)
    def test_once(self, name: str, exchange: int) -> None:
        carried = Carried(EmulatedChip().execute, mishaps_of(replace(FAULTS[name], exchange=exchange)))
        assert request_csr(carried).is_signature_valid
        assert carried.now < LIMIT_S
        assert len(carried.sent) <= 4

    @pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
    @pytest.mark.parametrize("name", FAULTS)
    def test_for_ever(self, name: str, exchange: int) -> None:
        fault = replace(FAULTS[name], exchange=exchange, persists=True)
        carried = Carried(EmulatedChip().execute, mishaps_of(fault))
        if name in HARMLESS:
            assert request_csr(carried).is_signature_valid
        else:
            with pytest.raises(BoardError) as caught:
                request_csr(carried)
            assert caught.value.port == "board"
            assert caught.value.hint
            assert len(carried.sent) <= exchange + ATTEMPTS
        assert carried.now < LIMIT_S

    @pytest.mark.parametrize("position", range(28))
    def test_any_byte_lost_towards_the_board(self, position: int) -> None:
        carried = Carried(EmulatedChip().execute, mishaps_of(Fault(0, towards_board=lose_byte(position))))
        assert request_csr(carried).is_signature_valid
        assert carried.now < LIMIT_S


def test_a_csr_costs_three_exchanges_and_at_most_290_bytes() -> None:
    carried = Carried(EmulatedChip().execute)
    assert request_csr(carried).is_signature_valid
    assert len(carried.sent) == 3
    assert carried.carried <= 290


def test_the_longest_wait_after_a_lost_byte() -> None:
    """OpenApplication with its first length byte lost announces 0x14f0 bytes, of which 21 have come."""
    sent = encode(bytes.fromhex("f0000010d27600000447656e417574684170706c"))
    assert longest_wait(sent) == 0x14F0 + 2 - 21


READ = Request(bytes.fromhex("81000006e0c200000611"), Traits(Returns.MOSTLY_DATA, 30, 5090))
MAKE = Request(bytes.fromhex("b8030009010002e0f102000121"), Traits(Returns.DATA, 55, 5165))
WRITE = Request(bytes.fromhex("82400009f1d0000068656c6c6f"), Traits(Returns.NOTHING, 55, 5165))
COUNT = Request(bytes.fromhex("82020005e120000001"), Traits(Returns.NOTHING, 55, 5165, is_repeatable=False))
REQUESTS = (READ, MAKE, WRITE, COUNT)


@dataclass(frozen=True)
class Damage:
    """What happens to one thing that is sent: towards the board, and to the answer to it.

    :param lost: places of bytes that are lost, modulo the length.
    :param flipped: a place and a bit of it, or None.
    :param is_all: whether all of it is lost.
    """

    lost: tuple[int, ...] = ()
    flipped: tuple[int, int] | None = None
    is_all: bool = False

    def __call__(self, data: bytes) -> bytes:
        if self.is_all or not data:
            return b""
        kept = bytearray(data)
        if self.flipped is not None:
            kept[self.flipped[0] % len(kept)] ^= 1 << self.flipped[1]
        for place in sorted({place % len(kept) for place in self.lost}, reverse=True):
            del kept[place]
        return bytes(kept)


DAMAGES = st.just(Damage()) | st.builds(
    Damage,
    st.lists(st.integers(0, 40), max_size=2).map(tuple),
    st.none() | st.tuples(st.integers(0, 40), st.integers(0, 7)),
    st.sampled_from([False, False, False, True]),
)
HAPPENINGS = st.lists(st.tuples(DAMAGES, DAMAGES, st.sampled_from([0.0, 0.0, 0.001, 0.2, 2.0])), max_size=12)


class Numbered:
    """A chip whose every answer with data is another, and which keeps account of what it has done."""

    def __init__(self) -> None:
        self.done: list[tuple[bytes, bytes]] = []
        self._numbers = itertools.count(1)

    def execute(self, command: bytes) -> bytes:
        is_write = command[0] & 0x7F == CommandCode.SET_DATA_OBJECT
        answer = apdu.encode_answer(b"" if is_write else next(self._numbers).to_bytes(27, "big"))
        self.done.append((command, answer))
        return answer

    def answers_to(self, request: Request) -> list[bytes]:
        return [answer for command, answer in self.done if command == request.apdu]


def in_turn(happenings: list[tuple[Damage, Damage, float]]) -> Mishaps:
    """What happens to one thing that is sent behind another; nothing any more at the end."""

    def at(number: int) -> tuple[Damage, Damage, float]:
        return happenings[number] if number < len(happenings) else (Damage(), Damage(), 0.0)

    return Mishaps(
        lambda number, data: at(number)[0](data), lambda number, data: at(number)[1](data), lambda number: at(number)[2]
    )


class TestWhateverHappens:
    @given(HAPPENINGS, st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=5))
    def test_the_answer_is_the_chips_last_one_to_this_command_or_an_error(
        self, happenings: list[tuple[Damage, Damage, float]], requests: list[Request]
    ) -> None:
        chip = Numbered()
        carried = Carried(chip.execute, in_turn(happenings))
        for request in requests:
            before, began = len(chip.done), carried.now
            try:
                answer = carried.exchange(request)
            except BoardError:
                assert carried.now - began <= LIMIT_S
                break
            done = chip.done[before:]
            assert (request.apdu, answer) == done[-1]
            assert request.traits.is_repeatable or len(done) == 1

    @given(HAPPENINGS)
    def test_what_must_not_happen_twice_does_not(self, happenings: list[tuple[Damage, Damage, float]]) -> None:
        chip = Numbered()
        carried = Carried(chip.execute, in_turn(happenings))
        for _ in range(3):
            before = len(chip.answers_to(COUNT))
            try:
                carried.exchange(COUNT)
            except BoardError:
                assert len(chip.answers_to(COUNT)) <= before + 1
                break
            assert len(chip.answers_to(COUNT)) == before + 1

    @given(st.lists(st.none() | st.sampled_from([0.0, 0.001, 0.005, 0.02, 0.06, 0.15, 0.4]), max_size=40))
    def test_a_copy_of_an_answer_is_not_taken_for_another(self, copies: list[float | None]) -> None:
        """However late it comes: each answer with data is another, so a copy can be told."""
        chip = Numbered()
        carried = Carried(chip.execute, Mishaps(again_s=lambda number: (copies + [None] * 99)[min(number, 98)]))
        for _ in range(6):
            try:
                answer = carried.exchange(READ)
            except BoardError:
                break
            assert (READ.apdu, answer) == chip.done[-1]
