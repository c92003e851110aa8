"""A hundred thousand commands, sound, damaged and random: an answer to each, and a whole chip at the end."""

from __future__ import annotations

import logging
import random

import pytest

from optiga.emulator import EmulatedChip, MemoryStore
from optiga.emulator.state import dump, load
from optiga.protocol import tlv
from optiga.protocol.apdu import MAX_DATA
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode
from optiga.protocol.metadata import MAX_SIZE, Metadata, Tag
from optiga.protocol.objects import OBJECTS
from tests.support.emulator.apdu_corpus import Sequence, prepared_store, sequences
from tests.support.emulator.emulated import Clock, Probe, command
from tests.support.sampling import sampled

PARTS, COMMANDS_OF_A_PART, COMMANDS_OF_A_CHIP = 20, 5_000, 250
OPEN = command(CommandCode.OPEN_APPLICATION, 0, APPLICATION_ID)
CODES = (*CommandCode, 0x00, 0x10, 0x7F)
OIDS = (*OBJECTS, 0x0000, 0xE0C7, 0xF1DC, 0xFFFF)
NUMBERS = (0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 48, 64, 66, 127, 128, 255)
RSA_KEYS = (0x41, 0x42)
SYMMETRIC = (b"\x14", b"\x15")


class Fuzzer:
    """Draws commands; the same seed draws the same.

    Each chip gets sound sequences, sequences one of whose commands is damaged, in which others come between, and
    commands of random bytes.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def commands(self) -> list[bytes]:
        """The commands of one chip."""
        drawn: list[bytes] = []
        while len(drawn) < COMMANDS_OF_A_CHIP:
            sequence = self.random.choice(sequences())
            roll = self.random.random()
            if roll < 0.15:
                drawn += sequence
            elif roll < 0.9:
                drawn += self.damaged(sequence)
            else:
                drawn.append(self.noise())
        return [self.without_rsa(apdu) for apdu in drawn[:COMMANDS_OF_A_CHIP]]

    def damaged(self, sequence: Sequence) -> list[bytes]:
        which = self.random.randrange(len(sequence))
        changed = [self.mutated(apdu) if number == which else apdu for number, apdu in enumerate(sequence)]
        roll = self.random.random()
        if roll < 0.1:
            changed.insert(which, self.random.choice(self.random.choice(sequences())))
        elif roll < 0.2:
            del changed[which]
        elif roll < 0.3:
            self.random.shuffle(changed)
        return changed

    def mutated(self, apdu: bytes) -> bytes:
        """A command with one to three mistakes; its length field is right again most of the time."""
        changed = bytearray(apdu)
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            self.random.choice(
                (
                    self.set_code,
                    self.set_param,
                    self.set_byte,
                    self.set_oid,
                    self.cut,
                    self.insert,
                    self.double,
                    *(self.change_field,) * 7,
                )
            )(changed)
        if len(changed) >= 4 and self.random.random() < 0.9:
            changed[2:4] = (len(changed) - 4).to_bytes(2, "big")
        return bytes(changed)

    def change_field(self, changed: bytearray) -> None:
        """Change one of the TLVs and leave them whole."""
        start = 6 if changed[:1] in SYMMETRIC else 4
        try:
            fields = tlv.decode(bytes(changed[start:]))
        except ValueError:
            return
        if not fields:
            return
        number = self.random.randrange(len(fields))
        tag, value = fields[number]
        changes = (
            (self.random.choice(NUMBERS), value),
            (tag, value[: self.random.randrange(len(value) + 1)]),
            (tag, value + self.random.randbytes(self.random.choice((1, 2, 16, 600)))),
            (tag, self.random.choice(OIDS).to_bytes(2, "big")),
            (tag, bytes([self.random.choice(NUMBERS)])),
            (tag, self.random.randbytes(len(value))),
        )
        fields[number] = self.random.choice(changes)
        if self.random.random() < 0.1:
            self.random.shuffle(fields)
            fields.pop()
        changed[start:] = b"".join(tlv.encode(*field) for field in fields)

    def place(self, changed: bytearray, start: int = 4) -> int:
        return self.random.randrange(start, max(len(changed), start + 1))

    def set_code(self, changed: bytearray) -> None:
        changed[:1] = bytes([self.random.choice(CODES) | self.random.choice((0, 0x80))])

    def set_param(self, changed: bytearray) -> None:
        changed[1:2] = bytes([self.random.choice((*NUMBERS, 0x11, 0x20, 0x30, 0x40, 0x81, 0xE2))])

    def set_byte(self, changed: bytearray) -> None:
        where = self.place(changed, self.random.choice((0, 4)))
        changed[where : where + 1] = bytes([self.random.choice((*NUMBERS, self.random.randrange(256)))])

    def set_oid(self, changed: bytearray) -> None:
        where = 4 if self.random.random() < 0.5 else self.place(changed)
        changed[where : where + 2] = self.random.choice(OIDS).to_bytes(2, "big")

    def cut(self, changed: bytearray) -> None:
        where = self.place(changed, 0)
        del changed[where : where + self.random.choice((1, 2, 8, 2000))]

    def insert(self, changed: bytearray) -> None:
        where = self.place(changed)
        changed[where:where] = self.random.randbytes(self.random.choice((1, 2, 3, 16, 200)))

    def double(self, changed: bytearray) -> None:
        where = self.place(changed)
        changed += changed[where:]

    def noise(self) -> bytes:
        if self.random.random() < 0.3:
            return self.random.randbytes(self.random.randrange(12))
        data = self.random.randbytes(self.random.choice((0, 2, 5, 6, 30, MAX_DATA, MAX_DATA + 1)))
        return command(self.random.choice(CODES), self.random.randrange(256), data)

    @staticmethod
    def without_rsa(apdu: bytes) -> bytes:
        """RSA key pairs take too long to be made: such a command loses its data."""
        makes_rsa = apdu[:1] in (b"\x38", b"\xb8") and len(apdu) > 1 and apdu[1] in RSA_KEYS
        return command(apdu[0], apdu[1]) if makes_rsa else apdu


@pytest.mark.long
@pytest.mark.parametrize("part", sampled(range(PARTS), keep=2))
def test_whatever_comes(part: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "optiga.emulator.chip")
    fuzzer = Fuzzer(part)
    factory = prepared_store().load()
    for number in range(COMMANDS_OF_A_PART // COMMANDS_OF_A_CHIP):
        store, clock = MemoryStore(factory), Clock()
        probe = Probe(store, clock=clock)
        for apdu in fuzzer.commands():
            clock.time += 2  # so that the security monitor's counter goes up and down
            check_answer(probe, apdu, probe.chip.execute(apdu))
            if probe.machine.last_error == ErrorCode.COMMAND_NOT_AVAILABLE:
                probe.chip.execute(OPEN)
            assert not caplog.records, f"the chip broke at {apdu.hex()}: {caplog.text}"
        check_whole(probe, store)
        if number == 0:
            state = load(dump(store))
            assert (state.objects, state.context) == (store.load(), store.load_context())


def check_answer(probe: Probe, apdu: bytes, answer: bytes) -> None:
    """One answer by the manual's rules. The last error is looked at inside: asking for it would break chains."""
    assert answer[0] in (0x00, 0xFF)
    assert int.from_bytes(answer[2:4], "big") == len(answer) - 4 <= MAX_DATA
    error = probe.machine.last_error
    assert error in tuple(ErrorCode)
    assert error != ErrorCode.INTERNAL_PROCESS_ERROR, apdu.hex()
    if answer[0]:
        assert answer == b"\xff\0\0\0"
        assert error != ErrorCode.NO_ERROR


