"""Chips' files: what no file can be called, or no port can name; which file is one, and which may be meant."""

from __future__ import annotations

import os
import re
import sys
from itertools import islice
from pathlib import Path

from optiga.errors import BoardError, Reason
from optiga.files.opening import may
from optiga.files.user_folders import no_home, state_folder

_DEVICES = r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(\..*)?"
"""Names of devices on Windows, in every folder and with any ending. Source: "Naming Files, Paths, and Namespaces"."""
_NO_LETTERS = '<>:"|*'
_ALIKE = 0.75
_FEWEST = 4
"""Letters that a name must have to be taken for another: of fewer, one letter is another name."""
_MOST_LOOKED_AT = 1000
"""Names in a folder, which may hold any number of other files."""
ELSEWHERE = "Name a file: emulator:FILE" + (
    ". Or set XDG_STATE_HOME to a folder that you can write" if sys.platform == "linux" else ""
)
"""What to do where the user's own chip cannot be had, for a hint."""
_MARK = slice(68, 72)
"""Where an SQLite file says whose it is (SQLite, "Database File Format", application ID)."""


_made: set[str] = set()
"""Files in which this process has made a chip because there was none."""


def note_made(path: Path) -> None:
    """Have it be known that this process has made a chip in a file that it was to open."""
    _made.add(os.path.realpath(path))


def take_made(path: Path) -> bool:
    """Whether this process has made the chip in a file, and nobody has asked yet: another may have been quicker."""
    real = os.path.realpath(path)
    is_made = real in _made
    _made.discard(real)
    return is_made


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


def is_chip_file(path: Path) -> bool:
    """Whether a file is there whose header says that it is an emulated chip's."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(_MARK.stop)[_MARK] == b"OPTG"
    except (OSError, ValueError):
        return False


def chip_like(path: Path) -> str:
    """The name of another chip's file beside one, which is written like it; empty if there is none.

    Names that differ in digits alone, or in the letter at the end of ``lamp-a``, are those of a series. The ending
    does not count.
    """
    word = _letters(path)
    if len(word) < _FEWEST:
        return ""
    try:
        beside = [one.name for one in islice(path.parent.iterdir(), _MOST_LOOKED_AT)]
    except OSError:
        return ""
    others = [name for name in beside if (other := _letters(path.with_name(name))) != word and len(other) >= _FEWEST]
    if not others:
        return ""
    from difflib import SequenceMatcher

    match = SequenceMatcher(b=word)
    for name in others:  # a file is opened only if its name is near
        match.set_seq1(_letters(path.with_name(name)))
        if match.ratio() >= _ALIKE and is_chip_file(path.with_name(name)):
            return name
    return ""


def _letters(path: Path) -> str:
    """A chip's name without its ending, its digits, and a single letter behind a hyphen."""
    stem = path.stem
    if stem[-2:-1] in ("-", "_", ".", " "):
        stem = stem[:-2]
    return "".join(one for one in stem if not one.isdigit())


def default_chip_path() -> Path:
    """The file of the user's own emulated chip.

    :raises BoardError: if the user has no home that the system knows, or it does not exist.
    """
    folder = state_folder()
    if folder is None:
        raise BoardError(
            no_home(),
            hint=ELSEWHERE,
            port="emulator",
            reason=Reason.MISSING,
        )
    return folder / "emulator.chip"


def is_own_chip(path: Path) -> bool:
    """Whether a file is the user's own emulated chip, whose folder is made, too."""
    try:
        return path == default_chip_path()
    except BoardError:
        return False


def gets_folder(path: Path) -> bool:
    """Whether a file is the user's own emulated chip, and its folder can be made."""
    return is_own_chip(path) and not folder_problem(path)


def folder_problem(path: Path) -> str:
    """Which folder this user has no permission to make for a file; empty if that is not what is in the way."""
    folder = path.parent
    while folder.parent != folder and not os.path.exists(folder.parent):  # noqa: PTH110 - it never raises
        folder = folder.parent
    if may(folder.parent, os.W_OK | os.X_OK):
        return ""
    me = f"you (uid {os.geteuid()})" if hasattr(os, "geteuid") else "you"
    return f"{me} have no permission to create the folder {folder}"
