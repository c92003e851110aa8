"""``provision`` of a Trust M Express, whose second slot asks for both of Infineon's secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.provision.steps.identity import SignCsr, WriteCertificate
from tests.support.cli.provisioned import CONFIGURATION_EXIT, device_of, result_of
from tests.support.cli.runner import Cli

NO_CLOUD = ("--ca", "q", "--no-cloud")
AUTHORIZED = ("--authorize", "0xF1D0=chip.reference")
CHIP_EXIT = 4
SHIELDED = "emulator:chip?shielded=chip.secret"


@pytest.fixture(autouse=True)
def _chip(cli: Cli) -> None:
    secrets = ("--secret-out", "chip.secret", "--authorization-out", "chip.reference")
    assert cli("emulator", "new", "chip", "--model", "trust-m-express", *secrets).code == 0
    assert cli("ca", "init", "q", "--no-passphrase").code == 0


def test_the_second_slot(cli: Cli, config: object) -> None:
    """Nothing is changed without the secrets, and the message names what is missing."""
    command = ("provision", config, *NO_CLOUD)
    for options in ((), ("--dry-run",)):
        for port in ("emulator:chip", SHIELDED):
            result = cli("--port", port, *command, *options)
            assert result.code == CONFIGURATION_EXIT
            way = "" if port == SHIELDED else " over a shielded connection"
            assert f"the secret of 0xF1D0{way} (--authorize)" in result.errors[0]
    assert cli("--port", "emulator:chip", *command, *AUTHORIZED).code == CHIP_EXIT
    assert cli("--port", SHIELDED, *command, *AUTHORIZED, "--dry-run").code == 0
    fields = device_of(cli("--port", SHIELDED, *command, *AUTHORIZED, "--yes"))  # in place of Infineon's
    assert device_of(cli("--port", SHIELDED, *command, *AUTHORIZED)) == fields
    result_of(cli("--port", SHIELDED, *command, *AUTHORIZED, "--renew"))


def test_a_slot_that_is_open(cli: Cli, config: object) -> None:
    result_of(cli("--port", "emulator:chip", "provision", config, *NO_CLOUD, "--slot", "fourth"))


@pytest.mark.parametrize("step", [None, SignCsr, WriteCertificate])
def test_a_key_that_the_connection_may_not_use(
    cli: Cli, config: object, monkeypatch: pytest.MonkeyPatch, step: type | None
) -> None:
    """What the connection lacks is said: no new key, which would only replace a good one."""
    command = ("provision", config, *NO_CLOUD)
    with monkeypatch.context() as patched:
        if step is not None:
            patched.setattr(step, "run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        code = cli("--port", SHIELDED, *command, *AUTHORIZED, "--yes").code
        assert code == (0 if step is None else 130)
    result = cli("--port", "emulator:chip", *command)
    assert (result.code, result.out) == (CONFIGURATION_EXIT, "")
    assert "0xE0F1 cannot be used" in result.errors[0]
    assert "shielded connection" in result.errors[0]
    assert "--renew" not in result.errors[0]
    assert cli("--port", SHIELDED, *command, *AUTHORIZED).code == 0


def test_a_key_whose_secret_was_not_proven(cli: Cli, config: Path) -> None:
    """An access condition that was given to the key of a finished chip."""
    command = ("--port", "emulator:chip", "provision", config, *NO_CLOUD, "--slot", "fourth")
    result_of(cli(*command))
    condition = ("object", "metadata", "0xE0F3", "execute: auto 0xF1D0", "--yes")
    assert cli("--port", "emulator:chip", *condition).code == 0
    result = cli(*command)
    assert (result.code, result.out) == (CONFIGURATION_EXIT, "")
    assert "0xF1D0 (--authorize)" in result.errors[0]
    assert "--renew" not in result.errors[0]
    result_of(cli("--port", SHIELDED, *command[2:], *AUTHORIZED))
