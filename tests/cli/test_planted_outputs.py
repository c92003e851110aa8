"""Links, pipes and folders at the names of output files: each command ends, and nothing elsewhere is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from optiga.testing import CloudFault
from tests.support.cli.provisioned import CLOUD_EXIT, CONFIGURATION_EXIT, Bench
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")
PLANTED: dict[str, Callable[[Path, Path], object]] = {
    "link": lambda path, victim: path.symlink_to(victim),
    "dangling link": lambda path, victim: path.symlink_to(victim.with_name("new")),
    "pipe": lambda path, victim: os.mkfifo(path),
}


@pytest.fixture(params=sampled(PLANTED, keep=2))
def plant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Path], object]]:
    """Puts something at a name in the folder, which must lead nowhere."""
    victim = tmp_path / "victim"
    victim.write_text("kept")
    yield lambda path: PLANTED[request.param](path, victim)
    assert victim.read_text() == "kept"
    assert not victim.with_name("new").exists()


@pytest.mark.parametrize("name", ["optiga.aws_arn", "my_policy.aws_iot_policy"])
def test_provision_before_anything_is_done(run: Cli, bench: Bench, plant: Callable[[Path], object], name: str) -> None:
    plant(Path(name))
    result = run()
    assert result.code == CONFIGURATION_EXIT
    assert f"cannot write {name}" in result.errors[0]
    assert bench.certificates() == []
    assert list(Path().glob("*.csr")) == []


@pytest.mark.long
def test_provision_that_goes_on(run: Cli, bench: Bench, plant: Callable[[Path], object]) -> None:
    """The CSR's file is written before the certificate is asked for, so what is planted there later is not touched."""
    bench.cloud.fail("CreateCertificateFromCsr", CloudFault.THROTTLE, times=1)
    assert run().code == CLOUD_EXIT
    (csr,) = Path().glob("*.csr")
    csr.unlink()
    plant(csr)
    plant(csr.with_suffix(".pem"))
    result = run()
    assert result.code == CONFIGURATION_EXIT
    assert "cannot write" in result.errors[0]
    csr.with_suffix(".pem").unlink()
    assert run().code == 0
    assert bench.active()


SECRETS = {
    "draw": ("key", "draw", "secp256r1", "--yes", "--out"),
    "random": ("random", "32", "--out"),
    "export": ("export",),
    "dump": ("emulator", "dump", "--out"),
}


@pytest.mark.parametrize("words", SECRETS.values(), ids=SECRETS)
def test_secrets(cli: Cli, port: str, plant: Callable[[Path], object], words: tuple[str, ...]) -> None:
    assert cli("--port", port, "info").code == 0
    plant(Path("out"))
    result = cli("--port", port, *words, "out")
    assert result.code == CONFIGURATION_EXIT
    assert "cannot write out" in result.errors[0]


@pytest.mark.parametrize("name", ["crl.pem", "records.sig"])
def test_what_a_ca_writes(cli: Cli, plant: Callable[[Path], object], name: str) -> None:
    assert cli("ca", "init", "--no-passphrase", "mine").code == 0
    before = Path("mine/issued.db").read_bytes()
    Path("mine", name).unlink()
    plant(Path("mine", name))
    result = cli("ca", "crl", "--ca", "mine")
    assert result.code == CONFIGURATION_EXIT
    assert f"cannot write mine/{name}" in result.errors[0]
    assert Path("mine/issued.db").read_bytes() == before


def test_a_ca_in_a_link(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    Path("mine").symlink_to(tmp_path / "elsewhere")
    result = cli("ca", "init", "--no-passphrase", "mine")
    assert result.code == CONFIGURATION_EXIT
    assert "mine is a symbolic link" in result.errors[0]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_is_read_goes_nowhere_else(cli: Cli, port: str, run: Cli, tmp_path: Path) -> None:
    assert run().code == 0
    Path("out.pem").symlink_to(tmp_path / "new")
    for words in (("--port", port, "--read", "first"), ("journal", "export")):
        assert cli(*words, "--out", "out.pem").code == CONFIGURATION_EXIT
    assert not (tmp_path / "new").exists()
