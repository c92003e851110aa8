"""The chip of a journal that a user names by a part of its UID."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError, Reason, counted
from optiga.pki.names import LEAST_UID_DIGITS, UID_DIGITS

if TYPE_CHECKING:
    from optiga.provision.journal import Journal

_MOST_LISTED = 5
"""Most UIDs that a message lists."""
_FIRST, _END = 22, 42
"""Where the digits of a UID begin and end that differ from chip to chip: batch number and position on the wafer."""


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
        parts = [_own_part(journal, uid, found) for uid in found[:_MOST_LISTED]]
        listed = ", ".join(f"{uid} ({part})" if part else uid for uid, part in zip(found, parts, strict=False))
        where = f"digits {_FIRST + 1} to {_END} of the UID (batch and position on the wafer) differ from chip to chip"
        raise ConfigurationError(
            f"the UIDs of {counted(len(found), 'chip')} in the journal contain {digits}: {listed}"
            + (" …" if len(found) > _MOST_LISTED else ""),
            hint=f"Give the part in parentheses: it is in one UID only; {where}"
            if all(parts)
            else f"Give more: {where}",
            reason=Reason.AMBIGUOUS,
        )
    return found[0]


def _own_part(journal: Journal, uid: str, others: list[str]) -> str:
    """The shortest part of a UID that no other in the journal has; empty if there is none.

    :param others: UIDs that are much like it, looked at first.
    """
    for size in range(LEAST_UID_DIGITS, _END - _FIRST + 1):
        for start in range(_FIRST, _END - size + 1):
            part = uid[start : start + size]
            if not any(part in other for other in others if other != uid) and journal.uids_with(part) == [uid]:
                return part
    return ""
