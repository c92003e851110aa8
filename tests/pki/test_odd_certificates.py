"""Certificates that break a rule of X.509: written, read and shown in words; trusted by nobody."""

from __future__ import annotations

import pickle
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.chip import Chip
from optiga.cli.render.info import format_information
from optiga.emulator import EmulatedChip
from optiga.errors import CertificateError, OptigaError
from optiga.identity.attestation import load_trust
from optiga.identity.forms import warnings_about_anchor
from optiga.identity.read import read_object
from optiga.identity.write import execute_write, plan_write
from optiga.objects.addressing import READABLE, resolve
from optiga.objects.info import CertificateInformation, chip_information
from optiga.pki.certificate import Certificate, parse_certificates
from optiga.pki.certificate_files import find_certificates
from optiga.pki.chains import in_order, warnings_about
from optiga.pki.pem import encode_pem
from optiga.protocol import tls_identity
from optiga.protocol.der import BIT_STRING, INTEGER, SEQUENCE, encode
from optiga.protocol.request import Request
from tests.support import odd_certificates as odd

KEY = ec.derive_private_key(0x1234567, ec.SECP256R1())
CA_KEY = ec.derive_private_key(0x7654321, ec.SECP256R1())
pytestmark = pytest.mark.filterwarnings("ignore")  # cryptography's own about certificates that break the rules
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
EMAIL = "2a864886f70d010901"


def time(tag: int, text: bytes) -> bytes:
    return encode(tag, text)


ODD = {
    "an underscore in a PrintableString": (odd.odd_certificate(KEY, subject=odd.name("dev_1@x*&", odd.PRINTABLE)), 1),
    "the same in the issuer": (odd.odd_certificate(KEY, issuer=odd.name("c_a", odd.PRINTABLE)), 1),
    "Latin-1 in a T61String": (odd.odd_certificate(KEY, subject=odd.name(b"M\xfcller", odd.T61)), None),
    "Latin-1 in a UTF8String": (odd.odd_certificate(KEY, subject=odd.name(b"M\xfcller")), 1),
    "FALSE written out in basicConstraints": (
        odd.odd_certificate(KEY, extensions=(odd.basic_constraints(odd.FALSE), odd.key_usage())),
        1,
    ),
    "FALSE written out as critical": (
        odd.odd_certificate(KEY, extensions=(odd.extension("551d0e", encode(4, b"12345678"), odd.FALSE),)),
        1,
    ),
    "encipherOnly without keyAgreement": (odd.odd_certificate(KEY, extensions=(odd.key_usage("0081"),)), 1),
    "an extension that is none": (
        odd.odd_certificate(KEY, extensions=(odd.extension("551d11", b"\xff\xff"), odd.key_usage())),
        1,
    ),
    "an empty subjectAltName": (odd.odd_certificate(KEY, extensions=(odd.extension("551d11", b""),)), 1),
    "an extension twice": (odd.odd_certificate(KEY, extensions=(odd.key_usage(), odd.key_usage())), 1),
    "a list of extensions that is none": (odd.odd_certificate(KEY, extensions=(b"\x05\x00",)), 1),
    "no list of extensions in version 3": (odd.odd_certificate(KEY, extensions=None), None),
    "version 1": (odd.odd_certificate(KEY, version=None, extensions=None), None),
    "version 1 written out": (odd.odd_certificate(KEY, version=b"\x00", extensions=None), None),
    "version 1 with extensions": (odd.odd_certificate(KEY, version=None), 0),
    "version 2": (odd.odd_certificate(KEY, version=b"\x01", extensions=None), None),
    "version 9": (odd.odd_certificate(KEY, version=b"\x08"), 1),
    "a negative serial number": (odd.odd_certificate(KEY, serial=b"\xf1\x02"), None),
    "serial number zero": (odd.odd_certificate(KEY, serial=b"\x00"), None),
    "a serial number with zeros in front": (odd.odd_certificate(KEY, serial=b"\x00\x00\x05"), 1),
    "a serial number of 40 bytes": (odd.odd_certificate(KEY, serial=b"\x01" * 40), None),
    "no issuer": (odd.odd_certificate(KEY, issuer=encode(SEQUENCE, b"")), 0),
    "no subject": (odd.odd_certificate(KEY, subject=encode(SEQUENCE, b"")), 0),
    "GeneralizedTime before 2050": (
        odd.odd_certificate(KEY, dates=(time(0x18, b"20250101000000Z"), time(0x18, b"20450101000000Z"))),
        None,
    ),
    "times without seconds": (
        odd.odd_certificate(KEY, dates=(time(0x17, b"2501010000Z"), time(0x17, b"4501010000Z"))),
        1,
    ),
    "times with a zone": (
        odd.odd_certificate(KEY, dates=(time(0x17, b"250101000000+0100"), time(0x17, b"450101000000+0100"))),
        1,
    ),
    "times with fractions": (
        odd.odd_certificate(KEY, dates=(time(0x18, b"20250101000000.5Z"), time(0x18, b"20450101000000.5Z"))),
        1,
    ),
    "a text that is not text": (odd.odd_certificate(KEY, subject=odd.name(b"\x01", INTEGER)), None),
    "a country of three letters": (odd.odd_certificate(KEY, subject=odd.name("DEU", oid="550406")), None),
    "an address": (odd.odd_certificate(KEY, subject=odd.name("a@b.example", 0x16, EMAIL)), None),
    "a compressed point": (odd.odd_certificate(KEY, info=odd.compressed_info(KEY)), None),
}
"""Certificates, and whether the strict reading must refuse them; None where versions of the library differ, 0 where it
need not, and other programs refuse them."""


