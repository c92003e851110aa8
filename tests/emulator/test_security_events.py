"""What the security monitor counts and what it does not; in a command once (SRM, "Security Monitor", table 43)."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from optiga.emulator.identity import root_certificate_pem
from optiga.emulator.machine import CommandError, Machine
from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import Clock, Probe, command, key_target, to_sign, two

DIGEST = bytes(range(32))


@pytest.fixture
def probe() -> Probe:
    return Probe(clock=Clock())


def sec(probe: Probe) -> int:
    return probe.read(0xE0C5)[0]


def test_derivation_from_a_persistent_secret(probe: Probe) -> None:
    probe.write(0xF1D0, bytes(range(32)))
    probe.set_tags(0xF1D0, {Tag.EXECUTE: b"\x00", Tag.TYPE: b"\x21"})
    assert probe.machine.secret(0xF1D0) == bytes(range(32))
    probe.machine.end_command()
    assert sec(probe) == 1


@pytest.mark.parametrize("kind", [0x21, 0x22, 0x23, 0x31])
def test_secrets_of_every_type(probe: Probe, kind: int) -> None:
    probe.set_tags(0xF1D0, {Tag.EXECUTE: b"\x00", Tag.TYPE: bytes([kind])})
    probe.machine.require(0xF1D0, Tag.EXECUTE)
    probe.machine.require(0xF1D0, Tag.EXECUTE)
    probe.machine.end_command()
    assert sec(probe) == 1


@pytest.mark.parametrize("oid", [0xE0F1, 0xE0FC, 0xE200])
def test_keys_of_every_kind(probe: Probe, oid: int) -> None:
    probe.machine.require(oid, Tag.EXECUTE)
    probe.machine.end_command()
    assert sec(probe) == 1


def test_keys_of_sessions_do_not_count(probe: Probe) -> None:
    probe.ok(CommandCode.GEN_KEY_PAIR, 0x03, key_target(0xE100))
    probe.sign(0xE100, DIGEST)
    assert sec(probe) == 0


def test_making_a_key_reading_and_counting_do_not_count(probe: Probe) -> None:
    probe.generate(0x03, 0xE0F1)
    probe.write(0xF1D0, b"x")
    probe.write(0xE120, bytes.fromhex("0000000000000009"))
    probe.write(0xE120, b"\x01", how=2)
    probe.ok(CommandCode.GET_RANDOM, 0, two(8))
    assert sec(probe) == 0


def test_verifying_does_not_count(probe: Probe) -> None:
    certificate = x509.load_pem_x509_certificate(root_certificate_pem().encode())
    probe.write(0xE0E8, certificate.public_bytes(Encoding.DER))
    given = tlv.encode(0x01, DIGEST) + tlv.encode(0x02, bytes.fromhex("020101020101"))
    refused = probe.refused(CommandCode.VERIFY_SIGN, 0x11, given + tlv.encode(0x04, two(0xE0E8)))
    assert refused is ErrorCode.SIGNATURE_VERIFICATION_FAILURE
    assert sec(probe) == 0


def test_a_command_refused_before_the_key_is_used_does_not_count(probe: Probe) -> None:
    assert probe.refused(CommandCode.CALC_SIGN, 0x11, to_sign(0xE0F0, bytes(33))) is ErrorCode.INVALID_DATA
    assert sec(probe) == 0


@pytest.mark.parametrize(
    ("code", "param", "error", "events"),
    [
        (0x15, 0x20, ErrorCode.AUTHORIZATION_FAILURE, 1),
        (0x1F, 0x11, ErrorCode.DECRYPTION_FAILURE, 1),
        (0x1F, 0x11, ErrorCode.INVALID_DATA, 0),
    ],
)
def test_a_use_that_fails_counts(
    probe: Probe, monkeypatch: pytest.MonkeyPatch, code: int, param: int, error: ErrorCode, events: int
) -> None:
    def use_and_fail(used: Machine, param: int, data: bytes) -> bytes:
        used.require(0xE0F0, Tag.EXECUTE)
        raise CommandError(error)

    with monkeypatch.context() as patched:
        patched.setattr("optiga.emulator.chip.find_command", lambda code: use_and_fail)
        assert probe.chip.execute(command(code, param)) == bytes.fromhex("ff000000")
    assert sec(probe) == events


@pytest.mark.parametrize(
    ("error", "events"),
    [
        (ErrorCode.DECRYPTION_FAILURE, 1),
        (ErrorCode.INTEGRITY_VALIDATION_FAILURE, 1),
        (ErrorCode.SIGNATURE_VERIFICATION_FAILURE, 1),
        (ErrorCode.INVALID_MANIFEST, 0),
    ],
)
@pytest.mark.parametrize("clear", [0x00, 0x80])
def test_failed_checks_of_a_protected_update(
    probe: Probe, monkeypatch: pytest.MonkeyPatch, error: ErrorCode, events: int, clear: int
) -> None:
    def fail(used: Machine, param: int, data: bytes) -> bytes:
        raise CommandError(error)

    with monkeypatch.context() as patched:
        patched.setattr("optiga.emulator.chip.find_command", lambda code: fail)
        assert probe.chip.execute(command(0x03 | clear, 1)) == bytes.fromhex("ff000000")
    assert sec(probe) == events
