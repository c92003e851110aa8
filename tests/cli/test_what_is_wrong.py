"""Errors name what is wrong, not what is beside it: a value, a port in quotes, a file of the right kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.ca_helpers import make_request
from tests.support.cli.mistakes import error_of, fails
from tests.support.cli.runner import Cli


@pytest.mark.parametrize("words", [("security-counter", "256"), ("fault", "nonsense")], ids=lambda words: words[0])
def test_a_wrong_value_is_not_missing(cli: Cli, words: tuple[str, str]) -> None:
    error = error_of(cli, "emulator", "control", "b.ctl", *words, "--output", "json")
    assert (error["reason"], error["parameter"]) == ("bad_value", "value")
    assert words[1] in error["message"]


def test_the_port_that_was_meant_has_no_half_quotes(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTIGA_PORT", '"emulator:v"')
    assert "did you mean emulator:v, without the quotes?" in fails(cli, 3, "info")


def test_another_name_for_a_certificate_beside_the_csr(cli: Cli) -> None:
    cli("ca", "init", "root", "--no-passphrase")
    Path("device.csr").write_bytes(make_request())
    error = fails(cli, 2, "ca", "sign", "device.csr", "--ca", "root", "--out", "device.csr")
    assert "--out with another name" in error


def test_a_file_of_the_right_kind_needs_no_advice(cli: Cli) -> None:
    Path("nan.jsn").write_text('{"csr_config": {"a": NaN}}')
    error = fails(cli, 2, "config", "check", "nan.jsn")
    assert "NaN" in error
    assert "is a configuration" not in error
    Path("good.jsn").write_text('{"csr_config": {}}')
    assert "is a configuration" in fails(cli, 2, "--port", "emulator", "import", "good.jsn")
