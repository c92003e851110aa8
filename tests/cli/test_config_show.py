"""``config show``: where the defaults come from."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from optiga.cli.support.defaults import find_defaults
from tests.support.cli.runner import Cli

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


def write(text: str, folder: str | Path = ".") -> Path:
    path = Path(folder).absolute() / "optiga.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


class TestShow:
    def test_where_each_value_comes_from(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write('port = "emulator:one"\nregion = "eu-central-1"\nthing-group = ["a", "b"]')
        monkeypatch.setenv("OPTIGA_PORT", "emulator:two")
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_DEFAULT_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_PROFILE", "mine")
        shown = json.loads(cli("config", "show", "--output", "json").out)
        assert shown["file"] == str(path) == shown["places"][0]
        assert {one["option"]: (one["value"], one["source"]) for one in shown["values"]} == {
            "--port": ("emulator:two", "OPTIGA_PORT"),
            "--profile": ("mine", "AWS_PROFILE"),
            "--region": ("eu-central-1", str(path)),
            "--thing-group": ("a, b", str(path)),
        }
        assert "the command line" in cli("config", "show", "--port", "emulator:three").out
        assert "OPTIGA_PORT" in cli("config", "show").out

    def test_what_does_not_count_everywhere(self, cli: Cli) -> None:
        write('ca = "my-ca"\nregion = "eu-central-1"')
        shown = json.loads(cli("config", "show", "--output", "json").out)
        not_for = {one["option"]: one["not_for"] for one in shown["values"]}
        assert (not_for["--ca"], not_for["--region"]) == (["provision"], [])
        (line,) = [line for line in cli("config", "show").out.splitlines() if "provision" in line]
        assert "--ca" in line

    def test_what_is_overridden(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        path = str(write('port = "emulator:one"\nregion = "eu-central-1"\nprofile = "a"'))
        monkeypatch.setenv("OPTIGA_PORT", "emulator:two")
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
            monkeypatch.setenv(name, "eu-west-1")
        monkeypatch.delenv("AWS_DEFAULT_PROFILE", raising=False)
        shown = json.loads(cli("config", "show", "--output", "json").out)
        assert {one["option"]: (one["source"], one["overrides"]) for one in shown["values"]} == {
            "--port": ("OPTIGA_PORT", [path]),
            "--profile": (path, ["AWS_PROFILE"]),
            "--region": (path, ["AWS_REGION", "AWS_DEFAULT_REGION"]),
        }
        assert "AWS_REGION, AWS_DEFAULT_REGION" in cli("config", "show", "--wide").out

    def test_a_file_that_says_nothing(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_DEFAULT_PROFILE", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        for text in ("", "# nothing\n"):
            path = write(text)
            assert cli("config", "show").out.startswith(f"{path} names no option")
        if sys.platform != "win32":
            path.chmod(0o666)
            result = cli("config", "show")
            assert "No optiga.toml is used" in result.out
            assert f"{path} is not used" in result.err

    def test_values_that_no_command_takes(self, cli: Cli) -> None:
        said = {
            "timeout": ('"soon"', "'soon' is not a number"),
            "crl-days": ('"ten"', "'ten' is not a whole number"),
            "curve": ('"p999"', "p999"),
            "timing": ('"fast"', "fast"),
            "port": ('"emulator:x?y=1"', "unknown option 'y'"),
            "region": ('"eu west"', "region"),
            "attribute": ('["room"]', "KEY=VALUE"),
            "thing-type": ('"two words"', "thing type"),
            "thing-group": ('["a", "b c"]', "'b c'"),
        }
        for key, (value, words) in said.items():
            path = write(f"# mine\n\n{key} = {value}\n")
            result = cli("config", "show")
            assert (result.code, result.out, len(result.errors)) == (2, "", 1)
            assert f"{path}:3: '{key}'" in result.errors[0]
            assert words in result.errors[0]
        write("".join(f"{key} = {value}\n" for key, (value, _) in said.items()))
        assert len(cli("config", "show").errors) == len(said)

    @pytest.mark.parametrize("value", ["0", "-5", "3601", "0.5"])
    def test_a_number_is_repeated_as_it_stands_there(self, cli: Cli, value: str) -> None:
        path = write(f"timeout = {value}\n")
        for words in (("config", "show"), ("deprovision", "--uid", "ab" * 27)):
            error = cli(*words).errors[0]
            assert f"{path}:1: " in error
            assert f": {value} is not in the range 1 to 3600" in error
        path.unlink()
        assert f": {value} is not in the range" in cli("deprovision", f"--timeout={value}").errors[0]

    def test_no_mistake_hides_another(self, cli: Cli) -> None:
        path = write("prot = 'x'\ntimeout = 'soon'\nregion = ''\nyes = true\nport = 'socket://x'\n")
        errors = cli("config", "show").errors
        said = ("'prot' is not", "'timeout'", "'region' is empty", "'yes' is not allowed", "'port'")
        assert len(errors) == len(said)
        for line, (error, words) in enumerate(zip(errors, said, strict=True), 1):
            assert f"{path}:{line}: " in error
            assert words in error

    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("AWS_REGION", "eu central", "not a valid name of an AWS region"),
            ("AWS_DEFAULT_REGION", " eu-central-1", "not a valid name of an AWS region"),
            ("OPTIGA_PORT", "rfc2217://host", "no port number"),
        ],
    )
    def test_mistakes_of_the_environment(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
    ) -> None:
        for other in ("AWS_REGION", "AWS_DEFAULT_REGION", "OPTIGA_PORT"):
            monkeypatch.delenv(other, raising=False)
        monkeypatch.setenv(name, value)
        result = cli("config", "show")
        assert result.code == 2
        (error,) = result.errors
        assert error.startswith(f"Error: {name}: ")
        assert said in error
        write('region = "eu-west-1"')
        assert (cli("config", "show", "--port", "emulator:x").code, cli("config", "show").code) == (
            0,
            2 if name == "OPTIGA_PORT" else 0,
        ), "what does not count is no mistake"

    @pytest.mark.parametrize(
        ("region", "is_one"),
        [
            ("eu-central-1", True),
            ("us-gov-west-1", True),
            ("eusc-de-east-1", True),
            ("xy-northwest-12", True),
            ("eu-central-1a", False),
            ("EU-CENTRAL-1", False),
            ("frankfurt", False),
            ("eu-central", False),
        ],
    )
    def test_the_form_of_a_region(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, region: str, is_one: bool) -> None:
        monkeypatch.delenv("OPTIGA_PORT", raising=False)
        path = write(f'region = "{region}"')
        result = cli("config", "show")
        assert result.code == 0
        assert (f"{path}: '{region}' is not an AWS region" in result.err) != is_one

    @pytest.mark.parametrize("line", ['out-dir = "x{UID}"', 'journal = "{uid}.db"', 'out-dir = "<uid>{serial}"'])
    def test_a_placeholder_that_is_none(self, cli: Cli, line: str) -> None:
        path = write(line)
        (error,) = cli("config", "show").errors
        assert f"{path}:1: '{line.split(maxsplit=1)[0]}': the name " in error

    def test_mistakes_are_in_plain_words(self, cli: Cli) -> None:
        write("timeout = 0\ncrl-days = 'x'\n")
        first, second = cli("config", "show").errors
        assert "0 is not in the range 1 to 3600" in first
        assert "'x' is not a whole number" in second

    @pytest.mark.usefixtures("cli")
    def test_paths_without_detours(self) -> None:
        write("ca = '../factory'\njournal = './line/../j.db'\nport = 'emulator:../a.chip?shielded=../b.secret'", "here")
        found = find_defaults(["here/x.jsn"]).values
        here = Path.cwd()
        assert found["ca"] == str(here / "factory")
        assert found["journal"] == str(here / "here" / "j.db")
        assert found["port"] == f"emulator:{here / 'a.chip'}?shielded={here / 'b.secret'}"

    @posix
    @pytest.mark.usefixtures("cli")
    def test_a_link_is_no_detour(self, tmp_path: Path) -> None:
        """What lies above a folder that is a link is not what lies above the link."""
        (tmp_path / "far" / "line").mkdir(parents=True)
        Path("near").mkdir()
        Path("near/line").symlink_to(tmp_path / "far" / "line")
        write("journal = 'line/../j.db'", "near")
        found = Path(find_defaults(["near/x.jsn"]).values["journal"])
        assert found.resolve() == (tmp_path / "far" / "j.db").resolve()

    def test_nothing(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_DEFAULT_PROFILE", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        assert cli("config", "show").out.startswith("There is no optiga.toml")
