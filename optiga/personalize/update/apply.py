"""Applying an update set to a chip: everything that the chip shows is checked before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.errors import BoardError
from optiga.personalize.update.check import check_update

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.personalize.update.update_set import UpdateSet

AGAIN = "The update may be there in part: apply the same one once more, which ends it"
"""What to do when an update was interrupted."""


@dataclass(frozen=True)
class UpdateResult:
    """What has been done.

    :param version: payload version of the object now.
    :param resumed: whether an update that had been interrupted was ended by this one.
    :param warnings: one sentence each.
    """

    oid: int
    version: int
    resumed: bool
    warnings: tuple[str, ...] = ()


def apply_update(chip: Chip, update: UpdateSet) -> UpdateResult:
    """Check an update set against the chip, and send it.

    :raises ConfigurationError: if the chip would refuse it; nothing has been sent then.
    :raises CertificateError: if its signature is not that of the trust anchor's certificate; nothing has been sent.
    :raises ChipError: if the chip refuses. From the second fragment on the object may be written in part; the same
        set can be applied once more.
    :raises BoardError: if the line fails; the same goes for the object.
    """
    plan = check_update(chip, update)
    send_update(chip, update)
    return UpdateResult(update.oid, update.signed.manifest.payload_version, plan.resumed, plan.warnings)


def send_update(chip: Chip, update: UpdateSet) -> None:
    """Send an update set as it is: one exchange for its manifest and one for each fragment.

    :raises ChipError: if the chip refuses.
    :raises BoardError: if the line fails.
    """
    try:
        chip.protected_update(update.oid, update.manifest, update.fragments)
    except BoardError as error:
        hint = f"{error.hint}. {AGAIN}" if error.hint else AGAIN
        raise BoardError(error.message, hint=hint, port=error.port, oid=update.oid) from error