class _Line:
    """An emulated chip."""

    def __init__(self) -> None:
        self._chip = EmulatedChip()

    def exchange(self, request: Request) -> bytes:
        return self._chip.execute(request.apdu)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module")
def chip() -> Chip:
    return Chip(_Line())


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("oid", ["0xE0E1", "0xE0E8"])
def test_written_read_and_shown(case: str, oid: str, chip: Chip, tmp_path: Path) -> None:
    der, refused = ODD[case]
    path = tmp_path / "odd.pem"
    path.write_text(encode_pem("CERTIFICATE", der))
    plan = plan_write(path, oid=oid, now=NOW)
    result = execute_write(chip, plan)
    assert chip.read(oid) == (tls_identity.encode([der]) if oid == "0xE0E1" else der)
    assert (refused is not None) <= any("breaks a rule of X.509" in text for text in result.warnings)
    shown = read_object(chip, resolve(oid, READABLE))
    assert shown.note == ""
    assert [one.der for one in shown.certificates] == [der]
    assert shown.text == encode_pem("CERTIFICATE", der)
    information = chip_information(chip, now=NOW)
    described = information.slots["second"].certificate
    if oid == "0xE0E1":
        assert isinstance(described, CertificateInformation)
        assert described.expired is False
    for text in (*result.warnings, *format_information(information).splitlines()):
        assert text.isprintable()
        assert "ParseError" not in text


@pytest.mark.parametrize("case", [case for case in ODD if ODD[case][1]])
def test_what_is_trusted_follows_the_rules(case: str, tmp_path: Path) -> None:
    """The readings that trust hangs on refuse what the others take, in words."""
    der, _ = ODD[case]
    path = tmp_path / "roots.der"
    path.write_bytes(der)
    for load in (lambda: load_trust(path), lambda: Certificate.parse(der)):
        with pytest.raises((CertificateError, ValueError)) as caught:
            load()
        assert "ParseError" not in str(caught.value)
    lenient = Certificate.parse_leniently(der)
    assert not lenient.is_issued_by(lenient)
    with pytest.raises(CertificateError, match=r"breaks a rule of X\.509: "):
        _ = lenient.parsed


@pytest.mark.parametrize("case", [case for case in ODD if ODD[case][1]])
def test_what_a_ca_has_issued_may_have_any_names(case: str) -> None:
    """Names of old CAs are let pass where a CA works, and no other breach is."""
    der, _ = ODD[case]
    if not any(part in case for part in ("PrintableString", "the issuer")):
        with pytest.raises(CertificateError, match=r"breaks a rule of X\.509: "):
            parse_certificates(der, "f")
        return
    (found,) = parse_certificates(der, "f")
    assert found.der == der
    assert found.strict is None
    assert found.oddity
    assert found.parsed.subject
    assert pickle.loads(pickle.dumps(found)) == found


