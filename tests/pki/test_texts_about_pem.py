"""A document that shows a PEM block is no damaged PEM, but has none. A real block may have any text around."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.ca.request import load_request
from optiga.errors import CertificateError, OptigaError
from optiga.pki.certificate import parse_certificates
from optiga.pki.certificate_files import find_certificates
from optiga.pki.pem_blocks import is_pem
from tests.support.makers import make_certificate
from tests.support.places import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "docs" / "own-ca.md"]
TEXT = b"The file is a certificate of the CA.\n"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_has_no_certificate(path: Path) -> None:
    data = path.read_bytes()
    assert b"-----BEGIN CERTIFICATE-----" in data
    for read in (find_certificates, parse_certificates):
        with pytest.raises(CertificateError, match=r"^no certificate in "):
            read(data, path.name)
    with pytest.raises(OptigaError, match="there is no CSR in"):
        load_request(path)


def test_text_around_a_block_does_not_matter() -> None:
    pem = make_certificate(name="lamp")
    quoted = b"".join(b'"%b\\n"\n' % line for line in pem.splitlines())
    for content in (pem, quoted, TEXT + pem, TEXT + quoted, TEXT + pem + TEXT):
        assert find_certificates(content, "x").certificates[0].subject == "CN=lamp"


@pytest.mark.parametrize("end", [40, 60, 300, -20])
def test_a_block_that_is_cut_off_is_damaged(end: int) -> None:
    pem = make_certificate(name="lamp")
    for content in (pem[:end], TEXT + pem[: max(end, 60)] if end > 0 else TEXT + pem[:end]):
        with pytest.raises(CertificateError, match="cut off or damaged"):
            find_certificates(content, "x")


def test_a_key_with_headers_is_a_block() -> None:
    head = b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
    assert is_pem(TEXT + head)
    assert is_pem(head)
    assert not is_pem(TEXT + b"-----BEGIN RSA PRIVATE KEY-----\n\xe2\x80\xa6\nis how a key begins\n")
