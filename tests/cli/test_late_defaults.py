"""``optiga.toml``: values whose mistake shows late name the file and the line, and ``config show`` reports them."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.cli.support.defaults import Defaults, advise_of_default
from optiga.cloud.aws.errors import AwsError
from optiga.errors import CloudError, Reason
from tests.support.cli.runner import Cli
from tests.support.places import CONFIG


def write(text: str) -> Path:
    path = Path("optiga.toml").absolute()
    path.write_text(text)
    return path


@pytest.mark.parametrize("value", ["nan", '"nan"', "-nan", "inf", "0", "-1", "1e9"])
def test_a_time_limit(cli: Cli, value: str) -> None:
    path = write(f"\ntimeout = {value}\n")
    for words in (("config", "show"), ("--port", "emulator:chip", "provision", CONFIG, "--dry-run")):
        result = cli(*words)
        assert (result.code, len(result.errors)) == (2, 1)
        assert f"{path}:2: " in result.errors[0]
        assert "not in the range 1 to 3600" in result.errors[0]
    assert not Path("chip").exists()


@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-inf"])
def test_a_time_limit_on_the_command_line(cli: Cli, value: str) -> None:
    result = cli("provision", CONFIG, "--dry-run", f"--timeout={value}")
    assert result.code == 2
    assert "'--timeout'" in result.err
    assert "not in the range 1 to 3600" in result.err


@pytest.mark.parametrize("port", ["rfc2217://h:1?timeout=nan", "rfc2217://h:1?timeout=99", "socket://h:1?x=1"])
def test_options_of_a_url(cli: Cli, port: str) -> None:
    path = write(f'port = "{port}"\n')
    (error,) = cli("config", "show").errors
    assert f"{path}:1: 'port'" in error


def test_a_secret_of_a_port(cli: Cli) -> None:
    path = write('port = "emulator:chip?shielded=none.secret"\n')
    result = cli("info")
    assert result.code != 0
    assert f"{path}:1" in result.errors[0]
    assert "none.secret" in result.errors[0]


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("profile", "factory", AwsError("the config profile (factory) could not be found", reason=Reason.NOT_FOUND)),
        (
            "region",
            "mars",
            AwsError(
                "cannot be reached at https://sts.mars.amazonaws.com", hint="region mars", reason=Reason.UNREACHABLE
            ),
        ),
    ],
)
def test_an_account(key: str, value: str, error: CloudError) -> None:
    defaults = Defaults(Path("/x/optiga.toml"), {key: value}, lines={key: 3})
    advise_of_default(error, defaults, ["provision"])
    assert f"optiga.toml:3. For another value, use --{key}" in str(error)


def test_an_account_that_has_nothing_to_do_with_it() -> None:
    error = AwsError("AWS refused iot:CreateThing: the region mars is closed", reason=Reason.REFUSED)
    advise_of_default(error, Defaults(Path("/x/optiga.toml"), {"region": "mars"}, lines={"region": 3}), [])
    assert "optiga.toml" not in str(error)


@pytest.mark.parametrize("text", ["[provision]\nregion = 'x'", "[tool.optiga]\nregion = 'x'", "aws = {region = 'x'}"])
def test_a_section(cli: Cli, text: str) -> None:
    path = write(text)
    (error,) = cli("config", "show").errors
    assert f"{path}:1: " in error
    assert "this file has no sections" in error
    assert "crl-days, curve" in error
    assert "on its own line" in error


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('port = "emulator:none/chip"', "info"),
        ('port = "emulator:file"', "info"),
        ('port = "emulator:."', "info"),
        ('thing-type = "lamp"', "--port emulator:chip provision {config} --template x"),
    ],
)
def test_whatever_is_wrong_with_a_value(cli: Cli, text: str, words: str) -> None:
    path = write(f"\n{text}\n")
    Path("file").write_bytes(b"x")
    assert f"{path}:2" in cli(*words.format(config=CONFIG).split()).errors[0]
    port = cli("info", "--port", "emulator:none/other").errors[0]
    assert f"{path}:2" not in port


@pytest.mark.parametrize("value", [" ", "emulator:none/chip", "emulator:chip?shielded=none", "emulator:", "x:y"])
def test_the_port_of_the_environment(cli: Cli, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OPTIGA_PORT", value)
    assert "OPTIGA_PORT" in cli("info").errors[0]
    assert "OPTIGA_PORT" not in cli("--csr", "none.jsn").errors[0]
    assert "OPTIGA_PORT" not in cli("info", "--port", "emulator:none/other").errors[0]


def test_a_passphrase_of_the_environment(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTIGA_CA_PASSPHRASE", "-----BEGIN CERTIFICATE-----")
    (error,) = cli("ca", "init", "new").errors
    assert error.count("OPTIGA_CA_PASSPHRASE") == 1
    assert "the given text" not in error
