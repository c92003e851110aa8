"""The chip of a journal that a user names by a part of its UID."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError, Reason, counted
from optiga.pki.names import UID_DIGITS

if TYPE_CHECKING:
    from optiga.provision.journal import Journal

_MOST_LISTED = 5
"""Most UIDs that a message lists."""


def find_uid(journal: Journal, digits: str) -> str:
    """The whole UID of a chip that the journal has.

    :param digits: a UID in lower-case hex, which is returned as it is, or a part of one. If UIDs
        begin with it, only they count.
    :raises ConfigurationError: if the journal has no such chip, or several UIDs have this part.
    """
    if len(digits) >= UID_DIGITS:
        return digits
    found = journal.uids_beginning_with(digits) or journal.uids_with(digits)
    if not found:
        raise ConfigurationError(
            f"the journal has no chip whose UID contains {digits}",
            hint="To list its chips, use 'python -m optiga journal show'",
            reason=Reason.NOT_FOUND,
        )
    if len(found) > 1:
        listed = ", ".join(found[:_MOST_LISTED]) + (" …" if len(found) > _MOST_LISTED else "")
        raise ConfigurationError(
            f"the UIDs of {counted(len(found), 'chip')} in the journal contain {digits}: {listed}",
            hint="Give more digits of the UID, or its end: all UIDs of a model begin with the same digits",
            reason=Reason.AMBIGUOUS,
        )
    return found[0]
