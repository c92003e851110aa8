"""A CA certifies devices: what its certificates hold, and what it refuses to certify."""

from __future__ import annotations

import base64
import errno
import multiprocessing
import os
import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_intermediate, create_root
from optiga.ca.finding import find_record
from optiga.ca.folder import CaFolder
from optiga.ca.profile import Grant, build_ca, build_device
from optiga.ca.records import open_records, utc_now
from optiga.ca.request import CertificateRequest, load_request
from optiga.ca.settings import CaSettings
from optiga.errors import CertificateError, ConfigurationError
from optiga.identity.csr import Csr
from optiga.pki.pem import encode_pem
from optiga.pki.public_keys import load_key
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, verify

ALLOWED = CaSettings(allow_dns=("*.example.com",))
KEY = ec.generate_private_key(ec.SECP256R1())
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@pytest.fixture
def root(tmp_path: Path) -> CertificateAuthority:
    create_root(tmp_path / "root", CaName("Test root", "Example GmbH", "de"), settings=ALLOWED)
    return CertificateAuthority.open(tmp_path / "root")


@pytest.fixture
def intermediate(root: CertificateAuthority, tmp_path: Path) -> CertificateAuthority:
    create_intermediate(tmp_path / "factory", CaName("Test factory"), root, curve="p384", settings=ALLOWED)
    return CertificateAuthority.open(tmp_path / "factory")


def issued_serials(authority: CertificateAuthority) -> list[str]:
    with open_records(authority.folder.records_path) as records:
        return [record.serial for record in records.all()]


def extension(certificate, kind):
    return certificate.parsed.extensions.get_extension_for_class(kind)


@pytest.mark.parametrize("form", ["der", "bytearray", "pem", "pem bytes", "path", "text path", "csr", "cryptography"])
def test_whatever_form_a_program_has_a_csr_in(root: CertificateAuthority, tmp_path: Path, form: str) -> None:
    der = make_request()
    pem = encode_pem("CERTIFICATE REQUEST", der)
    path = tmp_path / "device.csr"
    path.write_text(pem)
    csr = {
        "der": der,
        "bytearray": bytearray(der),
        "pem": pem,
        "pem bytes": pem.encode(),
        "path": path,
        "text path": str(path),
        "csr": Csr(der, ""),
        "cryptography": x509.load_der_x509_csr(der),
    }[form]
    issued = root.issue(csr)
    assert issued.certificate.subject == "CN=device"
    assert root.find_issued(der, now=utc_now() + timedelta(minutes=1)) is not None


def test_what_a_program_gives_that_is_no_csr(root: CertificateAuthority) -> None:
    for wrong in (root.certificate.pem, root.certificate.der):
        with pytest.raises(CertificateError, match="holds a certificate, not a CSR"):
            root.issue(wrong)
    with pytest.raises(CertificateError, match="holds 2 CSRs"):
        root.issue(encode_pem("CERTIFICATE REQUEST", make_request()) * 2)
    with pytest.raises(ConfigurationError, match=r"missing\.csr"):
        root.issue("missing.csr")
    with pytest.raises(TypeError, match="a path, PEM, DER or a Csr, not int"):
        root.issue(5)  # type: ignore[arg-type]