def check_whole(probe: Probe, store: MemoryStore) -> None:
    """What lies in the store is a chip by its own rules, and the one that is powered."""
    content = store.load()
    assert content.keys() == prepared_store().load().keys()
    for oid, stored in content.items():
        metadata = Metadata.parse(stored.metadata.encode())
        assert metadata == stored.metadata
        assert len(metadata.encode()) <= MAX_SIZE
        for tag in (Tag.CHANGE, Tag.READ, Tag.EXECUTE, Tag.METADATA_UPDATE):
            assert metadata.access(tag)
        assert metadata.life_cycle_state is not None
        assert probe.stored(oid) == stored
        if not OBJECTS[oid].kind.is_key:
            assert len(stored.data) <= (metadata.max_size or 0)
            if metadata.get(Tag.USED_SIZE) is not None:
                assert metadata.used_size == len(stored.data)
    again = Probe(store)
    assert {oid: again.stored(oid) for oid in content} == content


@pytest.mark.parametrize("number", range(len(sequences())))
def test_the_sound_commands_are_sound(number: int) -> None:
    """What is damaged above was right before; but an answer that depends on random bytes cannot be."""
    chip = EmulatedChip(MemoryStore(prepared_store().load()))
    chip.execute(OPEN)
    sequence = sequences()[number]
    answers = [chip.execute(apdu)[0] for apdu in sequence]
    assert answers[0] == 0, sequence[0].hex()
    assert answers.count(0) >= (len(answers) + 1) // 2
