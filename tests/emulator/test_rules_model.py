"""Random sequences of commands against a small model of the manual's rules, written without the chip's code.

The model knows objects, life cycles, access conditions, counters, security status, keys and sessions. After each
command the chip must have answered what the model says, with the model's error code.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from optiga.emulator import EmulatedChip, MemoryStore
from tests.support.emulator.emulated import (
    COUNT,
    ECDSA,
    ERASE,
    METADATA,
    WRITE,
    command,
    in_der,
    key_target,
    to_sign,
    two,
)

FACTORY = MemoryStore()
EmulatedChip(FACTORY)

GET, SET, SIGN, MAKE, OPEN, CLOSE = 0x01, 0x02, 0x31, 0x38, 0x70, 0x71
APPLICATION = bytes.fromhex("d276000004") + b"GenAuthAppl"
LAST_ERROR, LCSA, STATUS = 0xF1C2, 0xF1C0, 0xF1C1
SIZES = {0xF1D0: 140, 0xF1D1: 140, 0xF1E1: 1500, 0xE0E2: 1728}
UNWRITTEN = {0xF1D0: 100, 0xF1D1: 100, 0xF1E1: 1500, 0xE0E2: 1728}
"""Zeros that they hold on a new chip."""
COUNTERS, KEYS, SESSIONS = (0xE120, 0xE121), (0xE0F1, 0xE0F2), (0xE100, 0xE103)
CREATION, INITIALIZATION, OPERATIONAL, TERMINATION = STATES = (0x01, 0x03, 0x07, 0x0F)
CHANGE, READ = 0xD0, 0xD1
CONDITIONS = {
    "always": "00",
    "never": "ff",
    "object before operational": "e1fc07",
    "object operational": "e1fa07",
    "application after creation": "e0fb01",
    "boot phase": "9020",
    "boot phase, object in creation": "9020fde1fa01",
    "trust anchor, or application in creation": "21e0e8fee0fa01",
    "authorized": "23f1d0",
}
OUT_OF_BOUNDS, REFUSED, BAD_DATA, SEQUENCE, CLOSED, COUNTED_OUT, NO_USE = 0x08, 0x07, 0x05, 0x0B, 0x0C, 0x0E, 0x24
TOO_LONG, LONGEST = 0x0D, 1553
"""The error of an answer longer than the chip's buffer, and most bytes of data in one."""


@dataclass
class Thing:
    """One object: a data object, a counter or a key."""

    data: bytes = b""
    state: int = CREATION
    conditions: dict[int, str] = field(default_factory=dict)
    usage: int = 0
    public: ec.EllipticCurvePublicKey | None = None