class TestProfile:
    def test_a_tls_client(self, root):
        issued = root.issue(make_request())
        parsed = issued.certificate.parsed
        assert issued.certificate.subject == "CN=device"
        assert issued.certificate.issuer == "C=DE, O=Example GmbH, CN=Test root"
        constraints = extension(issued.certificate, x509.BasicConstraints)
        assert (constraints.value.ca, constraints.critical) == (False, True)
        usage = extension(issued.certificate, x509.KeyUsage)
        assert usage.critical
        assert (usage.value.digital_signature, usage.value.key_encipherment, usage.value.key_agreement) == (1, 0, 0)
        assert list(extension(issued.certificate, x509.ExtendedKeyUsage).value) == [CLIENT]
        own = extension(root.certificate, x509.SubjectKeyIdentifier).value
        assert extension(issued.certificate, x509.AuthorityKeyIdentifier).value.key_identifier == own.digest
        assert len(list(parsed.extensions)) == 5
        assert (issued.chain, issued.notes) == ((), ())
        assert int(issued.serial, 16) == parsed.serial_number
        assert parsed.serial_number.bit_length() <= 159

    def test_rsa_and_servers_and_names(self, root):
        names = x509.SubjectAlternativeName([x509.DNSName("a.example.com"), x509.DNSName("b.example.com")])
        request = make_request(
            names,
            x509.ExtendedKeyUsage([SERVER, ExtendedKeyUsageOID.CODE_SIGNING]),
            key=rsa.generate_private_key(65537, 2048),
        )
        issued = root.issue(request, server=True)
        assert extension(issued.certificate, x509.KeyUsage).value.key_encipherment
        assert list(extension(issued.certificate, x509.ExtendedKeyUsage).value) == [CLIENT, SERVER]
        alternative = extension(issued.certificate, x509.SubjectAlternativeName)
        assert (alternative.value, alternative.critical) == (names, False)
        assert len(issued.notes) == 1
        assert ExtendedKeyUsageOID.CODE_SIGNING.dotted_string in issued.notes[0]

    def test_names_without_a_subject_are_critical(self, root):
        issued = root.issue(make_request(x509.SubjectAlternativeName([x509.DNSName("a.example.com")]), name=None))
        assert extension(issued.certificate, x509.SubjectAlternativeName).critical
        assert list(issued.certificate.parsed.subject) == []

    def test_the_hash_is_as_strong_as_the_key(self, root, intermediate):
        assert root.issue(make_request()).certificate.parsed.signature_hash_algorithm.name == "sha256"
        assert intermediate.issue(make_request()).certificate.parsed.signature_hash_algorithm.name == "sha384"

    @NEEDS_OPENSSL
    @pytest.mark.parametrize("name", ["device", None])
    def test_openssl_finds_nothing_wrong(self, root, intermediate, tmp_path, name):
        anchor = root.folder.path / "ca.pem"
        leaf = tmp_path / "leaf.pem"
        request = make_request(x509.SubjectAlternativeName([x509.DNSName("a.example.com")]), name=name)
        root.issue(request).write(leaf)
        assert verify(leaf, "-CAfile", anchor) == ""
        intermediate.issue(request).write(leaf)
        assert leaf.read_bytes().count(b"BEGIN CERTIFICATE") == 2
        assert verify(leaf, "-CAfile", anchor, "-untrusted", leaf) == ""
        assert "unable to get local issuer" in verify(leaf, "-CAfile", anchor)

    def test_the_chain_is_the_intermediate_alone(self, root, intermediate):
        issued = intermediate.issue(make_request())
        assert [one.subject for one in (issued.certificate, *issued.chain)] == ["CN=device", "CN=Test factory"]
        assert issued.certificate.is_issued_by(issued.chain[0])
        assert issued.chain[0].is_issued_by(root.certificate)
        assert issued_serials(root) == [f"{issued.chain[0].parsed.serial_number:040x}"]


class TestValidity:
    def test_days(self, root):
        now = utc_now()
        parsed = root.issue(make_request(), 10, now=now).certificate.parsed
        assert parsed.not_valid_after_utc == now + timedelta(days=10)
        assert parsed.not_valid_before_utc >= root.certificate.parsed.not_valid_before_utc
        assert root.issue(make_request(), now=now).certificate.parsed.not_valid_after_utc == now + timedelta(days=3650)

    def test_never_beyond_the_ca(self, root):
        last = root.certificate.parsed.not_valid_after_utc
        late = last - timedelta(days=100, hours=1)
        assert root.issue(make_request(), now=late).certificate.parsed.not_valid_after_utc == last
        root.issue(make_request(), 100, now=late)
        with pytest.raises(CertificateError, match=r"101 days are more .* At most 100 days"):
            root.issue(make_request(), 101, now=late)

    def test_ca_out_of_its_time(self, root):
        with pytest.raises(CertificateError, match="expired on"):
            root.issue(make_request(), now=root.certificate.parsed.not_valid_after_utc)
        with pytest.raises(CertificateError, match="is not valid before"):
            root.issue(make_request(), now=datetime(2020, 1, 1, tzinfo=timezone.utc))
        assert issued_serials(root) == []

    @pytest.mark.parametrize("days", [0, -1, 36501])
    def test_days_that_are_none(self, root, days):
        with pytest.raises(ConfigurationError, match="Use 1 to 36500 days"):
            root.issue(make_request(), days)


