"""Two slots whose certificates are for one object, and certificates that are written by hand into a finished slot."""

from __future__ import annotations

from pathlib import Path

import pytest

import optiga
from optiga.provision.steps.identity import Certify, MakeKey, SignCsr, WriteCertificate
from tests.support.cli.cloud_helpers import journal_entries
from tests.support.cli.provisioned import CERTIFICATE_EXIT, CONFIGURATION_EXIT, Bench, device_of, result_of
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled, sampled_rows

NO_CLOUD = ("--ca", "q", "--no-cloud")


@pytest.fixture(autouse=True)
def _ca(cli: Cli) -> None:
    assert cli("ca", "init", "q", "--no-passphrase").code == 0


@pytest.fixture
def other(cli: Cli, bench: Bench, config: Path) -> Cli:
    """Another key, whose certificate is for the object of the second slot."""
    command = ("--port", bench.port, "provision", config, "--slot", "third", "--id", "0xE0E1")
    return lambda *options: cli(*command, *NO_CLOUD, *options)


def held(bench: Bench) -> object:
    return bench.objects(), journal_entries()


def test_the_certificate_of_another_slot_is_lost_only_if_that_is_confirmed(run: Cli, other: Cli, bench: Bench) -> None:
    result_of(run(*NO_CLOUD))
    before = held(bench)
    dry = other("--dry-run")
    assert "slot second" in dry.err
    assert "confirmation" in dry.err
    assert "not in this journal" not in dry.err
    result = other()
    assert (result.code, result.out) == (CONFIGURATION_EXIT, "")
    assert "slot second" in result.errors[0]
    assert "0xE0E1" in result.errors[0]
    assert held(bench) == before
    result_of(other("--yes"))


@pytest.mark.parametrize("options", sampled([(), ("--dry-run",)], keep=1))
def test_who_has_lost_it_does_not_take_it_back_silently(
    run: Cli, other: Cli, bench: Bench, options: tuple[str, ...]
) -> None:
    """Neither once the other slot is finished, nor on the way into a cloud."""
    result_of(run(*NO_CLOUD))
    last = device_of(other("--yes"))
    before = held(bench)
    for result in (run(*NO_CLOUD, *options), run("--ca", "q", *options)):
        assert (result.code, result.out) == (CERTIFICATE_EXIT, "")
        assert f"slot {last['slot']}" in result.errors[0]
        assert "0xE0E1" in result.errors[0]
        assert held(bench) == before
    assert device_of(other()) == last
    assert bench.certificates() == []


