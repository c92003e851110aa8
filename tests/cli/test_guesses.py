"""What people type for a command or an option that is called otherwise: the line that says the right one, exit 2."""

from __future__ import annotations

import pytest

from tests.support.cli.mistakes import USAGE, error_of, fails
from tests.support.cli.runner import Cli

GUESSES = {
    "csr config.jsn": "--csr config.jsn",
    "csr": "--csr CONFIG",
    "csr=config.jsn": "--csr config.jsn",
    "csr --port none config.jsn": "--csr CONFIG",
    "--port none csr config.jsn": "optiga --port none --csr config.jsn",
    "--port none objct list": "optiga --port none object",
    "--port none key generat second": "optiga --port none key generate",
    "CSR config.jsn": "--csr config.jsn",
    "-csr config.jsn": "--csr config.jsn",
    "-csr=config.jsn": "--csr config.jsn",
    "--port none -csr config.jsn": "--csr config.jsn",
    "\u2013csr config.jsn": "--csr config.jsn",
    "\u2014write cert.pem": "--write cert.pem",
    "/write cert.pem": "--write cert.pem",
    "write cert.pem": "--write cert.pem",
    "wriet cert.pem": "--write cert.pem",
    "-write cert.pem": "--write cert.pem",
    "read second": "--read second",
    "-read second": "--read second",
    "-slot second": "--slot second",
    "out_dir somewhere": "--out-dir somewhere",
    "version": "--version",
    "-version": "--version",
    "-help": "--help",
    "--CSR config.jsn": "--csr",
    "--cssr config.jsn": "--csr",
    "--crs config.jsn": "--csr",
    "crs config.jsn": "--csr config.jsn",
    "-crs config.jsn": "--csr config.jsn",
    "update maek": "optiga update make",
    "-V": "--version",
    "--out_dir x": "--out-dir",
    "config.jsn": "--csr config.jsn",
    "Cert.PEM": "--write Cert.PEM",
    "--info": "optiga info",
    "--provision config.jsn": "optiga provision",
    "Info": "optiga info",
    "objct list": "optiga object",
    "provison config.jsn": "optiga provision",
    "sign x.csr": "optiga ca sign",
    "object reed second": "optiga object read",
    "object output": "optiga object --output text|json",
    "key generat second": "optiga key generate",
    "update make dta": "optiga update make data",
    "journal shwo": "optiga journal show",
    "info -output json": "optiga info --output json",
    "info -outptu json": "optiga info --output json",
    "info --outptu json": "--output",
    "help objct": "optiga object",
    "help object reed": "optiga object read",
}
PLAIN = ["frobnicate", "x" * 5000, "object frobnicate", "help frobnicate", "help info frobnicate", "-x", "--frobnicate"]
HELP = {
    "help": "",
    "help info": "info",
    "help provision": "provision",
    "help object": "object",
    "help object read": "object read",
    "help update make data": "update make data",
    "object help": "object",
    "object help read": "object read",
    "update make help data": "update make data",
    "journal help": "journal",
    "pair help": "pair",
    "help csr": "",
    "help --csr": "",
    "help object output": "object",
}


@pytest.mark.parametrize("typed", GUESSES)
def test_a_guess_is_shown_the_way(cli: Cli, typed: str) -> None:
    meant = GUESSES[typed].replace("optiga ", "").replace("text|json", "")
    assert f"{meant}" in fails(cli, USAGE, *typed.split()).partition("Did you mean ")[2]


def test_programs_are_shown_the_way_too(cli: Cli) -> None:
    error = error_of(cli, "--output", "json", "csr", "config.jsn")
    assert "--csr config.jsn" in error["message"]
    assert (error["exit_code"], error["reason"]) == (USAGE, "usage")


def test_a_value_with_blanks_is_quoted(cli: Cli) -> None:
    assert '--csr "my config.jsn"' in fails(cli, USAGE, "csr", "my config.jsn")


@pytest.mark.parametrize("typed", PLAIN, ids=lambda typed: typed[:30])
def test_nothing_is_made_up(cli: Cli, typed: str) -> None:
    assert "Did you mean" not in fails(cli, USAGE, *typed.split())


@pytest.mark.parametrize("typed", HELP)
def test_help_is_a_command(cli: Cli, typed: str) -> None:
    help_ = cli(*typed.split())
    assert help_ == cli(*HELP[typed].split(), "--help")
    assert (help_.code, help_.err) == (0, "")
    assert "Usage: " in help_.out


def test_a_file_that_is_called_help_is_one(cli: Cli) -> None:
    assert "no such file" in fails(cli, USAGE, "--port", "none", "--csr", "help")
