"""AES and HMAC of the chip: sizes, and what each mode does. SRM, table "Symmetric Modes of Operation"."""

from __future__ import annotations

from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import SymmetricMode

BLOCK_SIZE = 16
"""Bytes of a block of AES, and of an initialization vector."""
AES_KEY_SIZES = {KeyAlgorithm.AES128: 16, KeyAlgorithm.AES192: 24, KeyAlgorithm.AES256: 32}
"""Bytes of the keys that the chip makes."""
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
