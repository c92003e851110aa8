"""Where a process begins and ends, tried without ending this one. Processes of their own are in ``test_process.py``."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

from optiga import cli
from optiga.cli.support.settings import Settings
from tests.support.gone_folder import Ending, run_where_the_folder_is_gone
from tests.support.places import CONFIGS

CONFIG = str(CONFIGS / "config_nistp256_ecdsa_secondslot.jsn")
Raise = Callable[[BaseException], None]


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Raise:
    """Let the command line end with an exception."""

    def set_exception(error: BaseException) -> None:
        def run(*_: object) -> NoReturn:
            raise error

        monkeypatch.setattr("optiga.cli.app.run", run)

    return set_exception


GONE = [
    ("--csr", CONFIG),
    ("--csr", CONFIG, "--dry-run"),
    ("--csr", CONFIG, "--out-dir", "."),
    ("--csr", "config.jsn"),
    ("--write", "cert.pem"),
    ("--read", "second", "--out", "r.pem"),
    ("object", "read", "0xE0E8", "--out", "q.pem"),
    ("object", "write", "0xF1D0", "data.bin"),
    ("key", "generate", "second", "--out", "k.pem", "--yes"),
    ("random", "8", "--out", "r.bin"),
    ("export", "e.json"),
    ("provision", CONFIG),
    ("register",),
    ("config", "check", "x.jsn"),
    ("config", "new", "n.jsn"),
    ("ca", "init", "my-ca", "--no-passphrase"),
    ("ca", "list", "--ca", "my-ca"),
    ("ca", "list", "--ca=my-ca"),
    ("journal", "show"),
    ("journal", "export", "--out", "j.csv"),
    ("update", "show", "u.json"),
    ("emulator", "new", "n.chip"),
    ("emulator", "dump", "n.chip"),
    ("emulator", "reset", "n.chip", "--yes"),
    ("emulator", "control", "c.sock", "power"),
    ("emulator", "serve", "--control", "c.sock", "--tcp", "127.0.0.1:0"),
    ("--port", "emulator:n.chip", "info"),
    ("--port", "emulator:new/n.chip", "info"),
]
"""Each names a file or writes one."""
WHOLE_PATH = ("ca", "list", "--ca", "/no/such/folder")


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Ending]:
    """How each command ended where the current folder is gone."""
    chip = tmp_path_factory.mktemp("gone") / "chip"
    return run_where_the_folder_is_gone([*GONE, WHOLE_PATH], f"emulator:{chip}")


@pytest.mark.skipif(sys.platform == "win32", reason="no folder is deleted there that a process is in")
class TestFolderThatIsGone:
    @pytest.mark.parametrize("words", GONE, ids=lambda words: " ".join(words).replace(CONFIG, "CONFIG"))
    def test_each_command_says_so(self, words: tuple[str, ...], endings: dict[tuple[str, ...], Ending]) -> None:
        code, error = endings[words]
        assert code in (2, 3)
        (line,) = [line for line in error.splitlines() if not line.startswith("Emulated chip")]
        assert "current folder no longer exists" in line
        assert "ca init" not in line

    def test_nothing_of_it_for_a_whole_path(self, endings: dict[tuple[str, ...], Ending]) -> None:
        code, error = endings[WHOLE_PATH]
        assert code == 2
        assert "current folder" not in error


class TestEndings:
    def test_interrupted(self, fail: Raise, capsys: pytest.CaptureFixture[str]) -> None:
        fail(KeyboardInterrupt("the key is new"))
        assert cli.main(["info"]) == 130
        assert capsys.readouterr().err == "Warning: the key is new\nInterrupted\n"

    def test_before_a_command_has_begun(self, fail: Raise, capsys: pytest.CaptureFixture[str]) -> None:
        fail(KeyboardInterrupt())
        assert cli.main(["provision", CONFIG]) == 130
        assert capsys.readouterr().err == "Nothing was changed\nInterrupted\n"

    def test_in_a_command(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Nobody here knows what it has done: it says that itself."""

        def open_chip(*_: object, **__: object) -> NoReturn:
            raise KeyboardInterrupt

        monkeypatch.setattr(Settings, "open_chip", open_chip)
        assert cli.main(["--port", "emulator", "info"]) == 130
        said = capsys.readouterr().err
        assert said.splitlines()[-1] == "Interrupted"
        assert "Nothing was changed" not in said

    def test_ended_by_a_signal_as_json(self, fail: Raise, capsys: pytest.CaptureFixture[str]) -> None:
        ended = KeyboardInterrupt()
        ended.number = signal.SIGTERM  # type: ignore[attr-defined]
        fail(ended)
        assert cli.main(["info", "--output", "json"]) == 143
        captured = capsys.readouterr()
        assert '"exit_code": 143' in captured.err
        assert not captured.out

    def test_nobody_reads(self, fail: Raise, capsys: pytest.CaptureFixture[str]) -> None:
        fail(BrokenPipeError())
        assert cli.main(["info"]) == 141
        assert not capsys.readouterr().err

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_a_package_that_is_missing(self, fail: Raise, capsys: pytest.CaptureFixture[str], form: str) -> None:
        fail(ModuleNotFoundError("no boto3", name="boto3.session"))
        assert cli.main(["info", "--output", form]) == 2
        assert "boto3" in capsys.readouterr().err

    def test_a_module_of_ours_that_is_missing(self, fail: Raise) -> None:
        fail(ModuleNotFoundError("no optiga.x", name="optiga.x"))
        with pytest.raises(ModuleNotFoundError):
            cli.main(["info"])


class TestProcess:
    @pytest.fixture(autouse=True)
    def _stays(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """The process goes on as it was."""

        def leave(code: int) -> NoReturn:
            raise SystemExit(code)

        monkeypatch.setattr(os, "_exit", leave)
        monkeypatch.setattr(signal, "signal", lambda *_: None)
        yield
        gc.enable()

    def enter(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["optiga.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.enter()
        return ended.value.code

    def test_its_exit_code(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.enter(monkeypatch, "--version") == 0
        assert capsys.readouterr().out
        assert self.enter(monkeypatch, "nothing") == 2

    def test_standard_error_that_is_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stderr", None)
        assert self.enter(monkeypatch, "nothing") == 2
        made = sys.stderr
        assert made is not None
        made.close()

    def test_a_character_that_standard_output_does_not_have(self, monkeypatch: pytest.MonkeyPatch) -> None:
        printed = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, "ascii"))
        assert self.enter(monkeypatch, "--version") == 0
        print("\u65e5", file=sys.stdout, flush=True)
        assert b"\\u65e5" in printed.getvalue()
