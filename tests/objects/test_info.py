"""What a chip is and what its slots hold, as values and as text."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key

from optiga.chip import Chip
from optiga.chip.sessions.objects import Objects
from optiga.cli.render.info import format_information
from optiga.errors import ChipError
from optiga.objects.firmware import identify_firmware
from optiga.objects.info import KeyInformation, SlotInformation, chip_information
from optiga.protocol import tls_identity
from optiga.protocol.codes import ErrorCode, LifeCycleState
from optiga.protocol.objects import LCS_APPLICATION, SECURITY_EVENT_COUNTER
from optiga.results import to_json
from tests.support.identity.csr_helpers import NOW, Ca, CountingTransport


@pytest.fixture
def chip():
    return Chip(CountingTransport())


@pytest.mark.parametrize(
    ("build", "model", "version"),
    [
        ("0715", "OPTIGA Trust X", "1.1.715"),
        ("1118", "OPTIGA Trust X", "1.40.1118"),
        ("0751", "OPTIGA Trust M V1", "build 0751"),
        ("0809", "OPTIGA Trust M V1", "1.30.809"),
        ("2440", "OPTIGA Trust M V3", "3.00.2440"),
        ("2564", "OPTIGA Trust M V3", "3.02.2564"),
        ("9999", "unknown chip", "unknown build 9999"),
    ],
)
def test_firmware(build, model, version):
    firmware = identify_firmware(build)
    assert (firmware.model, firmware.version) == (model, version)


def test_a_serial_number_has_whole_bytes(chip):
    """As openssl and 'ca list' show it."""
    certificate = x509.Certificate.load(Ca("issuer").certificate)
    certificate["tbs_certificate"]["serial_number"] = 0xABC
    chip.write(0xE0E1, certificate.dump(force=True))
    assert chip_information(chip, now=NOW).slots["second"].certificate.serial == "0abc"


def test_information_about_a_chip(chip):
    key = chip.generate_key("second", "secp384r1")
    ca = Ca("issuer")
    leaf = ca.certify(load_der_public_key(key.public_key_info), end=NOW - timedelta(hours=1))
    stored = tls_identity.encode([leaf, ca.certificate])
    chip.write(0xE0E1, stored)
    chip.write(0xE0E2, b"\xc0rubbish")
    information = chip_information(chip, now=NOW)
    assert information.uid == chip.uid.hex
    assert information.uid_fields == chip.uid
    assert (information.model, information.firmware) == ("OPTIGA Trust M V3", "3.02.2564")
    assert information.life_cycle.global_ == "operational"
    application = LifeCycleState(chip.read(LCS_APPLICATION)[0])
    assert information.life_cycle.application == application.name.lower()
    assert isinstance(information.security_event_counter, int)
    slots = information.slots
    assert list(slots) == ["first", "second", "third", "fourth", "five", "six"]
    second = slots["second"]
    assert (second.key_oid, second.certificate_oid) == ("0xE0F1", "0xE0E1")
    assert second.key == KeyInformation("secp384r1", ("authentication", "key_agreement"), "creation")
    certificate = second.certificate
    assert (certificate.size, certificate.chain) == (len(stored), 2)
    assert (certificate.subject, certificate.issuer) == ("CN=device", "CN=issuer")
    assert (certificate.public_key, certificate.expired) == ("secp384r1", True)
    assert certificate.not_after == NOW - timedelta(hours=1)
    assert slots["third"].certificate.error.startswith("the lengths of the TLS identity")
    assert (slots["fourth"].key, slots["fourth"].certificate) == (None, None)
    assert slots["five"] == SlotInformation("0xE0FC", None)
    assert slots["first"].certificate.subject

    encoded = to_json(information)
    assert json.loads(json.dumps(encoded)) == encoded
    assert encoded["uid_fields"]["firmware_build"] == chip.uid.firmware_build
    assert encoded["life_cycle"] == {"global": "operational", "application": application.name.lower()}
    assert encoded["slots"]["second"]["certificate"]["not_after"] == "2029-12-31T23:00:00+00:00"
    assert encoded["slots"]["five"] == {"key_oid": "0xE0FC", "key": None}
    assert encoded["slots"]["fourth"]["certificate"] is None
    assert "unusable" not in encoded

    text = format_information(information)
    lines = text.split("\n")
    assert lines[0] == "Chip             OPTIGA Trust M V3, firmware 3.02.2564"
    assert lines[1] == f"UID              {chip.uid.hex}"
    assert "Slot second      key 0xE0F1 secp384r1 (authentication, key_agreement), creation" in lines
    assert f"                 certificate 0xE0E1 {len(stored)} bytes, chain of 2" in lines
    assert "                   subject CN=device" in lines
    assert f"                   serial  {certificate.serial}, EXPIRED on 2029-12-31" in lines
    assert "Slot fourth      key 0xE0F3 empty" in lines
    assert "                 certificate 0xE0E3 empty" in lines
    assert any(line.startswith("                 certificate 0xE0E2 8 bytes: the lengths of") for line in lines)


def test_a_certificate_that_is_not_valid_yet(chip):
    key = chip.generate_key("second")
    chip.write(0xE0E1, tls_identity.encode([Ca("issuer").certify(load_der_public_key(key.public_key_info))]))
    held = chip_information(chip, now=NOW).slots["second"].certificate
    information = chip_information(chip, now=held.not_before - timedelta(days=3))
    said = f"valid from {held.not_before.date()} (not yet) until {held.not_after.date()}"
    assert said in format_information(information)
    assert "(not yet)" not in format_information(chip_information(chip, now=NOW))
    assert "is_ahead" not in json.dumps(to_json(information))


def test_a_model_that_lacks_objects(chip, monkeypatch):
    def lacking(function, lacked):
        def call(objects, oid, *part, **parts):
            if oid in lacked:
                raise ChipError("no such object", code=ErrorCode.INVALID_OID)
            return function(objects, oid, *part, **parts)

        return call

    monkeypatch.setattr(Objects, "read", lacking(Objects.read, [SECURITY_EVENT_COUNTER, 0xE0E3]))
    monkeypatch.setattr(Objects, "metadata", lacking(Objects.metadata, [0xE0FC, 0xE0FD, 0xE0E3]))
    information = chip_information(chip, now=NOW)
    assert information.security_event_counter is None
    assert "security_event_counter" not in to_json(information)
    assert list(information.slots) == ["first", "second", "third", "fourth"]
    assert information.slots["fourth"] == SlotInformation("0xE0F3", None), "null is for an empty object alone"
    assert "Security events" not in format_information(information)


def test_other_errors_are_not_hidden(chip, monkeypatch):
    def broken(_, oid):
        raise ChipError("broken", code=ErrorCode.INTERNAL_PROCESS_ERROR)

    monkeypatch.setattr(Objects, "metadata", broken)
    with pytest.raises(ChipError, match="broken"):
        chip_information(chip)
