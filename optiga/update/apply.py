"""Sending an update set to a chip. :mod:`optiga.update.check` says beforehand whether it would take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import BoardError

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.update.update_set import UpdateSet

AGAIN = "The update may be incomplete. Apply the same update again to finish it"
"""What to do when an update was interrupted."""


def send_update(chip: Chip, update: UpdateSet) -> None:
    """Send an update set as it is: one exchange for its manifest and one for each fragment.

    :raises ChipError: if the chip refuses. From the second fragment on the object may be written in part; the same
        set can be sent once more.
    :raises BoardError: if the line fails; the same goes for the object.
    """
    try:
        chip.updates.apply(update.oid, update.manifest, update.fragments)
    except BoardError as error:
        error.advise(AGAIN)
        error.oid = update.oid
        raise
