"""The private key of a CA: made, kept encrypted or not, and opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import CertificateError, ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from optiga.ca.folder import CaFolder

CURVES = {"p256": "SECP256R1", "p384": "SECP384R1"}
"""Curves that a CA's key may lie on, and the names of their classes in cryptography."""
LEAST_PASSPHRASE = 8
"""Fewest bytes of a new passphrase."""
MOST_PASSPHRASE = 1023
"""Most bytes of one: OpenSSL takes no more."""


def generate_key(curve: str) -> ec.EllipticCurvePrivateKey:
    """A new key.

    :param curve: one of :data:`CURVES`.
    :raises ConfigurationError: if it is another.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    if curve not in CURVES:
        raise ConfigurationError(f"a CA's key cannot lie on {curve}", hint=f"Curves are {', '.join(CURVES)}")
    return ec.generate_private_key(getattr(ec, CURVES[curve])())


def check_passphrase(passphrase: bytes | None) -> None:
    """Refuse a new passphrase that is too short or too long.

    :raises ConfigurationError: if it is.
    """
    if passphrase is None:
        return
    if len(passphrase) < LEAST_PASSPHRASE:
        raise ConfigurationError(
            f"the passphrase has {len(passphrase)} characters, at least {LEAST_PASSPHRASE} are asked for",
            hint="The longer it is, the longer a stolen key withstands",
        )
    if len(passphrase) > MOST_PASSPHRASE:
        raise ConfigurationError(
            f"the passphrase has {len(passphrase)} bytes, at most {MOST_PASSPHRASE} can be had",
            hint="Is it the right file?",
        )


def encode_key(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None) -> bytes:
    """PKCS #8 in PEM, encrypted (PBES2, AES-256) if there is a passphrase."""
    from cryptography.hazmat.primitives import serialization

    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def open_key(folder: CaFolder, passphrase: bytes | None) -> ec.EllipticCurvePrivateKey:
    """The key in a CA's folder.

    :param passphrase: not looked at where the key is not encrypted.
    :raises ConfigurationError: if it cannot be read, needs a passphrase, or another one.
    :raises CertificateError: if it is not the key of the CA's certificate.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    encrypted = folder.key_is_encrypted
    if encrypted and passphrase is None:
        raise ConfigurationError(
            f"the key of the CA in {folder.path} is encrypted",
            hint="Give its passphrase: --passphrase-file FILE, --ask-passphrase, or the environment variable "
            "OPTIGA_CA_PASSPHRASE",
        )
    try:
        key = serialization.load_pem_private_key(folder.key_pem, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if encrypted:
            raise ConfigurationError(
                f"the passphrase does not open the key of the CA in {folder.path}", hint="Is it that CA's passphrase?"
            ) from None
        raise ConfigurationError(
            f"the key of the CA in {folder.path} is damaged", hint="Get it back from a copy"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != folder.certificate.public_key.key:
        raise CertificateError(f"the key of the CA in {folder.path} is not that of its certificate")
    return key
