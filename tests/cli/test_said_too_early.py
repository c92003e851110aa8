"""What is said before it is known to be so."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.testing import Cloud
from tests.support.cli.cloud_helpers import CHIP, CONFIG
from tests.support.cli.runner import Cli


def test_a_policy_template_that_cannot_be_read(cli: Cli, cloud: Cloud) -> None:
    result = cli("--port", CHIP, "provision", CONFIG, "--policy-template", "./nope")
    assert "nope" in result.errors[0]
    assert "The policy template is" not in result.err


@pytest.mark.long
def test_a_dry_run_for_a_chip_that_does_not_exist(cli: Cli, cloud: Cloud) -> None:
    command = ("--port", CHIP, "provision", CONFIG, "--dry-run")
    assert "does not exist yet" in cli(*command).err
    assert not Path("chip").exists()
    assert cli("emulator", "new", "chip").code == 0
    assert "does not exist yet" not in cli(*command).err


def test_a_chip_that_is_not_made_is_not_announced(cli: Cli, tmp_path: Path) -> None:
    for words in (("--csr", CONFIG, "--dry-run"), ("provision", CONFIG, "--ca", "nowhere")):
        assert "Its keys are in that file" not in cli("--port", CHIP, *words).err
        assert not Path("chip").exists()
    for _ in ("new", "there"):
        assert cli("--port", CHIP, "info").err.count("Its keys are in that file") == 1
    assert "Its keys are in that file" in cli("--port", CHIP, "--csr", CONFIG, "--dry-run").err


def test_a_folder_that_others_may_write_without_a_journal(cli: Cli) -> None:
    Path("open").mkdir()
    Path("open").chmod(0o777)
    assert "Warning" not in cli("journal", "show", "--journal", "open/none.db").err
