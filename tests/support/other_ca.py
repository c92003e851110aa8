"""CAs that were made by another program than this one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.makers import key_usage


class OtherCa:
    """A CA, or what looks like one.

    :param issuer: who certifies it; None for itself.
    :param usage: flags of its keyUsage; None leaves the extension out.
    :param days: begin and end of its validity, in days from now.
    """

    def __init__(
        self,
        name: str,
        *,
        issuer: OtherCa | None = None,
        key: Any = None,
        is_ca: bool = True,
        usage: tuple[str, ...] | None = ("key_cert_sign", "crl_sign"),
        identifier: bool = True,
        days: tuple[int, int] = (-30, 300),
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(is_ca, None), True)]
        if usage is not None:
            extensions.append((key_usage(*usage), True))
        self.identifier = name.encode().rjust(20, b"-") if identifier else b""
        if identifier:  # by a way of its own: RFC 7093 has some, and so have other programs
            extensions.append((x509.SubjectKeyIdentifier(self.identifier), False))
        if issuer:
            extensions.append((x509.AuthorityKeyIdentifier(issuer.identifier, None, None), False))
        self.certificate = (issuer or self)._sign(self.name, self.key.public_key(), extensions, days)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self) -> bytes:
        """The private key, unencrypted."""
        return bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def certify(self, name: str, serial: int | None = None) -> x509.Certificate:
        """The certificate of a device; with a random serial number unless one is given."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        return self._sign(subject, key, [(x509.BasicConstraints(False, None), True)], (-10, 100), serial)

    def revoke(
        self,
        certificate: x509.Certificate,
        number: int = 7,
        reason: x509.ReasonFlags = x509.ReasonFlags.superseded,
    ) -> bytes:
        """A CRL in PEM with one certificate in it."""
        now = datetime.now(timezone.utc)
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(now - timedelta(days=3))
            .add_extension(x509.CRLReason(reason), critical=False)
            .build()
        )
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now - timedelta(days=2))
            .next_update(now + timedelta(days=20))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_revoked_certificate(entry)
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def _sign(
        self,
        subject: x509.Name,
        key: Any,
        extensions: list[tuple[x509.ExtensionType, bool]],
        days: tuple[int, int],
        serial: int | None = None,
    ) -> x509.Certificate:
        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
        )
        for value, critical in extensions:
            builder = builder.add_extension(value, critical)
        is_edwards = isinstance(self.key, ed25519.Ed25519PrivateKey)
        return builder.sign(self.key, None if is_edwards else hashes.SHA256())
