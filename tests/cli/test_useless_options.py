"""Options without an effect in their combination: each is refused, or somebody is told that it does nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

import optiga
from optiga.ca import keys
from tests.support.ca_helpers import make_request
from tests.support.cli.mistakes import USAGE, fails
from tests.support.cli.provisioned import Bench, result_of
from tests.support.cli.runner import Cli
from tests.support.other_ca import OtherCa

OPEN = "--no-passphrase"
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
NO_SERVER, NO_NAMES = "--server has no effect", "--ignore-names has no effect"


@pytest.fixture
def ca(cli: Cli) -> str:
    assert cli("ca", "init", "root", OPEN).code == 0
    return "root"


@pytest.fixture
def passphrase(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(keys, "ROUNDS", 1000)
    path = Path("words")
    path.write_text("violet anchor tundra bay\n")
    path.chmod(0o600)
    return "words"


@pytest.mark.parametrize(
    ("wishes", "options", "told"),
    [
        ([CLIENT], ["--server"], {NO_SERVER}),
        ([CLIENT], ["--server", "--ignore-names"], {NO_SERVER, NO_NAMES}),
        ([SERVER], ["--server"], set()),
        ([SERVER, x509.SubjectAlternativeName([x509.DNSName("a.example")])], ["--ignore-names"], set()),
        ([CLIENT], [], set()),
    ],
)
def test_what_a_csr_does_not_ask_for(
    cli: Cli, ca: str, wishes: list[x509.ExtensionType], options: list[str], told: set[str]
) -> None:
    Path("device.csr").write_bytes(make_request(*wishes))
    result = cli("ca", "sign", "device.csr", "--ca", ca, *options)
    assert result.code == 0, result.err
    assert {text for text in (NO_SERVER, NO_NAMES) if text in result.err} == told
    assert "has no effect" not in cli("ca", "sign", "device.csr", "--ca", ca, "-q", *options).err


def test_what_a_configuration_does_not_ask_for(cli: Cli, bench: Bench, config: Path, ca: str) -> None:
    value = json.loads(config.read_text())
    value["csr_config"]["extensions"] = {"extended_key_usage": ["client_auth"]}
    Path("client.jsn").write_text(json.dumps(value))
    command = ("--port", bench.port, "provision", "client.jsn", "--ca", ca, "--no-cloud", "--server")
    assert NO_SERVER in cli(*command, "--dry-run").err
    result = cli(*command)
    result_of(result)
    assert result.err.count(NO_SERVER) == 1


def test_for_programs(ca: str) -> None:
    issued = optiga.open_ca(ca).issue(make_request(CLIENT), server=True)
    assert any("'server' has no effect" in note for note in issued.notes)


def test_a_passphrase_of_a_parent_that_is_not_needed(cli: Cli, ca: str, passphrase: str) -> None:
    result = cli("ca", "intermediate", "below", "--ca", ca, OPEN, "--ca-passphrase-file", passphrase)
    assert result.code == 0, result.err
    assert "root/ca.key is not encrypted: the passphrase is not needed" in result.err
    result = cli("ca", "renew", "below", "--ca", ca, "--ca-passphrase-file", passphrase, "--days", "3655")
    assert "root/ca.key is not encrypted: the passphrase is not needed" in result.err


def test_a_passphrase_of_no_parent(cli: Cli, ca: str, passphrase: str) -> None:
    error = fails(cli, USAGE, "ca", "renew", ca, "--ca-passphrase-file", passphrase)
    assert "--ca-passphrase-file requires --ca" in error


def test_a_passphrase_of_an_open_key(cli: Cli, passphrase: str) -> None:
    other = OtherCa("other")
    Path("other.pem").write_bytes(other.pem)
    Path("other.key").write_bytes(other.key_pem())
    Path("other.key").chmod(0o600)
    words = ("ca", "import", "new", "--certificate", "other.pem", "--key", "other.key", OPEN)
    result = cli(*words, "--key-passphrase-file", passphrase)
    assert result.code == 0, result.err
    assert "other.key is not encrypted: the passphrase is not needed" in result.err


@pytest.mark.parametrize("option", ["--trust-records", "--trust-clock"])
def test_trust_that_is_not_needed(cli: Cli, ca: str, option: str) -> None:
    """Nobody learns otherwise that a script need not turn a check off."""
    result = cli("ca", "crl", "--ca", ca, option)
    assert result.code == 0, result.err
    assert f"{option} was not needed" in result.err
    assert "was not needed" not in cli("ca", "crl", "--ca", ca).err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--policy-template", "thing_policy.template"], "--policy-template requires --policy"),
        (["--join"], "--join"),
        (["--join", "--exclusive"], "require a thing"),
    ],
)
def test_parts_of_a_device_that_it_does_not_have(cli: Cli, bench: Bench, options: list[str], told: str) -> None:
    assert told in fails(cli, USAGE, "--port", bench.port, "register", *options)
    assert bench.cloud.calls == []
    assert bench.certificates() == []


def test_a_device_without_a_cloud(cli: Cli, run: Cli, bench: Bench, ca: str) -> None:
    result_of(run("--ca", ca, "--no-cloud"))
    given = ("--region", "eu-west-1", "--timeout", "5", "--delete-thing", "--delete-policy")
    for last in ("--dry-run", "--yes"):
        result = cli("--port", bench.port, "deprovision", *given, last)
        assert result.code == 0, result.err
        (note,) = [line for line in result.err.splitlines() if "not in AWS IoT" in line]
        assert all(option in note for option in given if option.startswith("--"))
        assert "--profile" not in note


def test_a_device_without_a_thing(cli: Cli, bench: Bench) -> None:
    assert cli("--port", bench.port, "register").code == 0
    command = ("--port", bench.port, "deprovision", "--slot", "first", "--yes")
    result = cli(*command, "--delete-thing", "--delete-policy")
    assert result.code == 0, result.err
    assert "--delete-thing has no effect" in result.err
    assert "--delete-policy has no effect" in result.err


def test_a_journal_needs_no_board(cli: Cli) -> None:
    for command in ("show", "export", "check"):
        assert "--port" not in cli("journal", command, "--help").out
