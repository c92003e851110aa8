"""Objects that hold nothing: as a new chip has them, as chips of before have them, erased; and how little is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.chip import Chip
from optiga.emulator import EmulatedChip, MemoryStore
from optiga.emulator.identity import factory_chip
from optiga.emulator.models import TRUST_M_V3
from optiga.errors import CertificateError
from optiga.identity.keys_on_chip import find_existing_key, plan_key
from optiga.identity.read import read_object
from optiga.identity.write import execute_write, plan_write
from optiga.objects.addressing import ADMINISTERED, READABLE, resolve
from optiga.objects.info import chip_information
from optiga.objects.objects import plan_data
from optiga.objects.reading import HEAD, Comparison
from optiga.objects.stored import is_empty, read_certificates, read_stored
from optiga.protocol.request import Request
from optiga.transfer.form import Entry
from optiga.transfer.plan import plan_import
from tests.support.identity.csr_helpers import NOW
from tests.support.makers import make_certificate

CERTIFICATE, DATA = 0xE0E1, 0xF1E0
NOTHING = {
    "a new chip": bytes(1728),
    "as Infineon's scripts read it": bytes(1700),
    "a chip of before": b"\x00",
    "erased": b"\xff" * 1728,
    "of no length": b"",
}
EMPTY = pytest.mark.parametrize("data", NOTHING.values(), ids=NOTHING)


class Bench:
    """A chip in memory that counts what its answers carry.

    :ivar answers: bytes of data in each answer since it was cleared.
    """

    def __init__(self, objects: dict[int, bytes] | None = None) -> None:
        content = factory_chip(TRUST_M_V3)
        for oid, data in (objects or {}).items():
            content[oid] = content[oid].with_data(data)
        self._chip = EmulatedChip(MemoryStore(content))
        self.answers: list[int] = []
        self.chip = Chip(self)

    def exchange(self, request: Request) -> bytes:
        answer = self._chip.execute(request.apdu)
        self.answers.append(len(answer) - 4)
        return answer

    def close(self) -> None:
        """Nothing is held."""


@EMPTY
class TestNothing:
    def test_it_is_empty(self, data: bytes) -> None:
        assert is_empty(data)
        bench = Bench({CERTIFICATE: data})
        assert is_empty(read_stored(bench.chip, CERTIFICATE))

    def test_what_is_said_of_it(self, data: bytes) -> None:
        chip = Bench({CERTIFICATE: data, 0xE0E8: data[:1200]}).chip
        assert chip_information(chip, now=NOW).slots["second"].certificate is None
        for oid in (CERTIFICATE, 0xE0E8):
            with pytest.raises(CertificateError, match=f"0x{oid:04X} holds no certificate"):
                read_object(chip, resolve(f"0x{oid:04X}", READABLE))
            with pytest.raises(CertificateError, match=f"0x{oid:04X} holds no certificate"):
                read_certificates(chip, oid)
        held = find_existing_key(chip, plan_key("second", algorithm=None, bits=None, usage=None))
        assert (held.algorithm, held.certificate, held.certificate_oid) == ("", "", "")

    def test_it_is_written_over_and_read_back(self, data: bytes, tmp_path: Path) -> None:
        (tmp_path / "cert.pem").write_bytes(make_certificate())
        chip = Bench({CERTIFICATE: data}).chip
        plan = plan_write(tmp_path / "cert.pem", slot="second", now=NOW)
        assert execute_write(chip, plan).written
        assert not execute_write(chip, plan).written
        assert chip.read(CERTIFICATE) == plan.data


class TestHowLittleIsRead:
    """A new chip's objects are full of zeros, of which the line need not carry kilobytes."""

    def test_before_a_certificate_is_written(self, tmp_path: Path) -> None:
        (tmp_path / "cert.pem").write_bytes(make_certificate())
        bench = Bench()
        plan = plan_write(tmp_path / "cert.pem", slot="second", now=NOW)
        execute_write(bench.chip, plan)
        assert sum(bench.answers) < len(plan.data) + HEAD + 200, "a proof, and metadata"

    def test_before_data_are_written(self) -> None:
        bench = Bench()
        assert plan_data(bench.chip, resolve("0xF1E0", ADMINISTERED).info, b"content").is_needed
        assert sum(bench.answers) < HEAD + 50

    @pytest.mark.parametrize(("size", "otherwise"), [(1728, "written"), (1700, "left")])
    def test_to_import_what_is_there(self, size: int, otherwise: str) -> None:
        """All of it, or the first bytes that Infineon's scripts read."""
        held = bytes(index % 251 for index in range(1728))
        bench, info = Bench({CERTIFICATE: held}), resolve(f"0x{CERTIFICATE:04X}", ADMINISTERED).info
        metadata = bench.chip.metadata(CERTIFICATE)
        for data, result in ((held[:size], "unchanged"), (held[: size - 1] + b"\xff", otherwise)):
            bench.answers.clear()
            assert plan_import(bench.chip, [Entry(info, metadata, data)]).objects[0].result == result
            assert sum(bench.answers) < 200

    def test_to_say_what_slots_hold(self) -> None:
        bench = Bench()
        own = len(bench.chip.read(0xE0E0))
        bench.answers.clear()
        chip_information(bench.chip, now=NOW)
        assert sum(bench.answers) < own + 3 * HEAD + 800  # the metadata of all objects


SIZES = (0, 1, HEAD - 1, HEAD, HEAD + 1, 140, 1500)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("expected", SIZES)
def test_equal_is_what_is_equal(size: int, expected: int) -> None:
    """Whichever part is read, it is the same only if all is."""
    pattern = bytes(range(1, 251)) * 6
    chip = Bench({DATA: pattern[:size]}).chip
    assert Comparison(chip, DATA, pattern[:expected]).is_same() is (size == expected)
    assert Comparison(chip, DATA, pattern[:expected]).is_same(to_the_end=False) is (size >= expected)
    assert read_stored(chip, DATA) == pattern[:size]


@pytest.mark.parametrize("position", [0, HEAD - 1, HEAD, 1499])
def test_a_byte_that_differs(position: int) -> None:
    pattern = bytes(range(1, 251)) * 6
    other = pattern[:position] + b"\xff" + pattern[position + 1 :]
    chip = Bench({DATA: pattern}).chip
    assert Comparison(chip, DATA, pattern).is_same()
    assert Comparison(chip, DATA, other).is_same() is False
    assert Comparison(chip, DATA, other[position:], offset=position).is_same() is False
    assert Comparison(chip, DATA, pattern[position:], offset=position).is_same()


@pytest.mark.parametrize("zeros", [0, 1, 2, 5, HEAD, 400])
def test_bytes_that_end_in_zeros_are_told_from_a_new_chips(zeros: int) -> None:
    """A new chip's object is full of zeros: its end alone says what it is, so nothing is hashed."""
    bench = Bench()
    expected = bytes(range(1, 200)) * 9
    expected = expected[: 1728 - zeros] + bytes(zeros)
    bench.answers.clear()
    assert Comparison(bench.chip, CERTIFICATE, expected).is_same() is False
    assert len(bench.answers) == (1 if zeros < HEAD else 2)
    bench.chip.write(CERTIFICATE, expected)
    assert Comparison(bench.chip, CERTIFICATE, expected).is_same() is True
