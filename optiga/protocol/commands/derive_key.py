"""DeriveKey. SRM, section of the same name and its footnotes; Param is a key derivation method. Sizes are in bytes."""

from __future__ import annotations

from enum import unique

from optiga.protocol.codes import CodeEnum


@unique
class KeyDerivation(CodeEnum):
    """Parameter of DeriveKey. SRM, table "Key Derivation Method"."""

    TLS_PRF_SHA256 = 0x01
    TLS_PRF_SHA384 = 0x02
    TLS_PRF_SHA512 = 0x03
    HKDF_SHA256 = 0x08
    HKDF_SHA384 = 0x09
    HKDF_SHA512 = 0x0A


PRFS = (KeyDerivation.TLS_PRF_SHA256, KeyDerivation.TLS_PRF_SHA384, KeyDerivation.TLS_PRF_SHA512)
"""Methods that take a label and seed for a salt, and no info."""
TAG_SECRET_OID = 0x01
TAG_SALT = 0x02
TAG_LENGTH = 0x03
TAG_INFO = 0x04
MIN_PRF_SEED = 8
"""Fewest bytes of a label and seed of the PRF together."""
MAX_SALT = 1024
"""Most bytes of a salt of HKDF, and of a label and seed together."""
MAX_INFO = 256
"""Most bytes of an info of HKDF."""
MIN_KEY = 16
MAX_EXPORTED_KEY = 256
MAX_STORED_SECRET = 64
"""Most bytes of a secret in a data object."""

TYPICAL_MS = 130
