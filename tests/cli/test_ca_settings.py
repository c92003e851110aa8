"""Where the CRL is, and what an intermediate may certify: in the certificates that a CA signs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from optiga.ca.authority import CertificateAuthority
from optiga.ca.constraints import build_name_constraints
from optiga.ca.creation import CaName, create_intermediate, create_root
from optiga.ca.folder import CaFolder
from optiga.ca.settings import CaSettings, check_crl_url
from optiga.errors import ConfigurationError
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, openssl, verify
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli

ROOT_URL, URL = "http://pki.example/root.crl", "http://pki.example:8080/factory%201.crl?newest"


@pytest.fixture
def root(tmp_path: Path) -> CertificateAuthority:
    create_root(tmp_path / "root", CaName("Test root"), settings=CaSettings(ROOT_URL))
    return CertificateAuthority.open(tmp_path / "root")


def make_factory(root: CertificateAuthority, *allowed: str, url: str = URL) -> CertificateAuthority:
    path = root.folder.path.with_name("factory")
    create_intermediate(
        path,
        CaName("factory"),
        root,
        settings=CaSettings(url, ("*.dev.example", "a.other.example")),
        allowed_dns=allowed,
    )
    return CertificateAuthority.open(path)


def points(certificate: x509.Certificate) -> list[str]:
    found = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    assert not found.critical
    (point,) = found.value
    assert (point.relative_name, point.reasons, point.crl_issuer) == (None, None, None)
    return [name.value for name in point.full_name or []]


class TestDistributionPoint:
    def test_in_all_that_is_signed(self, root: CertificateAuthority) -> None:
        factory = make_factory(root)
        assert points(factory.certificate.parsed) == [ROOT_URL]
        assert points(root.issue(make_request()).certificate.parsed) == [ROOT_URL]
        assert points(factory.issue(make_request()).certificate.parsed) == [URL]
        assert points(factory.issue_verification("code").certificate.parsed) == [URL]
        with pytest.raises(x509.ExtensionNotFound):
            points(root.certificate.parsed)

    def test_none_unless_it_is_said(self, tmp_path: Path) -> None:
        folder = create_root(tmp_path / "root", CaName("Test root"))
        assert not (folder.path / "settings.json").exists()
        with pytest.raises(x509.ExtensionNotFound):
            points(CertificateAuthority.open(folder.path).issue(make_request()).certificate.parsed)

    @pytest.mark.parametrize("url", ["http://a", "http://[2001:db8::1]/x.crl", "http://a-b.example:80/a/b;c=d?e=f&g"])
    def test_urls(self, url: str) -> None:
        assert check_crl_url(url) == url

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "pki.example/factory.crl",
            "ftp://pki.example/factory.crl",
            "https://pki.example/factory.crl",
            "file:///etc/passwd",
            "http://",
            "http:///factory.crl",
            "http://user@pki.example/",
            "http://pki.example/a b",
            "http://pki.example/a\n",
            "http://pki.example/\0",
            "http://pki.example/ä",
            "http://pki.example/#part",
            "http://pki.example/%zz",
            "http://pki..example/",
            "http://pki.example:port/",
            "http://pki.example/" + "a" * 250,
        ],
    )
    def test_what_is_no_url(self, url: str, cli: Cli) -> None:
        with pytest.raises(ConfigurationError, match="URL"):
            check_crl_url(url)
        if "\0" not in url:
            assert "URL" in fails(cli, 2, "ca", "init", "root", "--no-passphrase", "--crl-url", url)
        assert not Path("root").exists()

    def test_from_the_command_line(self, cli: Cli) -> None:
        assert cli("ca", "init", "root", "--no-passphrase", "--crl-url", ROOT_URL).code == 0
        made = cli("ca", "intermediate", "factory", "--ca", "root", "--no-passphrase", "--crl-url", URL)
        assert made.code == 0
        Path("device.csr").write_bytes(make_request())
        assert cli("ca", "sign", "device.csr", "--ca", "factory").code == 0
        leaf, issuer = x509.load_pem_x509_certificates(Path("device.pem").read_bytes())
        assert (points(leaf), points(issuer)) == ([URL], [ROOT_URL])
        out = ("--out", Path("factory", "settings.json"))
        assert "a file of the CA" in fails(cli, 2, "ca", "sign", "device.csr", "--ca", "factory", *out)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b"[" * 100_000,
            b"\xff",
            b"{}",
            b'{"version": 2}',
            b'{"version": 1, "crl": "x"}',
            b'{"version": 1, "crl_url": 7}',
            b'{"version": 1, "crl_url": "ftp://x"}',
            b'{"version": 1, "allow_dns": "*.dev.example"}',
            b'{"version": 1, "allow_dns": [7]}',
            b'{"version": 1, "allow_dns": ["*"]}',
            b" " * 70_000,
        ],
    )
    def test_a_damaged_file(self, root: CertificateAuthority, content: bytes) -> None:
        (root.folder.path / "settings.json").write_bytes(content)
        with pytest.raises(ConfigurationError):
            CaFolder.open(root.folder.path)

    def test_the_file(self, root: CertificateAuthority) -> None:
        held = json.loads((root.folder.path / "settings.json").read_text())
        assert held == {"version": 1, "crl_url": ROOT_URL}


class TestIntermediate:
    def test_purposes(self, root: CertificateAuthority) -> None:
        found = make_factory(root).certificate.parsed.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        assert set(found.value) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}
        assert not found.critical
        with pytest.raises(x509.ExtensionNotFound):
            root.certificate.parsed.extensions.get_extension_for_class(x509.ExtendedKeyUsage)

    def test_names(self, root: CertificateAuthority) -> None:
        factory = make_factory(root, "*.dev.example", "gateway.example")
        found = factory.certificate.parsed.extensions.get_extension_for_class(x509.NameConstraints)
        assert found.critical
        assert [name.value for name in found.value.permitted_subtrees or []] == ["dev.example", "gateway.example"]
        assert found.value.excluded_subtrees is None

    def test_no_names(self, root: CertificateAuthority) -> None:
        with pytest.raises(x509.ExtensionNotFound):
            make_factory(root).certificate.parsed.extensions.get_extension_for_class(x509.NameConstraints)

    def test_the_widest_are_enough(self) -> None:
        found = build_name_constraints(["a.dev.example", "*.DEV.example.", "*.a.dev.example", "xdev.example"])
        assert found is not None
        assert [name.value for name in found.permitted_subtrees or []] == ["dev.example", "xdev.example"]
        assert build_name_constraints([]) is None

    @pytest.mark.parametrize("pattern", ["", "*", "*.", "*.*.example", "a*.example"])
    def test_what_is_no_pattern(self, root: CertificateAuthority, pattern: str) -> None:
        with pytest.raises(ConfigurationError, match=r"\*\.dev\.example"):
            make_factory(root, pattern)
        assert not root.folder.path.with_name("factory").exists()

    @NEEDS_OPENSSL
    def test_openssl_heeds_them(self, root: CertificateAuthority, tmp_path: Path) -> None:
        factory = make_factory(root, "*.dev.example")
        options = ("-CAfile", root.folder.path / "ca.pem", "-untrusted", factory.folder.path / "ca.pem")
        lists = ("-crl_check_all", "-CRLfile", root.folder.crl_path, "-CRLfile", factory.folder.crl_path)
        for name, words in (("a.dev.example", ""), ("a.other.example", "permitted subtree violation")):
            issued = factory.issue(make_request(x509.SubjectAlternativeName([x509.DNSName(name)])))
            issued.write(tmp_path / "leaf.pem")
            said = verify(tmp_path / "leaf.pem", *options, *lists)
            assert words in said
            assert bool(said) is bool(words)
        text = openssl("x509", "-in", tmp_path / "leaf.pem", "-noout", "-text").stdout
        assert f"URI:{URL}" in text
