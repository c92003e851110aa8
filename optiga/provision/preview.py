"""What a dry run finds out about the chip that it names; nothing is signed and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from optiga.errors import CertificateError, ConfigurationError, OptigaError
from optiga.objects.stored import decode_stored, is_empty, read_stored
from optiga.pki.certificate import Certificate
from optiga.provision.chip_slot import ChipSlot

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.provision.journal import Journal
    from optiga.provision.plan import Plan
    from optiga.provision.services import Services


def preview(
    open_chip: Callable[[], Chip],
    plan: Plan,
    open_journal: Callable[[], AbstractContextManager[Journal]] | None,
    services: Services,
) -> None:
    """Refuse a chip that a run would refuse, and warn of a certificate that nobody here knows.

    A run also refuses a key or certificate that the chip neither reads nor uses. At most seven exchanges, and one for
    each counter that limits a use: the UID, the metadata of key and certificate, once more for a run that replaces
    them, and the certificate, in two parts. A chip that cannot be asked is a warning, too.

    :param open_journal: None where there is no journal yet.
    :param services: whose listeners are told.
    :raises ConfigurationError: if the chip does not let its key or certificate be replaced, a file cannot be written,
        or the journal cannot be read.
    :raises CertificateError: if the chip has no room for the certificate.
    :raises ChipError: if an update of the key or the certificate was interrupted, or one is in termination.
    """
    reporter = services.reporter(slot=plan.slot.name)
    try:
        with open_chip() as chip:
            chip_slot = ChipSlot(chip, plan, reporter, chip.uid.hex)
            uid, refusal, data, is_known = chip_slot.uid, chip_slot.refusal(), b"", False
            if refusal is None:
                is_known = _is_known(uid, plan, open_journal)
                if plan.job.renew or not is_known:
                    plan.outputs(uid).check()
                    chip_slot.check_possible(dry=True)
                data = read_stored(chip, plan.target.oid)
    except (ConfigurationError, CertificateError):
        raise
    except OptigaError as error:
        reporter.warn(f"cannot check what the chip holds: {error.message}")
        return
    if refusal is not None:
        raise refusal
    if is_empty(data) or is_known:
        return
    try:
        subject = f" of {decode_stored(data, Certificate.parse_leniently)[0].subject}"
    except ValueError:
        subject = ""
    reporter.warn(
        f"{plan.target.info.label} holds a certificate{subject} that is not in this journal: a run replaces the key "
        f"in slot {plan.slot.name} and this certificate. If the certificate is registered in a cloud, it stays "
        "registered"
    )


def _is_known(uid: str, plan: Plan, open_journal: Callable[[], AbstractContextManager[Journal]] | None) -> bool:
    """Whether the journal knows the slot of a chip."""
    if open_journal is None:
        return False
    with open_journal() as journal:
        return journal.find(uid, plan.slot.name) is not None
