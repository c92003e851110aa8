"""Certificates that an import would replace: the one of a key in the chip may be nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ChipError
from optiga.identity.keys_on_chip import EMPTY_SUBJECT
from optiga.objects.stored import decode_stored, is_empty, read_stored
from optiga.pki.certificate import Certificate
from optiga.protocol.codes import ErrorCode
from optiga.protocol.objects import SLOTS

if TYPE_CHECKING:
    from optiga.chip import Chip


def lost_certificate(chip: Chip, oid: int) -> str:
    """What is lost if other data are written to an object, where that is the certificate of a key in the chip.

    At most four exchanges, which change nothing. Which key the certificate belongs to is not proven: no key signs.

    :returns: one sentence, without the full stop; empty if nothing is lost.
    :raises ChipError: if the chip refuses for another reason than an access condition.
    """
    slot = next((slot for slot in SLOTS if slot.certificate_oid == oid), None)
    if slot is None or chip.objects.metadata(slot.key_oid).algorithm is None:
        return ""
    try:
        data = read_stored(chip, oid)
    except ChipError as error:
        if error.code != ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            raise
        return "the certificate in it, if there is one, is lost: it cannot be read"
    if is_empty(data):
        return ""
    try:
        subject = decode_stored(data, Certificate.parse_leniently)[0].subject
    except ValueError:
        return ""
    return f"the certificate of {subject or EMPTY_SUBJECT} is lost"
