"""The fragments of a protected update: a payload cut up, each piece with the digest of the next, encrypted or not.

SRM, "Protected Update", figures 41 to 44. Sizes are those of SHA-256 and AES-CCM-16-64-128.
"""

from __future__ import annotations

import hashlib

from optiga.protocol.commands.set_object_protected import FRAGMENT_SIZE
from optiga.protocol.manifest import DIGEST_SIZE, Encryption
from optiga.protocol.prf import tls_prf

MAC_SIZE = 8

_KEY_SIZE = 16
_NONCE_SIZE = 11


class FragmentCipher:
    """Encrypts and decrypts the payload in fragments.

    :param secret: the shared secret that the manifest names.
    :param payload_version: of the manifest.
    :param size: bytes of the whole payload, in plain.
    """

    def __init__(self, encryption: Encryption, secret: bytes, payload_version: int, size: int) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESCCM

        derived = tls_prf("sha256", secret, encryption.label + encryption.seed, _KEY_SIZE + _NONCE_SIZE)
        self._ccm = AESCCM(derived[:_KEY_SIZE], MAC_SIZE)
        self._nonce = derived[_KEY_SIZE:]
        self._version = payload_version.to_bytes(2, "big")
        self._size = size.to_bytes(3, "big")

    def encrypt(self, number: int, offset: int, piece: bytes) -> bytes:
        """A piece of payload with its MAC, 8 bytes longer.

        :param number: of the fragment, from 1.
        :param offset: of the piece within the payload.
        """
        return self._ccm.encrypt(self._nonce + number.to_bytes(2, "big"), piece, self._associated(offset))

    def decrypt(self, number: int, offset: int, piece: bytes) -> bytes:
        """What :meth:`encrypt` was given.

        :raises ValueError: if the MAC is wrong.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return self._ccm.decrypt(self._nonce + number.to_bytes(2, "big"), piece, self._associated(offset))
        except InvalidTag:
            raise ValueError(f"fragment {number}: its MAC is wrong") from None

    def _associated(self, offset: int) -> bytes:
        return self._version + offset.to_bytes(3, "big") + self._size


def piece_size(*, encrypted: bool) -> int:
    """Bytes of payload in a fragment that another one follows: 608, or 600 beside a MAC."""
    return FRAGMENT_SIZE - DIGEST_SIZE - (MAC_SIZE if encrypted else 0)


def cut(payload: bytes, cipher: FragmentCipher | None = None) -> list[bytes]:
    """The fragments of a payload, at least one byte of it; the digest of the first belongs in the manifest."""
    step = piece_size(encrypted=cipher is not None)
    pieces = [payload[start : start + step] for start in range(0, len(payload), step)]
    if cipher is not None:
        pieces = [cipher.encrypt(index + 1, index * step, piece) for index, piece in enumerate(pieces)]
    fragments = [pieces[-1]]
    for piece in reversed(pieces[:-1]):
        fragments.append(piece + hashlib.sha256(fragments[-1]).digest())
    return fragments[::-1]


def is_chain(digest: bytes, fragments: list[bytes]) -> bool:
    """Whether fragments have the sizes that fragments have, the first a digest, and each other the one before it."""
    *followed, last = fragments
    for fragment in followed:
        if len(fragment) != FRAGMENT_SIZE or hashlib.sha256(fragment).digest() != digest:
            return False
        digest = fragment[-DIGEST_SIZE:]
    return 0 < len(last) <= FRAGMENT_SIZE and hashlib.sha256(last).digest() == digest
