"""CSRs that a CA refuses."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_root
from optiga.ca.keys import open_key
from optiga.ca.records import open_records
from optiga.ca.settings import CaSettings
from optiga.errors import CertificateError
from tests.support.ca_helpers import make_request

ALLOWED = CaSettings(allow_dns=("*.example.com",))


@pytest.fixture
def root(tmp_path: Path) -> CertificateAuthority:
    create_root(tmp_path / "root", CaName("Test root", "Example GmbH", "de"), settings=ALLOWED)
    return CertificateAuthority.open(tmp_path / "root")


def issued_serials(authority: CertificateAuthority) -> list[str]:
    with open_records(authority.folder.records_path) as records:
        return [record.serial for record in records.all()]


class TestRefused:
    @pytest.fixture(autouse=True)
    def _nothing_is_issued(self, root):
        yield
        assert issued_serials(root) == []

    def test_a_broken_signature(self, root):
        damaged = bytearray(make_request(name="device"))
        damaged[damaged.index(b"device")] ^= 0x01
        with pytest.raises(CertificateError, match="signature does not verify with the key"):
            root.issue(bytes(damaged))

    @pytest.mark.parametrize("data", [b"", b"\x30\x00", b"hello", make_request()[:-1]])
    def test_what_is_no_request(self, root, data):
        with pytest.raises(CertificateError, match=r"does not parse|there is no CSR in"):
            root.issue(data)

    def test_a_subject_that_is_none(self, root):
        with pytest.warns(UserWarning, match="length"):
            name = x509.NameAttribute(x509.NameOID.COMMON_NAME, "a" * 65, _validate=False)
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([name]))
        request = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        with pytest.raises(CertificateError, match="not one that a certificate may have: CN of 65"):
            root.issue(request.public_bytes(Encoding.DER))

    @pytest.mark.parametrize(
        ("oid", "value", "words"),
        [
            (x509.NameOID.COMMON_NAME, "bank.example\0.evil.example", r"CN contains the control character U\+0000"),
            (x509.NameOID.ORGANIZATION_NAME, "a\nb", r"O contains the control character U\+000A"),
            (x509.NameOID.COMMON_NAME, "  ", "CN is empty"),
            (x509.NameOID.SERIAL_NUMBER, "1" * 65, "serial number of 65 characters"),
        ],
    )
    def test_a_subject_that_nobody_can_read(self, root, oid, value, words):
        name = x509.Name([x509.NameAttribute(oid, value, _validate=False)])
        with pytest.raises(CertificateError, match=f"subject is not one that a certificate may have: {words}"):
            root.issue(make_request(subject=name))

    def test_a_subject_that_is_no_text(self, root):
        """An e-mail address that is an OCTET STRING: openssl does not read such a certificate."""
        key = rsa.generate_private_key(65537, 2048)  # its signatures have one length
        good = make_request(subject=x509.Name([x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, "a@b.c")]), key=key)
        signed = x509.load_der_x509_csr(good).tbs_certrequest_bytes
        bad = signed.replace(b"\x16\x05a@b.c", b"\x04\x05a@b.c")
        request = good.replace(signed, bad)[:-256] + key.sign(bad, padding.PKCS1v15(), hashes.SHA256())
        with pytest.raises(CertificateError, match="email address has a type that is not text"):
            root.issue(request)

    @pytest.mark.parametrize(
        "name",
        [
            x509.DNSName(""),
            x509.DNSName(" "),
            x509.DNSName("bank.example\0.evil.example"),
            x509.UniformResourceIdentifier(""),
            x509.RFC822Name("a\nb@example.com"),
            x509.IPAddress(ipaddress.ip_network("192.0.2.0/24")),
            x509.DirectoryName(x509.Name([])),
        ],
    )
    def test_alternative_names_that_are_none(self, root, name):
        with pytest.raises(CertificateError, match=r"asks for the|does not parse"):
            root.issue(make_request(x509.SubjectAlternativeName([name])))

    def test_a_ca(self, root):
        with pytest.raises(CertificateError, match="CA:TRUE"):
            root.issue(make_request(x509.BasicConstraints(ca=True, path_length=None)))

    def test_nobody(self, root):
        with pytest.raises(CertificateError, match="neither a subject nor"):
            root.issue(make_request(name=None))

    def test_the_ca_itself(self, root):
        country, organization, name = root.certificate.parsed.subject
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([country, organization, name]))
        request = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        with pytest.raises(CertificateError, match="the name of the CA"):
            root.issue(request.public_bytes(Encoding.DER))
        with pytest.raises(CertificateError, match="key is the CA's own"):
            root.issue(make_request(key=open_key(root.folder, None)))

    @pytest.mark.parametrize(
        ("key", "words"),
        [
            (rsa.generate_private_key(65537, 1024), "too weak: RSA-1024"),
            (ec.generate_private_key(ec.SECP224R1()), "unsupported algorithm: secp224r1"),
            (ec.generate_private_key(ec.SECP256K1()), "unsupported algorithm: secp256k1"),
        ],
    )
    def test_keys(self, root, key, words):
        with pytest.raises(CertificateError, match=words):
            root.issue(make_request(key=key))

    def test_a_key_of_another_kind(self, root):
        key = ed25519.Ed25519PrivateKey.generate()
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device")])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, None)
        with pytest.raises(CertificateError, match="unsupported algorithm: Ed25519"):
            root.issue(request.public_bytes(Encoding.DER))
