"""What to do where the user may not open a device."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def permission_hint(port: str, *, group: str = "dialout") -> str:
    """What to do where the user may not open a device.

    :param group: whose the device usually is, for where that cannot be seen.
    """
    if sys.platform == "win32":
        return "Another program may use it: close the program and try again"
    with suppress(OSError, KeyError):
        import grp

        group = grp.getgrgid(Path(port).stat().st_gid).gr_name
    if group == "root" or os.access(port, os.R_OK | os.W_OK):
        return "Ask your administrator for access to it"
    return f"Join its group: sudo usermod -aG {group} $USER, then log in again"
