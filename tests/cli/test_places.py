"""Where people run it: any umask, root in a user's folder, a home that is read-only or none at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import CONFIG, ROOT
from tests.support.processes import LIMIT_S
from tests.support.sampling import sampled

pytestmark = pytest.mark.skipif(os.name != "posix", reason="umasks and owners of POSIX")
STRANGER = 54321


def run_all(folder: Path, umask: int, **environment: str) -> str:
    """A chip, a CA, a journal and its reading; what was said."""
    said = []
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
    for words in (
        "ca init mine --no-passphrase",
        f"--port emulator:chip provision {CONFIG} --ca mine --no-cloud",
        f"--port emulator:chip provision {CONFIG} --ca mine --no-cloud",  # what is there is taken again
        "journal show",
        "ca list --ca mine",
    ):
        done = subprocess.run(
            [sys.executable, "-m", "optiga", *words.split()],
            cwd=folder,
            env=known,
            umask=umask,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stderr)
    return "".join(said)


@pytest.mark.parametrize("umask", sampled([0o000, 0o002, 0o077], keep=1))
def test_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        folder = tmp_path / "work"
        folder.mkdir()
    finally:
        os.umask(before)
    said = run_all(folder, umask, HOME=str(tmp_path))
    assert ("others may write the folder" in said) is (umask == 0)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_root_in_the_folder_of_another_user(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    run_all(folder, 0o022, HOME=str(tmp_path))
    for path in (folder, *folder.rglob("*")):
        os.chown(path, STRANGER, STRANGER)
    done = subprocess.run(
        [sys.executable, "-m", "optiga", "journal", "show"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("home", sampled(["/proc/none", ""], keep=1))
def test_no_home(tmp_path: Path, home: str) -> None:
    run_all(tmp_path, 0o022, HOME=home)
    assert not (tmp_path / "~").exists()
