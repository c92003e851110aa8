"""Certificates in files: what is taken, what is refused and in which words."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from hypothesis import given
from hypothesis import strategies as st

from optiga.errors import CertificateError, OptigaError
from optiga.objects.stored import decode_stored, is_empty
from optiga.pki.certificate import Certificate, load_certificates, parse_certificates
from optiga.pki.chains import warnings_about, why_broken
from optiga.pki.pem import encode_pem
from optiga.protocol import tls_identity
from tests.support.identity.csr_helpers import NOW, SEED_CERTIFICATE, Ca, pem
from tests.support.makers import make_certificate

KEY = ec.generate_private_key(ec.SECP256R1())
CA = Ca("root")
INTERMEDIATE = Ca("intermediate", CA)
LEAF = INTERMEDIATE.certify(KEY.public_key())
CHAIN = (LEAF, INTERMEDIATE.certificate, CA.certificate)
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PLAIN = serialization.NoEncryption()
LOCKED = serialization.BestAvailableEncryption(b"secret")
REQUEST = x509.CertificateSigningRequestBuilder().subject_name(CA.name).sign(KEY, hashes.SHA256())
PARSED = x509.load_der_x509_certificate(LEAF)


def parse(*ders: bytes) -> list[Certificate]:
    return [Certificate.parse(der) for der in ders]


@pytest.mark.parametrize(
    "data",
    [
        pem(*CHAIN).encode(),
        pem(*CHAIN).replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + pem(*CHAIN).encode(),
        f"subject=device\n{pem(LEAF)}\nissuer follows, \u00fc\n{pem(*CHAIN[1:])} the end".encode(),
        pem(*CHAIN).replace("BEGIN CERT", "BEGIN X509 CERT").replace("END CERT", "END X509 CERT").encode(),
    ],
)
def test_a_chain_in_pem(tmp_path, data):
    path = tmp_path / "chain.pem"
    path.write_bytes(data)
    assert tuple(certificate.der for certificate in load_certificates(path)) == CHAIN


@pytest.mark.parametrize("parse", [Certificate.parse, Certificate.parse_leniently])
def test_one_that_a_program_has(parse):
    for source in (LEAF, pem(LEAF), pem(LEAF).encode(), f"subject=device\n{pem(LEAF)}"):
        assert parse(source).der == LEAF
    for source, said in ((pem(*CHAIN), f"holds {len(CHAIN)} certificates"), ("leaf.pem", "no line -----BEGIN")):
        with pytest.raises(ValueError, match=said):
            parse(source)
    request = encode_pem("CERTIFICATE REQUEST", REQUEST.public_bytes(serialization.Encoding.DER))
    with pytest.raises(ValueError, match="holds a certificate signing request"):
        parse(request)


def test_one_in_der(tmp_path):
    path = tmp_path / "leaf.der"
    path.write_bytes(LEAF)
    (certificate,) = load_certificates(path)
    assert certificate.der == LEAF
    assert certificate.pem == pem(LEAF)
    assert (certificate.subject, certificate.issuer, certificate.is_ca) == ("CN=device", "CN=intermediate", False)
    assert certificate.public_key.title == "secp256r1"


def test_the_seed_certificate():
    (certificate,) = parse_certificates(SEED_CERTIFICATE.encode(), "seed.pem")
    assert certificate.pem == SEED_CERTIFICATE
    assert certificate.subject == "C=DE, ST=Bayern, O=Infineon Technologies AG, CN=OPTIGA(TM) Trust IoT"
    assert warnings_about([certificate], NOW) == []


REFUSED = [
    (b"", "f is empty"),
    (b" \r\n\t", "f is empty"),
    (b"hello", "no certificate in f"),
    (b"0123456789", "no certificate in f"),
    (base64.b64encode(LEAF), "no certificate in f"),
    (pem(LEAF).encode("utf-16"), "f is text in UTF-16"),
    (pem(LEAF).encode("utf-32"), "f is text in UTF-32"),
    (KEY.private_bytes(PEM, PKCS8, PLAIN), "f holds a private key, not a certificate"),
    (
        KEY.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, PLAIN),
        "f holds a private key, not a certificate",
    ),
    (
        KEY.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, LOCKED),
        "f holds a private key, not a certificate",
    ),
    (KEY.private_bytes(PEM, PKCS8, LOCKED), "f holds a private key, not a certificate"),
    (pem(LEAF).encode() + KEY.private_bytes(PEM, PKCS8, PLAIN), "f holds a private key, not only certificates"),
    (KEY.private_bytes(DER, PKCS8, PLAIN), "f holds a private key, not a certificate"),
    (
        KEY.private_bytes(DER, serialization.PrivateFormat.TraditionalOpenSSL, PLAIN),
        "f holds a private key, not a certificate",
    ),
    (KEY.private_bytes(DER, PKCS8, LOCKED), "f holds a private key, not a certificate"),
    (KEY.public_key().public_bytes(PEM, SPKI), "f holds a public key, not a certificate"),
    (KEY.public_key().public_bytes(DER, SPKI), "f holds a public key, not a certificate"),
    (REQUEST.public_bytes(PEM), "f holds a certificate signing request, not a certificate"),
    (REQUEST.public_bytes(DER), "f holds a certificate signing request, not a certificate"),
    (pkcs7.serialize_certificates([PARSED], PEM), "f holds a PKCS #7 container, not a certificate"),
    (pkcs7.serialize_certificates([PARSED], DER), "f holds a PKCS #7 container, not a certificate"),
    (
        pkcs12.serialize_key_and_certificates(b"x", KEY, PARSED, None, PLAIN),
        "f holds a PKCS #12 container, not a certificate",
    ),
    (encode_pem("SOMETHING", b"x").encode(), "f holds a block 'SOMETHING', not a certificate"),
    (encode_pem("CERTIFICATE", b"").encode(), "the certificate in f is cut off"),
    (encode_pem("CERTIFICATE", LEAF[:-1]).encode(), "the certificate in f is cut off"),
    (encode_pem("CERTIFICATE", LEAF + b"\0").encode(), "behind the certificate in f is 1 more byte"),
    (LEAF[:100], "the certificate in f is cut off"),
    (LEAF[:1] + b"\xc2" + LEAF[2:], "the certificate in f does not parse: its length is malformed"),
    (LEAF[:5] + b"\x7f" + LEAF[6:], "the certificate in f does not parse: "),
    (LEAF + b"\r\n\x05", "behind the certificate in f are 3 more bytes"),
    (bytes.fromhex("3003020101"), "the certificate in f does not parse: "),
    (pem(LEAF).encode()[:200], "f:1: the block that starts here has no line -----END CERTIFICATE-----"),
    (
        b"\n" + pem(LEAF).encode()[:200] + pem(LEAF).encode(),
        "f:2: the block that starts here has no line -----END CERTIFICATE-----",
    ),
    (pem(LEAF).replace("MII", "M!I").encode(), "f:1: the block that starts here is not base64"),
    (pem(LEAF).replace("MII", "MI", 1).encode(), "f:1: the block that starts here is not base64"),
]


@pytest.mark.parametrize(("data", "message"), REFUSED, ids=range(len(REFUSED)))
def test_refused(data, message):
    with pytest.raises(CertificateError) as caught:
        parse_certificates(data, "f")
    assert caught.value.message.startswith(message)
    assert message.endswith(": ") or caught.value.message == message


@pytest.mark.parametrize(
    ("key", "title", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1", None),
        (ec.generate_private_key(ec.BrainpoolP384R1()), "brainpoolp384r1", "brainpoolp384r1"),
        (rsa.generate_private_key(65537, 1024), "RSA-1024", "rsa1024"),
        (rsa.generate_private_key(65537, 3072), "RSA-3072", None),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519", None),
        (dsa.generate_private_key(2048), "DSA", None),
    ],
)
def test_public_keys_of_every_kind(key, title, algorithm):
    public_key = Certificate.parse(CA.certify(key.public_key())).public_key
    assert public_key.title == title
    assert (public_key.algorithm and public_key.algorithm.title) == algorithm


def test_no_warnings_about_a_good_chain():
    assert warnings_about(parse(*CHAIN), NOW) == []
    assert warnings_about(parse(CA.certificate), NOW, device=False) == []


def test_warnings_about_time():
    old = parse(CA.certify(KEY.public_key(), "old", end=NOW - timedelta(hours=1)))
    early = parse(CA.certify(KEY.public_key(), "early", start=NOW + timedelta(hours=1)))
    assert warnings_about(old, NOW) == ["the certificate of CN=old expired on 2029-12-31 23:00:00 UTC"]
    assert warnings_about(early, NOW) == ["the certificate of CN=early is not valid before 2030-01-01 01:00:00 UTC"]


def test_warning_about_a_ca_in_a_device_slot():
    assert warnings_about(parse(CA.certificate), NOW) == [
        "the certificate of CN=root is a CA certificate, not a device certificate"
    ]


def test_warnings_about_a_chain_in_the_wrong_order_or_of_strangers():
    text = "the chain is not valid: the certificate of CN=root is not issued by the next one, CN=device"
    assert text in warnings_about(parse(CA.certificate, LEAF), NOW)
    namesake = Ca("intermediate")
    (said,) = warnings_about(parse(LEAF, namesake.certificate), NOW)
    assert said == (
        "the chain is not valid: the certificate of CN=device is not issued by the next one, CN=intermediate"
    )


def test_control_characters_of_a_name_do_not_reach_the_terminal():
    (certificate,) = parse(CA.certify(KEY.public_key(), "a\x1b[31mb"))
    assert certificate.subject == "CN=a\ufffd[31mb"


@pytest.mark.parametrize("data", [tls_identity.encode(CHAIN), tls_identity.encode(CHAIN) + b"\0\0"])
def test_stored_tls_identity(data):
    assert tuple(certificate.der for certificate in decode_stored(data)) == CHAIN


@pytest.mark.parametrize("data", [LEAF, LEAF + b"\0\xff"])
def test_stored_der(data):
    assert [certificate.der for certificate in decode_stored(data)] == [LEAF]


@pytest.mark.parametrize("data", [b"\xc0", b"\x30", b"abc", b"\xc0\0\3\0\0\0", LEAF[:-1], tls_identity.encode([b"x"])])
def test_stored_otherwise(data):
    with pytest.raises(ValueError):
        decode_stored(data)
    assert not is_empty(data)


@pytest.mark.parametrize("data", [b"", b"\0", b"\xff" * 3])
def test_nothing_stored(data):
    assert is_empty(data)


def broken(original: bytes) -> st.SearchStrategy[bytes]:
    """An original with a few bytes changed, or cut off."""

    def break_it(changes: list[tuple[int, int]], size: int) -> bytes:
        data = bytearray(original)
        for position, value in changes:
            data[position % len(data)] = value
        return bytes(data[:size])

    changes = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=4)
    return st.builds(break_it, changes, st.just(len(original)) | st.integers(0, len(original)))


@pytest.mark.filterwarnings("ignore")  # cryptography's own about certificates that break the rules
@given(
    st.binary(max_size=200)
    | broken(LEAF)
    | broken(pem(LEAF, CA.certificate).encode())
    | broken(SEED_CERTIFICATE.encode())
)
def test_no_file_breaks_it(data):
    try:
        chain = parse_certificates(data, "f")
    except OptigaError as error:
        said = error.message
    else:
        said = " ".join(warnings_about(chain, NOW))
    assert "\n" not in said


@pytest.mark.filterwarnings("ignore")
@given(st.binary(max_size=200) | broken(tls_identity.encode(CHAIN)) | broken(LEAF))
def test_no_stored_bytes_break_it(data):
    try:
        chain = decode_stored(data)
    except ValueError:
        return
    assert chain
    warnings_about(chain, NOW)


def test_a_broken_chain_of_one_name_is_told_by_serial_numbers() -> None:
    pems = [make_certificate(name="lamp"), make_certificate(name="lamp"), make_certificate(name="other")]
    chain = [Certificate.parse_leniently(pem) for pem in pems]
    numbers = [f"{one.parsed.serial_number:x}" for one in chain]
    first, second = why_broken(chain)
    assert first.index(numbers[0]) < first.index(numbers[1])
    assert not any(number in second for number in numbers)
