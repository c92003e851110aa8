"""The emulated chip's arithmetic with secret keys: AES and HMAC, over data that come in parts.

SRM, table "Symmetric Modes of Operation".
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from optiga.protocol.algorithms import AES_KEY_SIZES, KeyAlgorithm
from optiga.protocol.symmetric import BLOCK_SIZE, HMACS, SymmetricMode

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
    from cryptography.hazmat.primitives.ciphers import modes as cipher_modes
    from cryptography.hazmat.primitives.cmac import CMAC
    from cryptography.hazmat.primitives.hmac import HMAC


class Running(Protocol):
    """An operation that has begun and takes its data part by part."""

    mode: SymmetricMode

    def add(self, part: bytes) -> bytes:
        """What comes out for a part: as many bytes for a cipher, none for a MAC."""
        ...

    def end(self) -> bytes:
        """What comes out when there are no more parts: the MAC, nothing for a cipher."""
        ...


def generate(algorithm: KeyAlgorithm) -> bytes:
    """A new key. An object holds it as it is: 16, 24 or 32 bytes."""
    return os.urandom(AES_KEY_SIZES[algorithm])


def encryption(mode: SymmetricMode, key: bytes, iv: bytes) -> Running:
    """Begin to encrypt, or to make a MAC.

    :param key: of AES, 16, 24 or 32 bytes; for HMAC of any size.
    :param iv: of CBC, 16 bytes; no other mode looks at it.
    """
    if mode in HMACS:
        return _Mac(mode, _hmac(mode, key))
    if mode is SymmetricMode.CMAC:
        from cryptography.hazmat.primitives.ciphers import algorithms
        from cryptography.hazmat.primitives.cmac import CMAC

        return _Mac(mode, CMAC(algorithms.AES(key)))
    if mode is SymmetricMode.CBC_MAC:
        return _CbcMac(_cipher(SymmetricMode.CBC, key, bytes(BLOCK_SIZE)).encryptor())
    return _Blocks(mode, _cipher(mode, key, iv).encryptor())


def decryption(mode: SymmetricMode, key: bytes, iv: bytes) -> Running:
    """Begin to decrypt by ECB or CBC; otherwise as :func:`encryption`."""
    return _Blocks(mode, _cipher(mode, key, iv).decryptor())


class _Blocks:
    """A cipher; each part is of whole blocks."""

    def __init__(self, mode: SymmetricMode, context: CipherContext) -> None:
        self.mode = mode
        self._context = context

    def add(self, part: bytes) -> bytes:
        return self._context.update(part)

    def end(self) -> bytes:
        return b""


class _CbcMac:
    """MAC algorithm 1 of ISO/IEC 9797-1: the last block of a CBC that begins with zeros."""

    mode = SymmetricMode.CBC_MAC

    def __init__(self, context: CipherContext) -> None:
        self._context = context
        self._last = b""

    def add(self, part: bytes) -> bytes:
        self._last = self._context.update(part)[-BLOCK_SIZE:]
        return b""

    def end(self) -> bytes:
        return self._last


class _Mac:
    """A MAC that does its own padding."""

    def __init__(self, mode: SymmetricMode, context: CMAC | HMAC) -> None:
        self.mode = mode
        self._context = context

    def add(self, part: bytes) -> bytes:
        self._context.update(part)
        return b""

    def end(self) -> bytes:
        return self._context.finalize()


def _cipher(mode: SymmetricMode, key: bytes, iv: bytes) -> Cipher[cipher_modes.ECB] | Cipher[cipher_modes.CBC]:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
    from cryptography.hazmat.primitives.ciphers import modes as cipher_modes

    if mode is SymmetricMode.ECB:
        return Cipher(algorithms.AES(key), cipher_modes.ECB())  # noqa: S305 - the chip has it
    return Cipher(algorithms.AES(key), cipher_modes.CBC(iv))


def _hmac(mode: SymmetricMode, key: bytes) -> HMAC:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.hmac import HMAC

    known = {
        SymmetricMode.HMAC_SHA256: hashes.SHA256(),
        SymmetricMode.HMAC_SHA384: hashes.SHA384(),
        SymmetricMode.HMAC_SHA512: hashes.SHA512(),
    }
    return HMAC(key, known[mode])