class TestLoadedBack:
    """What is loaded from the finished certificate is what was meant, or nothing is issued."""

    @pytest.mark.parametrize(
        ("part", "request_made", "grant"),
        [
            ("subject", make_request(name="other", key=KEY), Grant(("a.example.com",))),
            ("key", make_request(), Grant(("a.example.com",))),
            ("names", make_request(key=KEY), Grant()),
            ("names", make_request(key=KEY), Grant(("a.example.com", "b.example.com"))),
            ("purposes", make_request(key=KEY), Grant(("a.example.com",), is_server=True)),
        ],
    )
    def test_a_part_that_is_another(self, root, monkeypatch, part, request_made, grant):
        other = CertificateRequest.parse(request_made)
        monkeypatch.setattr(
            "optiga.ca.authority.build_device", lambda _request, _grant, *rest: build_device(other, grant, *rest)
        )
        asked = make_request(x509.SubjectAlternativeName([x509.DNSName("a.example.com")]), key=KEY)
        with pytest.raises(CertificateError, match=f"does not have the expected {part}"):
            root.issue(asked)
        assert issued_serials(root) == []

    def test_a_ca_never(self, root, monkeypatch):
        monkeypatch.setattr(
            "optiga.ca.authority.build_device",
            lambda request, _grant, issuer, serial, validity: build_ca(
                request.subject, load_key(request.public_key), issuer, serial, validity, path_length=0
            ),
        )
        with pytest.raises(CertificateError, match="it is not issued"):
            root.issue(make_request())
        assert issued_serials(root) == []


