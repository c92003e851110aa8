"""What a dry run finds out about the chip that it names; nothing is signed and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.errors import OptigaError
from optiga.objects.stored import decode_stored, is_empty
from optiga.provision.journal import open_journal

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.provision.plan import Plan
    from optiga.provision.report import Report


def warn_of_other_identity(open_chip: Callable[[], Chip], plan: Plan, journal_path: Path, report: Report) -> None:
    """Warn of a certificate on the chip that another journal's run has put there, or nobody knows who.

    Also of a key or certificate that the chip neither reads nor uses, which a run refuses. Four exchanges: the UID, the
    metadata of key and certificate, and the certificate. A chip that cannot be asked is a warning, too.

    :raises ConfigurationError: if the journal cannot be read.
    """
    try:
        with open_chip() as chip:
            uid = chip.uid.hex
            unusable = [found for oid in (plan.slot.key_oid, plan.target.oid) if (found := chip.find_unusable(oid))]
            for found in unusable:
                report.warn(f"a run is refused: {found.text}")
            if unusable:
                return
            data = chip.read(plan.target.oid)
    except OptigaError as error:
        report.warn(f"the chip was not asked what it holds: {error.message}")
        return
    if is_empty(data):
        return
    if journal_path.exists():
        with open_journal(journal_path) as journal:
            if journal.find(uid, plan.slot.name) is not None:
                return
    try:
        subject = f", of {decode_stored(data)[0].subject}"
    except ValueError:
        subject = ""
    report.warn(
        f"{plan.target.info.label} holds an identity that this journal does not know{subject}: "
        f"a run replaces the key in slot {plan.slot.name} and this certificate, and a cloud that has it is not told"
    )
