"""Certificates in a file whose keys are not in the chip: keys never leave the chip that the file is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ChipError
from optiga.files.activity import each
from optiga.identity.forms import Form, form_of
from optiga.identity.possession import prove_key, prove_public_key
from optiga.objects.stored import decode_stored, is_empty
from optiga.pki.certificate import Certificate
from optiga.protocol.codes import ErrorCode
from optiga.protocol.objects import INFINEON_CERTIFICATE, SLOTS

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.protocol.objects import Slot
    from optiga.transfer.plan import ImportPlan, ObjectPlan


def find_strangers(chip: Chip, plan: ImportPlan, *, dry: bool = False) -> list[str]:
    """Which certificates of an import are of no key in the chip, one sentence each.

    Keys sign for that, unless a counter limits their use. Nothing is written.

    :param dry: let no key sign, and tell only what is known without that.
    :raises OptigaError: if the chip cannot be reached.
    """
    slots = {slot.certificate_oid: slot for slot in SLOTS if slot.certificate_oid is not None}
    found = []
    for planned in each("Checking certificates", plan.objects):
        slot = slots.get(planned.info.oid)
        leaf = _leaf(planned) if slot is not None else None
        if slot is not None and leaf is not None and (problem := (_unsigned if dry else _problem)(chip, slot, leaf)):
            found.append(f"{planned.info.label}: {problem}")
    return found


def _leaf(planned: ObjectPlan) -> Certificate | None:
    """The device's certificate that is written to an object; None if none is."""
    metadata = planned.before.with_tags(dict(planned.changes.items()))
    if is_empty(planned.data) or form_of(planned.info, metadata) is not Form.DEVICE_CERTIFICATE:
        return None
    try:
        return decode_stored(planned.data, Certificate.parse_leniently)[0]
    except ValueError:
        return None


def _problem(chip: Chip, slot: Slot, leaf: Certificate) -> str:
    """Why a certificate is not known to be of a key in the chip; empty if it is."""
    try:
        proof = prove_key(chip, slot, leaf, sparing=True)
    except ChipError as error:
        return f"cannot check whether the certificate belongs to a key in the chip: {error.message}"
    return "" if proof.key_match else proof.text


def _unsigned(chip: Chip, slot: Slot, leaf: Certificate) -> str:
    """Why a certificate is of no key in the chip, if no signature is needed to know that; else empty."""
    try:
        if any(_may_be_key(chip, one, leaf) for one in SLOTS):
            return ""
        return prove_public_key(chip, slot.key_oid, leaf.public_key).text
    except ChipError:
        return ""


def _may_be_key(chip: Chip, slot: Slot, leaf: Certificate) -> bool:
    """Whether the key of a slot may be a certificate's; Infineon's own is known by its certificate."""
    try:
        algorithm = chip.objects.metadata(slot.key_oid).algorithm
    except ChipError as error:
        if error.code != ErrorCode.INVALID_OID:  # other models have fewer keys
            raise
        return False
    if algorithm is None or algorithm is not leaf.public_key.algorithm:
        return False
    if slot != SLOTS[0]:
        return True
    data = chip.objects.read_if_allowed(INFINEON_CERTIFICATE)
    try:
        held = [] if data is None or is_empty(data) else decode_stored(data, Certificate.parse_leniently)
    except ValueError:
        return True
    return not held or held[0].public_key.info == leaf.public_key.info
