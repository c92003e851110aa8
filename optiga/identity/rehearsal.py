"""A dry run of a CSR or a write: everything is checked, the chip is only read, and nothing is changed.

No key signs, for that is a security event, which the chip counts: whether a certificate is of the slot's key is left
out, and so is what an object holds that is not free to be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optiga.identity.csr import check_model
from optiga.identity.keys_on_chip import ExistingKey, KeyPlan, check_first_slot, find_existing_key, find_subject
from optiga.identity.write import WritePlan, examine, may_be_read
from optiga.objects.access import check_access
from optiga.protocol.metadata import Tag
from optiga.results import OID

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.identity.configuration import Configuration


@dataclass(frozen=True, slots=True)
class CsrRehearsal:
    """What ``--csr`` would do.

    :param slot: name of the slot, for example ``second``.
    :param key_oid: the object of its key.
    :param algorithm: of the new key, for example ``secp256r1``.
    :param lost_key: algorithm of the key that would be lost, None if there is none.
    :param lost_certificate: subject of the certificate in the slot, which would no longer fit; None if there is none,
        or it is not free to be read.
    """

    slot: str
    key_oid: int = field(metadata=OID)
    algorithm: str
    lost_key: str | None
    lost_certificate: str | None


@dataclass(frozen=True, slots=True)
class WriteRehearsal:
    """What ``--write`` would do.

    :param oid: the object that would be written.
    :param slot: the slot that it belongs to; None if to none.
    :param size: bytes that the object would hold.
    :param would_write: False if it holds exactly these bytes already; None if that may not be read.
    :param warnings: one sentence each.
    :param lost_certificate: subject of the certificate that would be lost; None if there is none, or it is not free to
        be read.
    """

    oid: int = field(metadata=OID)
    slot: str | None
    size: int
    would_write: bool | None
    warnings: tuple[str, ...]
    lost_certificate: str | None = None


def rehearse_csr(chip: Chip | None, configuration: Configuration) -> CsrRehearsal:
    """Look at what a new key and its CSR would do. At most eight exchanges.

    :param chip: None for one that is yet to be made, and so is blank.
    :raises ConfigurationError: if the chip's model lacks what the configuration asks for, or its metadata refuse it.
    :raises ChipError: if the chip refuses to tell, or would not use the new key.
    """
    slot, held = configuration.slot, ExistingKey()
    if chip is not None:
        check_model(chip, configuration)
        usage = configuration.key_usage or configuration.algorithm.usages
        plan = KeyPlan(slot.key_oid, slot, configuration.algorithm, usage)
        if configuration.is_of_first_slot:
            check_first_slot(chip)
        else:
            check_access(chip, slot.key_oid, Tag.CHANGE, Tag.EXECUTE)
        where = slot.certificate_oid
        reading = where is not None and may_be_read(chip.objects.metadata(where))
        held = find_existing_key(chip, plan, reading=reading)
    return CsrRehearsal(
        slot.name, slot.key_oid, configuration.algorithm.title, held.algorithm or None, held.certificate or None
    )


def rehearse_write(chip: Chip, plan: WritePlan) -> WriteRehearsal:
    """Look at what a write would do.

    :raises ConfigurationError: if the object's metadata refuse the write.
    :raises ChipError: if the chip refuses to tell, or neither reads nor uses the object.
    :raises CertificateError: if the content does not suit the object's type.
    """
    check_access(chip, plan.target.oid, Tag.CHANGE)
    found = examine(chip, plan, looking=True)
    would_write = None if found.is_there is None else not found.is_there
    lost = would_write and may_be_read(chip.objects.metadata(plan.target.oid)) and find_subject(chip, plan.target.oid)
    return _described(found.plan, would_write, lost or None)


def unseen_write(plan: WritePlan) -> WriteRehearsal:
    """What a write would do to a chip that is yet to be made, and so is blank."""
    return _described(plan, True)


def _described(plan: WritePlan, would_write: bool | None, lost: str | None = None) -> WriteRehearsal:
    slot = plan.target.slot.name if plan.target.slot else None
    return WriteRehearsal(plan.target.oid, slot, len(plan.data), would_write, plan.warnings, lost)
