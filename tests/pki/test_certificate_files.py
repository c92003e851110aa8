"""The forms that certificates come in: what is found in a file, and in which words anything else is refused."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.errors import CertificateError, ConfigurationError, OptigaError
from optiga.identity.attestation import load_trust
from optiga.pki.certificate import load_certificates, parse_certificates
from optiga.pki.certificate_files import find_certificates, load_found
from optiga.pki.chains import warnings_about
from optiga.pki.pem import encode_pem
from optiga.protocol.der import SEQUENCE, encode
from tests.support import odd_certificates as odd
from tests.support.identity.csr_helpers import SEED_CERTIFICATE, Ca, pem

KEY = ec.generate_private_key(ec.SECP256R1())
CA = Ca("root")
INTERMEDIATE = Ca("intermediate", CA)
LEAF = INTERMEDIATE.certify(KEY.public_key())
CHAIN = (LEAF, INTERMEDIATE.certificate, CA.certificate)
PARSED = [x509.load_der_x509_certificate(der) for der in CHAIN]
ODD = odd.odd_certificate(KEY, subject=odd.name("dev_1", odd.PRINTABLE))
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
PLAIN = serialization.NoEncryption()
TEXT = pem(*CHAIN)


def in_c(*ders: bytes) -> str:
    return ", ".join(f"0x{byte:02X}" for byte in b"".join(ders))


def found(data: bytes) -> tuple[bytes, ...]:
    return tuple(one.der for one in find_certificates(data, "f").certificates)


def aws(command: str, text: str = TEXT) -> bytes:
    """What the ``aws`` command prints of a certificate."""
    described = {"certificateArn": "arn:aws:iot:eu-central-1:123456789012:cert/00", "certificatePem": text}
    answers: dict[str, object] = {
        "create-certificate-from-csr": {**described, "certificateId": "00"},
        "create-keys-and-certificate": {
            **described,
            "keyPair": {"PublicKey": "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n", "PrivateKey": "x"},
        },
        "describe-certificate": {"certificateDescription": {**described, "status": "ACTIVE"}},
        "get-certificate": {"Certificate": pem(LEAF), "CertificateChain": pem(*CHAIN[1:])},
        "a query": text,
        "a query of several": [text],
    }
    return json.dumps(answers[command], indent=4).encode()


TAKEN = {
    "bytes of C": in_c(*CHAIN).encode(),
    "an array of C": f"// of the tool\nstatic const uint8_t x[] = {{\n {in_c(*CHAIN)}, }};\n".encode(),
    "PEM": TEXT.encode(),
    "CRLF": TEXT.replace("\n", "\r\n").encode(),
    "CR alone": TEXT.replace("\n", "\r").encode(),
    "spaces at the ends of lines": TEXT.replace("\n", "  \t\n").encode(),
    "a BOM": b"\xef\xbb\xbf" + TEXT.encode(),
    "no last line break": TEXT.rstrip().encode(),
    "text between": f"subject=C = DE\n{pem(LEAF)}\nÜ: 1\n{pem(*CHAIN[1:])} end".encode(),
    "OpenSSL's own": "".join(
        encode_pem("TRUSTED CERTIFICATE", one + encode(SEQUENCE, encode(0x0C, b"alias"))) for one in CHAIN
    ).encode(),
    "on one line": "".join(encode_pem("CERTIFICATE", one).replace("\n", "") for one in CHAIN).encode(),
    "DER behind DER": b"".join(CHAIN),
    "PKCS #7 in DER": odd.pkcs7(*CHAIN),
    "PKCS #7 of the library": pkcs7.serialize_certificates(PARSED, DER),
    "PKCS #7 in PEM": pkcs7.serialize_certificates(PARSED, PEM),
    "PKCS #7 named CMS": encode_pem("CMS", odd.pkcs7(*CHAIN)).encode(),
    "PKCS #7 named CERTIFICATE, as Windows does": encode_pem("CERTIFICATE", odd.pkcs7(*CHAIN)).encode(),
    "PKCS #7 named so": encode_pem("PKCS #7 SIGNED DATA", odd.pkcs7(*CHAIN)).encode(),
    "PKCS #12 without a passphrase": pkcs12.serialize_key_and_certificates(b"x", KEY, PARSED[0], PARSED[1:], PLAIN),
    "PKCS #12 without a key": pkcs12.serialize_key_and_certificates(None, None, PARSED[0], PARSED[1:], PLAIN),
    **{
        f"JSON of {command}": aws(command) for command in ("create-certificate-from-csr", "create-keys-and-certificate")
    },
    **{f"JSON of {command}": aws(command) for command in ("describe-certificate", "get-certificate", "a query")},
    "JSON of a query of several": aws("a query of several"),
    "JSON with a BOM and CRLF": b"\xef\xbb\xbf" + aws("describe-certificate").replace(b"\n", b"\r\n"),
    "an escaped text without its quotes": aws("a query")[1:-1],
    "YAML": b"certificatePem: " + aws("a query") + b"\ncertificateId: a\n",
    "a block of YAML": ("certificatePem: |\n  " + TEXT.replace("\n", "\n  ")).encode(),
}


@pytest.mark.parametrize("form", TAKEN)
def test_a_chain_in_every_form(form: str, tmp_path: Path) -> None:
    assert found(TAKEN[form]) == CHAIN
    path = tmp_path / "chain"
    path.write_bytes(TAKEN[form])
    assert tuple(one.der for one in load_found(path).certificates) == CHAIN


@pytest.mark.parametrize(
    "text", ["0x30, 0x82", "{0x30, 0x82, 0x100}", "0x30, 0x82, zz", "{ 0x30, 0x03, 0x02, 0x01, 0x00 }"]
)
def test_bytes_of_c_that_are_no_certificate(text: str) -> None:
    with pytest.raises(CertificateError) as caught:
        find_certificates(text.encode(), "anchor.txt")
    assert "anchor.txt" in caught.value.message


def test_a_reversed_or_shuffled_chain_is_put_in_order_and_said() -> None:
    for order in ((2, 1, 0), (1, 0, 2), (1, 2, 0), (0, 2, 1)):
        certificates, notes = find_certificates(b"".join(CHAIN[index] for index in order), "f")
        assert tuple(one.der for one in certificates) == CHAIN
        (note,) = notes
        assert "sorted" in note
        assert "CN=device" in note
    assert find_certificates(b"".join(CHAIN), "f").notes == ()


def test_a_chain_with_an_issuer_that_two_roots_have_signed() -> None:
    other = Ca("other root")
    intermediates = (INTERMEDIATE.certificate, other.certify(INTERMEDIATE.key.public_key(), "intermediate", is_ca=True))
    above = {one: find_certificates(one, "f").certificates[0].subject for one in (CA.certificate, other.certificate)}
    given = (*above, *intermediates, LEAF)
    for order in (given, given[::-1], (LEAF, *above, *intermediates), (*intermediates, LEAF, *above)):
        ordered = found(b"".join(order))
        assert sorted(ordered) == sorted(given)
        assert ordered[0] == LEAF
        assert set(ordered[1:3]) == set(intermediates)
    whole = (LEAF, *intermediates, *above)
    assert find_certificates(b"".join(whole), "f").notes == ()


STRANGER = Ca("stranger").certificate


@pytest.mark.parametrize(
    ("ders", "ordered"),
    [
        ((CA.certificate, LEAF), (LEAF, CA.certificate)),
        ((STRANGER, CA.certificate, INTERMEDIATE.certificate, LEAF), (*CHAIN, STRANGER)),
        ((INTERMEDIATE.certificate, STRANGER, LEAF), (LEAF, INTERMEDIATE.certificate, STRANGER)),
    ],
)
def test_the_only_certificate_of_no_ca_is_first(ders: tuple[bytes, ...], ordered: tuple[bytes, ...]) -> None:
    """What its chain lacks, or has beside it, does not make a CA's certificate the device's."""
    certificates, (note,) = find_certificates(pem(*ders).encode(), "f")
    assert tuple(one.der for one in certificates) == ordered
    assert "CN=device is first" in note
    assert any("is not valid" in text for text in warnings_about(certificates, datetime.now(timezone.utc)))


@pytest.mark.parametrize(
    "ders",
    [
        (LEAF, STRANGER),
        (LEAF, INTERMEDIATE.certify(KEY.public_key(), "another"), INTERMEDIATE.certificate),
        (INTERMEDIATE.certificate, STRANGER),
    ],
)
def test_what_makes_no_chain_stays_as_it_is(ders: tuple[bytes, ...]) -> None:
    certificates, notes = find_certificates(pem(*ders).encode(), "f")
    assert (tuple(one.der for one in certificates), notes) == (ders, ())


@pytest.mark.parametrize(
    "ders",
    [
        (LEAF, LEAF),
        (*CHAIN, LEAF),
        (LEAF, *CHAIN, *CHAIN),
        (*CHAIN[1:], LEAF, LEAF),
    ],
)
def test_each_certificate_counts_once(ders: tuple[bytes, ...]) -> None:
    for data in (pem(*ders).encode(), b"".join(ders)):
        certificates, notes = find_certificates(data, "f")
        assert [one.der for one in certificates] == [one for one in CHAIN if one in ders]
        assert "f has the same certificate several times: it is used once" in notes


def test_odd_certificates_come_in_containers_too() -> None:
    for data in (
        odd.pkcs7(ODD),
        encode_pem("PKCS7", odd.pkcs7(ODD)).encode(),
        aws("a query", encode_pem("CERTIFICATE", ODD)),
        ODD + LEAF,
    ):
        assert found(data)[0] == ODD
        with pytest.raises(CertificateError):
            find_certificates(data, "f", strict=True)


def test_a_container_of_roots_says_whom_to_trust(tmp_path: Path) -> None:
    path = tmp_path / "roots.p7b"
    path.write_bytes(pkcs7.serialize_certificates(PARSED[1:], DER))
    trust = load_trust(path)
    assert ([one.der for one in trust.roots], [one.der for one in trust.intermediates]) == (
        [CA.certificate],
        [INTERMEDIATE.certificate],
    )


def test_the_private_key_of_a_container_is_not_used() -> None:
    _, notes = find_certificates(TAKEN["PKCS #12 without a passphrase"], "f")
    assert any("private key" in note for note in notes)
    assert find_certificates(TAKEN["PKCS #12 without a key"], "f").notes == ()


def test_what_answers_of_others_hold_is_pem_or_der_alone(tmp_path: Path) -> None:
    """AWS's answers, the journal and a CA's folder: no containers, no other order."""
    path = tmp_path / "f"
    for form in ("DER behind DER", "PKCS #7 in DER", "JSON of a query", "PKCS #12 without a key"):
        path.write_bytes(TAKEN[form])
        with pytest.raises(CertificateError):
            load_certificates(path)
    backwards = [one.der for one in parse_certificates(pem(*reversed(CHAIN)).encode(), "f")]
    assert tuple(backwards) == tuple(reversed(CHAIN))


def test_what_openssl_trusts_a_certificate_for_is_not_passed_over() -> None:
    with pytest.raises(CertificateError, match="OpenSSL's own"):
        find_certificates(TAKEN["OpenSSL's own"], "f", strict=True)


LOCKED = serialization.BestAvailableEncryption(b"secret")
REFUSED = [
    (b"", "empty"),
    (b"\xef\xbb\xbf\r\n", "empty"),
    (b"0123456789 is no certificate", "no certificate"),
    (b"0", "no certificate"),
    (b"0\x82", "cut off"),
    (LEAF.hex().encode(), "no certificate"),
    (base64.b64encode(LEAF), "no certificate"),
    (b"{}", "JSON without a certificate"),
    (b'{"certificatePem": null}', "JSON without a certificate"),
    (b"[" * 100_000, "no certificate"),
    (b'{"certificatePem": "-----BEGIN CERTIFICATE-----"}', "no line -----END CERTIFICATE-----"),
    (LEAF + b"\r\n\x05", "3 more bytes"),
    (LEAF + LEAF[:-1], "cut off"),
    (b"".join(CHAIN) + b"\x05", "1 more byte"),
    (LEAF + KEY.private_bytes(DER, serialization.PrivateFormat.PKCS8, PLAIN), "a private key"),
    (pem(LEAF).encode() + KEY.private_bytes(PEM, serialization.PrivateFormat.PKCS8, PLAIN), "a private key"),
    (odd.pkcs7(), "no certificates"),
    (odd.pkcs7(LEAF[:-1]), "PKCS #7"),
    (odd.pkcs7(LEAF)[:-1], "PKCS #7"),
    (encode_pem("PKCS7", b"\x30\x00").encode(), "PKCS #7"),
    (encode_pem("PKCS7", LEAF).encode(), "PKCS #7"),
    (pkcs12.serialize_key_and_certificates(b"x", KEY, PARSED[0], None, LOCKED), "needs a passphrase"),
    (pkcs12.serialize_key_and_certificates(b"x", KEY, None, None, PLAIN), "no certificates"),
]


@pytest.mark.parametrize(("data", "words"), REFUSED, ids=range(len(REFUSED)))
def test_refused_in_one_line(data: bytes, words: str) -> None:
    family = ConfigurationError if "passphrase" in words else CertificateError
    with pytest.raises(family) as caught:
        find_certificates(data, "f")
    assert words in caught.value.message
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (LEAF, "add the lines -----BEGIN CERTIFICATE-----"),
        (odd.pkcs7(*CHAIN), "add the lines -----BEGIN PKCS7-----"),
        (pkcs12.serialize_key_and_certificates(b"x", KEY, PARSED[0], None, LOCKED), "a PKCS #12 container in base64"),
        (bytes.fromhex("30820102") + bytes(16), "Use a certificate in DER"),
    ],
)
def test_base64_alone(data: bytes, words: str) -> None:
    with pytest.raises(CertificateError) as caught:
        find_certificates(base64.encodebytes(data), "f")
    assert words in caught.value.hint


def changed(data: bytes) -> st.SearchStrategy[bytes]:
    """The data with another byte in them, or cut off."""

    def change(position: int, octet: int, size: int) -> bytes:
        return (data[:position] + bytes([octet]) + data[position + 1 :])[: size or None]

    return st.builds(change, st.integers(0, len(data)), st.integers(0, 255), st.just(0) | st.integers(1, len(data)))


@given(st.binary(max_size=200) | st.sampled_from(list(TAKEN.values())).flatmap(changed))
@settings(max_examples=60, deadline=None)
def test_no_bytes_break_it(data: bytes) -> None:
    try:
        certificates, notes = find_certificates(data, "f")
    except OptigaError as error:
        texts: tuple[str, ...] = (error.message, error.hint)
    else:
        assert certificates
        texts = notes
    assert all(text.isprintable() for text in texts)


def test_the_seed_certificate() -> None:
    assert [one.pem for one in find_certificates(SEED_CERTIFICATE.encode(), "f").certificates] == [SEED_CERTIFICATE]
