"""What the tests of genuineness share: CAs, and a chip with a chain of certificates."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from optiga.chip import Chip
from optiga.errors import CertificateError
from optiga.identity.attestation import Genuineness, load_trust, prove_genuine
from optiga.protocol import tls_identity
from optiga.protocol.objects import SLOTS
from tests.support.identity.csr_helpers import NOW, CountingTransport

SECOND = SLOTS[1]


class Authority:
    """A CA, and everything that it certifies.

    :param extensions: of its own certificate; CA:TRUE by default.
    :param days: begin and end of its own certificate, in days from now.
    """

    def __init__(
        self,
        name: str = "root",
        issuer: Authority | None = None,
        *extensions: x509.ExtensionType,
        key: Any = None,
        days: tuple[int, int] = (-1, 1),
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        own = extensions or (constraints(),)
        self.der = (issuer or self).certify(self.key.public_key(), name, *own, days=days)

    def certify(
        self, public_key: Any, name: str = "device", *extensions: x509.ExtensionType, days: tuple[int, int] = (-1, 1)
    ) -> bytes:
        """A certificate in DER."""
        builder = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(self.name).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(NOW + timedelta(days[0])).not_valid_after(NOW + timedelta(days[1]))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self.key, hashes.SHA384()).public_bytes(serialization.Encoding.DER)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def constraints(ca: bool = True, path_length: int | None = None) -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=ca, path_length=path_length)


def write_trust(folder: Path, *certificates: Authority | bytes) -> Path:
    path = folder / "trust.pem"
    ders = [one.der if isinstance(one, Authority) else one for one in certificates]
    path.write_text("".join(f"# one\n{_pem(der)}" for der in ders))
    return path


def _pem(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM).decode()


class Chain:
    """Proves a chip whose second slot holds a chain.

    :param folder: where the trusted certificates are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.chip, self._folder = Chip(CountingTransport(), port="board 1"), folder

    def prove(self, stored: list[bytes], *trusted: Authority, now: datetime = NOW) -> Genuineness:
        self.chip.write(0xE0E1, tls_identity.encode(stored))
        return prove_genuine(self.chip, load_trust(write_trust(self._folder, *trusted)), SECOND, now=now)

    def refusal(self, stored: list[bytes], *trusted: Authority, now: datetime = NOW) -> CertificateError:
        with pytest.raises(CertificateError) as caught:
            self.prove(stored, *trusted, now=now)
        assert (caught.value.port, caught.value.oid) == ("board 1", 0xE0E1)
        assert "\n" not in str(caught.value)
        assert caught.value.message.startswith("0xE0E1: ")
        return caught.value
