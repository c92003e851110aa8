"""An emulated chip behind a few words, for tests: what succeeds, what is refused and why."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from optiga.emulator import DEFAULT_MODEL, ChipModel, EmulatedChip
from optiga.emulator.machine import Machine
from optiga.emulator.objects import Store, StoredObject
from optiga.protocol import der, tlv
from optiga.protocol.apdu import decode_answer, encode_answer
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode
from optiga.protocol.metadata import Metadata

WRITE, METADATA, COUNT, ERASE = 0x00, 0x01, 0x02, 0x40
ECDSA = 0x11
BELOW_OPERATIONAL = bytes.fromhex("e1fc07")
ALWAYS, NEVER = b"\x00", b"\xff"
UNWRITTEN = bytes(100)
"""What 0xF1D0 to 0xF1DB hold on a new chip."""


def two(value: int) -> bytes:
    return value.to_bytes(2, "big")


def command(code: int, param: int, data: bytes = b"") -> bytes:
    """A command APDU, without the bit that clears the last error."""
    return bytes([code, param]) + two(len(data)) + data


class Clock:
    """A clock that stands until it is moved on."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


class Probe:
    """A chip with its application open."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        opened: bool = True,
        clock: Callable[[], float] = time.monotonic,
        model: ChipModel = DEFAULT_MODEL,
    ) -> None:
        self.chip = EmulatedChip(store, clock=clock, model=model)
        if opened:
            self.ok(CommandCode.OPEN_APPLICATION, 0, APPLICATION_ID)

    @property
    def machine(self) -> Machine:
        """The powered chip behind its door: for what no command shows or does."""
        return self.chip._machine

    def stored(self, oid: int) -> StoredObject:
        """An object as it lies in memory, a key's data too."""
        return self.machine.object(oid)

    def install(self, oid: int, data: bytes, tags: Mapping[int, bytes] = MappingProxyType({})) -> None:
        """Put data and some metadata into an object, whatever its access conditions."""
        self.machine.table.put(oid, StoredObject(data, self.stored(oid).metadata.with_tags(tags)))
        self.machine.table.commit()

    def last_error(self) -> int:
        """Read, and by that clear, the last error code; while the application is closed no command tells it."""
        if not self.machine.is_open:
            told, self.machine.last_error = self.machine.last_error, ErrorCode.NO_ERROR
            return told
        return self.ok(CommandCode.GET_DATA_OBJECT, 0, two(0xF1C2))[0]

    def ok(self, code: int, param: int, data: bytes = b"") -> bytes:
        """Data of the answer to a command that must succeed."""
        answer = self.chip.execute(command(code, param, data))
        if answer[0] != 0:
            raise AssertionError(f"refused: {ErrorCode(self.last_error())!r}")
        parsed = decode_answer(answer)
        assert answer == encode_answer(parsed.data)
        return parsed.data

    def refused(self, code: int, param: int, data: bytes = b"") -> ErrorCode:
        """Why a command is refused that must be; nothing may be left of it."""
        before = self.last_error()
        assert before == 0, f"an error was left over: {ErrorCode(before)!r}"
        assert self.chip.execute(command(code, param, data)) == bytes.fromhex("ff000000")
        return ErrorCode(self.last_error())

    def read(self, oid: int, *part: int) -> bytes:
        """Data of an object, or of a part: offset and length."""
        return self.ok(CommandCode.GET_DATA_OBJECT, 0, b"".join(map(two, (oid, *part))))

    def metadata(self, oid: int) -> Metadata:
        return Metadata.parse(self.ok(CommandCode.GET_DATA_OBJECT, 1, two(oid)))

    def write(self, oid: int, data: bytes, *, offset: int = 0, how: int | None = None) -> None:
        """Write data, or what else ``how`` says; without it those from offset 0 are all that the object then holds."""
        if how is None:
            how = WRITE if offset else ERASE
        assert self.ok(CommandCode.SET_DATA_OBJECT, how, two(oid) + two(offset) + data) == b""

    def write_refused(self, oid: int, data: bytes, *, offset: int = 0, how: int = WRITE) -> ErrorCode:
        return self.refused(CommandCode.SET_DATA_OBJECT, how, two(oid) + two(offset) + data)

    def read_refused(self, oid: int, *part: int) -> ErrorCode:
        return self.refused(CommandCode.GET_DATA_OBJECT, 0, b"".join(map(two, (oid, *part))))

    def set_tags(self, oid: int, tags: dict[int, bytes]) -> None:
        self.write(oid, Metadata(tags).encode(), how=METADATA)

    def tags_refused(self, oid: int, tags: dict[int, bytes]) -> ErrorCode:
        return self.write_refused(oid, Metadata(tags).encode(), how=METADATA)

    def generate(self, algorithm: int, oid: int, usage: int = 0x10) -> bytes:
        """A key pair in an object; the public key, a DER BIT STRING."""
        (item,) = tlv.decode(self.ok(CommandCode.GEN_KEY_PAIR, algorithm, key_target(oid, usage)))
        assert item[0] == 0x02
        return item[1]

    def sign(self, oid: int, digest: bytes, scheme: int = ECDSA) -> bytes:
        return self.ok(CommandCode.CALC_SIGN, scheme, to_sign(oid, digest))


def in_der(signature: bytes) -> bytes:
    """The chip's r and s, which it fills up with zeros, as an ECDSA-Sig-Value in DER."""
    r, rest = der.take_integer(signature)
    s, rest = der.take_integer(rest)
    assert rest == b""
    return encode_dss_signature(r, s)


def key_target(oid: int, usage: int = 0x10) -> bytes:
    """Data of GenKeyPair into an object or session."""
    return tlv.encode(0x01, two(oid)) + tlv.encode(0x02, bytes([usage]))


def to_sign(oid: int, digest: bytes) -> bytes:
    """Data of CalcSign."""
    return tlv.encode(0x01, digest) + tlv.encode(0x03, two(oid))