def test_its_parts_are_shown_in_words() -> None:
    def subject(**parts: bytes) -> str:
        return Certificate.parse_leniently(odd.odd_certificate(KEY, serial=b"\x00\x00\x05", **parts)).subject  # type: ignore[arg-type]

    assert subject(subject=odd.name("dev_1", odd.PRINTABLE)) == "CN=dev_1"
    assert subject(subject=odd.name(b"M\xfcller", odd.T61)) == "CN=M\u00fcller"
    assert subject(subject=odd.name("a@b.example", 0x16, EMAIL)) == "emailAddress=a@b.example"
    assert subject(subject=odd.name("4711", oid="550405")) == "serialNumber=4711"
    assert subject(subject=odd.name("G\u00e4\u0142".encode("utf-16-be"), 0x1E)) == "CN=G\u00e4\u0142"
    assert subject(subject=odd.name(b"\x01", INTEGER)) == "CN=020101"
    assert subject(subject=odd.name("a, CN=b")) == "CN=a\\, CN=b"
    assert subject(subject=odd.name("a\x1b[2J")) == "CN=a\ufffd[2J"
    assert subject(subject=encode(SEQUENCE, b"")) == "nobody"
    assert subject(subject=encode(SEQUENCE, b"\x31\x05")) == "a name that cannot be read"
    negative = Certificate.parse_leniently(odd.odd_certificate(KEY, serial=b"\xf1\x02"))
    assert negative.serial_text == "-0efe"
    zoned = odd.odd_certificate(KEY, dates=(time(0x17, b"250101003000+0100"), time(0x17, b"450101000000-0130")))
    read = Certificate.parse_leniently(zoned)
    assert (read.not_before.isoformat(), read.not_after.isoformat()) == (
        "2024-12-31T23:30:00+00:00",
        "2045-01-01T01:30:00+00:00",
    )


