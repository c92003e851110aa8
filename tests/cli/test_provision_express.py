"""``provision`` of a Trust M Express, whose second slot asks for both of Infineon's secrets."""

from __future__ import annotations

import pytest

from tests.support.cli.provisioned import CONFIGURATION_EXIT, result_of
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
            assert "0xF1D0 over a shielded connection (--authorize)" in result.errors[0]
    assert cli("--port", "emulator:chip", *command, *AUTHORIZED).code == CHIP_EXIT
    assert cli("--port", SHIELDED, *command, *AUTHORIZED, "--dry-run").code == 0
    fields = result_of(cli("--port", SHIELDED, *command, *AUTHORIZED, "--yes"))  # in place of Infineon's
    assert result_of(cli("--port", SHIELDED, *command, *AUTHORIZED)) == fields
    result_of(cli("--port", SHIELDED, *command, *AUTHORIZED, "--renew"))


def test_a_slot_that_is_open(cli: Cli, config: object) -> None:
    result_of(cli("--port", "emulator:chip", "provision", config, *NO_CLOUD, "--slot", "fourth"))
