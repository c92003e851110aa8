"""Files that a user names are opened without waiting for anybody to write them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from optiga.errors import ConfigurationError
from optiga.files.files import read_input
from optiga.files.secrets import read_secret
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.patience import LIMIT_S

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX's")
READERS = (read_input, read_secret)
_OPTIGA = "import sys; from optiga.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe that nobody writes into."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def content(data: object) -> bytes:
    return data if isinstance(data, bytes) else data.data  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("reader", READERS)
class TestRead:
    def test_a_named_pipe(self, reader: object, pipe: Path) -> None:
        link = pipe.with_name("link")
        link.symlink_to(pipe)
        for path in (pipe, link):
            with pytest.raises(ConfigurationError, match="it is a named pipe, not a file"):
                reader(path, "thing", 9)  # type: ignore[operator]

    def test_what_is_no_file(self, reader: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)  # the name of a socket is short
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
            for path in (tmp_path / "socket", tmp_path):
                with pytest.raises(ConfigurationError, match="cannot read the thing"):
                    reader(path, "thing", 9)  # type: ignore[operator]

    @pytest.mark.parametrize("form", ["/dev/fd/{}", "/proc/self/fd/{}", "link"])
    def test_what_a_shell_hands_over(self, reader: object, form: str, tmp_path: Path) -> None:
        """Nothing is in the pipe when it is opened: the reader waits for the end of it."""
        reading, writing = os.pipe()
        path = Path(form.format(reading))
        if form == "link":
            path = tmp_path / "link"
            path.symlink_to(f"/dev/fd/{reading}")
        elif not Path(path.parts[0], *path.parts[1:2]).exists() or not path.parent.exists():
            pytest.skip("this system has no such names")
        writer = subprocess.Popen([sys.executable, "-c", "import os; os.write(1, b'content')"], stdout=writing)
        os.close(writing)
        try:
            assert content(reader(path, "thing", 9)) == b"content"  # type: ignore[operator]
        finally:
            os.close(reading)
            assert writer.wait() == 0

    def test_nothing(self, reader: object) -> None:
        assert content(reader(Path("/dev/null"), "thing", 9)) == b""  # type: ignore[operator]


class TestCommands:
    @pytest.mark.parametrize(
        "words",
        [
            ("--csr", "pipe"),
            ("--write", "pipe"),
            ("ca", "sign", "pipe", "--ca", "root"),
            ("ca", "crl", "--ca", "root", "--passphrase-file", "pipe"),
            ("ca", "show", "pipe", "--ca", "root"),
            ("hash", "pipe"),
            ("provision", "pipe"),
            ("register", "--trust", "pipe"),
            ("import", "pipe"),
        ],
        ids=lambda words: " ".join(words[:2]),
    )
    def test_refuse_a_named_pipe(
        self, cli: Cli, pipe: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
    ) -> None:
        monkeypatch.chdir(pipe.parent)
        cli("ca", "init", "root", "--no-passphrase")
        error = fails(cli, 2, "--port", "emulator:chip", *words)
        assert "named pipe" in error
        assert not Path("chip").exists()

    @pytest.mark.long
    def test_process_substitution(self, cli: Cli, tmp_path: Path) -> None:
        cli("ca", "init", tmp_path / "root", "--no-passphrase")
        for argument in (f"<(cat {tmp_path}/root/ca.pem)", f"/dev/stdin < <(cat {tmp_path}/root/ca.pem)"):
            done = subprocess.run(
                ["bash", "-c", f"exec '{sys.executable}' -c '{_OPTIGA}' ca sign --ca '{tmp_path}/root' {argument}"],
                capture_output=True, text=True, check=False, cwd=tmp_path, stdin=subprocess.DEVNULL, timeout=LIMIT_S,
            )  # fmt: skip
            assert done.returncode == 5, done.stderr
            assert "a certificate" in done.stderr