@pytest.mark.parametrize(
    ("der", "word"),
    [
        (odd.odd_certificate(KEY, dates=(time(0x17, b"soon"), time(0x17, b"450101000000Z"))), "dates"),
        (odd.odd_certificate(KEY, dates=(time(0x17, b"251301000000Z"), time(0x17, b"450101000000Z"))), "dates"),
        (odd.odd_certificate(KEY, dates=(time(0x17, b"450101000000Z"),)), "dates"),
        (odd.odd_certificate(KEY, info=encode(SEQUENCE, b"")), ""),
        (odd.odd_certificate(KEY, extensions=(odd.extension("551d13", b"\x05\x00"),)), "basicConstraints"),
    ],
)
def test_what_is_needed_must_parse(der: bytes, word: str, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(der)
    with pytest.raises(CertificateError) as caught:
        plan_write(path)
    assert word in caught.value.message
    assert "ParseError" not in caught.value.message


def test_basic_constraints_are_read() -> None:
    ca = odd.odd_certificate(
        KEY, serial=b"\x00\x00\x01", extensions=(odd.basic_constraints(odd.TRUE + b"\x02\x01\x00"),)
    )
    other = odd.odd_certificate(KEY, extensions=(odd.basic_constraints(odd.FALSE),))
    assert Certificate.parse_leniently(ca).is_ca is True
    assert Certificate.parse_leniently(other).is_ca is False
    (said,) = [text for text in warnings_about([Certificate.parse_leniently(ca)], NOW) if "CA" in text]
    assert "not a device" in said


def test_a_chain_of_them_is_put_in_order() -> None:
    issuer = odd.name("c_a", odd.PRINTABLE)
    leaf = odd.odd_certificate(KEY, issuer=issuer, signer=CA_KEY)
    root = odd.odd_certificate(CA_KEY, issuer=issuer, subject=issuer, extensions=(odd.basic_constraints(odd.TRUE),))
    stranger = odd.odd_certificate(CA_KEY, issuer=issuer, subject=odd.name("other"))
    found = find_certificates(root + leaf, "f")
    assert [one.der for one in found.certificates] == [leaf, root]
    assert len(found.notes) == 1
    mixed = [Certificate.parse_leniently(one) for one in (leaf, stranger)]
    assert in_order(mixed) == (mixed, False)
    assert any("is not valid" in text for text in warnings_about(mixed, NOW))


SHA256, SHA384 = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d040303")
NO_PATH_OF_A_DEVICE = (odd.basic_constraints(b"\x02\x01\x00"),)
SAID = {
    "version 1 with extensions": (odd.odd_certificate(KEY, version=None), "need version 3, but its version is 1"),
    "version 2 with extensions": (odd.odd_certificate(KEY, version=b"\x01"), "need version 3, but its version is 2"),
    "a negative version": (odd.odd_certificate(KEY, version=b"\x80" + bytes(2100)), "its version is not valid"),
    "two algorithms": (odd.odd_certificate(KEY).replace(SHA256, SHA384, 1), "is signed with another"),
    "no issuer": (odd.odd_certificate(KEY, issuer=encode(SEQUENCE, b"")), "its issuer has no name"),
    "no subject": (odd.odd_certificate(KEY, subject=encode(SEQUENCE, b"")), "its subject has no name"),
    "a path of no CA": (odd.odd_certificate(KEY, extensions=NO_PATH_OF_A_DEVICE), "limit the path"),
    "an address of five bytes": (odd.odd_certificate(KEY, extensions=(odd.alt_names(0x87, b"12345"),)), "IP address"),
    "empty nameConstraints": (
        odd.odd_certificate(KEY, extensions=(odd.extension("551d1e", b"\x30\x00", odd.TRUE),)),
        "its nameConstraints are empty",
    ),
    "a BIT STRING as a name": (odd.odd_certificate(KEY, subject=odd.name(b"\x00\x01", BIT_STRING)), "a BIT STRING"),
}
"""What is said of certificates, in the words of the field."""


@pytest.mark.parametrize("case", SAID)
def test_which_rule_is_broken_is_said_in_words(case: str) -> None:
    der, words = SAID[case]
    (said,) = warnings_about(find_certificates(der, "f").certificates, NOW)
    assert "strict programs refuse it" in said
    assert words in said


def test_a_name_that_is_allowed_and_not_supported_breaks_no_rule() -> None:
    der = odd.odd_certificate(KEY, extensions=(odd.alt_names(0xA3, b""),))
    (said,) = warnings_about(find_certificates(der, "f").certificates, NOW)
    assert "x400Address" in said
    assert "breaks a rule" not in said


def test_a_device_may_have_alternative_names_alone() -> None:
    no_name, names = encode(SEQUENCE, b""), odd.alt_names(0x82, b"a.example")
    assert (
        warnings_about(
            find_certificates(odd.odd_certificate(KEY, subject=no_name, extensions=(names,)), "f").certificates, NOW
        )
        == []
    )


def test_an_anchor_whose_point_is_not_uncompressed() -> None:
    for info in (odd.compressed_info(KEY), odd.hybrid_info(KEY)):
        anchor = Certificate.parse_leniently(odd.odd_certificate(KEY, info=info))
        assert any("uncompressed point" in text for text in warnings_about_anchor(anchor))


@given(st.sampled_from([der for der, _ in ODD.values()]), st.data())
@settings(max_examples=60, deadline=None)
def test_no_change_of_a_byte_breaks_it(der: bytes, data: st.DataObject) -> None:
    changed = bytearray(der)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    given_bytes = bytes(changed[: data.draw(st.sampled_from([len(der), len(der), len(der) // 2]))])
    try:
        found = find_certificates(given_bytes, "f")
    except OptigaError as error:
        texts = [error.message, error.hint]
    else:
        assert b"".join(one.der for one in found.certificates) == given_bytes
        texts = [*found.notes, *warnings_about(found.certificates, NOW)]
        texts += [
            text for one in found.certificates for text in (one.subject, one.issuer, one.serial_text, *one.purposes)
        ]
    for text in texts:
        assert text.isprintable()
        assert "ParseError" not in text


def test_a_version_that_is_a_very_long_number() -> None:
    """It has more digits than Python prints."""
    odd_one = Certificate.parse_leniently(odd.odd_certificate(KEY, version=b"\x7f" + bytes(2100)))
    assert any("version" in text for text in warnings_about_anchor(odd_one))


def test_a_bit_string_without_a_key_is_no_key() -> None:
    algorithm = encode(SEQUENCE, encode(6, bytes.fromhex("2a8648ce3d0201")))
    der = odd.odd_certificate(KEY, info=encode(SEQUENCE, algorithm + encode(BIT_STRING, b"")))
    with pytest.raises(ValueError):
        Certificate.parse_leniently(der)