class Chip(RuleBasedStateMachine):
    """The chip and its model, side by side."""

    @initialize()
    def power_on(self) -> None:
        self.store = MemoryStore(FACTORY.load())
        self.chip = EmulatedChip(self.store)
        conditions = {CHANGE: "object before operational", READ: "always"}
        data = {oid: Thing(bytes(UNWRITTEN[oid]), conditions=dict(conditions)) for oid in SIZES}
        counters = {oid: Thing(bytes(8), CREATION) for oid in COUNTERS}
        self.things = {**data, **counters, **{oid: Thing(b"") for oid in KEYS}}
        self.application = CREATION
        self.status = 0x20
        self.is_open = False
        self.kept = 0
        """The error that nobody can ask for while the application is closed."""
        self.sessions: dict[int, Thing] = {}
        self.open()
        self.make_key(KEYS[0], 0x10)

    # What the model says.

    def holds(self, thing: Thing, access: int) -> bool:
        boot, creation = bool(self.status & 0x20), thing.state == CREATION
        return {
            "always": True,
            "never": False,
            "object before operational": thing.state < OPERATIONAL,
            "object operational": thing.state == OPERATIONAL,
            "application after creation": self.application > CREATION,
            "boot phase": boot,
            "boot phase, object in creation": boot and creation,
            "trust anchor, or application in creation": self.application == CREATION,
            "authorized": False,
        }[thing.conditions[access]]

    # What the chip does.

    def send(self, code: int, param: int, data: bytes, error: int = 0) -> bytes:
        """Send a command that must end with an error, or none; the data of its answer."""
        expected = error if self.is_open or code == OPEN else CLOSED
        answer = self.chip.execute(command(code, param, data))
        assert answer[0] == (0xFF if expected else 0x00)
        told = self.chip.execute(command(GET, 0, two(LAST_ERROR)))
        if expected == CLOSED or code == CLOSE:
            self.kept = CLOSED
            assert told[0] == 0xFF
            return answer[4:]
        expected, self.kept = max(expected, self.kept), 0
        assert told[4] == expected, f"{code:02x} {param:02x} {data[:12].hex()}: {told[4]:02x}, not {expected:02x}"
        return answer[4:]

    @rule()
    def open(self) -> None:
        self.send(OPEN, 0, APPLICATION)
        self.is_open, self.status = True, 0x20
        self.sessions.clear()

    @precondition(lambda self: self.is_open)
    @rule()
    def close(self) -> None:
        self.send(CLOSE, 0, b"")
        self.is_open, self.status = False, 0x20
        self.sessions.clear()

    @rule()
    def lose_power(self) -> None:
        self.chip = EmulatedChip(self.store)
        self.is_open, self.status, self.kept = False, 0x20, 0
        self.sessions.clear()
        self.open()

    @rule(oid=st.sampled_from([*SIZES]), offset=st.integers(0, 200), data=st.binary(min_size=1), erase=st.booleans())
    def write(self, oid: int, offset: int, data: bytes, erase: bool) -> None:
        thing = self.things[oid]
        error = 0
        if not self.holds(thing, CHANGE):
            error = REFUSED
        elif offset + len(data) > SIZES[oid]:
            error = OUT_OF_BOUNDS
        self.send(SET, ERASE if erase else WRITE, two(oid) + two(offset) + data, error)
        if self.is_open and not error:
            before = b"" if erase else thing.data
            thing.data = before[:offset] + bytes(max(0, offset - len(before))) + data + before[offset + len(data) :]

    @rule(oid=st.sampled_from([*SIZES]), offset=st.integers(0, 150), length=st.sampled_from([0, 1, 20, 0xFFFF]))
    def read(self, oid: int, offset: int, length: int) -> None:
        thing = self.things[oid]
        error = 0
        if thing.state == TERMINATION or not self.holds(thing, READ):
            error = REFUSED
        elif length == 0:
            error = BAD_DATA
        elif offset >= len(thing.data):
            error = OUT_OF_BOUNDS
        elif min(length, len(thing.data) - offset) > LONGEST:
            error = TOO_LONG
        answer = self.send(GET, 0, two(oid) + two(offset) + two(length), error)
        if self.is_open and not error:
            assert answer == thing.data[offset : offset + length]

    @rule(oid=st.sampled_from([*SIZES]), tag=st.sampled_from([CHANGE, READ]), name=st.sampled_from([*CONDITIONS]))
    def set_condition(self, oid: int, tag: int, name: str) -> None:
        thing = self.things[oid]
        value = bytes.fromhex(CONDITIONS[name])
        error = REFUSED if thing.state >= OPERATIONAL else 0
        content = bytes([0x20, 2 + len(value), tag, len(value)]) + value
        self.send(SET, METADATA, two(oid) + two(0) + content, error)
        if self.is_open and not error:
            thing.conditions[tag] = name

    @rule(oid=st.sampled_from([*SIZES, *COUNTERS, *KEYS]), state=st.sampled_from([*STATES, CREATION, 0x02]))
    def set_state(self, oid: int, state: int) -> None:
        thing = self.things[oid]
        error = BAD_DATA if state not in STATES else REFUSED if state < thing.state else 0
        self.send(SET, METADATA, two(oid) + two(0) + bytes([0x20, 3, 0xC0, 1, state]), error)
        if self.is_open and not error:
            thing.state = state

    @rule(state=st.sampled_from([*STATES, 0x00]))
    def set_application_state(self, state: int) -> None:
        error = BAD_DATA if state not in STATES[:3] or state < self.application else 0
        self.send(SET, WRITE, two(LCSA) + two(0) + bytes([state]), error)
        if self.is_open and not error:
            self.application = state

    @rule(bits=st.sampled_from([0x00, 0x20, 0xFF]))
    def give_status_up(self, bits: int) -> None:
        self.send(SET, WRITE, two(STATUS) + two(0) + bytes([bits]))
        if self.is_open:
            self.status &= bits

    @rule(oid=st.sampled_from(COUNTERS), value=st.integers(0, 6), threshold=st.integers(0, 6))
    def set_counter(self, oid: int, value: int, threshold: int) -> None:
        thing = self.things[oid]
        error = 0 if thing.state < OPERATIONAL else REFUSED
        data = value.to_bytes(4, "big") + threshold.to_bytes(4, "big")
        self.send(SET, ERASE, two(oid) + two(0) + data, error)
        if self.is_open and not error:
            thing.data = data

    @rule(oid=st.sampled_from(COUNTERS), step=st.integers(0, 3))
    def count(self, oid: int, step: int) -> None:
        thing = self.things[oid]
        value, threshold = (int.from_bytes(part, "big") for part in (thing.data[:4], thing.data[4:]))
        error = 0
        if thing.state == TERMINATION:
            error = REFUSED
        elif step == 0:
            error = BAD_DATA
        elif value >= threshold:
            error = COUNTED_OUT
        self.send(SET, COUNT, two(oid) + two(0) + bytes([step]), error)
        if self.is_open and not error:
            thing.data = min(value + step, threshold).to_bytes(4, "big") + thing.data[4:]

    @rule(oid=st.sampled_from([*KEYS, *SESSIONS]), usage=st.sampled_from([0x01, 0x10, 0x20, 0x00, 0x40]))
    def make_key(self, oid: int, usage: int) -> None:
        thing = self.things.get(oid, Thing(b""))
        error = BAD_DATA if usage in (0x00, 0x40) else REFUSED if thing.state >= OPERATIONAL else 0
        answer = self.send(MAKE, 0x03, key_target(oid, usage), error)
        if not self.is_open or error:
            return
        made = replace(thing, usage=usage, public=ec.EllipticCurvePublicKey.from_encoded_point(CURVE, answer[-65:]))
        (self.things if oid in KEYS else self.sessions)[oid] = made

    @rule(oid=st.sampled_from([*KEYS, *SESSIONS]), size=st.sampled_from([32, 10, 9, 33]))
    def sign(self, oid: int, size: int) -> None:
        thing = self.things.get(oid) or self.sessions.get(oid)
        error = 0
        if thing is None:
            error = SEQUENCE
        elif thing.state == TERMINATION:
            error = REFUSED
        elif thing.public is None or not thing.usage & 0x11:
            error = NO_USE
        elif not 10 <= size <= 32:
            error = BAD_DATA
        answer = self.send(SIGN, ECDSA, to_sign(oid, bytes(size)), error)
        if self.is_open and not error:
            assert thing is not None
            assert thing.public is not None
            try:
                thing.public.verify(in_der(answer), bytes(size), ec.ECDSA(Prehashed(hashes.SHAKE256(size))))
            except InvalidSignature:
                raise AssertionError("the signature is wrong") from None

    @invariant()
    def the_chip_holds_what_the_model_says(self) -> None:
        if self.is_open:
            assert self.send(GET, 0, two(STATUS)) == bytes([self.status])
        content = self.store.load()
        for oid, thing in self.things.items():
            stored = content[oid]
            assert stored.metadata.get(0xC0) == bytes([thing.state])
            if oid not in KEYS:
                assert stored.data == thing.data
            elif thing.public is not None:
                assert stored.metadata.get(0xE1) == bytes([thing.usage])


CURVE = ec.SECP256R1()
TestRules = pytest.mark.long(Chip.TestCase)
TestRules.settings = settings(stateful_step_count=40)
