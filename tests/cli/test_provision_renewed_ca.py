"""``provision --ca`` after ``ca renew``: the CA with its name and its key is the same issuer as before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography import x509

from optiga.provision import issuers
from optiga.provision.steps.identity import Certify, SignCsr, WriteCertificate
from tests.support.ca_helpers import NEEDS_OPENSSL, verify
from tests.support.cli.provisioned import CERTIFICATE_EXIT, Bench, device_of, result_of
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

NO_CLOUD = ("--ca", "rn", "--no-cloud")


@pytest.fixture(autouse=True)
def _ca(cli: Cli) -> None:
    assert cli("ca", "init", "rn", "--no-passphrase").code == 0


@pytest.fixture(params=["now", "before"])
def journals(request: pytest.FixtureRequest) -> Iterator[pytest.MonkeyPatch]:
    """How the journal names a CA: as it does now, or as it did before, by the certificate's bytes."""
    with pytest.MonkeyPatch.context() as patched:
        if request.param == "before":
            patched.setattr(issuers, "name_of_ca", issuers.former_name_of_ca)
        yield patched


def renew(cli: Cli, journals: pytest.MonkeyPatch) -> None:
    journals.undo()
    assert cli("ca", "renew", "rn", "--days", "8000").code == 0


def issued(cli: Cli, ca: str = "rn") -> int:
    return len(json.loads(cli("ca", "list", "--ca", ca, "--output", "json").out)["certificates"])


@pytest.mark.long
@NEEDS_OPENSSL
def test_a_finished_chip(cli: Cli, run: Cli, bench: Bench, journals: pytest.MonkeyPatch) -> None:
    fields = result_of(run(*NO_CLOUD))
    before = bench.folder / "before.pem"
    before.write_bytes((bench.folder / "rn" / "ca.pem").read_bytes())
    renew(cli, journals)
    held = bench.objects()
    again = run(*NO_CLOUD)
    assert result_of(again) == fields
    assert "already finished" in again.err
    assert "already finished" in run(*NO_CLOUD, "--dry-run").err
    assert bench.objects() == held
    for root in (before, bench.folder / "rn" / "ca.pem"):
        assert verify(bench.folder / fields["certificate_file"], "-CAfile", root) == ""


@pytest.mark.parametrize("step", sampled([SignCsr, Certify, WriteCertificate], keep=2))
def test_an_interrupted_run(
    cli: Cli, run: Cli, step: type, journals: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """It goes on with the same key and certificate; before there is a certificate, the former name tells nothing."""
    certify = Certify._certify

    def strike(*arguments: object, **options: object) -> NoReturn:
        if step is Certify:
            certify(*arguments, **options)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(step, "_certify" if step is Certify else "run", strike)
        assert run(*NO_CLOUD).code == 130
    renew(cli, journals)
    again = run(*NO_CLOUD)
    result_of(again)
    is_named_before = "before" in request.node.callspec.id
    assert ("Continuing an interrupted run" in again.err) is not (step is SignCsr and is_named_before)
    assert issued(cli) == 1


@pytest.mark.long
def test_an_intermediate(cli: Cli, run: Cli, bench: Bench) -> None:
    assert cli("ca", "intermediate", "factory", "--ca", "rn", "--days", "30", "--no-passphrase").code == 0
    fields = device_of(run("--ca", "factory", "--no-cloud"))
    stored = bench.stored()
    assert cli("ca", "renew", "factory", "--ca", "rn", "--days", "300").code == 0
    assert device_of(run("--ca", "factory", "--no-cloud")) == fields
    assert bench.stored() == stored


def test_one_that_is_registered_with_aws(cli: Cli, run: Cli, bench: Bench) -> None:
    """AWS knows a CA by its certificate: the renewed one has to be registered, too, and that is said."""
    assert cli("ca", "register", "rn").code == 0
    fields = result_of(run("--ca", "rn"))
    renewed = cli("ca", "renew", "rn", "--days", "8000")
    assert renewed.code == 0
    assert "ca register rn" in renewed.err
    assert result_of(run("--ca", "rn"))["certificate_id"] == fields["certificate_id"]
    dry = run("--ca", "rn", "--renew", "--dry-run")
    (warning,) = [one for one in dry.err.splitlines() if "renewed" in one]
    assert warning.startswith("Warning:")
    assert "ca register rn'" in warning
    result = run("--ca", "rn", "--renew")
    assert warning in result.err
    result_of(result)
    assert cli("ca", "register", "rn").code == 0
    last = run("--ca", "rn", "--renew")
    result_of(last)
    assert "with its CA" in last.err
    assert warning not in last.err
    assert len(bench.active()) == 1


@pytest.mark.long
def test_one_that_aws_does_not_know(cli: Cli, run: Cli) -> None:
    renewed = cli("ca", "renew", "rn", "--days", "8000")
    assert "ca register" not in renewed.err
    assert "ca register" not in run("--ca", "rn").err


def test_another_ca_of_the_same_name(cli: Cli, run: Cli) -> None:
    """What is different is the key, and the message says so."""
    result_of(run(*NO_CLOUD))
    assert cli("ca", "init", "other", "--name", "rn", "--no-passphrase").code == 0
    result = run("--ca", "other", "--no-cloud")
    assert result.code == CERTIFICATE_EXIT
    (error,) = result.errors
    assert "the CA CN=rn, and this run asks for the CA CN=rn" not in error
    assert "key identifier" in error
    for folder in ("rn", "other"):
        own = x509.load_pem_x509_certificate(Path(folder, "ca.pem").read_bytes())
        assert own.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex() in error
