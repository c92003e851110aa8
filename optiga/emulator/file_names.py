"""Names of chips' files: what no file can be called, or no port can name."""

from __future__ import annotations

import os
import re
from pathlib import Path

_DEVICES = r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(\..*)?"
"""Names of devices on Windows, in every folder and with any ending. Source: "Naming Files, Paths, and Namespaces"."""
_NO_LETTERS = '<>:"|*'


def name_problem(path: Path, *, is_windows: bool = os.name == "nt") -> str:
    """Why a chip's file must not be called so; empty if it may. Whether there is such a file is not asked.

    :param is_windows: whether it lies on Windows, where ``NUL`` and ``a:b`` are no files.
    """
    name = path.name
    if "?" in name:
        return "the name has a '?', which separates the options of a port"
    if not is_windows:
        return ""
    if re.fullmatch(_DEVICES, name, re.IGNORECASE):  # compiled where it is used: every chip is opened by here
        return "the name is a device on Windows"
    if any(letter in name for letter in _NO_LETTERS) or name.endswith((".", " ")):
        return "not a valid file name on Windows"
    return ""
