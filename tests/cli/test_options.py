"""The options that every command takes, the main command's help, and the forms of a result."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from optiga import __version__
from optiga.cli.app import app
from tests.support.cli.runner import Cli


@pytest.fixture
def ports(cli: Cli, tmp_path: Path) -> dict[str, str]:
    """Two chips by their UIDs, port by UID."""
    found = {}
    for name in ("one", "two"):
        port = f"emulator:{tmp_path / name}"
        found[cli("--port", port, "info", "--query", "uid").out.strip()] = port
    assert len(found) == 2
    return found


class TestPlaceOfOptions:
    def test_port_before_and_behind(self, cli: Cli, ports: dict[str, str]) -> None:
        for uid, port in ports.items():
            assert cli("--port", port, "info", "--query", "uid").out == uid + "\n"
            assert cli("info", "--port", port, "--query", "uid").out == uid + "\n"
            assert cli("--query", "uid", "info", "--port", port).out == uid + "\n"

    def test_the_later_port_wins(self, cli: Cli, ports: dict[str, str]) -> None:
        (first, one), (second, two) = ports.items()
        assert cli("--port", one, "info", "--port", two, "--query", "uid").out == second + "\n"
        assert cli("--port", two, "info", "--port", one, "--query", "uid").out == first + "\n"
        assert cli("--port", one, "--port", two, "info", "--query", "uid").out == second + "\n"

    def test_an_empty_port(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is said where it is empty."""
        monkeypatch.setenv("OPTIGA_PORT", "emulator")
        for words in (("--port", "", "info"), ("info", "--port", "")):
            said = cli(*words)
            assert (said.code, len(said.errors)) == (2, 1)
            assert "'--port'" in said.err
            assert "OPTIGA_PORT" not in said.err

    def test_an_argument_is_named_as_it_is_typed(self, cli: Cli) -> None:
        assert "for 'N': 500 is not in the range" in cli("counter", "count", "0xE120", "500").err

    def test_the_port_of_the_environment(
        self, cli: Cli, ports: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (first, one), (second, two) = ports.items()
        monkeypatch.setenv("OPTIGA_PORT", one)
        assert cli("info", "--query", "uid").out == first + "\n"
        assert cli("--port", two, "info", "--query", "uid").out == second + "\n"
        assert cli("info", "--port", two, "--query", "uid").out == second + "\n"

    def test_an_error_that_is_not_of_the_port(self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only where the port may be the fault, the variable that has it is told."""
        monkeypatch.setenv("OPTIGA_PORT", port)
        assert cli("--csr", "none.jsn").code == 2
        denied = cli("object", "lock", "0xF1D0")
        assert (denied.code, len(denied.errors)) == (2, 1)
        assert "OPTIGA_PORT" not in denied.err
        monkeypatch.setenv("OPTIGA_PORT", "emulator:none/chip")
        assert "OPTIGA_PORT" in cli("info").errors[0]

    @pytest.mark.parametrize(
        "words",
        [
            ("-q", "emulator", "new", "chip"),
            ("emulator", "-q", "new", "chip"),
            ("emulator", "new", "-q", "chip"),
            ("emulator", "new", "chip", "--quit"),
        ],
    )
    def test_quiet_anywhere(self, cli: Cli, words: tuple[str, ...]) -> None:
        result = cli(*words)
        assert (result.code, result.out, result.err) == (0, "", "")
        assert Path("chip").exists()

    def test_output_before_and_behind(self, cli: Cli, port: str) -> None:
        for words in (("--output", "json", "info"), ("info", "--output", "json")):
            assert json.loads(cli("--port", port, *words).out)["model"] == "OPTIGA Trust M V3"


class TestResults:
    def test_query_into_the_depth(self, cli: Cli, port: str) -> None:
        assert cli("--port", port, "info", "--query", "slots.first.key.algorithm").out == "secp256r1\n"
        listed = cli("--port", port, "info", "--query", "slots.first.key.usage", "--output", "json")
        assert json.loads(listed.out) == ["authentication"]
        assert cli("--port", port, "info", "--query", "slots.first.key.usage").out == listed.out

    def test_a_field_that_is_there_but_empty(self, cli: Cli, port: str) -> None:
        Path("data").write_bytes(b"1")
        result = cli("--port", port, "--write", "data", "--id", "0xF1D0", "--query", "slot", "--output", "json")
        assert (result.code, result.out) == (0, "null\n")

    def test_a_field_that_is_not_there(self, cli: Cli, port: str) -> None:
        result = cli("--port", port, "info", "--query", "uuid")
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)
        assert "'uuid' finds nothing in the result. It has uid, uid_fields, model, firmware" in result.errors[0]

    @pytest.mark.parametrize(
        "job", [("--csr", "{config}"), ("--write", "data", "--id", "0xF1D0"), ("--read", "0xE0C2")]
    )
    def test_a_wrong_query_touches_nothing(self, cli: Cli, port: str, configs: Path, job: tuple[str, ...]) -> None:
        Path("data").write_bytes(b"1")
        config = configs / "config_nistp256_ecdsa_secondslot.jsn"
        result = cli("--port", port, *(word.format(config=config) for word in job), "--query", "arn")
        assert (result.code, len(result.errors)) == (2, 1)
        assert not Path(port.removeprefix("emulator:")).exists()

    @pytest.mark.parametrize(
        ("query", "bare", "quoted"),
        [
            ("model", "OPTIGA Trust M V3", '"OPTIGA Trust M V3"'),
            ("slots.second.certificate", "None", "null"),
            ("slots.first.key.usage", "['authentication']", '[\n    "authentication"\n]'),
        ],
    )
    def test_the_form_of_what_is_queried(self, cli: Cli, port: str, query: str, bare: str, quoted: str) -> None:
        """Bare, unless it is a list or asked for as JSON: then it is JSON. As text it is words."""
        asked = ("--port", port, "info", "--query", query)
        assert cli(*asked, "--output", "text").out == bare.strip("[']") + "\n"
        assert cli(*asked, "--output", "repr").out == bare + "\n"
        assert cli(*asked).out == (quoted if quoted.startswith("[") else bare) + "\n"
        assert cli(*asked, "--output", "json").out == quoted + "\n"


def _pages(command: click.Command, name: str) -> Iterator[str]:
    """The help of a command and of those below it, as a terminal of 80 columns has it."""
    ctx = click.Context(command, info_name=name, terminal_width=80, help_option_names=["-h", "--help"])
    yield command.get_help(ctx)
    if isinstance(command, click.Group):
        for below in command.list_commands(ctx):
            found = command.get_command(ctx, below)
            assert found
            yield from _pages(found, f"{name} {below}")


class TestHelp:
    def test_no_arguments_print_the_help(self, cli: Cli) -> None:
        result = cli()
        assert (result.code, result.err) == (0, "")
        assert result.out == cli("--help").out == cli("-h").out
        words = ("--csr", "--write", "--read", "--port", "OPTIGA_PORT", "boards", "emulator", "Exit codes: 0 done")
        for word in (*words, "help COMMAND"):
            assert word in result.out

    @pytest.mark.parametrize(
        ("words", "uses_a_chip"),
        [
            ("info", True),
            ("config show", True),
            ("emulator serve", True),
            ("update apply", True),
            ("ca", False),
            ("ca init", False),
            ("ca sign", False),
            ("ca crl", False),
            ("config", False),
            ("config check", False),
            ("boards", False),
            ("boards udev", False),
            ("completion", False),
            ("emulator control", False),
            ("update show", False),
            ("update make", False),
            ("update make data", False),
        ],
    )
    def test_a_port_only_where_a_chip_is_used(self, cli: Cli, words: str, uses_a_chip: bool) -> None:
        assert ("--port PORT" in cli(*words.split(), "--help").out) is uses_a_chip

    def test_what_help_does_not_show_is_accepted(self, cli: Cli) -> None:
        """The predecessor's spelling, and a port before or behind any command."""
        assert "--quit" not in cli("--help").out.replace("--quiet", "")
        assert "--quit" not in cli("config", "sample", "--help").out.replace("--quiet", "")
        for words in (("--quit", "config", "sample"), ("config", "sample", "--port", "emulator:a", "--quit")):
            done = cli(*words)
            assert (done.code, done.err) == (0, "")

    @pytest.mark.parametrize(
        "words", [("info",), ("boards",), ("completion",), ("emulator",), ("emulator", "serve"), ("emulator", "new")]
    )
    def test_help_of_the_commands(self, cli: Cli, words: tuple[str, ...]) -> None:
        result = cli(*words, "-h")
        assert (result.code, result.err) == (0, "")
        assert f" {' '.join(words)} [OPTIONS]" in result.out.splitlines()[0]

    def test_a_group_without_command_prints_its_help(self, cli: Cli) -> None:
        assert cli("emulator") == cli("emulator", "--help")
        assert "serve" in cli("emulator").out

    def test_the_commands_stand_in_groups(self, cli: Cli) -> None:
        lines = cli("--help").out.splitlines()
        heads = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
        assert heads == [
            "Options:",
            "Identity:",
            "Boards and emulated chips:",
            "The chip:",
            "Cryptography on the chip:",
            "The shell:",
            "Help:",
        ]
        rows = [re.match(r"  (\w+)  +", line) for line in lines[lines.index("Identity:") :]]
        commands = [row for row in rows if row]
        assert sorted(row[1] for row in commands) == app.list_commands(click.Context(app))
        assert len({row.end() for row in commands}) == 1  # the columns of all groups stand below each other

    def test_every_page_fits_a_terminal(self) -> None:
        pages = list(_pages(app, "optiga.py"))
        assert len(pages) > 60
        assert [line for page in pages for line in page.splitlines() if len(line) > 80] == []

    def test_version(self, cli: Cli) -> None:
        result = cli("--version")
        assert (result.code, result.out) == (0, f"optiga, version {__version__}\n")
        for words in (("--version", "--output", "json"), ("--output", "json", "--version")):
            assert json.loads(cli(*words).out) == {"version": __version__}


class TestNulls:
    def test_an_empty_slot_is_null_and_no_mistake(self, cli: Cli, port: str) -> None:
        result = cli("--port", port, "info", "--query", "slots.second.certificate", "--output", "json")
        assert (result.code, result.out) == (0, "null\n")

    def test_what_is_not_there_is_a_mistake(self, cli: Cli, port: str) -> None:
        for query in ("slots.second.certificat", "slots.seventh.key", "uid.x"):
            assert cli("--port", port, "info", "--query", query).code == 2


def test_a_full_disk_is_said_to_be_full(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("optiga.cli.commands.emulator.chips.root_certificate_pem", refuse)
    result = cli("emulator", "root")
    assert (result.code, result.errors) == (2, ["Error: the output cannot be written: the disk is full"])


@pytest.mark.parametrize(
    "words",
    [
        "boards udev",
        "emulator run --chip none true",
        "completion bash",
    ],
)
def test_commands_without_a_result_cannot_be_queried(cli: Cli, words: str) -> None:
    name, _, program = words.partition(" true")
    result = cli(*name.split(), "--query", "uid", *program.split())
    (error,) = result.err.splitlines()
    assert (result.code, result.out) == (2, "")
    assert "No such option" in error
    assert "--query" in error
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("words", ["{} boards udev", "emulator {} run --chip none true", "{} completion bash"])
def test_nor_does_a_query_stand_before_them(cli: Cli, words: str) -> None:
    result = cli(*words.format("--query uid").split())
    (error,) = result.err.splitlines()
    assert (result.code, result.out) == (2, "")
    assert "--query requires a command that has a result" in error
    assert list(Path.cwd().iterdir()) == []


def commands_below(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command and what it is called, groups with a result of their own as well."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands_below(command, (*words, name))
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield " ".join((*words, name)), command


def test_every_command_takes_the_options_for_its_errors() -> None:
    """Errors of each can be JSON, and its notes be kept away: a script need not know which commands have a result."""
    found = dict(commands_below(app))
    assert len(found) > 70
    lacking = {
        (name, option)
        for name, command in found.items()
        for option in ("--output", "--quiet")
        if name != "help" and not any(option in parameter.opts for parameter in command.params)
    }
    assert lacking == set()


@pytest.mark.parametrize(
    "words",
    [
        "emulator new a/b/c",
        "emulator load none none",
        "emulator reset none",
        "emulator secrets none --secret-out s",
        "emulator control none power",
        "emulator serve --tcp x --chip none",
        "emulator run --chip a/b/c -- true",
        "completion tcsh",
        "emulator root x",
        "boards udev x",
    ],
)
@pytest.mark.parametrize("place", ["{0} {1}", "{1} {0}"])
def test_errors_of_commands_without_a_result_are_json(cli: Cli, words: str, place: str) -> None:
    name, _, program = words.partition(" -- ")
    result = cli(*place.format("--output json", name).split(), *(["--", program] if program else []))
    assert (result.out, result.code in (2, 3)) == ("", True)
    assert json.loads(result.err.splitlines()[-1])["error"]["exit_code"] == result.code


@pytest.mark.parametrize("words", ["journal export", "emulator dump"])
def test_a_form_that_a_command_does_not_have(cli: Cli, port: str, words: str) -> None:
    behind = cli("--port", port, *words.split(), "--output", "text")
    before = cli("--port", port, "--output", "text", *words.split())
    assert behind.code == before.code == 2
    assert "'text' is not " in before.errors[0]


def test_a_state_in_a_file_is_not_queried(cli: Cli, port: str) -> None:
    """But the result is, and a query that finds nothing there leaves no file."""
    file = port.removeprefix("emulator:")
    assert cli("emulator", "new", file).code == 0
    result = cli("emulator", "dump", file, "--out", "state.json", "--query", "objects")
    assert (result.code, len(result.errors)) == (2, 1)
    assert list(Path.cwd().iterdir()) == []
    assert cli("emulator", "dump", file, "--out", "state.json", "--query", "model").out == "trust-m-v3\n"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("aes mac none --output yaml", "one of repr, json, text. Try "),
        ("aes encrypt none --iv zz", "for example 00ff. Try "),
        ("info --query a[", "missing at the end. Name"),
    ],
)
def test_sentences_end(cli: Cli, words: str, error: str) -> None:
    assert error in cli(*words.split()).errors[0]


@pytest.mark.parametrize("option", ["--csr", "--write", "--read", "--slot", "--id", "--out", "--out-dir", "--query"])
def test_two_values_where_one_counts(cli: Cli, port: str, option: str) -> None:
    for words in ((option, "a", option, "b"), (f"{option}=a", option, "a")):
        result = cli("--port", port, *words)
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)
        assert f"{option} stands twice: give one" in result.errors[0]
    assert not Path(port.partition(":")[2]).exists()


@pytest.mark.parametrize(
    "words",
    [
        ("emulator", "serve", "--tcp", "127.0.0.1:0", "--tcp", "127.0.0.1:0"),
        ("ca", "sign", "--ca", "a", "x.csr", "--ca=a"),
        ("info", "--query", "uid", "--query", "model"),
        ("key", "generate", "--out", "a", "second", "--out", "b"),
    ],
    ids=" ".join,
)
def test_two_values_of_a_command_where_one_counts(cli: Cli, port: str, words: tuple[str, ...]) -> None:
    result = cli("--port", port, *words)
    assert (result.code, result.out, len(result.errors)) == (2, "", 1)
    assert "stands twice: give one" in result.errors[0]
    assert list(Path.cwd().iterdir()) == []


def test_a_port_overrules_that_of_an_alias(cli: Cli, port: str) -> None:
    assert cli("--port", "emulator:none/chip", "--port", port, "--output", "json", "--output", "repr", "info").code == 0


def _commands(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for one in command.list_commands(ctx):
            found = command.get_command(ctx, one)
            assert found is not None
            yield from _commands(found, f"{name} {one}".strip())


WITHOUT_A_BOARD = re.compile(r"(ca|config (check|new|sample|schema)|update (show|make)|completion)\b")


def test_only_what_uses_a_board_shows_the_port() -> None:
    """The others take it nevertheless, as scripts of earlier releases may give it."""
    for name, command in _commands(app):
        ports = [one for one in command.params if "--port" in one.opts]
        if ports and WITHOUT_A_BOARD.match(name):
            assert [one.hidden for one in ports if isinstance(one, click.Option)] == [True], name
        elif name.partition(" ")[0] in ("info", "object", "key", "import", "pair"):
            assert not any(one.hidden for one in ports if isinstance(one, click.Option)), name


def test_a_port_where_no_board_is_used(cli: Cli) -> None:
    assert cli("--port", "emulator", "config", "sample", "--port", "emulator").code == 0
