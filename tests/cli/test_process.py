"""The command line as a process: ways to start it, interruptions, broken pipes, warnings, secrets."""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import optiga
from optiga import __version__
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate
from tests.support.patience import LIMIT_S
from tests.support.places import ROOT
from tests.support.processes import OPTIGA, run_process, serving
from tests.support.sampling import sampled
from tests.support.terminal import terminal

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="pipes and shells are others there")
CONFIG = ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn"


class TestWaysToStart:
    def test_from_another_folder(self, tmp_path: Path) -> None:
        """As the predecessor's documents have it: a workspace two levels below, ``python ../../optiga.py``."""
        workspace = tmp_path / "using-amazon-root-ca" / "workspace"
        workspace.mkdir(parents=True)
        (workspace / "config.jsn").write_bytes(CONFIG.read_bytes())
        script = os.path.relpath(ROOT / "optiga.py", workspace)
        words = [sys.executable, script, "--port", "emulator:chip", "--csr", "config.jsn", "--query", "filename", "-q"]
        done = run_process(words, workspace, {"PYTHONPATH": ""})
        assert (done.returncode, done.stderr.count("\n")) == (0, 2)
        assert {path.name for path in workspace.iterdir()} == {"config.jsn", "chip", done.stdout.strip()}

    def test_as_a_module(self) -> None:
        done = run_process([sys.executable, "-m", "optiga", "--version"], ROOT)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"optiga, version {__version__}\n", "")

    def test_exit_code_of_the_process(self, tmp_path: Path) -> None:
        done = run_process([*OPTIGA, "--port", "emulator:none/chip", "info"], tmp_path)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.count("Error: ") == 1


