"""DeriveKey: TLS 1.2 PRF and HKDF. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator.fields import expect_tags, take_number, take_tags, take_target
from optiga.emulator.machine import CommandError, Machine, is_session
from optiga.emulator.sessions import Origin
from optiga.protocol.codes import ErrorCode
from optiga.protocol.commands.derive_key import (
    MAX_EXPORTED_KEY,
    MAX_INFO,
    MAX_SALT,
    MAX_STORED_SECRET,
    MIN_KEY,
    MIN_PRF_SEED,
    TAG_INFO,
    TAG_LENGTH,
    TAG_SALT,
    TAG_SECRET_OID,
    KeyDerivation,
)
from optiga.protocol.prf import tls_prf

OBJECT_TAG: int = TAG_SECRET_OID
"""Where the identifier of its object stands."""

_PRF_HASHES = {
    KeyDerivation.TLS_PRF_SHA256: "sha256",
    KeyDerivation.TLS_PRF_SHA384: "sha384",
    KeyDerivation.TLS_PRF_SHA512: "sha512",
}
_HKDF_HASHES = {
    KeyDerivation.HKDF_SHA256: "sha256",
    KeyDerivation.HKDF_SHA384: "sha384",
    KeyDerivation.HKDF_SHA512: "sha512",
}
_SOURCES = (Origin.AGREED, Origin.DERIVED, Origin.PRE_MASTER, Origin.DECRYPTED)


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Derive a key from a secret in a session or object; it goes out or into a session context."""
    method = KeyDerivation(param)
    tags = take_tags(data)
    target = take_target(tags)
    info = b""
    if method in _HKDF_HASHES:
        tags.setdefault(TAG_SALT, b"")
        info = tags.pop(TAG_INFO, b"")
    where, salt, wanted = expect_tags(tags, TAG_SECRET_OID, TAG_SALT, TAG_LENGTH)
    oid, size = take_number(where, 2), take_number(wanted, 2)
    least_salt = MIN_PRF_SEED if method in _PRF_HASHES else 0
    if not least_salt <= len(salt) <= MAX_SALT or len(info) > MAX_INFO:
        raise CommandError(ErrorCode.INVALID_DATA)
    if not MIN_KEY <= size <= (MAX_EXPORTED_KEY if target is None else machine.max_session_secret):
        raise CommandError(ErrorCode.INVALID_DATA)
    secret = machine.secret(oid, *_SOURCES)
    if len(secret) > MAX_STORED_SECRET and not is_session(oid):
        raise CommandError(ErrorCode.INVALID_DATA)
    if method in _PRF_HASHES:
        derived = tls_prf(_PRF_HASHES[method], secret, salt, size)
    else:
        derived = _hkdf(_HKDF_HASHES[method], secret, salt, info, size)
    return machine.give_secret(target, derived, Origin.DERIVED)


def _hkdf(hash_name: str, secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    """Extract and expand of RFC 5869; no salt counts as zeros."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    known = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    return HKDF(known[hash_name], size, salt, info).derive(secret)
