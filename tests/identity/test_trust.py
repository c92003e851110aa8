"""Files of certificates that are trusted."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from optiga.errors import CertificateError, ConfigurationError
from optiga.identity.attestation import Trust, load_trust
from tests.support.identity.authorities import Authority, constraints, write_trust


class TestTrust:
    def test_roots_and_intermediates(self, tmp_path: Path) -> None:
        root, other = Authority(), Authority("other")
        below = Authority("factory", root)
        trust = load_trust(write_trust(tmp_path, below, root, other, root))
        assert [one.subject for one in trust.roots] == ["CN=root", "CN=other"]
        assert [one.subject for one in trust.intermediates] == ["CN=factory"]
        assert trust.name == str(tmp_path / "trust.pem")

    def test_der(self, tmp_path: Path) -> None:
        path = tmp_path / "root.crt"
        path.write_bytes(Authority().der)
        assert [one.subject for one in load_trust(path).roots] == ["CN=root"]

    def test_the_name_alone_makes_no_root(self, tmp_path: Path) -> None:
        other = Authority()
        forged = Authority("root", other)
        assert forged.der != other.der
        with pytest.raises(
            CertificateError, match="holds no root certificate: none of its certificates is self-signed"
        ):
            load_trust(write_trust(tmp_path, forged))

    def test_no_root(self, tmp_path: Path) -> None:
        with pytest.raises(CertificateError, match=r"holds no root.*Add the root certificate"):
            load_trust(write_trust(tmp_path, Authority("factory", Authority())))

    @pytest.mark.parametrize("extensions", [(), (constraints(ca=False),)])
    def test_a_device(self, tmp_path: Path, extensions: tuple[x509.ExtensionType, ...]) -> None:
        root = Authority()
        leaf = root.certify(root.key.public_key(), "device", *extensions)
        with pytest.raises(CertificateError, match="holds the certificate of CN=device, which is not a CA certificate"):
            load_trust(write_trust(tmp_path, root, leaf))

    @pytest.mark.parametrize(
        "content", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
    )
    def test_something_else(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "trust.pem"
        path.write_bytes(content)
        with pytest.raises(CertificateError, match=r"trust\.pem"):
            load_trust(path)

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"none\.pem"):
            load_trust(tmp_path / "none.pem")


def test_trust_is_plain_data(tmp_path: Path) -> None:
    trust = load_trust(write_trust(tmp_path, Authority()))
    assert trust == Trust(trust.name, trust.roots)
