"""What to install where a package that the tool imports is not there.

Nothing here sends a user to an index for the tool itself: the name may be somebody else's there, and so may the name
of a module, which need not be that of the package which brings it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata
from importlib.resources import files
from pathlib import Path

_DISTRIBUTION = "optiga-personalize"
_CHECKOUT = re.compile(rf'^name = "{_DISTRIBUTION}"$', re.MULTILINE)
_REQUIRED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CLAUSE = re.compile(r"""(\w+)\s*(==|!=|<|>=)\s*["']([\w.]+)["']""")


def say_what_to_install(module: str) -> str:
    """The error line for a module that cannot be imported.

    :param module: its name, without that of a submodule.
    """
    missing = f"Error: the Python package {module!r} is missing. "
    checkout = _checkout()
    if checkout is not None and (python := _own_python(checkout)):
        return (
            f"{missing}The virtual environment of this tool is there: use {_command([str(python)])} in place of python"
        )
    if checkout is not None:
        return f"{missing}Install what this tool needs: {_pip_install([str(checkout)])}"
    absent = _absent_requirements()
    if absent:
        return f"{missing}Install what this tool needs: {_pip_install(absent)}"
    return f"{missing}Install this tool again from its wheel or folder"


def _checkout() -> Path | None:
    """The folder of the project if the tool runs from there."""
    folder = Path(str(files("optiga"))).resolve().parent
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return folder if _CHECKOUT.search(text) else None


def _own_python(checkout: Path) -> Path | None:
    """The interpreter of the virtual environment beside the tool; None if it is the one that runs, or not there."""
    environment = checkout / ".venv"
    python = environment.joinpath(*(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
    if Path(sys.prefix).resolve() == environment.resolve() or not python.is_file():
        return None
    with suppress(ValueError, OSError):  # it is elsewhere, or the current folder is gone: it is named whole
        return python.relative_to(Path.cwd())
    return python


def _absent_requirements() -> list[str]:
    """The packages that the installed tool's own metadata requires, and that are not installed."""
    try:
        requirements = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    names = {match[0] for each in requirements if _is_needed(each) and (match := _REQUIRED.match(each))}
    return sorted(name for name in names if not _is_installed(name))


def _is_needed(requirement: str) -> bool:
    """Whether a requirement of the tool's own metadata counts here: no extra's, other Python's or other system's.

    Its markers are comparisons with "and" between them.
    """
    _, _, marker = requirement.partition(";")
    return all(_holds(name, comparison, value) for name, comparison, value in _CLAUSE.findall(marker))


def _holds(name: str, comparison: str, value: str) -> bool:
    if name == "sys_platform":
        return (sys.platform == value) is (comparison == "==")
    if name == "python_version":
        is_older = sys.version_info[:2] < tuple(map(int, value.split(".")))
        return is_older is (comparison == "<")
    return name != "extra"


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _pip_install(what: Sequence[str]) -> str:
    command = _command([sys.executable, "-m", "pip", "install", *what])
    return f"{command} (in a virtual environment where the system's Python refuses it)"


def _command(words: Sequence[str]) -> str:
    """A command as the shells of the system take it."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
