"""Secrets that a chip shares with others: agreed on with the holder of another key, or held in its objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError, Reason
from optiga.pki.public_key_files import load_public_key
from optiga.pki.public_keys import require_chip_key
from optiga.protocol.objects import Slot, format_oid

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.chip import Chip
    from optiga.protocol.public_key import PublicKey

_FIRST_SESSION = 0xE100


def load_peer(path: Path) -> PublicKey:
    """The public key of another side, from a file.

    :raises ConfigurationError: if the file cannot be read, or the key is of no curve of the chip.
    :raises CertificateError: if it holds no public key.
    """
    peer = load_public_key(path)
    if peer.algorithm is None or not peer.algorithm.is_ec:
        raise ConfigurationError(
            f"{path} has a key of type {peer.title}",
            hint="For ECDH, use a key on a curve that the chip supports",
            reason=Reason.UNSUPPORTED,
        )
    return peer


def agree(chip: Chip, slot: Slot, peer: PublicKey, session: int | None) -> bytes:
    """The secret that a slot's key shares with another key (ECDH). Two exchanges.

    :param session: 1 to 4 to keep it in that session of the chip; None to have it given out.
    :returns: the x coordinate, as long as one of the curve's; empty if it is kept.
    :raises ConfigurationError: if the keys are not on the same curve.
    :raises ChipError: if the slot holds no key, or the chip refuses.
    """
    key = chip.crypto.key(slot.key_oid)
    if key.algorithm is not peer.algorithm:
        raise ConfigurationError(
            f"the peer's key is {peer.title}, but the key in {format_oid(slot.key_oid)} is {key.algorithm.title}",
            hint="Both keys must be on the same curve",
            reason=Reason.MISMATCH,
        )
    given = require_chip_key(peer, "the peer's public key")
    return key.agree(given, session=None if session is None else _FIRST_SESSION + session - 1)
