"""A chip's identity is made, shown and revoked where containers have people work: any umask, user, folder and home."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.elsewhere import STRANGER
from tests.support.events import Job, Runner
from tests.support.makers import make_certificate_for
from tests.support.places import CONFIG

ME = getattr(os, "geteuid", lambda: 0)()
HOMES = ("XDG_STATE_HOME", "HOME", "USERPROFILE", "TMPDIR")
PORT = ("--port", "emulator:chip", "-q")
FOLDERS = "platformdirs:user_config_dir"
"""What finds folders where the environment names none; loaded beforehand, for a user who may not read the packages."""
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the runs are forked")
needs_root = pytest.mark.skipif(ME != 0, reason="only the superuser can become another user")


@dataclass(frozen=True)
class Container:
    """How people are there.

    :param user: whom commands run as.
    :param owner: whose the folder is.
    :param home: what the environment says; None where it says nothing.
    """

    user: int = ME
    owner: int = ME
    umask: int = 0o022
    home: str | None = "/nonexistent"


CONTAINERS = [
    pytest.param(Container(umask=0o000), id="umask 0000", marks=pytest.mark.long),
    pytest.param(Container(umask=0o002), id="umask 0002", marks=pytest.mark.long),
    pytest.param(Container(umask=0o077), id="umask 0077", marks=pytest.mark.long),
    pytest.param(Container(home=None), id="no home", marks=pytest.mark.long),
    pytest.param(Container(home="/proc"), id="a home that cannot be written", marks=pytest.mark.long),
    pytest.param(Container(owner=STRANGER), id="root in another's folder", marks=[needs_root, pytest.mark.long]),
    pytest.param(
        Container(user=STRANGER, owner=STRANGER, home="/"), id="a user of no name", marks=[needs_root, pytest.mark.long]
    ),
    pytest.param(
        Container(user=STRANGER, owner=STRANGER, home=None),
        id="of no name and home",
        marks=[needs_root, pytest.mark.long],
    ),
]


class Bench:
    """A folder to work in, which other users can come to."""

    def __init__(self, container: Container, runner: Runner) -> None:
        self._container = container
        self._runner = runner
        self.folder = Path(tempfile.mkdtemp(dir="/tmp"))  # pytest's own are for its user alone
        shutil.copy(CONFIG, self.folder)
        for path in (self.folder, self.folder / CONFIG.name):
            if container.owner != ME:
                os.chown(path, container.owner, container.owner)
        self.folder.chmod(0o777 & ~container.umask)

    def run(self, *words: object) -> str:
        """What a command prints.

        :raises AssertionError: unless it ends well, and warns of nothing but a folder that others can write.
        """
        given = (self._container.user, f"{self._container.umask:o}", *words)
        outcome = self._runner.run(Job(self.folder, given, "tests.support.elsewhere:main", load=FOLDERS))
        assert outcome.code == 0, str(outcome)
        assert "Traceback" not in outcome.err
        warnings = [line for line in outcome.err.splitlines() if line.startswith("Warning: ")]
        if self._container.umask == 0:
            assert all("other users can write the folder" in line for line in warnings), warnings
        else:
            assert warnings == [], "whoever works like that has done nothing wrong"
        return outcome.out


@pytest.fixture
def bench(request: pytest.FixtureRequest, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    container: Container = request.param
    if container.user != ME:  # who may not be allowed to load what Python has: what they need is loaded before
        for work in (make_and_revoke, make_and_write):
            with_everything = Bench(Container(), runner)
            work(with_everything)
            shutil.rmtree(with_everything.folder)
    for name in HOMES:
        monkeypatch.delenv(name, raising=False)
    if container.home is not None:
        monkeypatch.setenv("HOME", container.home)
    made = Bench(container, runner)
    yield made
    shutil.rmtree(made.folder)


def make_and_revoke(bench: Bench) -> None:
    bench.run("ca", "init", "root", "--no-passphrase", "-q")
    provision = (*PORT, "provision", CONFIG.name, "--ca", "root", "--no-cloud", "--query", "certificate_file")
    certificate = bench.run(*provision).strip()
    assert bench.run(*provision).strip() == certificate, "again, with the journal that is there now"
    assert json.loads(bench.run("journal", "export"))["slots"][0]["certificate_file"] == certificate
    bench.run("ca", "revoke", certificate, "--ca", "root", "--yes", "-q")
    assert "revoked" in bench.run("ca", "list", "--ca", "root")
    key = bench.folder / "root" / "ca.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def make_and_write(bench: Bench) -> None:
    name = bench.run(*PORT, "--csr", CONFIG.name, "--query", "filename").strip()
    (bench.folder / "cert.pem").write_bytes(make_certificate_for(bench.folder / name))
    (bench.folder / "cert.pem").chmod(0o644)
    bench.run(*PORT, "--write", "cert.pem", "--slot", "second")


@pytest.mark.parametrize("bench", CONTAINERS, indirect=True)
def test_from_a_blank_chip_to_a_revoked_certificate(bench: Bench) -> None:
    make_and_revoke(bench)


@pytest.mark.parametrize("bench", CONTAINERS, indirect=True)
@pytest.mark.long
def test_a_csr_and_its_certificate(bench: Bench) -> None:
    make_and_write(bench)


@needs_root
@pytest.mark.parametrize("bench", [Container()], indirect=True, ids=["root"])
@pytest.mark.long
def test_what_another_user_has_made_in_his_own_folder(bench: Bench) -> None:
    """For root, whose containers work in the folders of users."""
    make_and_revoke(bench)
    for path in (bench.folder, *bench.folder.rglob("*")):
        os.chown(path, STRANGER, STRANGER)
    assert json.loads(bench.run("journal", "export"))["slots"]
    assert "revoked" in bench.run("ca", "list", "--ca", "root")
