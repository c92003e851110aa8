"""Certificates in a file whose keys are not in the chip: keys never leave the chip that the file is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ChipError
from optiga.files.activity import each
from optiga.identity.forms import Form, form_of
from optiga.identity.possession import prove_key
from optiga.objects.stored import decode_stored, is_empty
from optiga.pki.certificate import Certificate
from optiga.protocol.objects import SLOTS

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.protocol.objects import Slot
    from optiga.transfer.plan import ImportPlan, ObjectPlan


def find_strangers(chip: Chip, plan: ImportPlan) -> list[str]:
    """Which certificates of an import are of no key in the chip, one sentence each.

    Keys sign for that, unless a counter limits their use. Nothing is written.

    :raises OptigaError: if the chip cannot be reached.
    """
    slots = {slot.certificate_oid: slot for slot in SLOTS if slot.certificate_oid is not None}
    found = []
    for planned in each("Checking certificates", plan.objects):
        slot = slots.get(planned.info.oid)
        leaf = _leaf(planned) if slot is not None else None
        if slot is not None and leaf is not None and (problem := _problem(chip, slot, leaf)):
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
