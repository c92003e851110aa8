"""AES and HMAC of the chip: sizes, and what each mode does. SRM, table "Symmetric Modes of Operation"."""

from __future__ import annotations

from enum import unique

from optiga.protocol.codes import CodeEnum


@unique
class SymmetricMode(CodeEnum):
    """Parameter of EncryptSym and DecryptSym. SRM, table "Symmetric Modes of Operation"."""

    ECB = 0x08
    CBC = 0x09
    CBC_MAC = 0x0A
    CMAC = 0x0B
    HMAC_SHA256 = 0x20
    HMAC_SHA384 = 0x21
    HMAC_SHA512 = 0x22


BLOCK_SIZE = 16
"""Bytes of a block of AES, and of an initialization vector."""
CIPHERS = (SymmetricMode.ECB, SymmetricMode.CBC)
"""Modes that can be undone; all others make a MAC."""
HMACS = (SymmetricMode.HMAC_SHA256, SymmetricMode.HMAC_SHA384, SymmetricMode.HMAC_SHA512)
"""Modes that work with a shared secret, in place of an AES key."""
MAC_SIZES = {
    SymmetricMode.CBC_MAC: 16,
    SymmetricMode.CMAC: 16,
    SymmetricMode.HMAC_SHA256: 32,
    SymmetricMode.HMAC_SHA384: 48,
    SymmetricMode.HMAC_SHA512: 64,
}
"""Bytes of each mode's MAC."""
