"""Errors where JSON was asked for: one object on one line of standard error, and nothing on standard output."""

from __future__ import annotations

import errno
import json
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.cli.app import EXIT_CODES, app
from optiga.cli.render.errors import error_line, json_line
from optiga.cli.support.options import option_of
from optiga.cli.support.parameters import parameter_of
from optiga.cli.support.settings import Settings
from optiga.cloud.aws.errors import AwsError
from optiga.emulator.store import SqliteStore
from optiga.errors import BoardError, ChipError, ConfigurationError, OptigaError, Reason, naming
from optiga.files.interruptions import EndRequested
from tests.support.cli.mistakes import CHIP, error_of
from tests.support.cli.runner import Cli

JSON = ("-q", "--output", "json")
SLOTS = "optiga.cli.commands.boards.boards.list_ports"


class Raises:
    """In place of a function of the library: it raises what it is given."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __call__(self, *_: object, **__: object) -> None:
        raise self._error


@given(
    text=st.text(), hint=st.text(), port=st.text(), oid=st.none() | st.integers(0, 0xFFFF), problem=st.text(max_size=9)
)
def test_any_text(text: str, hint: str, port: str, oid: int | None, problem: str) -> None:
    error = BoardError(naming("{text}{out}", text=text), hint=hint, port=port, oid=oid)
    error.problems = (problem,)
    line = error_line(error, "board", 3, option_of)
    assert line.isascii()
    assert line.isprintable()
    fields = json.loads(line)["error"]
    assert fields["message"] == f"{text}--out"
    assert fields.get("hint", "") == hint
    assert fields.get("port", "") == port
    assert fields["parameter"] == "out"
    assert fields.get("oid") == (None if oid is None else f"0x{oid:04X}")


@pytest.mark.parametrize("port", ["emulator:none/chip", "emulator:file", "socket://127.0.0.1:1"])
def test_the_port_is_what_was_written(cli: Cli, port: str) -> None:
    Path("file").write_bytes(b"no chip" * 100)
    (line,) = cli("--port", port, "info", "--output", "json").err.splitlines()
    error = json.loads(line)["error"]
    assert error["port"] == port
    assert error.get("parameter", "port") == "port"


def test_only_what_there_is() -> None:
    plain = json.loads(json_line("board", 3, Reason.BUSY, "x", hint="", port=""))["error"]
    assert plain == {"family": "board", "exit_code": 3, "reason": "busy", "message": "x"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ChipError("x", code=7), "0x07"),
        (ChipError("x"), None),
        (AwsError("x", code="ThrottlingException"), "ThrottlingException"),
    ],
)
def test_codes(error: OptigaError, code: str | None) -> None:
    assert json.loads(error_line(error, "x", 1, option_of))["error"].get("code") == code


class TestWhatTheCommandLineSays:
    @pytest.mark.parametrize(
        ("words", "parameter"),
        [
            (("--output", "json", "info", "--wrong"), None),
            (("info", "--wrong", "--output=json"), None),
            (("--output=json", "inof"), None),
            (("--wrong", "--output", "json"), None),
            (("random", "x", "--output", "json"), "size"),
        ],
    )
    def test_usage(self, cli: Cli, words: tuple[str, ...], parameter: str | None) -> None:
        error = error_of(cli, *words)
        assert (error["family"], error["exit_code"], error["reason"]) == ("configuration", 2, "usage")
        assert (error.get("parameter"), "--help" in error["hint"]) == (parameter, True)

    @pytest.mark.parametrize(
        ("words", "parameter"),
        [
            (("random",), "size"),
            (("emulator", "serve"), None),
            (("--slot", "second"), "slot"),
            (("provision", "x", "--no-cloud"), "ca"),
            (("--port", "emulator:chip", "provision", "{config}", "--parameter", "a=b"), "template"),
            (("ca", "register", "x", "--template", "x"), "auto_registration"),
        ],
    )
    def test_missing(self, cli: Cli, config: Path, words: tuple[str, ...], parameter: str | None) -> None:
        error = error_of(cli, *JSON, *(word.format(config=config) for word in words))
        assert (error["exit_code"], error["reason"], error.get("parameter")) == (2, "missing", parameter)

    @pytest.mark.parametrize(
        "words", [("info", "--wrong"), ("--output", "text", "info", "--wrong"), ("--wrong", "--output", "repr")]
    )
    def test_nobody_asked_for_json(self, cli: Cli, words: tuple[str, ...]) -> None:
        result = cli(*words)
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)

    def test_help_is_no_error(self, cli: Cli) -> None:
        result = cli("--output", "json", "--help")
        assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("family", EXIT_CODES)
def test_families(cli: Cli, monkeypatch: pytest.MonkeyPatch, family: type[OptigaError]) -> None:
    raised = family("what happened", hint=naming("Use another {query}"))
    monkeypatch.setattr(SLOTS, Raises(raised))
    error = error_of(cli, *JSON, "boards")
    assert error == {
        "family": family.__name__.removesuffix("Error").lower(),
        "exit_code": EXIT_CODES[family],
        "reason": raised.reason.value,
        "message": "what happened",
        "hint": "Use another --query",
        "parameter": "query",
    }


@pytest.mark.parametrize(
    ("raised", "code", "reason"),
    [
        (ZeroDivisionError("\x1b"), 1, "unexpected"),
        (OSError(errno.ENOSPC, "full"), 2, "out_of_space"),
        (ModuleNotFoundError("x", name="serial"), 2, "not_installed"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (EndRequested(15), 143, "interrupted"),
    ],
)
def test_whatever_ends_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, reason: str
) -> None:
    monkeypatch.setattr(SLOTS, Raises(raised))
    error = error_of(cli, *JSON, "boards")
    assert (error["exit_code"], error["reason"]) == (code, reason)
    assert error["message"]


def test_what_an_interruption_leaves_is_told_before(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SLOTS, Raises(KeyboardInterrupt("the key is new")))
    result = cli(*JSON, "boards")
    *before, last = result.err.splitlines()
    assert before == ["Warning: the key is new"]
    error = json.loads(last)["error"]
    assert (error["family"], error["hint"]) == ("interrupted", "the key is new")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_interrupted_before_the_command_line_is_there(cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def interrupted_at_its_modules() -> Settings:
        signal.raise_signal(getattr(signal, name))
        return Settings()

    monkeypatch.setattr("optiga.cli.app.new_settings", interrupted_at_its_modules)
    error = error_of(cli, *JSON, "boards")
    assert (error["exit_code"], error["reason"]) == (128 + getattr(signal, name), "interrupted")


def test_a_second_signal_does_not_cut_off_the_error(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def say(*values: Any, **place: Any) -> str:
        signal.raise_signal(signal.SIGTERM)
        return json_line(*values, **place)

    monkeypatch.setattr(SLOTS, lambda *_, **__: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr("optiga.cli.json_line", say)
    assert error_of(cli, *JSON, "boards")["exit_code"] == 130


def test_all_mistakes_of_a_file(cli: Cli, port: str, tmp_path: Path) -> None:
    config = tmp_path / "bad.jsn"
    config.write_text('{"csr_config": {"certificate_info": {"country_name": "DEU"}, "key_info": 1}}')
    error = error_of(cli, *JSON, "--port", port, "--csr", config)
    assert error["reason"] == "bad_value"
    said = [error["message"], *error["problems"]]
    assert [name for name in ("country_name", "key_info", "signature_info") if name not in " ".join(said)] == []
    assert len(said) >= 3


def test_the_chip_and_its_object(cli: Cli, port: str) -> None:
    Path("x").write_bytes(b"x")
    error = error_of(cli, *JSON, "--port", port, "object", "write", "0xE0C2", "x")
    assert (error["exit_code"], error["reason"], error["code"]) == (CHIP, "denied", "0x07")
    assert (error["oid"], error["port"]) == ("0xE0C2", port)
    Path("x").write_bytes(bytes(141))
    assert error_of(cli, *JSON, "--port", port, "object", "write", "0xF1D0", "x")["reason"] == "too_large"


def test_what_was_imported_is_told_though_the_rest_fails(cli: Cli, port: str) -> None:
    cli("--port", port, "export", "chip.json")
    held = json.loads(Path("chip.json").read_text())
    chosen = {name: held[name] for name in list(held)[:1]}
    for oid in ("f1d0", "f1d1"):
        chosen[oid] = {**held.get(oid, {}), "data": "00" * 2000}
    Path("bad.json").write_text(json.dumps(chosen))
    result = cli(*JSON, "--port", port, "import", "bad.json", "--keep-going", "--yes")
    assert "objects" in json.loads(result.out)
    error = json.loads(result.err.splitlines()[-1])["error"]
    assert error["exit_code"] == result.code != 0
    assert len(error["problems"]) == 1


def test_a_mistake_in_an_option_has_its_name(cli: Cli) -> None:
    Path("secret").write_bytes(b"x")
    error = error_of(cli, *JSON, "--port", "emulator:chip", "object", "read", "0xF1D0", "--authorize", "0xBEEF=secret")
    assert error["reason"] == "not_found"
    assert (error["parameter"], error["message"].startswith("--authorize: ")) == ("authorize", True)


@pytest.mark.parametrize(
    ("words", "parameter"),
    [
        ("journal show --journal none.db", "journal"),
        ("journal check", "journal"),
        ("deprovision --journal none.db", "journal"),
        ("ca crl --ca none", "ca"),
        ("provision none.jsn", "config_path"),
        ("--csr {config} --out-dir none", "out_dir"),
        ("provision {config} --out-dir none/{{x}}", "out_dir"),
        ("provision {config} --days 1", "ca"),
        ("provision {config} --ca root --days x", "days"),
        ("provision {config} --slot seventh", "slot"),
        ("object read 0xE0C2 --out .", "out"),
        ("hmac {config} --key 0xF1D0 --hash md5", "hash"),
        ("random 4 --out .", "out"),
        ("object read 0xF1D0 --authorize 0xBEEF={config}", "authorize"),
        ("ca intermediate sub --ca none", "ca"),
        ("ca init root --no-passphrase --days 0", "days"),
    ],
)
def test_the_parameter_is_one_of_the_command(cli: Cli, port: str, config: Path, words: str, parameter: str) -> None:
    given = [word.format(config=config, csr=config) for word in words.split()]
    error = error_of(cli, *JSON, "--port", port, *given)
    assert error.get("parameter") == parameter


@pytest.mark.parametrize(
    ("text", "words", "parameter"),
    [
        ("Choose another folder with {outputs}", "provision x", "out_dir"),
        ("Choose another folder with {outputs}", "boards", ""),
        ("To create it, use {make}. To use another, use {journal}", "journal show", "journal"),
        ("Use {shared}", "journal check", "shared_journal"),
        ("Give {passphrase}", "ca sign x", "passphrase_file"),
        ("Use {issuer}", "provision x", "ca"),
        ("Name another with {oid}", "hmac x", "key"),
        ("Name another with {port=PORT}", "--port x ca list", "port"),
    ],
)
def test_the_option_that_stands_for_a_parameter(text: str, words: str, parameter: str) -> None:
    assert parameter_of(ConfigurationError("x", hint=naming(text)), app, words.split()) == parameter
    explicit = naming(text).parameters[0]
    found = parameter_of(ConfigurationError("x", parameter=explicit), app, words.split())
    assert found == ("" if explicit == "make" else parameter)


def test_families_of_the_package(cli: Cli) -> None:
    """As a program has it: the same reason, with the parameter's own name."""
    error = error_of(cli, *JSON, "--port", "emulator:chip", "--read", "0xE0C2", "--out", ".")
    assert (error["reason"], error["parameter"], "--out" in error["hint"]) == ("wrong_type", "out", True)
    assert ConfigurationError("x", hint=naming("Name one with {out}")).parameter == "out"


@pytest.mark.parametrize("options", ["", "?timing=none", "?shielded=secret"])
def test_the_port_is_what_was_written_when_the_file_is_used(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, options: str
) -> None:
    Path("data").write_bytes(b"x")
    cli("--port", "emulator:chip", "pair", "--out", "secret")
    monkeypatch.setattr(SqliteStore, "_save_context", Raises(sqlite3.OperationalError("disk I/O error")))
    monkeypatch.setattr("optiga.emulator.store._rows", Raises(sqlite3.OperationalError("disk I/O error")))
    error = error_of(cli, *JSON, "--port", f"emulator:chip{options}", "object", "write", "0xF1D0", "data")
    assert (error["family"], error["port"]) == ("board", f"emulator:chip{options}")


def test_the_port_without_a_file(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "default.chip"
    file.write_bytes(b"no chip" * 100)
    monkeypatch.setattr("optiga.transport.emulator_port.default_chip_path", lambda: file)
    error = error_of(cli, *JSON, "--port", "emulator", "info")
    assert (error["port"], error["message"].startswith(f"{file}: ")) == ("emulator", True)
