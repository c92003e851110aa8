"""Whether the certificates in a chip's slots are of its keys, for who looks at a chip: :mod:`optiga.objects.info`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.chip.key_fate import name_key
from optiga.identity.possession import prove_key
from optiga.objects.info import KeyMatch

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.pki.certificate import Certificate
    from optiga.protocol.metadata import Metadata
    from optiga.protocol.objects import Slot


def find_match(chip: Chip, slot: Slot, metadata: Metadata, certificate: Certificate) -> KeyMatch:
    """Whether a slot's certificate is of its key, or of another key on the chip, which is then named.

    A key of another algorithm needs no signature to be told. Otherwise the key signs once, unless a counter limits its
    use: the chip has no command that tells a public key. A signature counts as one security event, as any (SRM,
    "Security monitor").

    :param metadata: those of the slot's key.
    """
    proof = prove_key(chip, slot, certificate, metadata, sparing=True)
    if proof.is_elsewhere(slot):
        return KeyMatch(False, f"the certificate belongs to the key in {name_key(proof.key_oid)}, not to this slot's")
    return KeyMatch(proof.key_match, proof.text)
