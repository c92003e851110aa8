"""A CA judges a request before there is one: as it would judge it when it signs, and nothing is issued."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_intermediate, create_root
from optiga.ca.keys import open_key
from optiga.ca.records import open_records, utc_now
from optiga.errors import CertificateError, ConfigurationError
from optiga.files.placeholders import UID_FIELD
from optiga.identity.configuration import load_configuration
from optiga.identity.sample_request import sample_request
from optiga.pki.certificate import Certificate, parse_certificates
from optiga.pki.name_parts import is_same_name, subject_components
from optiga.pki.names import fill_uid, with_sample_uid
from tests.support.ca_helpers import make_request
from tests.support.makers import make_certificate
from tests.support.places import CONFIGS


@pytest.fixture
def factory(tmp_path: Path) -> CertificateAuthority:
    create_root(tmp_path / "root", CaName("Test Root", "Example GmbH", "de"))
    root = CertificateAuthority.open(tmp_path / "root")
    create_intermediate(tmp_path / "factory", CaName("Test factory"), root)
    return CertificateAuthority.open(tmp_path / "factory")


def below(authority: CertificateAuthority, days: tuple[int, int]) -> CertificateAuthority:
    """The CA with one more above it, which is valid for other days."""
    (above,) = parse_certificates(make_certificate(name="Above", ca=True, days=days), "above")
    folder = replace(authority.folder, chain=(*authority.folder.chain, above))
    return CertificateAuthority(folder, open_key(authority.folder, None))


def issued(authority: CertificateAuthority) -> int:
    with open_records(authority.folder.records_path) as records:
        return len(records.all())


def test_nothing_is_issued_and_nothing_written(factory: CertificateAuthority) -> None:
    before = {path.name: path.read_bytes() for path in factory.folder.path.iterdir()}
    factory.check(make_request(), 10)
    assert {path.name: path.read_bytes() for path in factory.folder.path.iterdir()} == before


@pytest.mark.parametrize(("days", "words"), [((-20, -10), "expired"), ((10, 20), "not valid before")])
def test_a_ca_above_that_is_not_valid(factory: CertificateAuthority, days: tuple[int, int], words: str) -> None:
    authority = below(factory, days)
    for judge in (authority.check, authority.issue):
        with pytest.raises(CertificateError, match=words):
            judge(make_request())
    assert issued(factory) == 0


def test_the_end_of_a_ca_above(factory: CertificateAuthority) -> None:
    authority = below(factory, (-1, 20))
    for judge in (authority.check, authority.issue):
        with pytest.raises(CertificateError, match="21 days are more"):
            judge(make_request(), 21)
    end = authority.issue(make_request()).certificate.parsed.not_valid_after_utc
    assert end <= utc_now() + timedelta(days=20)


def test_days_that_are_none(factory: CertificateAuthority) -> None:
    with pytest.raises(ConfigurationError, match="36501"):
        factory.check(make_request(), 36501)


@pytest.mark.parametrize("name", ["Test factory", "test  FACTORY", " Test factory "])
def test_the_name_of_the_ca(factory: CertificateAuthority, name: str) -> None:
    for judge in (factory.check, factory.issue):
        with pytest.raises(CertificateError, match="the name of the CA"):
            judge(make_request(name=name))


def test_the_name_of_the_root(factory: CertificateAuthority) -> None:
    parts = (
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATION_NAME, "EXAMPLE GmbH"),
        (NameOID.COMMON_NAME, "test root"),
    )
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
    with pytest.raises(CertificateError, match="CA above it"):
        factory.check(make_request(subject=subject))


def test_names_that_are_not_one() -> None:
    def name(*values: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, value) for value in values])

    assert is_same_name(name("a b"), name("A  b"))
    assert not is_same_name(name("ab"), name("a b"))
    assert not is_same_name(name(), name())
    assert not is_same_name(name("a"), name("a", "a"))
    assert subject_components(name("first", "second")) == {"common_name": "first"}


def test_records_of_an_older_copy(factory: CertificateAuthority) -> None:
    older = factory.folder.records_path.read_bytes()
    factory.renew_crl()
    factory.folder.records_path.write_bytes(older)
    with pytest.raises(ConfigurationError, match="older than the CRL"):
        factory.check(make_request())


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.jsn")), ids=lambda path: str(path.stem))
def test_a_sample_of_each_configuration(factory: CertificateAuthority, path: Path) -> None:
    """It has the subject and the kind of key that the chip's own request will have."""
    configuration = load_configuration(path)
    der = sample_request(configuration)
    factory.check(der)
    parsed = x509.load_der_x509_csr(der)
    assert parsed.is_signature_valid
    subject = {name: fill_uid(value, with_sample_uid(UID_FIELD)) for name, value in configuration.subject}
    assert subject_components(parsed.subject) == subject
    certificate: Certificate = factory.issue(der).certificate
    assert certificate.public_key.algorithm in (configuration.algorithm, None)
