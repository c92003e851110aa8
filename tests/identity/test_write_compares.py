"""How a write finds out what the chip holds: by the chip's hash, or by reading where it gives none or a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from optiga.chip import Chip
from optiga.emulator import EmulatedChip, MemoryStore
from optiga.emulator.identity import factory_chip
from optiga.emulator.models import TRUST_M_V3
from optiga.errors import CertificateError, ChipError
from optiga.identity.write import WritePlan, WriteResult, execute_write, plan_write
from optiga.objects.addressing import ADMINISTERED, resolve
from optiga.objects.objects import execute_data, plan_data
from optiga.protocol import apdu, tls_identity
from optiga.protocol.codes import CommandCode, ErrorCode, KeyUsage
from optiga.protocol.metadata import Tag
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.protocol.objects import LAST_ERROR_CODE
from optiga.protocol.request import Request
from tests.support.identity.csr_helpers import NOW, Ca, pem

CERTIFICATE, ANCHOR, DATA, COUNTER = 0xE0E1, 0xE0E8, 0xF1E0, 0xE120
CA = Ca("Example devices CA")
WRITE = 0x00
Change = Callable[[bytes], bytes]


class Bench:
    """A new chip with a key in its second slot, on a line that does what it is told.

    :ivar refusal: the code that CalcHash is refused with; None where it is not.
    :ivar commands: what becomes of a command on its way, by its code.
    :ivar answers: what becomes of an answer, by the command's code.
    :ivar sent: the commands since the bench was made.
    """

    def __init__(self) -> None:
        self._store = MemoryStore(factory_chip(TRUST_M_V3))
        self.refusal: int | None = None
        self.commands: dict[int, Change] = {}
        self.answers: dict[int, Change] = {}
        self.sent: list[bytes] = []
        self._is_refused = False
        self._power_on()
        self.key = load_der_public_key(self.chip.generate_key("second").public_key_info)
        self.sent.clear()

    def _power_on(self) -> None:
        self._chip = EmulatedChip(self._store)
        self.chip = Chip(self)

    def hold(self, oid: int, data: bytes) -> None:
        """Have an object hold bytes, or none."""
        self._store.save({oid: self._store.load()[oid].with_data(data)})
        self._power_on()
        self.sent.clear()

    def exchange(self, request: Request) -> bytes:
        command = request.apdu
        self.sent.append(command)
        code = apdu.command_code(command)
        if code == CommandCode.CALC_HASH and self.refusal is not None:
            self._is_refused = True
            return b"\xff\x00\x00\x00"
        if self._is_refused and command[4:6] == LAST_ERROR_CODE.to_bytes(2, "big"):
            self._is_refused = False
            return apdu.encode_answer(bytes([self.refusal or 0]))
        answer = self._chip.execute(self.commands.get(code, bytes)(command))
        return self.answers.get(code, bytes)(answer)

    def close(self) -> None:
        """Nothing is held."""

    def spoil(self, oid: int, tags: dict[int, bytes]) -> None:
        """Give an object tags that no command sets."""
        stored = self._store.load()[oid]
        self._store.save({oid: stored._replace(metadata=stored.metadata.with_tags(tags))})
        self._power_on()
        self.sent.clear()

    def count(self, code: CommandCode) -> int:
        """How often a command was sent."""
        return sum(apdu.command_code(command) == code for command in self.sent)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., WritePlan]:
    """A plan for bytes, or for a certificate of a bench's key, to an object."""

    def make(content: bytes | Bench, oid: int, padding: int = 200) -> WritePlan:
        if isinstance(content, Bench):
            content = pem(CA.certify(content.key, padding=padding)).encode()
        (tmp_path / "file").write_bytes(content)
        return plan_write(tmp_path / "file", oid=f"0x{oid:04X}", now=NOW)

    return make


def pattern(size: int) -> bytes:
    return bytes(index % 251 + 1 for index in range(size))


def contents(bench: Bench, oid: int, data: bytes) -> dict[str, bytes]:
    """What an object may hold before ``data`` are written."""
    room = bench.chip.metadata(oid).max_size or 0
    middle = len(data) // 2
    changed = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    held = {
        "new": bytes(room),
        "empty": b"",
        "one byte": b"\x00",
        "the same": data,
        "shorter": data[:-1],
        "longer": (data + b"\x00")[:room],
        "longer by much": (data + pattern(room))[:room],
        "another byte": changed,
        "another last byte": data[:-1] + bytes([data[-1] ^ 1]),
        "as long": pattern(len(data)),
    }
    return {name: value for name, value in held.items() if len(value) <= room}


REFUSALS = [None, 0x00, *(code.value for code in ErrorCode if code), 0x77]
"""Not refused; without a cause; every code of the manual; one that is in no manual."""