class TestRecords:
    def test_a_second_certificate_of_a_key_is_a_warning(self, root):
        request = make_request()
        first, second = root.issue(request), root.issue(request)
        assert first.notes == ()
        assert len(second.warnings) == 1
        assert second.notes == second.warnings
        assert first.serial in second.warnings[0]
        assert first.serial != second.serial
        assert issued_serials(root) == [first.serial, second.serial]

    def test_a_compromised_key_stays_out(self, root):
        request = make_request()
        root.revoke(root.issue(request).serial, "superseded")
        assert root.issue(request).notes == ()
        root.revoke(issued_serials(root)[-1], "keyCompromise")
        with pytest.raises(CertificateError, match="revoked as compromised"):
            root.issue(request)
        assert len(issued_serials(root)) == 2

    def test_a_file_that_cannot_be_written_loses_nothing(self, root, tmp_path, monkeypatch):
        issued = root.issue(make_request())

        def fail(*arguments: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            with pytest.raises(
                ConfigurationError, match=f"the disk is full. .*'python -m optiga ca show {issued.serial}'"
            ):
                issued.write(tmp_path / "leaf.pem")
        assert not (tmp_path / "leaf.pem").exists()
        with open_records(root.folder.records_path) as records:
            record = find_record(records, issued.serial.upper(), root.certificate)
            assert records.all() == [record]
        assert record.der == issued.certificate.der
        issued.write(tmp_path / "leaf.pem")
        assert (tmp_path / "leaf.pem").read_text() == issued.pem

    def test_what_cannot_be_written_down_is_not_issued(self, root, monkeypatch):
        def fail(*arguments: object) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        with monkeypatch.context() as patch:
            patch.setattr("optiga.ca.records.Records.add", fail)
            with pytest.raises(ConfigurationError, match="disk I/O error"):
                root.issue(make_request())
        assert issued_serials(root) == []

    def test_without_its_records_a_ca_does_nothing(self, root):
        root.folder.records_path.unlink()
        with pytest.raises(ConfigurationError, match="Restore it from a backup"):
            CertificateAuthority.open(root.folder.path)
        assert not root.folder.records_path.exists()

    @pytest.mark.parametrize("content", [b"", b"no database" * 100])
    def test_records_that_are_none(self, root, content):
        root.folder.records_path.write_bytes(content)
        with pytest.raises(ConfigurationError, match="records"):
            CertificateAuthority.open(root.folder.path)

    def test_who_has_not_been_issued(self, root, tmp_path):
        root.issue(make_request())
        stranger = tmp_path / "stranger.pem"
        stranger.write_text(root.certificate.pem)
        with open_records(root.folder.records_path) as records:
            for text, error, words in (
                ("12:34", CertificateError, "have no certificate 12:34"),
                ("nonsense", ConfigurationError, "neither a serial number in hex nor a file"),
                (str(stranger), CertificateError, "is the CA's own certificate"),
            ):
                with pytest.raises(error, match=words):
                    find_record(records, text, root.certificate)

    @pytest.mark.skipif(os.name != "posix", reason="Windows says of a long name that there is no such file")
    def test_a_file_that_cannot_even_be_looked_at(self, root):
        with (
            open_records(root.folder.records_path) as records,
            pytest.raises(ConfigurationError, match=r"cannot read the certificate a+…a+: the name is too long"),
        ):
            find_record(records, "a" * 300, root.certificate)


def _issue_some(path: Path, count: int) -> list[str]:
    authority = CertificateAuthority.open(path)
    return [authority.issue(make_request()).serial for _ in range(count)]


@pytest.mark.long
def test_several_processes_at_once(root):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        serials = [serial for some in pool.starmap(_issue_some, [(root.folder.path, 8)] * 6) for serial in some]
    assert len(set(serials)) == 48
    assert sorted(issued_serials(root)) == sorted(serials)


_REQUEST = make_request(x509.SubjectAlternativeName([x509.DNSName("a.example.com")]))


@given(place=st.integers(0, len(_REQUEST) - 1), change=st.integers(1, 255))
def test_no_byte_of_a_request_can_be_changed(place, change):
    damaged = bytearray(_REQUEST)
    damaged[place] ^= change
    with pytest.raises(CertificateError):
        CertificateRequest.parse(bytes(damaged))


class TestRequestFiles:
    def test_pem_and_der(self, tmp_path):
        der = make_request()
        pem = x509.load_der_x509_csr(der).public_bytes(Encoding.PEM)
        for content in (der, pem, b"text before\n" + pem):
            (tmp_path / "a.csr").write_bytes(content)
            assert load_request(tmp_path / "a.csr") == der

    def test_others(self, tmp_path, root):
        with pytest.raises(CertificateError, match="holds a certificate, not a CSR"):
            load_request(root.folder.path / "ca.pem")
        (tmp_path / "README.md").write_text("Write it like this:\n-----BEGIN CERTIFICATE-----\n…\n", encoding="utf-8")
        with pytest.raises(CertificateError, match="there is no CSR in"):
            load_request(tmp_path / "README.md")
        (tmp_path / "many.csr").write_text(encode_pem("CERTIFICATE REQUEST", make_request()) * 500)
        with pytest.raises(CertificateError, match="holds 500 CSRs, not one"):
            load_request(tmp_path / "many.csr")
        for content, words in (
            (b"", "it is empty"),
            (b" \r\n", "it is empty"),
            (base64.encodebytes(make_request()), "base64 without PEM lines"),
            (base64.b64encode(make_request()), "BEGIN CERTIFICATE REQUEST"),
            (base64.b64encode(root.certificate.der), "holds a certificate in base64, not a CSR"),
            (b"hello", "neither PEM nor DER"),
            (b"0123456789 is no CSR", "neither PEM nor DER"),
            (root.certificate.der, "holds a certificate, not a CSR"),
        ):
            (tmp_path / "a.csr").write_bytes(content)
            with pytest.raises(CertificateError, match=words):
                load_request(tmp_path / "a.csr")
        with pytest.raises(ConfigurationError, match="no such file"):
            load_request(tmp_path / "none.csr")


def test_a_folder_is_read_without_its_key(root):
    (root.folder.path / "ca.key").unlink()
    assert CaFolder.open(root.folder.path).certificate.subject == "C=DE, O=Example GmbH, CN=Test root"
