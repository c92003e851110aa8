"""``optiga.toml``: a file of defaults, where it is looked for, whom it is believed, and what it may say."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click
import pytest

from optiga.cli.app import app
from optiga.cli.support.defaults import FORBIDDEN, KEYS, find_defaults
from optiga.files import owners
from tests.support.cli.runner import Cli

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


def write(text: str, folder: str | Path = ".") -> Path:
    path = Path(folder).absolute() / "optiga.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def options() -> set[str]:
    """The words of every option that takes a value."""
    found = set()

    def walk(command: click.Command, ctx: click.Context) -> None:
        found.update(word.lstrip("-") for one in command.params if isinstance(one, click.Option) for word in one.opts)
        for name in command.list_commands(ctx) if isinstance(command, click.Group) else []:
            below = command.get_command(ctx, name) if isinstance(command, click.Group) else None
            assert below
            walk(below, click.Context(below, parent=ctx))

    walk(app, click.Context(app, **app.context_settings))
    return found


def test_each_key_is_an_option() -> None:
    assert set(KEYS) <= options()
    assert set(FORBIDDEN) <= options()


class TestPlaces:
    def test_in_the_current_folder_and_above(self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write('port = "emulator:chips/one"')
        Path("chips").mkdir()
        Path("a/b").mkdir(parents=True)
        for folder in (".", "a/b"):
            monkeypatch.chdir(path.parent / folder)
            result = cli("--read", "0xE0C2")
            assert (result.code, result.err.count(str(path))) == (0, 1)
            assert result.err.startswith("Defaults: ")
        assert (path.parent / "chips" / "one").exists()

    def test_the_nearest_one(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        write("timeout = 1")
        near = write("timeout = 2", "below")
        assert find_defaults(["--csr", "below/config.jsn"]).path == near
        assert find_defaults(["--csr=below/config.jsn"]).path == near
        monkeypatch.chdir("below")
        assert find_defaults([]).path == near

    def test_the_users_own(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
        path = write('port = "emulator:chip"', tmp_path / "own" / "optiga")
        if sys.platform == "linux":
            assert find_defaults([]).path == path
            assert cli("--read", "0xE0C2").code == 0
            assert path.with_name("chip").exists()

    def test_none(self, cli: Cli) -> None:
        assert find_defaults([]).path is None
        assert "Defaults" not in cli("--port", "emulator:chip", "--read", "0xE0C2").err

    def test_a_folder_that_is_gone(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(os, "getcwd", lambda: (_ for _ in ()).throw(FileNotFoundError()))
        assert find_defaults([]).path is None


@posix
class TestBelief:
    @pytest.mark.parametrize(("name", "mode"), [("optiga.toml", 0o666), ("optiga.toml", 0o664), (".", 0o777)])
    def test_others_may_write(self, cli: Cli, name: str, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(owners, "_has_others", lambda gid, mine: True)
        write('port = "emulator:evil"')
        Path(name).chmod(mode)
        result = cli("--port", "emulator:chip", "-q", "--read", "0xE0C2")
        assert result.code == 0
        assert "is not used: other users can write it" in result.err
        assert not Path("evil").exists()

    @pytest.mark.parametrize(("name", "mode"), [("optiga.toml", 0o664), (".", 0o775)])
    def test_a_group_without_others_may_write(
        self, cli: Cli, name: str, mode: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As every new file is with a umask of 002."""
        monkeypatch.setattr(owners, "_has_others", lambda gid, mine: False)
        write('port = "emulator:chip"')
        Path(name).chmod(mode)
        result = cli("--read", "0xE0C2")
        assert result.code == 0
        assert "is not used" not in result.err
        assert Path("chip").exists()

    def test_another_users(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write('port = "emulator:evil"')
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
        assert find_defaults([]).path is None
        assert "belongs to another user" in find_defaults([]).refused[0]

    def test_a_link(self, cli: Cli, tmp_path: Path) -> None:
        Path("optiga.toml").symlink_to(write('port = "emulator"', tmp_path / "elsewhere"))
        assert "not a regular file" in find_defaults([]).refused[0]


class TestValues:
    def test_the_command_line_counts(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        write('port = "emulator:one"\nout-dir = "out"\n')
        for words in (("--port", "emulator:two", "info"), ("info", "--port", "emulator:two")):
            assert cli(*words).code == 0
        monkeypatch.setenv("OPTIGA_PORT", "emulator:three")
        assert cli("info", "-q").code == 0
        assert sorted(one.name for one in Path().iterdir() if one.is_file()) == ["optiga.toml", "three", "two"]

    def test_out_dir_is_for_a_csr_alone(self, cli: Cli, config: Path) -> None:
        write('port = "emulator:one"\nout-dir = "out"\n')
        Path("out").mkdir()
        assert cli("--csr", config).code == 0
        assert len(list(Path("out").glob("*.csr"))) == 1
        assert cli("info").code == cli("--read", "0xE0C2").code == 0
        assert cli("--csr", config, "--out-dir", ".").code == 0
        assert len(list(Path().glob("*.csr"))) == 1

    def test_a_ca(self, cli: Cli, config: Path) -> None:
        write('port = "emulator:one"\nca = "my-ca"\ncurve = "p384"\nprofile = "x"\nthing-group = ["a", "b"]\n')
        assert cli("ca", "init", "my-ca", "--no-passphrase").code == 0
        assert cli("ca", "list").code == 0
        run = cli("provision", config, "--ca", "my-ca", "--no-cloud", "--dry-run")
        assert (run.code, run.errors) == (0, [])

    def test_a_ca_does_not_count_for_provision(self, cli: Cli, config: Path) -> None:
        path = write('ca = "my-ca"\n')
        assert cli("ca", "init", "my-ca", "--no-passphrase").code == 0
        refused = cli("provision", config, "--no-cloud")
        assert refused.code == 2
        assert all(word in refused.errors[0] for word in (f"{path}:1", "--ca", "'provision'"))
        noted = cli("provision", config, "--dry-run")
        assert f"{path}:1" in noted.err
        assert str(path) not in cli("provision", config, "--dry-run", "-q").err
        assert f"{path}:1" not in cli("provision", config, "--ca", "my-ca", "--no-cloud", "--dry-run").err

    def test_quiet_and_help(self, cli: Cli) -> None:
        write('port = "emulator:one"')
        assert cli("--help", "--version").code == cli("info", "-h").code == cli("help", "info").code == 0
        assert "Defaults" not in cli("-q", "info").err + cli("info", "-q").err + cli("--help").err

    def test_no_arguments_where_the_file_is_wrong(self, cli: Cli) -> None:
        write("quiet = maybe")
        result = cli()
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)

    def test_help_is_there_where_the_file_is_wrong(self, cli: Cli) -> None:
        write("nonsense")
        assert cli("--help").code == cli("help", "info").code == cli("completion", "bash").code == 0
        assert cli("config", "show").code == 2

    @pytest.mark.parametrize("key", [*FORBIDDEN, "passphrase-file", "ca-passphrase-file", "new_passphrase"])
    def test_what_must_not_stand_there(self, cli: Cli, key: str) -> None:
        write(f'"{key}" = "x"')
        result = cli("--port", "emulator:chip", "info")
        assert (result.code, len(result.errors), result.out) == (2, 1, "")
        assert repr(key) in result.errors[0]
        assert not Path("chip").exists()

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("port = 'emulator:one", "is no TOML"),
            ("a = " + "[" * 3000, "is no TOML"),
            ("\x00", "is no TOML"),
            ("prot = 'x'", "'port'"),
            ("slot = 'second'", "'slot' is not a known default"),
            ("output = 'json'", "'output' is not a known default"),
            ("[provision]\nregion = 'x'", "'provision' is not a known default"),
            ("timeout = true", "'timeout' takes"),
            ("region = ['a']", "'region' takes"),
            ("region = 5", "'region' takes a text, not a number"),
            ("port = 7", "'port' takes a text, not a number"),
            ("port = 5", "optiga.toml:1: 'port' takes a text"),
            ("curve = 256", "optiga.toml:1: 'curve' takes a text"),
            ("timeout = 5\nport = 'a'\nport = 'b'\n", "optiga.toml:3: 'port' is set twice"),
            ("timeout = 5\nregion = 'a'\n'region' = 'b'", "optiga.toml:3: 'region' is set twice"),
            (
                "timeout = 5\nport = /dev/ttyACM0",
                "optiga.toml:2: 'port': put the text in quotes: port = \"/dev/ttyACM0\"",
            ),
            (
                "region = eu-central-1 # here",
                ': put the text in quotes: region = "eu-central-1"',
            ),
            (r"port = C:\x", r"""'port': put the text in quotes: port = 'C:\x'"""),
            ("region =\n", "optiga.toml:1: 'region' has no value"),
            ("timeout = 5\nregion", "optiga.toml:2: this is no TOML"),
            ("timeout = 5\n\n[port", "optiga.toml:3: this is no TOML"),
            ("thing-group = [1, {}]", "'thing-group' takes"),
            ("thing-group = []", "'thing-group' takes"),
            ("thing-group = [1, 2]", "'thing-group' takes a text, or a list of texts"),
            ("thing-group = ['a', 2.5]", "'thing-group' takes a text, or a list of texts"),
            ("thing-group = ['a', true]", "'thing-group' takes a text, or a list of texts"),
            ("thing-group = 7", "'thing-group' takes a text, or a list of texts"),
            ("attribute = [['room=1']]", "'attribute' takes a text, or a list of texts"),
            ("#" * 200_000, "larger than"),
        ],
    )
    def test_mistakes(self, cli: Cli, text: str, said: str) -> None:
        path = write(text)
        result = cli("--port", "emulator:chip", "info")
        assert (result.code, len(result.errors), result.out) == (2, 1, "")
        assert str(path) in result.errors[0]
        assert said in result.errors[0]
        assert not Path("chip").exists()

    @pytest.mark.parametrize("text", ['regoin = "eu-central-1"\nprot = "x"', "region ="])
    def test_a_command_that_needs_none_goes_on(self, cli: Cli, text: str) -> None:
        write(text)
        for words in (("config", "sample"), ("config", "schema"), ("emulator", "new", "a.chip"), ("boards",)):
            result = cli(*words, "-q")
            assert result.code == 0, result
            assert "optiga.toml" in result.err
            assert result.err.count("Warning: ") == (2 if "regoin" in text else 1)
        for words in (("emulator", "serve"), ("--port", "emulator:a.chip", "info"), ("ca", "list", "--ca", "boards")):
            result = cli(*words)
            assert result.code == 2
            assert "optiga.toml" in result.errors[0]

    def test_all_mistakes_are_told(self, cli: Cli) -> None:
        path = write("prot = 'x'\nregion = ['a']\ntimeout = 5\nyes = true\nthing-type = ''")
        result = cli("--port", "emulator:chip", "info")
        assert (result.code, len(result.errors)) == (2, 4)
        for line, said in zip(
            (1, 2, 4, 5), ("'port'", "'region' takes", "'yes' is not allowed", "is empty"), strict=True
        ):
            assert any(f"{path}:{line}: " in error and said in error for error in result.errors)

    def test_a_value_that_is_wrong_is_the_files(self, cli: Cli) -> None:
        write("timing = 'fast'")
        result = cli("emulator", "serve", "--tcp", "0")
        assert (result.code, len(result.errors)) == (2, 1)
        assert "optiga.toml:1: " in result.errors[0]
        assert "optiga.toml" not in cli("emulator", "serve", "--timing", "slow").errors[0]

    @pytest.mark.parametrize("port", ["socket://x", "emulator:x?y=1", "ft260?foo=1", "/dev/no-such-port"])
    def test_a_port_that_is_none_is_the_files(self, cli: Cli, port: str) -> None:
        path = write(f"\nport = {port!r}")
        (error,) = cli("info").errors
        assert f"{path}:2" in error
        assert str(path) not in cli("info", "--port", "/dev/none").errors[0]

    @pytest.mark.parametrize(
        ("option", "value"),
        [("region", "eu west"), ("thing-type", "two words"), ("thing-group", "a b"), ("attribute", "a b=c")],
    )
    def test_a_name_that_is_none_is_the_files(self, cli: Cli, config: Path, option: str, value: str) -> None:
        path = write(f"{option} = {value!r}")
        words = ("--port", "emulator:chip", "provision", config)
        result = cli(*words)
        assert (result.code, len(result.errors)) == (2, 1)
        assert f"{path}:1: {option!r}: " in result.errors[0]
        (error,) = cli(*words, f"--{option}", value).errors
        assert str(path) not in error
        assert not Path("chip").exists()


