"""CSRs with a broken part: what is said is of this part, and true."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from optiga.ca.request import CertificateRequest
from optiga.errors import CertificateError
from optiga.protocol.der import BIT_STRING, INTEGER, NULL, OCTET_STRING, SEQUENCE, encode, encode_oid
from tests.support import odd_certificates as odd
from tests.support.csr_forms import KEY, make_form

EXTENSION_REQUEST = encode_oid("1.2.840.113549.1.9.14")
INFO = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
EC_KEY, P256 = encode_oid("1.2.840.10045.2.1"), encode_oid("1.2.840.10045.3.1.7")
RSA = encode(SEQUENCE, encode_oid("1.2.840.113549.1.1.1") + encode(NULL, b""))


def request(*values: bytes) -> bytes:
    """A CSR whose extensionRequest has some values."""
    attribute = encode(SEQUENCE, EXTENSION_REQUEST + encode(odd.SET, b"".join(values)))
    return make_form(attributes=encode(0xA0, attribute))


def asking(*extensions: bytes) -> bytes:
    return request(encode(SEQUENCE, b"".join(extensions)))


def key(algorithm: bytes, content: bytes) -> bytes:
    return make_form(key_info=encode(SEQUENCE, algorithm + encode(BIT_STRING, content)))


def on(curve: bytes, content: bytes) -> bytes:
    return key(encode(SEQUENCE, EC_KEY + curve), content)


CASES = {
    "version 2": (make_form(version=b"\x01"), "version is 2"),
    "version without bytes": (make_form(version=b""), "version is not a number"),
    "subject cut off": (make_form(encode(SEQUENCE, b"\x31\x20")), "subject is cut off"),
    "subject not DER": (make_form(encode(SEQUENCE, b"\x31\x81\x00")), "subject is not DER"),
    "point beside the curve": (on(P256, b"\x00\x04" + bytes(63) + b"\x01"), "not a point on its curve"),
    "no point": (on(P256, b"\x00"), "public key is"),
    "no curve": (on(b"", b"\x00\x04"), "names no curve"),
    "another curve": (on(encode_oid("1.2.3.4"), b"\x00\x04"), "curve 1.2.3.4"),
    "another algorithm": (key(encode(SEQUENCE, encode_oid("1.2.3.4")), b"\x00\x04"), "algorithm 1.2.3.4"),
    "bits of a key": (on(P256, b"\x03\x04"), "whole bytes"),
    "no numbers": (key(RSA, b"\x00\x04"), "modulus and an exponent"),
    "an even modulus": (key(RSA, b"\x00" + encode(SEQUENCE, encode(INTEGER, b"\x02") * 2)), "modulus that is not"),
    "extensionRequest NULL": (request(encode(NULL, b"")), "extensionRequest is not a SEQUENCE"),
    "extensionRequest without a value": (request(), "extensionRequest has no value"),
    "extensionRequest of integers": (request(encode(SEQUENCE, encode(INTEGER, b"\x01"))), "does not begin with"),
    "keyUsage ff": (asking(odd.extension("551d0f", b"\xff")), "keyUsage"),
    "keyUsage without a value": (asking(odd.extension("551d0f", b"")), "keyUsage has no value"),
    "keyUsage of another type": (asking(odd.extension("551d0f", encode(NULL, b""))), "keyUsage is not a BIT STRING"),
    "keyUsage of nine unused bits": (asking(odd.extension("551d0f", encode(BIT_STRING, b"\x09\x80"))), "unused bits"),
    "basicConstraints": (asking(odd.extension("551d13", b"\x30\x05")), "basicConstraints"),
    "subjectAltName": (asking(odd.extension("551d11", b"\x05\x00")), "subjectAltName"),
    "extendedKeyUsage": (asking(odd.extension("551d25", b"\x30\x00")), "extendedKeyUsage"),
    "subjectKeyIdentifier": (asking(odd.extension("551d0e", b"\x30\x00")), "subjectKeyIdentifier"),
    "authorityInfoAccess": (asking(odd.extension("2b06010505070101", b"\x05\x00")), "authorityInfoAccess"),
    "critical twice": (asking(odd.extension("551d25", b"", odd.TRUE * 2)), "extendedKeyUsage is not made of"),
    "critical of two bytes": (asking(odd.extension("551d11", b"\x30\x00", encode(1, b"\0\0"))), "subjectAltName"),
    "basicConstraints of two bytes": (asking(odd.extension("551d13", b"\x30\x04\x01\x02\0\0")), "basicConstraints"),
    "basicConstraints TRUE, not 0xFF": (asking(odd.extension("551d13", b"\x30\x03\x01\x01\x01")), "CA:TRUE"),
    "an extension cut off": (request(encode(SEQUENCE, b"\x30\x20")), "an extension is cut off"),
    "an attribute cut off": (make_form(attributes=encode(0xA0, b"\x30\x20")), "attributes is cut off"),
    "an attribute that is none": (make_form(attributes=encode(0xA0, encode(NULL, b""))), "attribute"),
    "the algorithm": (make_form(algorithm=encode(SEQUENCE, b"")), "signature algorithm"),
    "parameters of ECDSA": (
        make_form(algorithm=encode(SEQUENCE, encode_oid("1.2.840.10045.4.3.2") + encode(OCTET_STRING, b"x"))),
        "signature algorithm",
    ),
    "no signature": (make_form(sign=lambda _: b""), "signature is empty"),
    "bits of a signature": (make_form(unused_bits=3), "signature"),
    "another signature": (make_form(sign=lambda _: b"x"), "signature does not verify"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_broken_part_is_named(case: str) -> None:
    der, words = CASES[case]
    with pytest.raises(CertificateError) as caught:
        CertificateRequest.parse(der)
    assert words in str(caught.value)
    if "signature" not in words:
        assert "signature" not in caught.value.message


@pytest.mark.parametrize(
    "critical", [b"", odd.FALSE, odd.TRUE, encode(1, b"\x01")], ids=["default", "FALSE", "TRUE", "1"]
)
def test_truth_values_that_der_writes_otherwise_are_read(critical: bytes) -> None:
    """OpenSSL reads them, and what is issued does not have them."""
    name = encode(SEQUENCE, encode(0x82, b"device.example"))
    not_a_ca = encode(SEQUENCE, odd.FALSE)
    der = asking(odd.extension("551d11", name, critical), odd.extension("551d13", not_a_ca, critical))
    wishes = CertificateRequest.parse(der).wishes
    assert [one.dns for one in wishes.alt_names] == ["device.example"]
    assert wishes.left_out == ()


def test_an_empty_list_of_extensions_asks_for_nothing() -> None:
    wishes = CertificateRequest.parse(asking()).wishes
    assert (wishes.alt_names, wishes.left_out, wishes.wants_server) == ((), (), False)


def test_a_key_of_another_curve_is_named() -> None:
    other = ec.generate_private_key(ec.SECP256K1()).public_key()
    info = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(CertificateError, match="secp256k1"):
        CertificateRequest.parse(make_form(key_info=info))
