"""A person waits knowingly: one line at a terminal, after half a second; ``-v`` and ``-vv`` say times."""

from __future__ import annotations

import io
import os
import re
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from optiga.chip.commands.get_data_object import GetMetadata
from optiga.chip.watched import _WORDS, in_words
from optiga.cli.support import waiting
from optiga.cli.support.settings import Settings
from optiga.cli.support.waiting import WaitingLine, WaitingNotes
from optiga.emulator.models import DEFAULT_MODEL
from optiga.emulator.store import create_chip
from optiga.files.activity import Activity, each, is_watched
from optiga.files.locks import lock_path_for_port
from optiga.protocol.codes import CommandCode
from tests.support.cli.runner import Cli
from tests.support.patience import LIMIT_S
from tests.support.processes import OPTIGA, run_process
from tests.support.terminal import Terminal, terminal

needs_terminal = pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of POSIX")


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[WaitingLine, io.StringIO]]:
    """A line that is shown at once."""
    monkeypatch.setattr(waiting, "PATIENCE_S", 0.0)
    monkeypatch.setattr(waiting, "_TICK_S", 0.001)
    stream = io.StringIO()
    shown = WaitingLine(stream)
    shown.open()
    yield shown, stream
    shown.close()
    assert not is_watched()


def wait_for(stream: io.StringIO, text: str) -> None:
    end = time.monotonic() + LIMIT_S
    while text not in stream.getvalue():
        assert time.monotonic() < end, stream.getvalue()
        time.sleep(0.001)