class TestPaths:
    @pytest.fixture(autouse=True)
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        home = tmp_path / "home"
        home.mkdir()
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("USERPROFILE", str(home))
        return home

    def test_a_home(self, cli: Cli, home: Path) -> None:
        write('port = "emulator:~/chip"\nca = "~/ca"\njournal = "~/j.db"\nout-dir = "~"\n')
        values = json.loads(cli("config", "show", "--output", "json").out)["values"]
        shown = {one["option"]: one["value"] for one in values if one["option"] not in ("--region", "--profile")}
        assert shown == {
            "--ca": str(home / "ca"),
            "--journal": str(home / "j.db"),
            "--out-dir": str(home),
            "--port": f"emulator:{home / 'chip'}",
        }
        assert cli("info").code == 0
        assert (home / "chip").exists()

    def test_nobodys_home(self, cli: Cli) -> None:
        path = write('# x\nout-dir = "~nobody-of-this-name/x"')
        result = cli("config", "show")
        assert (result.code, len(result.errors)) == (2, 1)
        assert f"{path}:2: 'out-dir': ~nobody-of-this-name is nobody's home" in result.errors[0]

    @pytest.mark.parametrize(
        ("said", "used"),
        [
            ("ft260?shielded=a.secret", "ft260?shielded={0}/a.secret"),
            ("ft260?address=0x30&shielded=a%26b", "ft260?address=0x30&shielded={0}/a%26b"),
            ("emulator:chip?shielded=a", "emulator:{0}/chip?shielded={0}/a"),
            ("emulator?shielded=yes", "emulator?shielded=yes"),
            ("emulator?shielded=no&model=x", "emulator?shielded=no&model=x"),
            ("emulator:/chip?shielded=/a", "emulator:/chip?shielded=/a"),
            ("/dev/ttyACM0", "/dev/ttyACM0"),
        ],
    )
    @posix
    def test_a_port(self, cli: Cli, said: str, used: str) -> None:
        path = write(f'port = "{said}"')
        assert find_defaults([]).values["port"] == used.format(path.parent)


