"""What lies about besides: the state folder, and temporary files of commands that were killed."""

from __future__ import annotations

from pathlib import Path

from authorities import CONFIG, ROOT_DAYS
from chips import PORT
from running import Release

REFUSING = "socket://127.0.0.1:1"
"""A port that nothing answers on."""


def make_state_folder(release: Release) -> None:
    """The user's own chip, made with one port of the emulator's name, and the lock of a board's port."""
    folder = release.folder("state-folder")
    state = folder / "state"
    home = release.environment["XDG_STATE_HOME"]
    release.environment["XDG_STATE_HOME"] = str(state)
    release(folder, "--port", "emulator", "-q", "key", "generate", "second", "--out", "second.pub")
    release(folder, "--port", REFUSING, "info", code=3)
    release.environment["XDG_STATE_HOME"] = home


def make_temporaries(release: Release) -> None:
    """Commands that were killed in place of the call that gives a file, or a folder, its name."""
    folder = release.folder("temporaries")
    (folder / "config.jsn").write_bytes((release.checkout / "configs" / CONFIG).read_bytes())
    release.killed_instead(folder, "rename", 4, "ca", "init", "root", *ROOT_DAYS)
    release.killed_instead(folder, "link", 1, "emulator", "new", "chip")
    release(folder, *PORT, "--csr", "config.jsn")
    (request,) = folder.glob("*.csr")
    request.unlink()
    release.killed_instead(folder, "rename", 1, *PORT, "--csr", "config.jsn")
    left = sorted(path.name for path in folder.iterdir())
    assert not list(folder.glob("*.csr")), left
    assert not Path(folder / "root").exists(), left
    assert len([name for name in left if name.endswith(".tmp")]) == 3, left
