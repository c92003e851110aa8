"""DER with line breaks or zeros behind it, BER, and text in wide characters."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from optiga.ca.existing import SourceFile
from optiga.ca.request import CertificateRequest, load_request
from optiga.errors import CertificateError, ConfigurationError
from optiga.pki.certificate import parse_certificates
from optiga.pki.certificate_files import find_certificates
from optiga.pki.contents import note_of_filler, without_filler
from optiga.pki.crls import load_crl
from optiga.pki.lenient import only
from optiga.pki.pem_blocks import iterate_blocks
from optiga.pki.public_key_files import parse_public_key
from optiga.update.private_keys import KeyFile
from tests.support import odd_certificates as odd
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, openssl
from tests.support.other_ca import OtherCa

CA = OtherCa("ca")
KEY = CA.key
CERTIFICATE = CA.certificate.public_bytes(Encoding.DER)
CRL = x509.load_pem_x509_crl(CA.revoke(CA.certify("d"))).public_bytes(Encoding.DER)
CSR = make_request()
PRIVATE = KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
PUBLIC = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
FILLERS = [b"\n", b"\r\n", b"\x00", bytes(300), b"\r\n\x00"]


@pytest.mark.parametrize("filler", FILLERS)
def test_what_fills_a_file_is_left_out(filler: bytes, tmp_path: Path) -> None:
    for before in (b"", odd.odd_certificate(ec.generate_private_key(ec.SECP256R1()))):
        found = find_certificates(before + CERTIFICATE + filler, "f")
        assert b"".join(one.der for one in found.certificates) == before + CERTIFICATE
        assert any(f"{len(filler)} byte" in note for note in found.notes)
    (parsed,) = parse_certificates(CERTIFICATE + filler, "f")
    assert parsed.der == CERTIFICATE
    assert load_request(Path("f"), CSR + filler) == CSR
    assert load_crl(CRL + filler).der == CRL
    assert parse_public_key(PUBLIC + filler, "f").info == PUBLIC
    path = tmp_path / "key"
    path.write_bytes(PRIVATE + filler)
    path.chmod(0o600)
    for file in (KeyFile.read(path), SourceFile.read(path, secret=True)):
        assert any("left out" in warning for warning in file.warnings)
    assert KeyFile.read(path).open().public_key() == KEY.public_key()


@pytest.mark.parametrize("data", [CERTIFICATE, CERTIFICATE * 2, CERTIFICATE[:-1], b"0 text\n", b"0", b"", b"0\n"])
def test_other_content_stays(data: bytes) -> None:
    assert without_filler(data) == data
    assert note_of_filler(data, "f") == ()
    assert without_filler(data + b"\x05") == data + b"\x05"


def indefinite(der: bytes) -> bytes:
    return b"\x30\x80" + only(der).content + b"\x00\x00"


@pytest.mark.parametrize("find", [find_certificates, parse_certificates])
def test_ber_is_told_and_how_to_convert_it(find: Callable[[bytes, str], object]) -> None:
    with pytest.raises(CertificateError) as caught:
        find(indefinite(CERTIFICATE), "file.der")
    assert "indefinite length" in caught.value.message
    assert "openssl x509 -inform DER -in file.der" in caught.value.hint


def test_a_csr_in_ber() -> None:
    with pytest.raises(CertificateError, match=r"indefinite length.*openssl req -inform DER"):
        CertificateRequest.parse(load_request(Path("f"), indefinite(CSR)))


@NEEDS_OPENSSL
@pytest.mark.parametrize(("command", "der"), [("x509", CERTIFICATE), ("req", CSR)])
def test_openssl_converts_it(command: str, der: bytes, tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(indefinite(der))
    done = openssl(command, "-inform", "DER", "-in", tmp_path / "old", "-out", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    (block,) = iterate_blocks((tmp_path / "new").read_bytes(), "new")
    assert block.data == der


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_wide_text_is_called_by_its_name(encoding: str, mark: str, tmp_path: Path) -> None:
    pem = CA.pem.decode()
    wide = (mark + pem).encode(encoding)
    title = encoding[:6].upper()
    for read in (find_certificates, parse_certificates, parse_public_key):
        with pytest.raises(CertificateError, match=f"is text in {title}"):
            read(wide, "f")
    with pytest.raises(CertificateError, match=f"is text in {title}"):
        load_request(Path("f"), wide)
    path = tmp_path / "key"
    path.write_bytes((mark + CA.key_pem().decode()).encode(encoding))
    path.chmod(0o600)
    with pytest.raises((CertificateError, ConfigurationError), match=f"is text in {title}"):
        SourceFile.read(path, secret=True)


def test_a_certificate_with_any_names_is_pickled() -> None:
    name = odd.name("a_b", odd.PRINTABLE)
    (found,) = parse_certificates(odd.odd_certificate(KEY, issuer=name, subject=name), "f")
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert again.is_issued_by(found)