class TestLine:
    def test_seconds_and_erased(self, line: tuple[WaitingLine, io.StringIO]) -> None:
        with Activity(lambda: "Waiting for \x1bprocess 7"):
            wait_for(line[1], "Waiting for \\x1bprocess 7, 0 s")
        assert (
            line[1].getvalue().endswith(f"\r{' ' * len('Waiting for .x1bprocess 7, 0 s^C')}\r".replace(".x1b", "\\x1b"))
        )

    def test_a_long_line_keeps_its_time(
        self, line: tuple[WaitingLine, io.StringIO], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        with Activity(lambda: "Waiting for process 7 (optiga.py emulator serve --chip bench.chip)"):
            wait_for(line[1], "…), 0 s")
        assert all(len(one) < 40 for one in line[1].getvalue().split("\r"))

    def test_parts_and_what_is_within(self, line: tuple[WaitingLine, io.StringIO]) -> None:
        parts = each("Importing", range(4))
        for part in parts:
            if part == 2:
                wait_for(line[1], "Importing, 50 %")
                with Activity(lambda: "No answer yet"):
                    wait_for(line[1], "No answer yet, 0 s")
        assert line[1].getvalue().endswith(" \r")

    def test_something_is_printed_meanwhile(self, line: tuple[WaitingLine, io.StringIO]) -> None:
        with Activity(lambda: "Reading"):
            wait_for(line[1], "Reading, 0 s")
            line[0].erase()
            assert " " * len("Reading, 0 s") + "\r" in line[1].getvalue()

    def test_the_echo_of_ctrl_c_is_erased_with_it(
        self, line: tuple[WaitingLine, io.StringIO], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Activity(lambda: "Reading"):
            wait_for(line[1], "Reading, 0 s")
        assert not line[0].has_taken_echo
        with suppress(KeyboardInterrupt), Activity(lambda: "Writing"):
            wait_for(line[1], "Writing, 0 s")
            monkeypatch.setattr(waiting.INTERRUPTIONS, "number", 2)
            raise KeyboardInterrupt
        assert line[0].has_taken_echo

    def test_the_terminal_is_gone(self, line: tuple[WaitingLine, io.StringIO]) -> None:
        line[1].close()
        with Activity(lambda: "Reading"):
            time.sleep(0.01)

    def test_nobody_watches(self) -> None:
        with Activity(lambda: pytest.fail("asked")) as activity:
            assert activity.began == 0
        assert list(each("x", (number for number in range(3)))) == [0, 1, 2]


class TestNotes:
    """Where there is no terminal: one line for what others keep us waiting for, once it takes long."""

    @pytest.fixture(autouse=True)
    def _at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(waiting, "NOTE_S", 0.0)
        monkeypatch.setattr(waiting, "_TICK_S", 0.001)

    def test_once_and_no_work_of_ours(self) -> None:
        said: list[str] = []
        heard = threading.Event()
        notes = WaitingNotes(lambda text: (said.append(text), heard.set()))  # type: ignore[func-returns-value,arg-type]
        notes.open()
        with Activity(lambda: "The chip works"), Activity(lambda: "x, 1", note=lambda: "No answer"):
            assert heard.wait(LIMIT_S)
        heard.clear()
        with Activity(lambda: "x, 2", note=lambda: "No answer"), Activity(lambda: "y", note=lambda: "Another"):
            assert heard.wait(LIMIT_S)
        notes.close()
        assert said == ["No answer", "Another"]
        assert not is_watched()

    @staticmethod
    def run(
        cli: Cli, monkeypatch: pytest.MonkeyPatch, free: Callable[[], object], *words: str, quiet: bool = False
    ) -> list[str]:
        """What is said until something is free: when it has been said, or, where it is not, a moment later."""
        timer = threading.Timer(0.3 if quiet else 60, free)
        say = Settings.note

        def note(self: Settings, text: str) -> None:
            say(self, text)
            if text.startswith(("Waiting for", "No answer")):
                timer.cancel()
                free()

        monkeypatch.setattr(Settings, "note", note)
        timer.start()
        try:
            return cli(*words).err.splitlines()
        finally:
            timer.cancel()
            timer.join()

    @pytest.mark.parametrize("quiet", [False, pytest.param(True, marks=pytest.mark.long)])
    @pytest.mark.parametrize("words", [("--port", "emulator:chip", "info"), ("emulator", "reset", "chip", "--yes")])
    def test_another_process_has_the_chip(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], quiet: bool
    ) -> None:
        create_chip(Path("chip"), DEFAULT_MODEL)
        with closing(sqlite3.connect("chip", isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN EXCLUSIVE")
            Path("chip.owner").write_text("process 20314 (optiga.py info)")

            def free() -> None:
                with suppress(sqlite3.OperationalError):  # it is free already
                    other.execute("ROLLBACK")

            said = self.run(cli, monkeypatch, free, *words, *["-q"] * quiet, quiet=quiet)
        expected = "Waiting for process 20314 (optiga.py info), which uses the chip"
        waits = [one for one in said if one.startswith("Waiting")]
        assert waits[:1] == ([] if quiet else [expected])  # what follows is told here however short it is

    def test_another_process_pairs_into_the_same_file(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        fcntl = pytest.importorskip("fcntl")
        place = lock_path_for_port(f"pair file {os.path.realpath('my.secret')}")
        with place.open("wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            place.with_name(f"{place.name}.owner").write_text("process 20314 (optiga.py pair)")
            said = self.run(cli, monkeypatch, held.close, "--port", "emulator:chip", "pair", "--out", "my.secret")
        waits = [one for one in said if one.startswith("Waiting")]
        assert waits[:1] == ["Waiting for process 20314 (optiga.py pair), which writes the same file my.secret"]

    def test_another_process_has_the_records_of_a_ca(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        assert cli("ca", "init", "root", "--no-passphrase").code == 0
        with closing(sqlite3.connect("root/issued.db", isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN EXCLUSIVE")

            def free() -> None:
                with suppress(sqlite3.OperationalError):
                    other.execute("ROLLBACK")

            said = self.run(cli, monkeypatch, free, "ca", "list", "--ca", "root")
        waits = [one for one in said if one.startswith("Waiting")]
        assert waits[:1] == [f"Waiting for {Path('root', 'issued.db')}, which another process may be using"]

    @needs_terminal
    @pytest.mark.long
    def test_nobody_answers_at_a_port(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        board, device = os.openpty()
        name = os.ttyname(device)
        ours = [board]

        def free() -> None:
            while ours:  # once: its number may be another file's afterwards
                os.close(ours.pop())

        try:
            said = self.run(cli, monkeypatch, free, "--port", name, "info")
        finally:
            free()
            os.close(device)
        answers = [one for one in said if one.startswith("No answer")]
        assert answers[:1] == [f"No answer yet from {name}"]


class TestLog:
    def test_commands_in_words_with_milliseconds(self, tmp_path: Path, config: Path) -> None:
        said = run_process([*OPTIGA, "-v", "--port", "emulator:chip", "--csr", str(config)], tmp_path).stderr
        assert re.search(r"^optiga.chip: generate a key pair in 0xE0F1: \d+ ms$", said, re.MULTILINE)
        assert re.search(r"^optiga.chip: sign with 0xE0F1: \d+ ms$", said, re.MULTILINE)
        assert " > " not in said

    def test_every_command_has_words(self) -> None:
        assert {code.title for code in CommandCode} == set(_WORDS)
        assert in_words(GetMetadata(0xE0E1)) == "read metadata of 0xE0E1"

    def test_times(self, tmp_path: Path) -> None:
        done = run_process([*OPTIGA, "-vv", "--port", "emulator:chip", "info", "-q"], tmp_path)
        frames = [one for one in done.stderr.splitlines() if " > " in one or " < " in one]
        assert len(frames) > 10
        assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} optiga\.transport: ", one) for one in frames)

    def test_no_line_where_there_is_no_terminal(self, cli: Cli, port: str) -> None:
        assert "\r" not in cli("--port", port, "info").err
        assert not is_watched()


def is_erased(shown: Terminal) -> bool:
    """Whether what was said of waiting is written over with spaces."""
    return bool(re.search(r"\r +\r", shown.raw))


@needs_terminal
@pytest.mark.long
class TestTerminal:
    @pytest.mark.parametrize("columns", [60, 80, 120])
    def test_a_key_is_made(self, tmp_path: Path, columns: int) -> None:
        words = [
            "--port",
            "emulator:chip?timing=real",
            "key",
            "generate",
            "five",
            "--algorithm",
            "rsa1024",
            "--out",
            "k",
        ]
        with terminal([*OPTIGA, *words], tmp_path, columns=columns) as shown:
            text = shown.wait_for_end()
        assert re.search(r"The chip works: generate a key pair in 0xE0FC, \d+ s", text)
        assert is_erased(shown)
        assert all(len(one) < columns for one in shown.raw.replace("\n", "\r").split("\r") if "works" in one)

    def test_ctrl_c_leaves_no_empty_line(self, tmp_path: Path) -> None:
        words = ["--port", "emulator:chip?timing=real", "key", "generate", "five", "--algorithm", "rsa2048", "--yes"]
        with terminal([*OPTIGA, *words], tmp_path, columns=100) as shown:
            shown.wait_for(r"The chip works: generate a key pair in 0xE0FC, \d+ s")
            shown.type("\x03")
            text = shown.wait_for_end()
        assert "0xE0FC may have a new key" in text
        assert re.search(r" \rWarning: ", shown.raw)
        assert text.rstrip().endswith("Interrupted")

    def test_quiet(self, tmp_path: Path) -> None:
        words = ["-q", "--port", "emulator:chip?timing=real", "key", "generate", "five", "--algorithm", "rsa1024"]
        with terminal([*OPTIGA, *words], tmp_path) as shown:
            assert "works" not in shown.wait_for_end()

    def test_objects_are_read(self, tmp_path: Path) -> None:
        with terminal([*OPTIGA, "--port", "emulator:chip?timing=real", "export", "all.json"], tmp_path) as shown:
            shown.wait_for(r"Reading objects, \d+ %")

    def test_another_process_has_the_chip(self, tmp_path: Path) -> None:
        run_process([*OPTIGA, "-q", "emulator", "new", "chip"], tmp_path)
        with closing(sqlite3.connect(tmp_path / "chip", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            (tmp_path / "chip.owner").write_text("process 20314 (optiga.py info)")
            with terminal([*OPTIGA, "--port", "emulator:chip", "--read", "0xE0C2"], tmp_path) as shown:
                shown.wait_for(r"Waiting for process 20314 \(optiga.py info\), \d+ s")
                other.execute("ROLLBACK")
                shown.wait_for_end()
        assert is_erased(shown)

    def test_nobody_answers_at_a_port(self, tmp_path: Path) -> None:
        board, device = os.openpty()
        try:
            with terminal([*OPTIGA, "--port", os.ttyname(device), "info"], tmp_path, columns=120) as shown:
                shown.wait_for(f"No answer yet from {os.ttyname(device)}: open the application, [0-9]+ s")
        finally:
            os.close(board)
            os.close(device)

    def test_aws_is_waited_for(self, tmp_path: Path) -> None:
        run_process([*OPTIGA, "-q", "ca", "init", "root", "--no-passphrase"], tmp_path)
        environment = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "AWS_REGION": "eu-central-1"}
        with closing(socket.create_server(("127.0.0.1", 0))) as mute:
            url = f"http://127.0.0.1:{mute.getsockname()[1]}"
            words = [*OPTIGA, "ca", "register", "root", "--endpoint-url", url, "--timeout", "1"]
            with terminal(words, tmp_path, environment) as shown:
                assert re.search(r"Waiting for AWS: get caller identity, \d+ s", shown.wait_for_end())
            assert is_erased(shown)
            with terminal([*words, "-q"], tmp_path, environment) as shown:
                assert "Waiting" not in shown.wait_for_end()
