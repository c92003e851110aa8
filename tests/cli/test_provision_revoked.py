"""``provision --ca`` of a chip whose certificate that CA has revoked meanwhile: it is not let in."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import NoReturn

import pytest

from optiga.provision.steps.identity import Certify, WriteCertificate
from tests.support.cli.provisioned import CERTIFICATE_EXIT, Bench, result_of
from tests.support.cli.runner import Cli, Result
from tests.support.sampling import sampled

NO_CLOUD = ("--ca", "q", "--no-cloud")


@pytest.fixture(autouse=True)
def _ca(cli: Cli) -> None:
    assert cli("ca", "init", "q", "--no-passphrase").code == 0


def interrupt(run: Cli, step: type[Certify | WriteCertificate], *options: str) -> None:
    """A run that is killed at the end of a step, before that is written down."""

    def strike(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(step, "run" if step is WriteCertificate else "_certify", strike)
        assert run(*options).code == 130


def revoke(cli: Cli, reason: str = "keyCompromise") -> str:
    (listed,) = json.loads(cli("ca", "list", "--ca", "q", "--output", "json").out)["certificates"]
    assert cli("ca", "revoke", listed["serial"], "--ca", "q", "--reason", reason, "--yes").code == 0
    return str(listed["serial"])


def check_refused(result: Result) -> None:
    assert (result.code, result.out) == (CERTIFICATE_EXIT, "")
    (error,) = result.errors
    assert "revoked" in error
    assert "--renew" in error
    assert "CN=q" in error


@pytest.mark.parametrize("options", sampled([(), ("--no-cloud",)], keep=1), ids=["AWS", "no cloud"])
@pytest.mark.parametrize("reason", sampled(["keyCompromise", "superseded"], keep=1))
def test_an_interrupted_run(cli: Cli, run: Cli, bench: Bench, options: tuple[str, ...], reason: str) -> None:
    interrupt(run, WriteCertificate, "--ca", "q", *options)
    revoke(cli, reason)
    before, calls = bench.objects(), [one for one in bench.cloud.calls if one.startswith(("Register", "Update"))]
    check_refused(run("--ca", "q", *options))
    check_refused(run("--ca", "q", *options, "--dry-run"))
    assert bench.objects() == before
    assert [one for one in bench.cloud.calls if one.startswith(("Register", "Update"))] == calls
    renewed = run("--ca", "q", *options, "--renew")
    result_of(renewed)
    assert "stays valid" not in renewed.err
    assert "already revoked" in renewed.err


@pytest.mark.long
def test_a_run_that_did_not_hear_of_the_certificate(cli: Cli, run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CA has issued it and revoked it since; the journal knows only that it was asked for."""
    certify = Certify._certify

    def lose(*arguments: object, **options: object) -> NoReturn:
        certify(*arguments, **options)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Certify, "_certify", lose)
        assert run(*NO_CLOUD).code == 130
    revoke(cli, "superseded")
    check_refused(run(*NO_CLOUD))
    result_of(run(*NO_CLOUD, "--renew"))


@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--no-cloud",)], ids=["AWS", "no cloud"])
def test_a_finished_chip(cli: Cli, run: Cli, bench: Bench, options: tuple[str, ...]) -> None:
    result_of(run("--ca", "q", *options))
    serial = revoke(cli)
    before = bench.objects()
    check_refused(run("--ca", "q", *options))
    check_refused(run("--ca", "q", *options, "--dry-run"))
    assert bench.objects() == before
    renewed = run("--ca", "q", *options, "--renew")
    result_of(renewed)
    assert "stays valid" not in renewed.err
    assert serial in renewed.err


def test_on_its_way_into_a_cloud(cli: Cli, run: Cli, bench: Bench) -> None:
    """Finished without a cloud, revoked, and now to become active in one."""
    result_of(run(*NO_CLOUD))
    revoke(cli)
    check_refused(run("--ca", "q"))
    assert bench.certificates() == []


def test_a_key_that_is_compromised_by_another_certificate(cli: Cli, run: Cli, bench: Bench) -> None:
    """The key has another certificate of the CA, which is revoked because the key is known to others."""
    fields = result_of(run(*NO_CLOUD))
    assert cli("ca", "sign", bench.folder / fields["filename"], "--ca", "q", "--out", "other.pem").code == 0
    assert cli("ca", "revoke", "other.pem", "--ca", "q", "--reason", "superseded", "--yes").code == 0
    assert run(*NO_CLOUD).code == 0
    assert cli("ca", "revoke", "other.pem", "--ca", "q", "--reason", "keyCompromise", "--yes").code == 0
    check_refused(run(*NO_CLOUD))


def test_records_that_somebody_has_edited(cli: Cli, run: Cli, bench: Bench) -> None:
    """Whoever takes a revocation out of the records takes the chip's run out, too."""
    result_of(run(*NO_CLOUD))
    revoke(cli)
    with closing(sqlite3.connect(bench.folder / "q" / "issued.db", isolation_level=None)) as connection:
        connection.execute("UPDATE issued SET revoked_at = NULL, reason = NULL")
    assert run(*NO_CLOUD).code != 0


@pytest.mark.long
@pytest.mark.parametrize("reason", [None, "superseded"])
def test_deprovisioned(cli: Cli, run: Cli, bench: Bench, reason: str | None) -> None:
    """The CA is not at hand: what is said is true of either certificate."""
    result_of(run(*NO_CLOUD))
    if reason:
        revoke(cli, reason)
    result = cli("--port", bench.port, "deprovision", "--yes")
    assert result.code == 0
    assert "unless its CA has revoked it" in result.err


@pytest.mark.long
def test_a_serial_number_with_zeros_in_front(cli: Cli, run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as the CA tells it, and is the same number to the journal and to the CA's records."""
    with monkeypatch.context() as patched:
        patched.setattr("cryptography.x509.random_serial_number", lambda: 0xABC)
        serial = result_of(run(*NO_CLOUD))["serial"]
    assert serial == f"{0xABC:040x}" == revoke(cli, "superseded")
    assert json.loads(cli("journal", "show", "--output", "json").out)["slots"][0]["serial"] == serial
    refused = run(*NO_CLOUD)
    check_refused(refused)
    assert "its certificate (superseded)" in refused.errors[0]
    renewed = run(*NO_CLOUD, "--renew")
    assert f"{serial} is already revoked" in renewed.err
    new = result_of(renewed)["serial"]
    assert cli("ca", "revoke", new, "--ca", "q", "--yes").code == 0