class TestEndings:
    @POSIX
    @pytest.mark.parametrize("words", [["--help"], ["--port", "emulator:chip", "info"], ["emulator", "root"]])
    def test_nobody_reads_what_is_printed(self, words: list[str], tmp_path: Path) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        try:
            done = subprocess.run(
                [*OPTIGA, *words],
                cwd=tmp_path,
                stdout=writer,
                stderr=subprocess.PIPE,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
        finally:
            os.close(writer)
        assert done.returncode == 141
        notes = [
            line
            for line in done.stderr.splitlines()
            if not line.startswith(("Emulated chip: ", "A new chip was created"))
        ]
        assert notes == []

    @pytest.mark.long
    @POSIX
    @pytest.mark.parametrize("closed", [1, 2])
    def test_started_without_a_place_to_print_to(self, closed: int, tmp_path: Path) -> None:
        shell = ["sh", "-c", f'"$@" {closed}>&-', "sh", *OPTIGA, "--port", "emulator:chip", "info", "-q"]
        done = run_process(shell, tmp_path)
        assert done.returncode == (2 if closed == 1 else 0)
        assert ("Slot second" in done.stdout) is (closed == 2)
        assert ("Emulated chip" in done.stderr) is (closed == 1)
        assert "Traceback" not in done.stderr

    def test_standard_output_that_has_not_every_character(self, tmp_path: Path) -> None:
        """As a pipe or a file on Windows."""
        words = [
            *OPTIGA,
            "ca",
            "init",
            "--no-passphrase",
            "root",
            "--name",
            "Wurzel \u65e5\u672c",
            "--query",
            "subject",
        ]
        done = run_process(words, tmp_path, {"PYTHONIOENCODING": "cp1252:strict", "PYTHONUTF8": "1"})
        assert (done.returncode, done.stdout) == (0, "CN=Wurzel \\u65e5\\u672c\n")

    @pytest.mark.long
    @POSIX
    @pytest.mark.parametrize("words", [["random", "8"], ["random", "8", "--raw"]])
    def test_bytes_without_a_place_to_print_to(self, words: list[str], tmp_path: Path) -> None:
        done = run_process(["sh", "-c", '"$@" >&-', "sh", *OPTIGA, "--port", "emulator:chip", *words], tmp_path)
        assert done.returncode == 2
        assert "standard output: it is closed" in done.stderr

    @pytest.mark.parametrize("encoding", sampled(["latin-1", "cp1252", "cp437", "ascii"], keep=1))
    @pytest.mark.long
    def test_letters_that_the_terminal_does_not_have(self, encoding: str, tmp_path: Path) -> None:
        subject = "\u00c3 \u2603 \U0001f600"
        (tmp_path / "device.pem").write_bytes(make_certificate(name=subject))
        words = [*OPTIGA, "--port", "emulator:chip", "-q"]
        assert run_process([*words, "--write", "device.pem"], tmp_path).returncode == 0
        for form in ("json", "text"):
            done = subprocess.run(
                [*words, "info", "--output", form],
                cwd=tmp_path,
                env={**os.environ, "PYTHONIOENCODING": encoding},
                capture_output=True,
                timeout=LIMIT_S,
                check=False,
            )
            assert (done.returncode, done.stderr.count(b"\n")) == (0, 1)
            if form == "json":
                assert subject in json.loads(done.stdout)["slots"]["second"]["certificate"]["subject"]

    @pytest.mark.long
    @POSIX
    @pytest.mark.parametrize("colourless", [{}, {"NO_COLOR": "1"}, {"NO_COLOR": ""}, {"TERM": "dumb"}])
    def test_colours(self, colourless: dict[str, str], tmp_path: Path) -> None:
        """As https://no-color.org has it: none where NO_COLOR is set and not empty."""
        terminal, process_end = os.openpty()
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        try:
            subprocess.run(
                [*OPTIGA, "object", "read", "none"],
                cwd=tmp_path,
                env={**environment, "TERM": "xterm", **colourless},
                stderr=process_end,
                timeout=LIMIT_S,
                check=False,
            )
            shown = os.read(terminal, 4096)
        finally:
            os.close(process_end)
            os.close(terminal)
        assert b"Error: 'none'" in shown
        assert (b"\x1b[31m" in shown) is not any(colourless.values())

    def test_interrupted(self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("optiga.chip.Key.sign", interrupt)
        result = cli("--port", port, "--csr", CONFIG)
        assert (result.code, result.out) == (130, "")
        assert result.err.endswith("\nInterrupted\n")
        assert "Traceback" not in result.err
        assert list(Path.cwd().iterdir()) == []
        monkeypatch.undo()
        assert cli("--port", port, "--read", "0xE0C2").code == 0  # the chip was given back


@POSIX
@pytest.mark.parametrize(
    ("name", "code", "word"),
    [("SIGTERM", 143, "Terminated"), ("SIGHUP", 129, "Hung up"), ("SIGINT", 130, "Interrupted")],
)
def test_ended_by_a_signal(name: str, code: int, word: str, tmp_path: Path) -> None:
    """As by Ctrl-C, in the middle of an exchange with a board that says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f"socket://127.0.0.1:{server.getsockname()[1]}"
        process = subprocess.Popen(
            [*OPTIGA, "--port", port, "--csr", str(CONFIG)], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        board, _ = server.accept()
        with board:
            assert board.recv(1)  # it has asked, and waits
            process.send_signal(getattr(signal, name))
            _, said = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, said.splitlines()[-1]) == (code, word)
    assert "Traceback" not in said
    assert "" not in said.splitlines()
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_under_nohup_a_run_outlives_its_terminal(tmp_path: Path) -> None:
    """It goes on until the board leaves, which ends it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f"socket://127.0.0.1:{server.getsockname()[1]}"
        command = f"trap '' HUP; exec {shlex.join([*OPTIGA, '--port', port, '--csr', str(CONFIG)])}"
        process = subprocess.Popen(["sh", "-c", command], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        board, _ = server.accept()
        with board:
            assert board.recv(1)
            process.send_signal(signal.SIGHUP)
        server.close()
        _, said = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 3, said
    assert "Hung up" not in said


@POSIX
def test_a_line_of_its_own_behind_the_terminals_mark(tmp_path: Path) -> None:
    """A terminal shows ^C where the cursor is."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        terminal([*OPTIGA, "--port", f"socket://127.0.0.1:{server.getsockname()[1]}", "info"], tmp_path) as shown,
    ):
        board, _ = server.accept()
        with board:
            assert board.recv(1)
            shown.type("\x03")
            assert "^C\nInterrupted\n" in shown.wait_for("Interrupted\n")


class TestWarningsOfLibraries:
    """The cryptography library warns of a certificate whose serial number is zero, when it is looked at."""

    @pytest.fixture
    def odd(self) -> Path:
        from asn1crypto import pem, x509

        certificate = x509.Certificate.load(pem.unarmor(make_certificate())[2])
        certificate["tbs_certificate"]["serial_number"] = 0
        path = Path("odd.pem")
        path.write_bytes(pem.armor("CERTIFICATE", certificate.dump(force=True)))
        return path

    def test_are_not_for_users(self, cli: Cli, odd: Path, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "warnoptions", [])
        result = cli("--port", port, "--write", odd, "-q")
        assert result.code == 0
        kinds = [line.partition(":")[0] for line in result.err.splitlines()]
        made = f"A new chip was created in {port.removeprefix('emulator:')}"
        assert sorted(kinds) == sorted(["Emulated chip", made, "Warning", "Warning"])
        assert "serial number is not positive" in result.err
        assert "cryptography" not in result.err

    def test_but_for_those_who_ask_python_for_them(
        self, cli: Cli, odd: Path, port: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "warnoptions", ["default"])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert cli("--port", port, "--write", odd).code == 0
        assert any("serial number" in str(warning.message) for warning in caught)


class TestSecrets:
    """Frames that carry a secret are counted in the log, not shown."""

    SECRET = bytes.fromhex("5ec4e75ec4e7") * 8

    @pytest.fixture
    def log(self, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
        caplog.set_level(logging.DEBUG, logger="optiga")
        return caplog

    def write_secret(self, port: str) -> None:
        with optiga.open_chip(port) as chip:
            chip.write(0xE140, self.SECRET)
            chip.write(0xF1D0, self.SECRET)
            chip.write(0xE0E2, b"shown")

    @pytest.mark.long
    def test_on_a_board(self, tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
        with serving(tmp_path, "--chip", "chip", "--tcp", "0") as served:
            self.write_secret(served.port)
        assert b"shown".hex() in log.text
        assert self.SECRET[:6].hex() not in log.text
        assert re.search(r" > \(\d+ bytes with a secret, not shown\)", log.text)

    def test_on_an_emulated_chip(self, port: str, log: pytest.LogCaptureFixture) -> None:
        self.write_secret(port)
        assert b"shown".hex() in log.text
        assert self.SECRET[:6].hex() not in log.text
        assert "emulator > (secret)" in log.text
