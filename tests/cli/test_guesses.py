"""What people type for a command or an option that is called otherwise: the line that says the right one, exit 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from optiga.cli.app import app
from optiga.cli.support.meant_options import _OPTIONS
from optiga.cli.support.synonyms import _WAYS
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
    "provision config.jsn -p /dev/ttyACM0": "--port",
    "-p COM5 info": "--port",
    "info -P COM5": "--port",
    "object read 0xE0C2 -o uid.bin": "--out",
    "info -o json": "--output",
    "ca list --ca x -o text": "--output",
    "provision config.jsn -o out": "--out-dir",
    "--csr config.jsn -o out": "--out-dir",
    "--read second -o out.pem": "--out",
    "random 4 -f": "--force",
    "deprovision -y": "--yes",
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
    "emulator:chip info": "optiga --port emulator:chip info",
    "socket://h:1 key list": "optiga --port socket://h:1 key list",
    "/dev/ttyACM0 info": "optiga --port /dev/ttyACM0 info",
    "info emulator:chip": "--port emulator:chip",
    "key list /dev/ttyACM0": "--port /dev/ttyACM0",
    "prov": "optiga provision",
    "emul": "optiga emulator",
    "obj list": "optiga object",
    "object meta 0xF1D0": "optiga object metadata",
    "ca interm x": "optiga ca intermediate",
    "key gen second": "optiga key generate",
    "key create second": "optiga key generate",
    "key ls": "optiga key list",
    "object show 0xE0E1": "optiga object read",
    "object cat 0xE0E1": "optiga object read",
    "object ls": "optiga object list",
    "object 0xE0E1": "optiga object read 0xe0e1",
    "--port none counter 0xe120": "optiga --port none counter show 0xe120",
    "boards list": "optiga boards",
    "object set 0xF1D0": "optiga object write",
    "ca create x": "optiga ca init",
    "ca new x": "optiga ca init",
    "ca issue x": "optiga ca sign",
    "counter inc 0xE120": "optiga counter count",
    "--port none counter increment 0xE120": "optiga --port none counter count",
    "config validate x.jsn": "optiga config check",
    "emulator create x": "optiga emulator new",
    "update install x": "optiga update apply",
    "journal ls": "optiga journal show",
    "uid": "optiga info --query uid",
    "ports": "optiga boards",
    "unprovision": "optiga deprovision",
    "unregister": "optiga deprovision",
    "help key gen": "optiga key generate",
    "provision --csr config.jsn": "optiga provision config.jsn'",
    "info --csr config.jsn": "optiga --csr config.jsn'",
    "info --csr=config.jsn": "optiga --csr config.jsn'",
    "key list --write cert.pem": "optiga --write cert.pem'",
    "csr verify x.csr": "--csr CONFIG",
    "csr new config.jsn": "--csr config.jsn",
    "slot list": "optiga info",
    "--cst config.jsn": "--csr",
    "--config config.jsn": "--csr",
    "--in config.jsn": "--csr config.jsn",
    "-in config.jsn": "--csr config.jsn",
    "--file cert.pem": "--write cert.pem",
    "--cert cert.pem": "--write",
    "-c config.jsn": "--csr",
    "-n --csr config.jsn": "--dry-run",
    "--csr config.jsn -out x.csr": "--out-dir",
    "--csr config.jsn --output-file x.csr": "--out-dir",
    "--read second --output-file x.pem": "--out'",
    "--read second x.pem": "--out x.pem",
    "--csr config.jsn second": "--slot second",
    "--write cert.pem second": "--slot second",
    "--write cert.pem 0xE0E8": "--id 0xE0E8",
    "--device COM5 info": "--port",
    "--serial COM5 info": "--port",
    "--chip emulator info": "--port emulator",
    "--emulator info": "--port emulator",
    "--esp /dev/ttyACM0 info": "--port /dev/ttyACM0",
    "--json info": "--output json",
    "--debug info": "--verbose",
    "--uid": "optiga info --query uid",
    "--list": "optiga key list",
    "--newkey rsa:2048": "optiga key generate",
    "-subj /CN=x": "optiga config new",
    "--csr config.jsn --cn x": "optiga config new",
    "--profile x provision config.jsn": "optiga provision --profile x",
    "--region=eu provision config.jsn": "optiga provision --region eu",
    "--ca my ca sign x.csr": "optiga ca sign --ca my",
    "--port none key --algorithm p256 generate second": "optiga --port none key generate --algorithm p256",
    "config new x.jsn --curve p256": "--algorithm",
    "config new x.jsn --cn dev": "--subject CN=dev",
    "key generate second p256": "--algorithm p256",
    "key generate second --key-type ec": "--algorithm",
    "key generate second k.pem": "--out k.pem",
    "key generate --slot second": "optiga key generate second",
    "key sign second --in x": "optiga key sign SLOT x",
    "key sign second x --sha256": "--hash sha256",
    "object read --oid=0xE0E1": "optiga object read 0xE0E1",
    "--port none object read --id 0xE0E1": "optiga --port none object read 0xE0E1",
    "ca init --dir my": "optiga ca init my",
    "ca init my --key-type ec": "--curve",
    "ca init my --validity 30": "--days",
    "ca sign -in x.csr": "optiga ca sign x.csr",
    "ca sign --csr x.csr": "optiga ca sign x.csr",
    "ca revoke --serial 1234": "optiga ca revoke 1234",
    "ca crl --days 3": "--crl-days",
    "provision --config config.jsn": "optiga provision config.jsn",
    "provision config.jsn second": "--slot second",
    "random --bytes 8": "optiga random 8",
    "random 8 x.bin": "--out x.bin",
    "counter set 0xE120 5": "--value 5",
    "export --out x": "optiga export x",
    "emulator serve --host ::1": "--tcp",
    "emulator serve x.chip": "--chip x.chip",
    "emulator dump --chip x": "optiga emulator dump x",
    "object lock 0xF1D0 --force": "--yes",
    "completion --shell bash": "optiga completion bash",
}
TO_BE_READ = {
    "rsa encrypt six h.txt": "name the key with --key KEY or --certificate OID",
    "rsa encrypt h.txt six.pem": "'--key six.pem'",
    "aes encrypt six h.txt": "'aes encrypt' takes FILE|- alone",
    "rsa decrypt six h.rsa h.txt": "'rsa decrypt' takes SLOT FILE|- alone",
    "key sign second h.txt h.txt": "'key sign' takes SLOT FILE|- alone",
    "rsa encrypt h.txt h.rsa": "'--out h.rsa'",
    "key sign second h.txt h.sig": "'--out h.sig'",
    "random 8 h.txt": "'--out h.txt'",
}
"""Words too many: a file that is there is not named as the output of a command that reads files."""
OPPOSITES = ["object unlock 0xF1D0", "ca unrevoke 1", "--no-strict", "--no-force", "unpair", "uninfo", "unregistre"]
"""Words whose nearest choice does the opposite."""
PLAIN = [
    "frobnicate",
    "x" * 5000,
    "object frobnicate",
    "help frobnicate",
    "help info frobnicate",
    "-x",
    "-i x",
    "info -y",
    "info -o chip.txt",
    "ca list --ca x -p COM5",
    "random 4 -f random.bin",
    "provision config.jsn -f",
    "--before default_reset info",
    "--read second --file x.pem",
    "--write cert.pem --verify",
    "import --out x",
    "--csr config.jsn 0xF1D0",
    "--frobnicate",
    *OPPOSITES,
]
NEEDLESS = {
    "--baud 9600 info": "115200",
    "info --baudrate 9600": "115200",
    "--chip esp32 info": "the chip for its model",
    "provision config.jsn --thing-name x": "the configuration",
}
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


@pytest.mark.parametrize("typed", [*PLAIN, *OPPOSITES], ids=lambda typed: typed[:30])
def test_nothing_is_made_up(cli: Cli, typed: str) -> None:
    assert "Did you mean" not in fails(cli, USAGE, *typed.split())


@pytest.mark.parametrize("typed", NEEDLESS)
def test_what_needs_no_option_is_said(cli: Cli, typed: str) -> None:
    error = fails(cli, USAGE, *typed.split())
    assert NEEDLESS[typed] in error
    assert "Did you mean" not in error


def test_every_option_that_is_shown_is_one() -> None:
    known = {name for command in _every(app) for one in command.params for name in one.opts}
    assert {f"--{name.split()[0]}" for _, names in _OPTIONS for name in names} <= known


@pytest.mark.parametrize("typed", HELP)
def test_help_is_a_command(cli: Cli, typed: str) -> None:
    help_ = cli(*typed.split())
    assert help_ == cli(*HELP[typed].split(), "--help")
    assert (help_.code, help_.err) == (0, "")
    assert "Usage: " in help_.out


def test_a_file_that_is_called_help_is_one(cli: Cli) -> None:
    assert "no such file" in fails(cli, USAGE, "--port", "none", "--csr", "help")


@pytest.mark.parametrize("line", _WAYS, ids=lambda way: f"{way[0]} {way[1][0]}")
def test_what_other_programs_say_leads_to_a_command(cli: Cli, line: tuple[str, tuple[str, ...], str]) -> None:
    group, words, meant = line
    help_ = cli(*meant.split(), "--help")
    assert help_.code == 0
    for word in words:
        typed = cli(*group.split(), word, "--help")
        assert typed.code == 0 or f" {meant}'?" in typed.err


FAULTS = {"lse": "lose", "drop": "lose", "corrupt": "damage", "dleay": "delay"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault(cli: Cli, fault: str) -> None:
    assert f"did you mean '{FAULTS[fault]}'?" in fails(cli, USAGE, "emulator", "control", "socket", "fault", fault)


MISSING = {
    "config check": "name one or more configuration files, or - for standard input",
    "config new": "name the file to write",
    "provision": "name a configuration file",
    "key generate": "name a slot, for example second, or aes",
    "completion": "bash, zsh, fish, powershell",
    "emulator run": "the program",
}


@pytest.mark.parametrize("typed", MISSING)
def test_what_is_missing_is_said_in_words(cli: Cli, typed: str) -> None:
    error = fails(cli, USAGE, *typed.split())
    assert "Missing argument: " in error
    assert MISSING[typed] in error


def test_every_argument_that_a_command_needs_is_told_in_words(cli: Cli) -> None:
    """No words of help that stand for values, such as FILE|-."""
    told = {line: cli(*line.split()).err for line in _with_arguments(app, ())}
    assert len(told) > 30
    for line, error in told.items():
        assert "Missing" in error, line
        assert "Missing argument '" not in error, line


def _with_arguments(command: click.Command, path: tuple[str, ...]) -> Iterator[str]:
    """The command lines of the commands whose first argument is not to be left out."""
    if any(isinstance(one, click.Argument) and one.required for one in command.params):
        yield " ".join(path)
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None
            yield from _with_arguments(below, (*path, name))


def _every(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None
            yield from _every(below)


SECRETS = {
    "ca sign x --passphrase root": ("--passphrase-file FILE", "OPTIGA_CA_PASSPHRASE", "--ask-passphrase"),
    "ca sign x --passphrase=root": ("--passphrase-file FILE", "OPTIGA_CA_PASSPHRASE", "--ask-passphrase"),
    "ca sign x --password root": ("--passphrase-file FILE", "OPTIGA_CA_PASSPHRASE", "--ask-passphrase"),
    "provision x --passphrase root": ("--passphrase-file FILE", "OPTIGA_CA_PASSPHRASE", "--ask-passphrase"),
    "ca intermediate x --ca-passphrase root": ("--ca-passphrase-file FILE", "OPTIGA_CA_PASSPHRASE"),
    "ca passphrase x --new-passphrase root": ("--new-passphrase-file FILE",),
    "ca import x --key-passphrase root": ("--key-passphrase-file FILE", "OPTIGA_FILE_PASSPHRASE"),
    "--write x --pkcs12-passphrase root": ("--pkcs12-passphrase-file FILE", "OPTIGA_FILE_PASSPHRASE"),
    "--write x --passphrase root": ("--pkcs12-passphrase-file FILE", "OPTIGA_FILE_PASSPHRASE"),
    "--write x -passin pass:root": ("--pkcs12-passphrase-file FILE", "OPTIGA_FILE_PASSPHRASE"),
    "ca sign x -passin pass:root": ("--passphrase-file FILE", "OPTIGA_CA_PASSPHRASE", "--ask-passphrase"),
    "update make data 0xE0E1 x --passphrase root": ("--passphrase-file FILE", "OPTIGA_SIGNER_PASSPHRASE"),
}


@pytest.mark.parametrize("typed", SECRETS)
def test_a_passphrase_on_the_command_line(cli: Cli, typed: str) -> None:
    error = fails(cli, USAGE, *typed.split())
    assert "list of processes" in error
    assert "Did you mean" not in error
    for way in SECRETS[typed]:
        assert way in error


@pytest.mark.parametrize("line", TO_BE_READ)
def test_a_file_too_many(cli: Cli, line: str) -> None:
    Path("h.txt").write_text("text")
    Path("six.pem").write_text("a key")
    result = cli(*line.split())
    assert (result.code, len(result.errors)) == (2, 1)
    assert TO_BE_READ[line] in result.errors[0]
    assert ("--out" in result.errors[0]) == ("--out" in TO_BE_READ[line])
