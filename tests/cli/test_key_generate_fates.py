"""``key generate`` makes a key in place of another: what it says of the slot where something fails behind that."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

import optiga
from optiga.cli.commands.key import slots
from optiga.emulator import EmulatedChip
from optiga.errors import BoardError, Reason
from optiga.protocol import apdu
from optiga.protocol.codes import CommandCode
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.protocol.request import Request
from tests.support.cli.runner import Cli, Result

CONFIGURATION, BOARD, CHIP, INTERRUPTED = 2, 3, 4, 130
PAIR, SECRET = CommandCode.GEN_KEY_PAIR, CommandCode.GEN_SYM_KEY
SLOTS = {"second": ("0xE0F1", PAIR), "five": ("0xE0FC", PAIR), "aes": ("0xE200", SECRET)}


class Wire:
    """An emulated chip behind a wire; what it does before and behind a command can be told.

    :ivar before: what happens in place of a command, by its code; it raises, or gives an answer.
    :ivar behind: the same once the chip has done it: its answer is lost.
    """

    def __init__(self) -> None:
        self.chip = EmulatedChip()
        self.made = 0
        self.before: dict[int, Callable[[], bytes]] = {}
        self.behind: dict[int, Callable[[], bytes]] = {}

    def exchange(self, request: Request) -> bytes:
        code = request.apdu[0] & 0x7F
        if code in self.before:
            return self.before[code]()
        answer = self.chip.execute(request.apdu)
        self.made += code in (PAIR, SECRET) and apdu.decode_answer(answer).ok
        return self.behind[code]() if code in self.behind else answer

    def close(self) -> None:
        pass


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()
    monkeypatch.setattr("optiga.transport.emulator_port.EmulatorPort.open", lambda self: made)
    with optiga.open_chip("emulator") as chip:
        chip.write_metadata(0xE200, parse_metadata_words(["change: always"]))
    return made


@pytest.fixture
def generate(cli: Cli) -> Cli:
    return lambda *words: cli("--port", "emulator", "key", "generate", *words, "--yes")


def raising(error: BaseException) -> Callable[[], bytes]:
    def fail() -> bytes:
        raise error

    return fail


def refusing() -> bytes:
    return apdu.encode_answer(ok=False)


def interrupted(result: Result) -> str:
    """What is said before the last line."""
    *_, warning, last = result.err.splitlines()
    assert (result.code, last) == (INTERRUPTED, "Interrupted")
    return warning


@pytest.mark.parametrize("slot", SLOTS)
class TestWhileItIsMade:
    def test_unplugged_before_it(self, generate: Cli, wire: Wire, slot: str) -> None:
        oid, code = SLOTS[slot]
        wire.before[code] = raising(optiga.BoardError("the board is gone"))
        result = generate(slot)
        assert (result.code, result.out, len(result.errors), wire.made) == (BOARD, "", 1, 0)
        assert f"{oid} may have a new key" in result.errors[0]

    def test_unplugged_behind_it(self, generate: Cli, wire: Wire, slot: str) -> None:
        """The chip has made it, and nobody here can know."""
        oid, code = SLOTS[slot]
        wire.behind[code] = raising(optiga.BoardError("the board is gone"))
        result = generate(slot)
        assert (result.code, result.out, len(result.errors), wire.made) == (BOARD, "", 1, 1)
        assert f"{oid} may have a new key" in result.errors[0]

    @pytest.mark.parametrize("moment", ["before", "behind"])
    def test_interrupted(self, generate: Cli, wire: Wire, slot: str, moment: str) -> None:
        oid, code = SLOTS[slot]
        getattr(wire, moment)[code] = raising(KeyboardInterrupt())
        assert f"{oid} may have a new key" in interrupted(generate(slot))

    def test_refused(self, generate: Cli, wire: Wire, slot: str) -> None:
        """The key is as it was: nothing is said of a new one."""
        wire.before[SLOTS[slot][1]] = refusing
        wire.before[CommandCode.GET_DATA_OBJECT] = lambda: apdu.encode_answer(b"\x07")
        result = generate(slot)
        assert (result.code, result.out, len(result.errors), wire.made) == (CHIP, "", 1, 0)
        assert "may have a new key" not in result.errors[0]
        assert "has a new key" not in result.errors[0]

    def test_an_answer_that_is_none(self, generate: Cli, wire: Wire, slot: str) -> None:
        oid, code = SLOTS[slot]
        wire.behind[code] = lambda: b"\x00\x00\x00\x09\x01"
        result = generate(slot)
        assert (result.code, result.out, len(result.errors), wire.made) == (CHIP, "", 1, 1)
        assert f"{oid} may have a new key" in result.errors[0]


@pytest.mark.parametrize("slot", ["second", "five"])
def test_a_public_key_that_is_none(generate: Cli, wire: Wire, slot: str) -> None:
    wire.behind[PAIR] = lambda: apdu.encode_answer(b"\x02\x00\x02\x03\x00")
    result = generate(slot)
    assert (result.code, result.out, len(result.errors)) == (CHIP, "", 1)
    assert f"{SLOTS[slot][0]} may have a new key" in result.errors[0]


class TestWhatComesBehindIt:
    @pytest.fixture(params=[OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=["full", "interrupted"])
    def at_the_file(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> BaseException:
        """What happens where the public key's file is made sure."""

        def fail(*_: object, **__: object) -> None:
            raise request.param

        monkeypatch.setattr(os, "fsync", fail)
        error: BaseException = request.param
        return error

    def test_a_file_that_cannot_be_written(self, generate: Cli, wire: Wire, at_the_file: BaseException) -> None:
        result = generate("second", "--out", "public.pem")
        load_pem_public_key(result.out.encode())  # the chip does not tell it again
        assert not Path("public.pem").exists()
        if isinstance(at_the_file, OSError):
            assert result.code == CONFIGURATION
            (said,) = result.errors
        else:
            said = interrupted(result)
        assert "0xE0F1 has a new key: any earlier key is lost" in said
        assert wire.made == 1

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="only some systems have a file that is always full")
    @pytest.mark.parametrize("is_full", [False, True])
    def test_a_file_that_is_full(
        self, generate: Cli, wire: Wire, monkeypatch: pytest.MonkeyPatch, is_full: bool
    ) -> None:
        """Whatever becomes of standard output, the only copy of the key is on standard error."""
        if is_full:
            monkeypatch.setattr(sys, "stdout", Full())
        result = generate("second", "--out", "/dev/full")
        assert (result.code, len(result.errors), wire.made) == (CONFIGURATION, 1, 1)
        begin, end = result.err.index("-----BEGIN"), result.err.index("-----END PUBLIC KEY-----")
        load_pem_public_key(result.err[begin:end].encode() + b"-----END PUBLIC KEY-----\n")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="only some systems have a file that is always full")
    @pytest.mark.parametrize("is_terminal", [False, True])
    def test_a_terminal_shows_the_key_once(
        self, generate: Cli, monkeypatch: pytest.MonkeyPatch, is_terminal: bool
    ) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal, raising=False)
        monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal, raising=False)
        result = generate("second", "--out", "/dev/full")
        assert result.err.count("-----BEGIN") == 1
        assert result.out.count("-----BEGIN") == (0 if is_terminal else 1)

    @pytest.mark.parametrize("words", [(), ("--output", "json"), ("--query", "public_key")])
    def test_an_output_that_is_full(
        self, generate: Cli, wire: Wire, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
    ) -> None:
        monkeypatch.setattr(sys, "stdout", Full())
        result = generate("second", *words)
        (error,) = (line for line in result.err.splitlines() if line.startswith(("Error: ", '{"error": ')))
        assert (result.code, wire.made) == (CONFIGURATION, 1)
        assert "0xE0F1 has a new key: any earlier key is lost" in error
        begin, end = result.err.index("-----BEGIN"), result.err.index("-----END PUBLIC KEY-----")
        load_pem_public_key(result.err[begin:end].encode() + b"-----END PUBLIC KEY-----\n")

    def test_its_key_is_not_told_twice(self, generate: Cli, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where it is in its file, there is no need."""
        monkeypatch.setattr(sys, "stdout", Full())
        result = generate("second", "--out", "public.pem", "--output", "json")
        assert (result.code, wire.made) == (CONFIGURATION, 1)
        assert "-----BEGIN" not in result.err
        load_pem_public_key(Path("public.pem").read_bytes())

    def test_the_output_as_it_was(self, generate: Cli, wire: Wire) -> None:
        assert generate("second").out.endswith("-----END PUBLIC KEY-----\n")
        assert json.loads(generate("second", "--output", "json").out)["public_key"].endswith("-----\n")
        assert generate("aes", "--bits", "128").out == ""


class Full(io.StringIO):
    """A standard output that takes nothing."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_before_it_nothing_is_said_of_a_key(generate: Cli, wire: Wire) -> None:
    wire.before[CommandCode.OPEN_APPLICATION] = raising(optiga.BoardError("the board is gone"))
    assert "new key" not in generate("second").err
    del wire.before[CommandCode.OPEN_APPLICATION]
    wire.before[CommandCode.GET_DATA_OBJECT] = raising(optiga.BoardError("the board is gone"))
    assert "new key" not in generate("second").err


def test_the_file_is_written_before_the_chip_is_anothers(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two runs for one file, the file would else hold the key that the other has replaced."""
    save = slots.save

    def save_while_another_run_waits(*arguments: Any, **options: Any) -> None:
        with pytest.raises(BoardError) as refused, optiga.open_chip(port):
            pass
        assert refused.value.reason is Reason.BUSY
        save(*arguments, **options)

    monkeypatch.setattr(slots, "save", save_while_another_run_waits)
    assert cli("--port", port, "key", "generate", "second", "--out", "key.pem").code == 0
    assert "PUBLIC KEY" in Path("key.pem").read_text()
