"""Values of options and arguments that are written otherwise, or misspelt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from optiga.cli.app import app
from optiga.cli.support.choices import NamedChoice
from tests.support.cli.mistakes import USAGE, fails
from tests.support.cli.runner import Cli


def choices_of(command: click.Command, ctx: click.Context) -> Iterator[tuple[str, click.Parameter]]:
    """Every parameter that takes one of some words, of a command and of those below it."""
    yield from ((f"{ctx.command_path} {one.name}", one) for one in command.params if isinstance(one.type, click.Choice))
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below
            yield from choices_of(below, click.Context(below, parent=ctx, info_name=name))


EVERY = dict(choices_of(app, click.Context(app, info_name="optiga", **app.context_settings)))


@pytest.mark.parametrize("name", [name for name in EVERY if name.split()[-1] not in ("output", "bits")])
def test_every_choice(name: str) -> None:
    """Taken in other letters, with other punctuation; a mistake of one letter leads to the right word."""
    kind = EVERY[name].type
    assert isinstance(kind, NamedChoice)
    for choice in kind.choices:
        for other in (choice.upper(), choice.replace("_", "-"), choice.replace("-", " "), f" {choice}"):
            assert kind.convert(other, None, None) == choice
        for wrong in (choice[:-2] + choice[-1] + choice[-2], choice[0] + choice[2:], f"{choice}y"):
            if wrong == choice:
                continue
            with pytest.raises(click.BadParameter, match="did you mean") as raised:
                kind.convert(wrong, None, None)
            assert repr(choice) in raised.value.message.split("did you mean")[1]


def test_all_of_output_are_alike() -> None:
    assert len(EVERY) > 20
    assert {type(one.type) for one in EVERY.values()} == {NamedChoice}


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("key generate second --algorithm p265", "secp256r1"),
        ("key generate second --algorithm bp265r1", "brainpoolp256r1"),
        ("key generate aes --usage encrpytion", "encryption"),
        ("key generate second --usage sign", "signature"),
        ("key draw aes127", "aes128"),
        ("key draw p265", "secp256r1"),
        ("config new x.jsn --yes --algorithm p265", "secp256r1"),
        ("ca init x --no-passphrase --curve P-255", "p256"),
        ("emulator new x --model trust-m-v2", "trust-m-v3"),
        ("emulator new x --model trustx2", "trust-x"),
        ("config sample nist", "nistp384_ecdsa_secondslot"),
        ("config sample 2k", "2k_rsa_secondslot"),
        ("object metadata 0xF1D0 typ:x", "type"),
        ("object metadata 0xF1D0 red:always", "read"),
        ("object metadata 0xF1D0 type:anchor", "trust_anchor"),
        ("object metadata 0xF1D0 change:nver", "never"),
        ("object metadata 0xF1D0 change:lsco<operational", "lcso"),
        ("object metadata 0xF1D0 lcso:operatonal", "operational"),
        ("object metadata 0xF1D0 key_usage:sigatrue", "signature"),
        ("--read sxi", "six"),
        ("--read secod", "second"),
        ("key public fvie", "five"),
    ],
)
def test_values_that_are_no_choices(cli: Cli, port: str, line: str, meant: str) -> None:
    result = cli("-q", "--port", port, *line.split())
    assert result.code in (2, 3, 4)
    assert meant in result.errors[-1].partition("did you mean ")[2].partition("?")[0]


def test_other_forms_are_taken(cli: Cli, port: str) -> None:
    Path("file").write_bytes(b"x")
    assert cli("-q", "--port", port, "key", "generate", "second", "--yes").code == 0
    for name in ("sha-256", "SHA256", "SHA_384"):
        words = ("key", "sign", "second", "file", "--hash", name, "--out", f"{name}.sig")
        assert cli("-q", "--port", port, *words).code == 0
    assert cli("--output", "JSON", "--port", port, "info").out.startswith("{")
    assert cli("--output", "JSON", "--port", port, "object", "read", "0xF1FF").err.startswith("{")
    assert cli("emulator", "new", "other", "--model", "Trust-M-V1").code == 0


def test_commands_that_are_as_near(cli: Cli) -> None:
    error = fails(cli, USAGE, "aes", "ecrypt", "file")
    assert ["aes encrypt" in error, "aes decrypt" in error, "aes mac" in error] == [True, True, False]
