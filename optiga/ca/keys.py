"""The private key of a CA: made, kept encrypted or not, and opened."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from optiga.ca.folder import KEY, CaFolder
from optiga.ca.passphrase_rules import check_passphrase, names_in
from optiga.errors import CertificateError, ConfigurationError, Reason, naming
from optiga.files.files import write_whole
from optiga.files.passphrases import Passphrase, check_hint
from optiga.files.shown import shown_path
from optiga.pki.pem import encode_pem
from optiga.pki.private_keys import load_private_key
from optiga.pki.public_keys import load_key
from optiga.protocol.algorithms import ALGORITHM_NAMES, KeyAlgorithm

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from optiga.ca.signing import CaKey

CURVES = {"p256": "SECP256R1", "p384": "SECP384R1"}
"""Curves that a CA's key may lie on, and the names of their classes in cryptography."""
ROUNDS = 600_000
"""Rounds of PBKDF2 with HMAC-SHA-256 that a new key's passphrase goes through (OWASP's least for it)."""
_SALT_SIZE, _BLOCK_SIZE, _KEY_SIZE = 16, 16, 32


def find_curve(name: str) -> str | None:
    """The one of :data:`CURVES` that a name means, in any letter case; None if there is none."""
    algorithm = KeyAlgorithm.find(name)
    return next((known for known in CURVES if algorithm is not None and KeyAlgorithm.find(known) is algorithm), None)


CURVE_NAMES: dict[str, str] = {name: find_curve(name) or "" for name in ALGORITHM_NAMES if find_curve(name)}
"""Every name of a curve, without dashes, and the one of :data:`CURVES` that it means."""


def generate_key(curve: str) -> ec.EllipticCurvePrivateKey:
    """A new key.

    :param curve: one of :data:`CURVES`, or another name of it, for example ``P-256`` or ``prime256v1``.
    :raises ConfigurationError: if it is another.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    found = find_curve(curve)
    if found is None:
        raise ConfigurationError(f"a CA's key cannot use the curve {curve}", hint=f"Use one of {', '.join(CURVES)}")
    return ec.generate_private_key(getattr(ec, CURVES[found])())


def encode_key(key: CaKey, passphrase: bytes | None) -> bytes:
    """PKCS #8 in PEM, encrypted if there is a passphrase: PBES2 of PBKDF2 and AES-256-CBC (RFC 8018, 6.2).

    :param passphrase: None leaves it open.
    """
    from cryptography.hazmat.primitives import serialization

    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    if passphrase is None:
        return encode_pem("PRIVATE KEY", der).encode("ascii")
    return encode_pem("ENCRYPTED PRIVATE KEY", _encrypt(der, passphrase)).encode("ascii")


def _encrypt(data: bytes, passphrase: bytes) -> bytes:
    """An EncryptedPrivateKeyInfo in DER; cryptography's own builder has no say in the number of rounds."""
    from asn1crypto.keys import EncryptedPrivateKeyInfo
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
    from cryptography.hazmat.primitives.padding import PKCS7

    salt, start = os.urandom(_SALT_SIZE), os.urandom(_BLOCK_SIZE)
    derived = PBKDF2HMAC(hashes.SHA256(), _KEY_SIZE, salt, ROUNDS).derive(passphrase)
    padder = PKCS7(8 * _BLOCK_SIZE).padder()
    encryptor = Cipher(algorithms.AES(derived), modes.CBC(start)).encryptor()
    encrypted = encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()
    derivation = {
        "algorithm": "pbkdf2",
        "parameters": {
            "salt": ("specified", salt),
            "iteration_count": ROUNDS,
            "prf": {"algorithm": "sha256"},
        },
    }
    scheme = {"algorithm": "aes256_cbc", "parameters": start}
    algorithm = {
        "algorithm": "pbes2",
        "parameters": {"key_derivation_func": derivation, "encryption_scheme": scheme},
    }
    info = EncryptedPrivateKeyInfo({"encryption_algorithm": algorithm, "encrypted_data": encrypted})
    return bytes(info.dump())


def replace_key(folder: CaFolder, key: CaKey, passphrase: bytes | None) -> None:
    """Encrypt the key of a CA anew. Its file is replaced in one step: what is there opens with the passphrase from
    before or with this one.

    :param key: the folder's.
    :param passphrase: None leaves the key open.
    :raises ConfigurationError: if the passphrase is too weak, or the file cannot be written; nothing has changed then.
    """
    check_passphrase(passphrase, names_in(folder.certificate))
    content = encode_key(key, passphrase)
    load_private_key(content, passphrase)  # what cannot be read back must not take the place of what can
    write_whole(folder.path / KEY, content, 0o600)


def is_passphrase_of(folder: CaFolder, passphrase: bytes) -> bool:
    """Whether the key in a CA's folder is encrypted with a passphrase."""
    if not folder.key_is_encrypted:
        return False
    try:
        load_private_key(folder.key_pem, passphrase)
    except ValueError:
        return False
    return True


def open_key(folder: CaFolder, passphrase: bytes | Passphrase | None) -> CaKey:
    """The key in a CA's folder.

    :param passphrase: not looked at where the key is not encrypted.
    :raises ConfigurationError: if it cannot be read, needs a passphrase, or another one.
    :raises CertificateError: if it is not the key of the CA's certificate.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    encrypted = folder.key_is_encrypted
    if encrypted and passphrase is None:
        raise ConfigurationError(
            f"the key of the CA in {shown_path(folder.path)} is encrypted",
            hint=naming("Give {passphrase}"),
            reason=Reason.MISSING,
        )
    given = Passphrase(passphrase) if isinstance(passphrase, bytes) else passphrase
    key: object = None
    for candidate in given.candidates if given and encrypted else (None,):
        with suppress(ValueError):
            key = load_private_key(folder.key_pem, candidate)
            break
    if key is None and encrypted:
        if given and given.problem:
            given.for_new()
        raise ConfigurationError(
            f"the passphrase does not open the key of the CA in {shown_path(folder.path)}",
            hint=check_hint(given),
            reason=Reason.MISMATCH,
        )
    if key is None:
        raise ConfigurationError(
            f"the key of the CA in {shown_path(folder.path)} is damaged",
            hint="Restore it from a backup",
            reason=Reason.DAMAGED,
        )
    public_key = load_key(folder.certificate.public_key)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) or key.public_key() != public_key:
        raise CertificateError(
            f"the key of the CA in {shown_path(folder.path)} is not that of its certificate", reason=Reason.MISMATCH
        )
    return key