OTHER_OBJECTS = [(ANCHOR, 0), (DATA, 1500), (0xF1D0, 140), (0xF1D1, 20)]


@pytest.mark.parametrize(
    ("refusal", "oid", "size"),
    [(code, CERTIFICATE, 0) for code in REFUSALS]
    + [(code, oid, size) for code in (None, ErrorCode.INVALID_COMMAND) for oid, size in OTHER_OBJECTS],
    ids=lambda value: "no" if value is None else f"{value:X}",
)
def test_the_same_comes_of_it_whatever_the_chip_refuses(
    bench: Bench, plan: Callable[..., WritePlan], refusal: int | None, oid: int, size: int
) -> None:
    wanted = plan(bench if oid in (CERTIFICATE, ANCHOR) else pattern(size), oid)
    bench.refusal = refusal
    for name, held in contents(bench, oid, wanted.data).items():
        bench.hold(oid, held)
        result = execute_write(bench.chip, wanted)
        assert result == WriteResult(
            oid,
            "second" if oid == CERTIFICATE else None,
            len(wanted.data),
            written=held != wanted.data,
            key_match=True if oid == CERTIFICATE else None,
            key_oid=0xE0F1 if oid == CERTIFICATE else None,
            warnings=wanted.warnings,
            is_certificate=bool(wanted.chain),
        ), name
        assert bench.chip.read(oid) == wanted.data
        assert bench.count(CommandCode.SET_DATA_OBJECT) == result.written
        assert bench.count(CommandCode.CALC_HASH) <= (2 if refusal is None else 1), "it is not asked again"


@pytest.mark.parametrize("answer", ["another digest", "half a digest", "nothing"])
def test_a_chip_that_gives_a_wrong_digest(bench: Bench, plan: Callable[..., WritePlan], answer: str) -> None:
    """What can be read counts; a digest that is another one is told."""
    digest = {"another digest": bytes(32), "half a digest": bytes(16), "nothing": b""}[answer]
    bench.answers[CommandCode.CALC_HASH] = lambda _: apdu.encode_answer(
        b"\x01" + len(digest).to_bytes(2, "big") + digest
    )
    wanted = plan(bench, CERTIFICATE)
    result = execute_write(bench.chip, wanted)
    assert (result.written, result.key_match) == (True, True)
    assert len(result.warnings) == (answer == "another digest")
    assert bench.chip.read(CERTIFICATE) == wanted.data


BROKEN: dict[str, Change] = {
    "lost": lambda command: command[:4] + b"\xf1\xe1" + command[6:],  # in another object
    "damaged": lambda command: command[:-1] + bytes([command[-1] ^ 1]),
    "not erased": lambda command: bytes([command[0], WRITE]) + command[2:],
}
"""Writes that go wrong though the chip says that they are done."""


@pytest.mark.parametrize("refusal", [None, ErrorCode.INVALID_COMMAND])
@pytest.mark.parametrize(
    ("oid", "size", "how"),
    [
        (CERTIFICATE, 0, "lost"),
        (CERTIFICATE, 0, "damaged"),
        (ANCHOR, 0, "damaged"),
        (ANCHOR, 0, "not erased"),
        (DATA, 700, "damaged"),
        (DATA, 700, "not erased"),
        (0xF1D0, 60, "not erased"),
        (0xF1D0, 60, "damaged"),
        (0xF1D0, 100, "lost"),
    ],
)
def test_a_write_that_went_wrong(
    bench: Bench, plan: Callable[..., WritePlan], refusal: int | None, oid: int, size: int, how: str
) -> None:
    wanted = plan(bench if oid in (CERTIFICATE, ANCHOR) else pattern(size), oid)
    bench.refusal = refusal
    bench.commands[CommandCode.SET_DATA_OBJECT] = BROKEN[how]
    with pytest.raises(ChipError, match="does not hold the written bytes") as caught:
        execute_write(bench.chip, wanted)
    offset = {"lost": 0, "damaged": len(wanted.data) - 1, "not erased": len(wanted.data)}[how]
    assert f"offset {offset} on" in caught.value.message
    assert caught.value.oid == oid


def test_what_lies_behind_a_tls_identity_is_not_asked_for(bench: Bench, plan: Callable[..., WritePlan]) -> None:
    """Where it ends it says itself: the chip and everybody who reads it stop there."""
    bench.commands[CommandCode.SET_DATA_OBJECT] = BROKEN["not erased"]
    wanted = plan(bench, CERTIFICATE)
    assert execute_write(bench.chip, wanted).key_match
    held = bench.chip.read(CERTIFICATE)
    assert len(held) > len(wanted.data)
    assert tls_identity.decode(held) == [wanted.chain[0].der]


def set_words(bench: Bench, oid: int, *words: str) -> None:
    bench.chip.write_metadata(oid, parse_metadata_words(words))
    bench.sent.clear()


