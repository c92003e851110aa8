"""The end of ``provision`` and ``register``: lines for a person at a terminal, JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga.testing import Cloud
from tests.support.cli.cloud_helpers import CHIP, CONFIG
from tests.support.cli.runner import Cli

RUN = ("--port", CHIP, "-q", "provision", CONFIG)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optiga.cli.support.settings.Settings.goes_to_terminal", True)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody reads standard output on a terminal."""
    at_a_terminal(monkeypatch)


class TestWithAws:
    @pytest.mark.long
    def test_each(self, cli: Cli, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        told = json.loads(cli(*RUN).out)
        at_a_terminal(monkeypatch)
        result = cli(*RUN)
        assert result.code == 0
        lines = result.out.splitlines()
        words = {word for line in lines for word in line.split()}
        assert "{" not in result.out
        assert {told[name] for name in ("uid", "certificate_arn", "thing", "thing_arn", "policy", "endpoint")} <= words
        files = {
            told["filename"],
            told["certificate_file"],
            "optiga.aws_arn",
            "personalization.db",
            "personalization.db.seal",
        }
        assert files | {"my_policy.aws_iot_policy"} <= words
        assert all(Path(name).is_file() for name in files)
        assert json.loads(cli(*RUN, "--output", "json").out) == told
        assert cli(*RUN, "--query", "thing").out == "my_thing\n"
        assert json.loads(cli(*RUN, "--query", "{thing: thing}").out) == {"thing": "my_thing"}

    @pytest.mark.long
    def test_register(self, cli: Cli, cloud: Cloud, person: None) -> None:
        lines = cli("--port", CHIP, "-q", "register", "--thing", "lamp").out.splitlines()
        assert [line.split()[0] for line in lines[:5]] == ["chip", "slot", "certificate", "serial", "thing"]
        assert not any(line.startswith("policy") for line in lines)


def test_without_a_cloud(cli: Cli, person: None) -> None:
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    Path("out").mkdir()
    result = cli(*RUN, "--ca", "root", "--no-cloud", "--out-dir", "out/{uid}")
    assert result.code == 0
    files = [line.split()[-1] for line in result.out.splitlines() if ".csr" in line or ".pem" in line]
    assert len(files) == 2
    assert all(Path(name).is_file() for name in files)
    assert "arn:" not in result.out
    assert "None" not in result.out
