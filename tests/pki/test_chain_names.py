"""Chains whose names are the same to RFC 5280, 7.1, and stand there in other bytes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from optiga.pki.certificate import Certificate
from optiga.pki.chains import in_order, warnings_about
from tests.support import odd_certificates as odd

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
START, END = datetime(2025, 1, 1, tzinfo=timezone.utc), datetime(2045, 1, 1, tzinfo=timezone.utc)
KEY, CA_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
BMP = 0x1E
SPELLINGS = {
    "PrintableString": odd.name("Example CA", odd.PRINTABLE),
    "BMPString": odd.name("Example CA".encode("utf-16-be"), BMP),
    "other case": odd.name("EXAMPLE ca"),
    "blanks": odd.name(" Example   CA "),
}
SUBJECT = odd.name("Example CA")


def parse(der: bytes) -> Certificate:
    return Certificate.parse_leniently(der)


ROOT = parse(
    odd.odd_certificate(CA_KEY, issuer=SUBJECT, subject=SUBJECT, extensions=(odd.basic_constraints(odd.TRUE),))
)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("serial", [b"\x05", b"\x00\x00\x05"], ids=["strict", "odd"])
def test_a_name_in_other_bytes(spelling: str, serial: bytes) -> None:
    leaf = parse(odd.odd_certificate(KEY, issuer=SPELLINGS[spelling], signer=CA_KEY, serial=serial))
    assert (leaf.strict is None) == (len(serial) > 1)
    assert in_order([ROOT, leaf]) == ([leaf, ROOT], True)
    told = [text for text in warnings_about([leaf, ROOT], NOW) if "chain" in text]
    assert len(told) == 1
    assert "not valid" not in told[0]
    assert "in other bytes" in told[0]


@pytest.mark.parametrize("name", ["Example CB", "ExampleCA", "", "Example CA CA"])
def test_another_name(name: str) -> None:
    leaf = parse(odd.odd_certificate(KEY, issuer=odd.name(name), signer=CA_KEY))
    assert not leaf.is_issued_by(ROOT)
    assert "not issued by the next one" in warnings_about([leaf, ROOT], NOW)[0]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_another_key_of_the_name(spelling: str) -> None:
    leaf = parse(odd.odd_certificate(KEY, issuer=SPELLINGS[spelling], signer=KEY))
    assert not leaf.is_issued_by(ROOT)
    assert "not issued by the next one" in warnings_about([leaf, ROOT], NOW)[0]


def test_the_same_bytes_are_no_warning() -> None:
    leaf = parse(odd.odd_certificate(KEY, issuer=SUBJECT, signer=CA_KEY))
    assert leaf.names_exactly(ROOT)
    assert warnings_about([leaf, ROOT], NOW) == []


def make(spelled: _ASN1Type, sign: Callable[[x509.CertificateBuilder], x509.Certificate], key: object) -> Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA", spelled)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key)  # type: ignore[arg-type]
    builder = builder.serial_number(7).not_valid_before(START).not_valid_after(END)
    return Certificate.parse(
        sign(builder.add_extension(x509.BasicConstraints(True, None), True)).public_bytes(Encoding.DER)
    )


@pytest.mark.parametrize("kind", ["rsa", "pss", "ed25519", "secp384r1"])
def test_every_kind_of_signature(kind: str) -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)

    def new_key() -> object:
        if kind in ("rsa", "pss"):
            return rsa.generate_private_key(65537, 2048)
        return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP384R1())

    def sign(key: object) -> Callable[[x509.CertificateBuilder], x509.Certificate]:
        digest = None if kind == "ed25519" else hashes.SHA256()
        return lambda builder: builder.sign(key, digest, rsa_padding=pss if kind == "pss" else None)  # type: ignore[arg-type]

    ours, theirs = new_key(), new_key()
    public = ours.public_key()  # type: ignore[attr-defined]
    printable, utf8 = (make(one, sign(ours), public) for one in (_ASN1Type.PrintableString, _ASN1Type.UTF8String))
    forged = make(_ASN1Type.PrintableString, sign(theirs), public)
    assert not printable.names_exactly(utf8)
    assert printable.is_issued_by(utf8)
    assert utf8.is_issued_by(printable)
    assert not forged.is_issued_by(utf8)
