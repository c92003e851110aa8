"""The user's own folders for what lasts between runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "optiga"


def state_folder() -> Path | None:
    """The folder of this tool among those where a user's programs keep their state; it need not be there yet.

    :returns: an absolute path; None for a user whose home the system does not know, or does not have.
    """
    return None if _is_home_gone() else _folder("XDG_STATE_HOME", ".local/state", "user_state_path")


def config_folder() -> Path | None:
    """The same for what the user writes."""
    return _folder("XDG_CONFIG_HOME", ".config", "user_config_path")


def cache_folder() -> Path | None:
    """The same for what can be made again."""
    return _folder("XDG_CACHE_HOME", ".cache", "user_cache_path")


def no_home() -> str:
    """Why there is no folder of the state, a sentence without the full stop."""
    if _is_home_gone():
        return f"your home folder {os.environ['HOME']} does not exist, or you have no access to it"
    return "the system does not know your home folder"


def _is_home_gone() -> bool:
    """Whether the folder would be in a home that does not exist, as accounts without one have: root could make it."""
    state, home = (os.environ.get(name, "") for name in ("XDG_STATE_HOME", "HOME"))
    is_asked = sys.platform == "linux" and home.startswith("/") and not state.startswith("/")
    return is_asked and not os.access(home, os.F_OK)


def _folder(variable: str, below_home: str, function: str) -> Path | None:
    """A folder of platformdirs, which on Linux says what two variables of the environment say, and is slow to load.

    A path in a variable counts only if it is absolute. Source: XDG Base Directory Specification.

    :param function: that of platformdirs.
    """
    if sys.platform == "linux" and "ANDROID_ROOT" not in os.environ:
        for name, below in ((variable, ""), ("HOME", below_home)):
            base = Path(os.environ.get(name, ""))
            if base.is_absolute():
                return base / below / _NAME
    import platformdirs

    try:
        folder: Path = getattr(platformdirs, function)(_NAME, appauthor=False)
    except RuntimeError:  # since platformdirs 4.10; before that the path is none
        return None
    return folder if folder.is_absolute() else None
