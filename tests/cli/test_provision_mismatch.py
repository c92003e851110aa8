"""``provision`` of a chip whose journal does not fit the command: it says what is different, and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optiga.testing import CloudFault
from tests.support.cli.provisioned import CERTIFICATE_EXIT, CLOUD_EXIT, Bench, result_of
from tests.support.cli.runner import Cli

NO_CLOUD = ("--ca", "root", "--no-cloud")


@pytest.fixture
def root(cli: Cli) -> None:
    assert cli("ca", "init", "root", "--no-passphrase").code == 0


def _of_another_curve(csr: Any) -> None:
    csr["key_info"]["parameters"].update(curve="secp384r1")
    csr["signature_info"]["parameters"].update(hash_alg="sha384")


def refused(cli: Cli, *words: object) -> str:
    result = cli(*words)
    assert (result.code, result.out) == (CERTIFICATE_EXIT, "")
    (error,) = result.errors
    assert error.count(", but ") <= 1
    assert "--renew" in error
    return error


@pytest.mark.usefixtures("root")
def test_another_issuer(run: Cli, cli: Cli) -> None:
    result_of(run(*NO_CLOUD))
    error = refused(run)
    assert "ca:" not in error
    assert "the CA CN=root" in error
    assert "AWS IoT" in error
    assert "--ca" in error
    assert cli("ca", "init", "other", "--no-passphrase").code == 0
    error = refused(run, "--ca", "other", "--no-cloud")
    assert "the CA CN=root" in error
    assert "the CA CN=other" in error


@pytest.mark.long
@pytest.mark.usefixtures("root")
def test_aws_and_then_a_ca(run: Cli) -> None:
    result_of(run())
    error = refused(run, "--ca", "root")
    assert "issuer is AWS IoT" in error
    assert "the CA CN=root" in error


def test_another_issuer_before_there_is_a_certificate(cli: Cli, run: Cli, bench: Bench, root: None) -> None:
    """Then the journal has no more of the CA than its fingerprint."""
    bench.cloud.fail("CreateCertificateFromCsr", CloudFault.error("LimitExceededException", 410, "no"), times=1)
    assert run().code == CLOUD_EXIT
    assert "issuer is AWS IoT" in refused(run, "--ca", "root")


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda csr: csr["certificate_info"].update(common_name="other"), ("common_name", "other")),
        (lambda csr: csr["certificate_info"].update(locality_name="Here"), ("locality_name", "Here")),
        (_of_another_curve, ("secp256r1", "secp384r1")),
        (lambda csr: csr.update(extensions={"key_usage": ["digital_signature"]}), ("extensions",)),
        (lambda csr: csr["key_info"]["parameters"].update(key_usage=["signature"]), ("key_info",)),
    ],
    ids=["subject", "subject, one more", "algorithm", "extensions", "key usage"],
)
def test_another_configuration(
    cli: Cli, bench: Bench, config: Path, change: Callable[[Any], object], words: tuple[str, ...]
) -> None:
    document = json.loads(config.read_text())
    Path("config.jsn").write_text(json.dumps(document))
    run = ("--port", bench.port, "provision", "config.jsn", *NO_CLOUD)
    result_of(cli(*run))
    change(document["csr_config"])
    Path("config.jsn").write_text(json.dumps(document))
    error = refused(cli, *run)
    assert all(word in error for word in words)
    assert "object" not in error


@pytest.mark.usefixtures("root")
def test_another_object(run: Cli) -> None:
    result_of(run(*NO_CLOUD))
    error = refused(run, *NO_CLOUD, "--id", "0xE0E3")
    assert "0xE0E1" in error
    assert "0xE0E3" in error
    assert "csr_config" not in error
