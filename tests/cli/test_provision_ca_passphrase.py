"""``provision --ca`` with a CA whose key is encrypted: the key is needed only where a certificate is to be signed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga.ca import keys
from optiga.provision.steps.identity import SignCsr, WriteCertificate
from tests.support.cli.provisioned import CLOUD_EXIT, CONFIGURATION_EXIT, Bench, result_of
from tests.support.cli.runner import Cli
from tests.support.cli.sitting import sit_down
from tests.support.sampling import sampled

WORDS = "violet anchor tundra"
NO_CLOUD = ("--ca", "line", "--no-cloud")


@pytest.fixture(autouse=True)
def word(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The passphrase in a file, as options."""
    monkeypatch.setattr(keys, "ROUNDS", 1000)
    monkeypatch.delenv("OPTIGA_CA_PASSPHRASE", raising=False)
    Path("word").write_text(f"{WORDS}\n")
    Path("word").chmod(0o600)
    assert cli("ca", "init", "line", "--passphrase-file", "word").code == 0
    return ("--passphrase-file", "word")


def strike(patched: pytest.MonkeyPatch, step: type) -> None:
    patched.setattr(step, "run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))


def test_a_dry_run(run: Cli, bench: Bench, word: tuple[str, ...]) -> None:
    """Of a new chip it says that the run will need it."""
    told = run(*NO_CLOUD, "--dry-run")
    assert told.code == 0
    assert "passphrase" in told.err
    assert "passphrase" not in run(*NO_CLOUD, "--dry-run", *word).err
    result_of(run(*NO_CLOUD, *word))
    told = run(*NO_CLOUD, "--dry-run")
    assert told.code == 0
    assert "passphrase" not in told.err


@pytest.mark.long
@pytest.mark.parametrize("options", [NO_CLOUD, ("--ca", "line")], ids=["no cloud", "AWS"])
def test_a_finished_chip(run: Cli, word: tuple[str, ...], options: tuple[str, ...]) -> None:
    fields = result_of(run(*options, *word))
    assert result_of(run(*options)) == fields


def test_an_interrupted_run_that_has_its_certificate(run: Cli, word: tuple[str, ...]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        strike(patched, WriteCertificate)
        assert run(*NO_CLOUD, *word).code == 130
    result_of(run(*NO_CLOUD))


def test_an_interrupted_run_without_a_certificate(run: Cli, bench: Bench, word: tuple[str, ...]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        strike(patched, SignCsr)
        assert run(*NO_CLOUD, *word).code == 130
    before = bench.objects()
    result = run(*NO_CLOUD)
    assert result.code == CONFIGURATION_EXIT
    assert "encrypted" in result.errors[0]
    assert bench.objects() == before
    result_of(run(*NO_CLOUD, *word))


def test_a_new_key(cli: Cli, run: Cli, bench: Bench, word: tuple[str, ...]) -> None:
    """Without its passphrase no key pair is made, and no chip: of a chip that nobody knows, this is known before."""
    result = run(*NO_CLOUD)
    assert result.code == CONFIGURATION_EXIT
    assert "--passphrase-file" in result.errors[0]
    assert not bench.chip.exists()
    fields = result_of(run(*NO_CLOUD, *word))
    before = bench.objects()
    result = run(*NO_CLOUD, "--renew")
    assert result.code == CONFIGURATION_EXIT
    assert "encrypted" in result.errors[0]
    assert bench.objects() == before
    assert result_of(run(*NO_CLOUD)) == fields
    assert len(json.loads(cli("ca", "list", "--ca", "line", "--output", "json").out)["certificates"]) == 1


@pytest.mark.long
@pytest.mark.parametrize("place", sampled(["file", "environment"], keep=1))
def test_a_wrong_one_stops_only_what_needs_the_key(
    cli: Cli, run: Cli, bench: Bench, word: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """It does not hide another error either: here, the CA that is named is not the one of the chip."""
    fields = result_of(run(*NO_CLOUD, *word))
    assert cli("ca", "init", "other", *word).code == 0
    before = bench.objects()
    Path("word").write_text("another anchor in the bay\n")
    given = word if place == "file" else ()
    if place == "environment":
        monkeypatch.setenv("OPTIGA_CA_PASSPHRASE", "another anchor in the bay")
    assert result_of(run(*NO_CLOUD, *given)) == fields
    assert run(*NO_CLOUD, *given, "--dry-run").code == 0
    of_other = run("--ca", "other", "--no-cloud", *given)
    assert of_other.code != 0
    assert "CN=line" in of_other.errors[0]
    for options in (("--renew",), ("--renew", "--dry-run")):
        refused = run(*NO_CLOUD, *given, *options)
        assert refused.code == CONFIGURATION_EXIT
        assert "does not open" in refused.errors[0]
    assert bench.objects() == before


def test_a_wrong_one_for_a_new_chip(run: Cli, bench: Bench, word: tuple[str, ...]) -> None:
    Path("word").write_text("another anchor in the bay\n")
    assert run(*NO_CLOUD, *word, "--dry-run").code == CONFIGURATION_EXIT
    assert run(*NO_CLOUD, *word).code == CONFIGURATION_EXIT
    assert not bench.chip.exists()


@pytest.mark.long
def test_whoever_sits_at_the_terminal_is_asked_when_it_is_needed(
    run: Cli, word: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def prompt(text: str, **_: object) -> str:
        asked.append(text)
        return WORDS

    monkeypatch.setattr("click.prompt", prompt)
    sit_down(monkeypatch)
    assert run(*NO_CLOUD).code == 0
    assert len(asked) == 1
    assert run(*NO_CLOUD).code == 0
    assert run(*NO_CLOUD, "--dry-run").code == 0
    assert len(asked) == 1
    assert run(*NO_CLOUD, "--renew").code == 0
    assert len(asked) == 2


@pytest.mark.parametrize("fault", ["region", "credentials", "journal"])
def test_what_needs_no_passphrase_is_checked_first(
    run: Cli, bench: Bench, word: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Nobody types a passphrase for a run that cannot begin; who has only a CA reads how to use no cloud."""
    monkeypatch.setattr("click.prompt", lambda *_, **__: pytest.fail("a passphrase is asked for"))
    sit_down(monkeypatch)
    if fault == "region":
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name, raising=False)
    elif fault == "credentials":
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name, raising=False)
    result = run("--ca", "line", *(("--journal", "missing/journal.db") if fault == "journal" else ()))
    assert result.code in (CONFIGURATION_EXIT, CLOUD_EXIT)
    assert ("use --no-cloud" in result.errors[0]) == (fault != "journal")
    assert not bench.chip.exists()


def test_a_ca_that_is_registered_already(cli: Cli, bench: Bench, word: tuple[str, ...]) -> None:
    """Only AWS's code is to be signed, once, and with --several-accounts nothing."""
    assert cli("ca", "register", "line").code == CONFIGURATION_EXIT
    assert bench.cloud.iot.list_ca_certificates()["certificates"] == []
    first = cli("ca", "register", "line", *word)
    assert first.code == 0
    assert cli("ca", "register", "line").out == first.out


def test_a_ca_of_several_accounts(cli: Cli, bench: Bench) -> None:
    assert cli("ca", "register", "line", "--several-accounts").code == 0
    assert len(bench.cloud.iot.list_ca_certificates()["certificates"]) == 1
