"""What the CA makes, judged by pkilint: RFC 5280 and its companions, nothing above INFO."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_intermediate, create_root
from optiga.ca.days import MAX_DAYS
from optiga.ca.revocation import REASONS
from optiga.ca.settings import CaSettings
from optiga.chip import Chip
from optiga.emulator.identity import root_certificate_pem
from optiga.objects.stored import read_certificates
from tests.support.ca_helpers import make_request
from tests.support.identity.csr_helpers import CountingTransport
from tests.support.linting import lint_certificate, lint_chain, lint_crl
from tests.support.makers import make_certificate
from tests.support.sampling import sampled

NAMES = x509.SubjectAlternativeName([x509.DNSName("a.dev.example"), x509.DNSName("b.dev.example")])
PURPOSES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
SUBJECT = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "Bayern"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Beispiel & Söhne GmbH"),
        x509.NameAttribute(NameOID.SERIAL_NUMBER, "cd16334c01"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Gerät 1"),
    ]
)


@dataclass(frozen=True)
class Kind:
    """How a CA is made.

    :param below: whether it is an intermediate.
    """

    below: bool
    settings: CaSettings = CaSettings()  # noqa: RUF009 - it is frozen
    curve: str = "p256"
    days: int | None = None


URL = CaSettings(crl_url="http://crl.example.com/ca.crl")
NAMED = CaSettings(allow_dns=("*.dev.example", "one.example"))
BOTH = CaSettings(crl_url=URL.crl_url, allow_dns=NAMED.allow_dns)
KINDS = {
    "root": Kind(False),
    "intermediate": Kind(True),
    "root with a CRL's place": Kind(False, URL),
    "intermediate with a CRL's place": Kind(True, URL),
    "root with allowed names": Kind(False, NAMED),
    "intermediate with allowed names": Kind(True, NAMED),
    "intermediate of P-384 with both": Kind(True, BOTH, "p384"),
    "root of P-384 beyond 2049": Kind(False, BOTH, "p384", MAX_DAYS),
}
REQUESTS = {
    "P-256": (make_request(key=EC_KEY), False),
    "P-384": (make_request(key=ec.generate_private_key(ec.SECP384R1())), False),
    "P-521": (make_request(key=ec.generate_private_key(ec.SECP521R1())), False),
    "Brainpool": (make_request(key=ec.generate_private_key(ec.BrainpoolP256R1())), False),
    "RSA": (make_request(key=RSA_KEY), False),
    "long subject": (make_request(subject=SUBJECT), False),
    "server": (make_request(PURPOSES, key=EC_KEY), True),
    "server of RSA": (make_request(PURPOSES, key=RSA_KEY), True),
    "names": (make_request(NAMES), False),
    "server with names": (make_request(NAMES, PURPOSES), True),
    "names alone": (make_request(NAMES, PURPOSES, name=None), True),
}
"""CSRs in DER, and whether they are signed with ``--server``."""
MATRIX = [
    pytest.param(name, request, id=f"{name}: {request}")
    for name, kind in KINDS.items()
    for request in REQUESTS
    if kind.settings.allow_dns or "names" not in request
]


@pytest.fixture(scope="module")
def above(tmp_path_factory):
    """The root of all intermediates."""
    folder = tmp_path_factory.mktemp("above") / "ca"
    create_root(folder, CaName("Root of all", "Example GmbH", "de"), settings=URL)
    return CertificateAuthority.open(folder)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory, above):
    """Every kind of CA by its name."""
    folder = tmp_path_factory.mktemp("cas")
    return {name: make_ca(folder / str(place), name, kind, above) for place, (name, kind) in enumerate(KINDS.items())}


def make_ca(path: Path, name: str, kind: Kind, above: CertificateAuthority) -> CertificateAuthority:
    ca_name, settings = CaName(name, "Example GmbH", "de"), kind.settings
    if kind.below:
        create_intermediate(path, ca_name, above, curve=kind.curve, settings=settings, allowed_dns=settings.allow_dns)
    else:
        create_root(path, ca_name, curve=kind.curve, days=kind.days, settings=settings)
    return CertificateAuthority.open(path)


def crl_of(authority: CertificateAuthority) -> bytes:
    """The CRL that lies in its folder, in DER."""
    return x509.load_pem_x509_crl(authority.folder.crl_path.read_bytes()).public_bytes(Encoding.DER)


@pytest.mark.parametrize("name", KINDS)
def test_a_cas_certificate(authorities, above, name):
    der = authorities[name].certificate.der
    assert lint_certificate(der) == []
    if KINDS[name].below:
        assert lint_chain(above.certificate.der, der) == []


@pytest.mark.parametrize("name", KINDS)
def test_an_empty_crl(authorities, name):
    assert lint_crl(crl_of(authorities[name])) == []


@pytest.mark.parametrize("below", [False, True], ids=["root", "intermediate"])
def test_a_crl_with_every_reason(tmp_path, above, below):
    authority = make_ca(tmp_path / "ca", "own", Kind(below), above)
    for reason in REASONS:
        authority.revoke(authority.issue(make_request(name=reason)).serial, reason)
    found = crl_of(authority)
    assert len(x509.load_der_x509_crl(found)) == len(REASONS)
    assert lint_crl(found) == []


@pytest.mark.parametrize(("name", "request_name"), sampled(MATRIX, 12))
def test_a_devices_certificate(authorities, name, request_name):
    csr, server = REQUESTS[request_name]
    der = authorities[name].issue(csr, server=server).certificate.der
    assert lint_certificate(der) == []
    assert lint_chain(authorities[name].certificate.der, der) == []


def test_a_certificate_that_proves_to_aws_whose_the_key_is(authorities):
    assert lint_certificate(authorities["root"].issue_verification("0" * 64).certificate.der) == []


def test_an_emulated_chips_certificates():
    (own,) = read_certificates(Chip(CountingTransport()), 0xE0E0)
    root = x509.load_pem_x509_certificate(root_certificate_pem().encode()).public_bytes(Encoding.DER)
    assert lint_certificate(root) == []
    assert lint_certificate(own.der) == []
    assert lint_chain(root, own.der) == []


def test_the_linter_finds_mistakes(authorities):
    """It is called so that its findings do get here."""
    bare = x509.load_pem_x509_certificate(make_certificate(ca=True)).public_bytes(Encoding.DER)
    assert any("no_ku_extension" in one for one in lint_certificate(bare))
    assert any("signature" in one for one in lint_chain(authorities["root"].certificate.der, bare))
    crl, number = crl_of(authorities["root"]), bytes.fromhex("0603551d14")
    assert number in crl
    assert any("crl_number" in one for one in lint_crl(crl.replace(number, bytes.fromhex("0603551d63"))))