@pytest.mark.parametrize("text", ['profile = ""', 'port = " "', 'thing-group = ["a", ""]', 'out-dir = ""'])
def test_an_empty_value(cli: Cli, text: str) -> None:
    path = write(f"# x\n{text}")
    result = cli("config", "show")
    assert (result.code, len(result.errors)) == (2, 1)
    assert f"{path}:2: {text.split(maxsplit=1)[0]!r} is empty" in result.errors[0]


@pytest.mark.parametrize("text", ["'prot' = 1", '"prot" = 1', "[prot]\na = 1", "prot.a = 1", "yes = 1", "port = true"])
def test_each_mistake_has_its_line(cli: Cli, text: str) -> None:
    path = write(f"# prot = 1\nregion = 'x'\n\n{text}")
    result = cli("info")
    assert (result.code, len(result.errors)) == (2, 1)
    assert f"{path}:4: " in result.errors[0]


class TestErrorsOfValues:
    """An error that comes from a value in the file names the file and the line, also with -q."""

    @pytest.mark.parametrize("options", [(), ("-q",), ("--output", "json")])
    def test_a_folder_of_provision_with_csr(self, cli: Cli, port: str, config: Path, options: tuple[str, ...]) -> None:
        path = write('\nout-dir = "dev/{uid}"')
        Path("dev").mkdir()
        result = cli("--port", port, "--csr", config, *options)
        assert result.code == 2
        assert f"{path}:2" in result.err
        assert "--out-dir" in result.err
        assert cli("--port", port, "--csr", config, "--out-dir", ".", *options).code == 0
        mistyped = cli("--port", port, "--csr", config, "--out-dir", "dev/{uid}", *options)
        assert mistyped.code == 2
        assert f"{path}:2" not in mistyped.err

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('out-dir = "none/{uid}"', ("provision", "CONFIG", "--dry-run")),
            ('ca = "none"', ("ca", "list")),
            ('journal = "none.db"', ("journal", "show")),
        ],
    )
    def test_others(self, cli: Cli, config: Path, text: str, words: tuple[str, ...]) -> None:
        path = write(text)
        result = cli(*(config if word == "CONFIG" else word for word in words))
        assert result.code == 2
        assert f"{path}:1" in result.errors[0]
        assert f"--{text.partition(' ')[0]}" in result.errors[0]

    @pytest.mark.parametrize("text", ['out-dir = "dev"', 'profile = "configuration"', "timeout = 2"])
    def test_one_that_has_nothing_to_do_with_it(self, cli: Cli, port: str, text: str) -> None:
        path = write(text)
        result = cli("--port", port, "--csr", "none.jsn")
        assert (result.code, "configuration" in result.err) == (2, True)
        assert f"{path}:1" not in result.err