@pytest.mark.long
def test_an_interrupted_run_whose_object_another_slot_has_now(
    run: Cli, other: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(WriteCertificate, "run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run(*NO_CLOUD).code == 130
    last = result_of(other())
    before = held(bench)
    for options in ((), ("--dry-run",)):
        result = run(*NO_CLOUD, *options)
        assert result.code == CERTIFICATE_EXIT
        assert f"slot {last['slot']}" in result.errors[0]
        assert "--renew" in result.errors[0]
        assert held(bench) == before
    dry = run(*NO_CLOUD, "--renew", "--dry-run")
    assert (dry.code, f"slot {last['slot']}" in dry.err) == (0, True)
    assert "generates" in dry.out
    assert run(*NO_CLOUD, "--renew").code == CONFIGURATION_EXIT
    assert held(bench) == before
    result_of(run(*NO_CLOUD, "--renew", "--yes"))


@pytest.mark.long
@pytest.mark.parametrize(
    ("step", "method"),
    sampled_rows([(MakeKey, "run"), (SignCsr, "run"), (Certify, "run"), (Certify, "_certify")], keep=1),
)
def test_an_interrupted_run_without_a_certificate(
    run: Cli, other: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch, step: type, method: str
) -> None:
    """What another slot has put into its object meanwhile is lost only if that is confirmed."""
    with monkeypatch.context() as patched:
        patched.setattr(step, method, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run(*NO_CLOUD).code == 130
    result_of(other())
    before = held(bench)
    dry = run(*NO_CLOUD, "--dry-run")
    assert "slot third" in dry.err
    assert "confirmation" in dry.err
    result = run(*NO_CLOUD)
    assert (result.code, result.out) == (CONFIGURATION_EXIT, "")
    assert "slot third" in result.errors[0]
    assert held(bench) == before
    result_of(run(*NO_CLOUD, "--yes"))


@pytest.mark.long
@pytest.mark.parametrize("step", [MakeKey, SignCsr, Certify])
def test_what_was_confirmed_is_not_asked_for_again(
    run: Cli, other: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch, step: type
) -> None:
    result_of(run(*NO_CLOUD))
    with monkeypatch.context() as patched:
        patched.setattr(step, "run", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        assert other("--yes").code == 130
    assert "confirmation" not in other("--dry-run").err
    result_of(other())


@pytest.mark.long
def test_renewed_it_is_asked_for(run: Cli, other: Cli, bench: Bench) -> None:
    result_of(run(*NO_CLOUD))
    result_of(other("--yes"))
    before = held(bench)
    dry = run(*NO_CLOUD, "--renew", "--dry-run")
    assert "slot third" in dry.err
    assert "confirmation" in dry.err
    assert run(*NO_CLOUD, "--renew").code == CONFIGURATION_EXIT
    assert held(bench) == before
    result_of(run(*NO_CLOUD, "--renew", "--yes"))


@pytest.mark.long
def test_renewed_with_the_same_intermediate_ca_it_is_foreseen(cli: Cli, bench: Bench, config: Path) -> None:
    """Both certificates have the CA's behind them, which is no sign that they are one."""
    assert cli("ca", "intermediate", "factory", "--ca", "q", "--no-passphrase").code == 0
    words = ("--port", bench.port, "provision", config, "--ca", "factory", "--no-cloud")
    result_of(cli(*words))
    result_of(cli(*words, "--slot", "third", "--id", "0xE0E1", "--yes"))
    assert "slot third" in cli(*words, "--renew", "--dry-run").err


def test_of_one_that_is_taken_back_nothing_is_lost(cli: Cli, run: Cli, other: Cli, bench: Bench) -> None:
    result_of(run(*NO_CLOUD))
    assert cli("--port", bench.port, "deprovision", "--yes").code == 0
    result_of(other())


def test_a_certificate_that_is_written_by_hand(cli: Cli, run: Cli, bench: Bench) -> None:
    """Of the same key, and another than the journal's: a finished chip is checked, not changed."""
    fields = result_of(run(*NO_CLOUD))
    assert cli("ca", "sign", fields["filename"], "--ca", "q", "--out", "hand.pem").code == 0
    assert cli("--port", bench.port, "--write", "hand.pem", "--slot", "second", "--strict").code == 0
    before = held(bench)
    for options in ((), ("--dry-run",)):
        result = run(*NO_CLOUD, *options)
        assert (result.code, result.out) == (CERTIFICATE_EXIT, "")
        assert "0xE0E1 holds another certificate" in result.errors[0]
        assert fields["certificate_file"] in result.errors[0]
        assert held(bench) == before
    assert cli("--port", bench.port, "--write", fields["certificate_file"], "--slot", "second").code == 0
    assert result_of(run(*NO_CLOUD)) == fields


@pytest.mark.long
def test_another_chain_behind_the_same_certificate(cli: Cli, run: Cli, bench: Bench) -> None:
    """As where the intermediate CA was renewed: it stays as it is."""
    assert cli("ca", "intermediate", "factory", "--ca", "q", "--days", "30", "--no-passphrase").code == 0
    factory = ("--ca", "factory", "--no-cloud")
    fields = device_of(run(*factory))
    assert cli("ca", "renew", "factory", "--ca", "q", "--days", "300").code == 0
    leaf = Path(fields["certificate_file"]).read_text().partition("-----END")[0]
    Path("new.pem").write_text(f"{leaf}-----END CERTIFICATE-----\n{Path('factory', 'ca.pem').read_text()}")
    assert cli("--port", bench.port, "--write", "new.pem", "--slot", "second", "--strict").code == 0
    before = held(bench)
    again = run(*factory)
    assert device_of(again) == fields
    assert "Certificate written" not in again.err
    assert "Nothing will change" in run(*factory, "--dry-run").out
    assert held(bench) == before


def test_a_certificate_that_is_gone_is_written_again(run: Cli, bench: Bench) -> None:
    """As a file that is missing; then it is not said that nothing was changed."""
    fields = result_of(run(*NO_CLOUD))
    stored = bench.stored()
    with optiga.open_chip(bench.port) as chip:
        chip.write(0xE0E1, b"\x00")
    again = run(*NO_CLOUD)
    assert result_of(again) == fields
    assert "Certificate written to 0xE0E1" in again.err
    assert "Nothing was changed" not in again.err
    assert bench.stored() == stored
