"""The state folder, temporary files of commands that were killed; and that all the files are as they were made."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.support.released_files import RELEASES, Optiga, cases, copy_of, read_sums, sums_of

BOARD = 3
REFUSING = "socket://127.0.0.1:1"
"""The port whose lock lies in the state folder; nothing answers there."""


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_the_files_are_as_they_were_made(release: Path) -> None:
    """Whatever a checkout does to line ends; none is missing, and none has come."""
    assert sums_of(release) == read_sums(release)


@pytest.mark.parametrize("left", cases("state-folder/"))
class TestStateFolder:
    @pytest.fixture
    def state(self, optiga: Optiga, left: Path) -> Path:
        """The folder of the user's own state, in the place where this system has it."""
        optiga.go_on_with(left)
        place = Path(platformdirs.user_state_path("optiga", appauthor=False))
        place.parent.mkdir(parents=True)
        return copy_of(left / "state" / "optiga", place)

    def test_the_users_own_chip(self, optiga: Optiga, state: Path) -> None:
        Path("message").write_bytes(b"What is to be signed.")
        optiga("--port", "emulator", "-q", "key", "sign", "second", "message", "--out", "signature")
        public = load_pem_public_key(Path("second.pub").read_bytes())
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(Path("signature").read_bytes(), b"What is to be signed.", ec.ECDSA(hashes.SHA256()))

    def test_the_lock_of_a_port_is_the_same_file(self, optiga: Optiga, state: Path) -> None:
        """So that a process of the release and one of today never have a board at once."""
        before = sorted(path.name for path in (state / "locks").iterdir())
        assert before
        optiga("--port", REFUSING, "info", code=BOARD)
        assert sorted(path.name for path in (state / "locks").iterdir()) == before


@pytest.mark.parametrize("left", cases("temporaries/"))
def test_files_of_commands_that_were_killed_are_in_nobodys_way(optiga: Optiga, left: Path) -> None:
    """The same commands once more make what the first would have made."""
    optiga.go_on_with(left)
    temporaries = {path.name for path in Path().iterdir() if path.name.endswith(".tmp")}
    assert len(temporaries) == 3
    filename = optiga.on_chip("--csr", "config.jsn", "--query", "filename").strip()
    optiga("ca", "init", "--no-passphrase", "root")
    optiga("ca", "sign", filename, "--ca", "root", "--out", "device.pem")
    optiga.on_chip("--write", "device.pem", "--strict")
    Path("chip").unlink()
    optiga("emulator", "new", "chip")
    optiga.on_chip("info")
    made = {"root", "device.pem", "chip", "config.jsn", filename}
    assert {path.name for path in Path().iterdir()} - made <= temporaries
