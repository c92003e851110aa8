"""Certificates, keys and CSRs as the sources of firmware have them: PEM in texts of a program, bytes of C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from optiga.ca.request import load_request
from optiga.errors import CertificateError, ConfigurationError, Reason
from optiga.pki.certificate import parse_certificates
from optiga.pki.certificate_files import find_certificates
from optiga.pki.pem import encode_pem
from optiga.pki.public_key_files import parse_public_key
from optiga.update.private_keys import KeyFile
from tests.support.csr_forms import KEY, make_form
from tests.support.identity.csr_helpers import Ca, pem
from tests.support.program_texts import TEMPLATE, array, in_c, in_python

CA = Ca("root")
LEAF = CA.certify(KEY.public_key())
PEM, DER, PLAIN = serialization.Encoding.PEM, serialization.Encoding.DER, serialization.NoEncryption()
PKCS1, SEC1 = serialization.PublicFormat.PKCS1, serialization.PrivateFormat.TraditionalOpenSSL
RSA = rsa.generate_private_key(65537, 1024)
FORMS: dict[str, Callable[[str], str]] = {
    "C": in_c,
    "C with CRLF": lambda text: in_c(text, end="\\r\\n"),
    "C with lines that end with CRLF": lambda text: in_c(text).replace("\n", "\r\n"),
    "C behind the comment of a template": lambda text: TEMPLATE.format(label="CERTIFICATE") + in_c(text),
    "Python": in_python,
    "one text": lambda text: f'credential: "{text}"'.replace("\n", "\\n"),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_in_texts_of_a_program(form: str, tmp_path: Path) -> None:
    written = FORMS[form]
    chain = pem(LEAF, CA.certificate)
    assert [one.der for one in find_certificates(written(chain).encode(), "f").certificates] == [LEAF, CA.certificate]
    public = KEY.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    assert parse_public_key(written(public).encode(), "f").title == "secp256r1"
    path = tmp_path / "f"
    request = make_form()
    path.write_text(written(encode_pem("CERTIFICATE REQUEST", request)), newline="")
    assert load_request(path) == request
    path.write_text(written(KEY.private_bytes(PEM, SEC1, PLAIN).decode()), newline="")
    assert KeyFile.read(path).open().public_key() == KEY.public_key()


def test_an_encrypted_key_in_c(tmp_path: Path) -> None:
    path = tmp_path / "key.h"
    locked = KEY.private_bytes(PEM, SEC1, serialization.BestAvailableEncryption(b"open"))
    assert b"DEK-Info" in locked
    path.write_text(in_c(locked.decode()))
    assert KeyFile.read(path).open(b"open").public_key() == KEY.public_key()


def test_bytes_of_c(tmp_path: Path) -> None:
    assert [one.der for one in find_certificates(array(LEAF).encode(), "f").certificates] == [LEAF]
    assert parse_public_key(array(LEAF).encode(), "f").title == "secp256r1"
    path = tmp_path / "f.h"
    request = make_form()
    path.write_text(array(request))
    assert load_request(path) == request
    path.write_text(array(KEY.private_bytes(DER, SEC1, PLAIN)))
    assert KeyFile.read(path).open().public_key() == KEY.public_key()


def test_several_credentials_in_one_header() -> None:
    header = in_c(pem(LEAF)) + in_c(KEY.private_bytes(PEM, SEC1, PLAIN).decode())
    with pytest.raises(CertificateError, match="holds a private key, not only certificates"):
        find_certificates(header.encode(), "f")


def test_several_private_keys(tmp_path: Path) -> None:
    path = tmp_path / "f"
    key = KEY.private_bytes(PEM, SEC1, PLAIN).decode()
    for content in (key + key, in_c(key) + in_c(key)):
        path.write_text(content)
        with pytest.raises(ConfigurationError, match="f has several private keys") as caught:
            KeyFile.read(path).open()
        assert caught.value.reason is Reason.AMBIGUOUS


def test_a_template_that_nobody_has_filled_in() -> None:
    template = "\n" + TEMPLATE.format(label="CERTIFICATE") + "#define CREDENTIAL NULL\n"
    for read in (find_certificates, parse_public_key):
        with pytest.raises(CertificateError) as caught:
            read(template.encode(), "f")
        assert caught.value.message.startswith("f:4: ")
        assert "is only a template" in caught.value.message
        assert caught.value.reason is Reason.WRONG_TYPE


def test_a_program_that_prints_pem() -> None:
    source = 'printf("-----BEGIN CERTIFICATE-----\\n");\nput(base64);\nprintf("-----END CERTIFICATE-----\\n");\n'
    with pytest.raises(CertificateError, match=r"^f:1: the block that starts here is only a template"):
        find_certificates(source.encode(), "f")


@pytest.mark.parametrize(("behind", "said"), [(b"\x05", "is 1 more byte"), (b"\r\n\xff", "are 3 more bytes")])
def test_more_behind_what_has_a_public_key(behind: bytes, said: str) -> None:
    with pytest.raises(CertificateError, match=f"behind a certificate in f {said}"):
        parse_public_key(LEAF + behind, "f")


@pytest.mark.parametrize("text", [in_c(pem(LEAF)).replace("MII", "M!I"), in_c("\n".join(pem(LEAF).split("\n")[:3]))])
def test_what_is_damaged_is_said_with_its_line(text: str) -> None:
    with pytest.raises(CertificateError, match=r"^f:2: the block that starts here"):
        find_certificates(text.encode(), "f")


def test_what_answers_of_others_hold_is_in_no_program() -> None:
    for form in FORMS.values():
        with pytest.raises(CertificateError):
            parse_certificates(form(pem(LEAF)).encode(), "f")


@pytest.mark.parametrize("encoding", [PEM, DER])
def test_an_rsa_public_key_alone(encoding: serialization.Encoding) -> None:
    key = parse_public_key(RSA.public_key().public_bytes(encoding, PKCS1), "f")
    assert key.title == "RSA-1024"


CURVE = encode_pem("EC PARAMETERS", bytes.fromhex("06082a8648ce3d030107"))
"""The block that OpenSSL writes before an EC key."""
PRIVATE = KEY.private_bytes(PEM, SEC1, PLAIN).decode()
EXPLICIT = "3008020101040105a000"
"""An ECPrivateKey with parameters that no library takes."""


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ((CURVE + PRIVATE).encode(), "a private key"),
        (PRIVATE.encode(), "a private key"),
        (KEY.private_bytes(DER, SEC1, PLAIN), "a private key"),
        (bytes.fromhex(EXPLICIT), "a private key"),
        (make_form(), "a certificate signing request"),
    ],
)
def test_what_is_no_certificate_is_called_what_it_is(content: bytes, what: str) -> None:
    with pytest.raises(CertificateError, match=f"f holds {what}, not a certificate"):
        find_certificates(content, "f")


@pytest.mark.parametrize("content", [(CURVE + PRIVATE).encode(), KEY.private_bytes(DER, SEC1, PLAIN)])
def test_a_private_key_is_no_public_key_in_any_form(content: bytes) -> None:
    with pytest.raises(CertificateError, match="f holds a private key") as caught:
        parse_public_key(content, "f")
    assert "openssl pkey -in f -pubout" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (pem(LEAF).encode(), "a certificate"),
        (LEAF, "a certificate"),
        (make_form(), "a certificate signing request"),
        (RSA.public_key().public_bytes(PEM, PKCS1), "a public key"),
    ],
)
def test_what_is_no_private_key_is_called_what_it_is(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"f holds {what}, not a private key"):
        KeyFile.read(path).open()


OLD_CIPHERS = {
    "DES-CBC": "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-CBC,0011223344556677\n\n"
    "AAAAAAAAAAA=\n-----END RSA PRIVATE KEY-----\n",
    "DES": encode_pem(
        "ENCRYPTED PRIVATE KEY",
        bytes.fromhex(
            "304b303d06092a864886f70d01050d3030301b06092a864886f70d01050c300e04080011223344556677020208003011"
            "06052b0e03020704080011223344556677040a00112233445566778899"
        ),
    ),
}


@pytest.mark.parametrize("cipher", OLD_CIPHERS)
def test_a_cipher_that_is_not_supported_is_no_wrong_passphrase(cipher: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(OLD_CIPHERS[cipher])
    with pytest.raises(ConfigurationError, match=f"encrypted with {cipher}, which is not supported") as caught:
        KeyFile.read(path).open(b"words")
    assert caught.value.reason is Reason.UNSUPPORTED
    assert "-aes256" in caught.value.hint