@pytest.mark.parametrize("condition", ["never", "conf 0xE140", "auto 0xF1D5"])
@pytest.mark.parametrize("oid", [CERTIFICATE, DATA])
def test_what_may_not_be_read_is_not_hashed_either(
    bench: Bench, plan: Callable[..., WritePlan], condition: str, oid: int
) -> None:
    set_words(bench, oid, f"read: {condition}")
    result = execute_write(bench.chip, plan(bench if oid == CERTIFICATE else pattern(300), oid))
    assert (result.written, len(result.warnings)) == (True, 1)
    assert "not compared" in result.warnings[0]
    assert bench.count(CommandCode.CALC_HASH) == 0


@pytest.mark.parametrize("tags", [{Tag.VERSION: b"\x80\x01"}, {Tag.LCSO: b"\x0f"}], ids=["interrupted", "terminated"])
@pytest.mark.parametrize("oid", [CERTIFICATE, ANCHOR, DATA, 0xE0F1])
def test_what_is_not_to_be_used_is_not_written(
    bench: Bench, plan: Callable[..., WritePlan], oid: int, tags: dict[int, bytes]
) -> None:
    """An object, or the key of a slot whose update was interrupted; one in termination only proves nothing."""
    bench.spoil(oid, tags)
    wanted = plan(bench if oid != DATA else pattern(300), CERTIFICATE if oid == 0xE0F1 else oid)
    if oid == 0xE0F1 and Tag.LCSO in tags:
        assert execute_write(bench.chip, wanted).key_match is None
        return
    with pytest.raises(ChipError, match=f"0x{oid:04X}"):
        execute_write(bench.chip, wanted)
    assert bench.count(CommandCode.SET_DATA_OBJECT) == 0


def test_a_counter_of_readings(bench: Bench, plan: Callable[..., WritePlan]) -> None:
    """Data are not compared at its cost; a certificate is, at four."""
    bench.chip.write(COUNTER, bytes.fromhex("0000000000000064"))
    for oid, most in ((DATA, 0), (CERTIFICATE, 4)):
        set_words(bench, oid, f"read: luc 0x{COUNTER:04X}")
        before = bench.chip.read(COUNTER)[3]
        result = execute_write(bench.chip, plan(bench if oid == CERTIFICATE else pattern(300), oid))
        assert (result.written, len(result.warnings)) == (True, oid == DATA)
        assert bench.chip.read(COUNTER)[3] - before <= most


def signatures_of(bench: Bench, oid: int) -> int:
    return sum(
        apdu.command_code(command) == CommandCode.CALC_SIGN and command.endswith(oid.to_bytes(2, "big"))
        for command in bench.sent
    )


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("algorithm", "usage"), [("secp256r1", None), ("secp384r1", None), ("secp256r1", KeyUsage.KEY_AGREEMENT)]
)
def test_the_slots_key_signs_once(
    bench: Bench, plan: Callable[..., WritePlan], algorithm: str, usage: KeyUsage | None, strict: bool
) -> None:
    """Whether it is the certificate's, another one, or may not sign."""
    wanted = plan(bench, CERTIFICATE)
    assert execute_write(bench.chip, wanted, strict=strict).key_match
    assert signatures_of(bench, 0xE0F1) == 1
    bench.chip.generate_key("second", algorithm, usage)
    bench.hold(CERTIFICATE, b"\x00")
    if strict:
        with pytest.raises(CertificateError):
            execute_write(bench.chip, wanted, strict=True)
    else:
        assert execute_write(bench.chip, wanted).key_match is (None if usage else False)
    assert signatures_of(bench, 0xE0F1) == 1
    assert bench.count(CommandCode.SET_DATA_OBJECT) == (not strict)


@pytest.mark.parametrize("refusal", [None, ErrorCode.INVALID_COMMAND])
@pytest.mark.parametrize("size", [20, 400])
def test_data_written_into_the_middle(bench: Bench, refusal: int | None, size: int) -> None:
    """``object write --offset N``, with and without what is around it."""
    info, data = resolve("0xF1E0", ADMINISTERED).info, pattern(size)
    bench.refusal = refusal
    for held, erase, is_needed in (
        (bytes(1500), False, True),
        (pattern(7) + data + pattern(9), False, False),
        (pattern(7) + data, False, False),
        (pattern(7) + data[:-1], False, True),
        (pattern(6), False, True),
        (b"", False, True),
        (bytes(7) + data, True, False),
        (pattern(7) + data, True, True),
        (bytes(7) + data + b"\x00", True, True),
        (bytes(6) + data, True, True),
    ):
        bench.hold(DATA, held)
        change = plan_data(bench.chip, info, data, offset=7, erase=erase)
        assert change.is_needed is is_needed, (held, erase)
        execute_data(bench.chip, change)
        assert bench.chip.read(DATA, 7, size) == data
