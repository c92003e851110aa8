"""Data that Infineon's library has cut off: it reads 1700 bytes of an object, and those of certificates have 1728."""

from __future__ import annotations

from optiga.transfer.form import Entry

MOST_READ = 1700
"""Most bytes of an object that Infineon's library and scripts read."""
CUT_OFF: str = f"the file has only the first {MOST_READ} bytes of its data: Infineon's library does not read more"
"""What is said of such an object."""


def is_cut_off(entry: Entry) -> bool:
    """Whether a file has the first bytes only of an object's data.

    Other data that are shorter than the metadata beside them say are what somebody has put there in their place.
    """
    used = None if entry.metadata is None else entry.metadata.used_size
    return len(entry.data or b"") == MOST_READ < (entry.info.size if used is None else used)
