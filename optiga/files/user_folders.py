"""The user's own folder for what lasts between runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "optiga"
_BELOW_HOME = ".local/state"


def state_folder() -> Path | None:
    """The folder of this tool among those where a user's programs keep their state; it need not be there yet.

    It is that of platformdirs, which on Linux says what two variables of the environment say, and is slow to load.
    Source: XDG Base Directory Specification, ``XDG_STATE_HOME``.

    :returns: an absolute path; None for a user whose home the system does not know.
    """
    if sys.platform == "linux" and "ANDROID_ROOT" not in os.environ:
        for variable, below in (("XDG_STATE_HOME", ""), ("HOME", _BELOW_HOME)):
            base = Path(os.environ.get(variable, ""))
            if base.is_absolute():
                return base / below / _NAME
    from platformdirs import user_state_path

    try:
        folder = user_state_path(_NAME, appauthor=False)
    except RuntimeError:  # since platformdirs 4.10; before that the path is none
        return None
    return folder if folder.is_absolute() else None
