"""``provision --dry-run`` of a chip that the journal knows: what it says is what a run does, and nothing changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga.testing import CloudFault
from tests.support.cli.cloud_helpers import changes
from tests.support.cli.provisioned import CERTIFICATE_EXIT, CLOUD_EXIT, Bench, config_with, result_of
from tests.support.cli.runner import Cli, Result
from tests.support.places import CONFIGS

NO_CLOUD = ("--ca", "root", "--no-cloud")


def dry(run: Cli, bench: Bench, *options: object) -> Result:
    """A dry run, after which chip, folder and AWS are as before."""
    held, calls = bench.objects() if bench.chip.exists() else None, len(bench.cloud.calls)
    files = {path: path.read_bytes() for path in bench.folder.glob("*") if path.is_file()}
    result = run("--dry-run", *options)
    assert (bench.objects() if bench.chip.exists() else None) == held
    assert {path: path.read_bytes() for path in bench.folder.glob("*") if path.is_file()} == files
    assert changes(bench.cloud, calls) == []
    return result


def steps_of(result: Result) -> list[str]:
    assert result.code == 0, result.err
    return [str(step) for step in json.loads(result.out)["steps"]]


@pytest.fixture
def interrupted(run: Cli, bench: Bench) -> None:
    bench.cloud.fail("AttachPolicy", CloudFault.THROTTLE, times=1)
    assert run().code == CLOUD_EXIT


@pytest.mark.long
def test_finished(run: Cli, bench: Bench) -> None:
    result_of(run())
    assert steps_of(dry(run, bench, "--output", "json")) == []
    assert "Nothing will change" in dry(run, bench).out


def test_finished_and_something_is_missing(cli: Cli, run: Cli, bench: Bench) -> None:
    """A file, and the certificate on the chip: the run writes both again."""
    done = result_of(run())
    Path(done["filename"]).unlink()
    Path("zero.hex").write_text("00")
    assert cli("--port", bench.port, "object", "write", "0xE0E1", "--hex", "zero.hex").code == 0
    file, certificate = steps_of(dry(run, bench, "--output", "json"))
    assert done["filename"] in file
    assert "0xE0E1" in certificate


@pytest.mark.usefixtures("interrupted")
def test_interrupted(run: Cli, bench: Bench) -> None:
    policy, active = steps_of(dry(run, bench, "--output", "json"))
    assert "policy my_policy" in policy
    assert "becomes active" in active


@pytest.mark.long
def test_without_a_cloud_and_then_into_it(cli: Cli, run: Cli, bench: Bench) -> None:
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    result_of(run(*NO_CLOUD))
    first, *_ = told = steps_of(dry(run, bench, "--ca", "root", "--output", "json"))
    assert "is registered" in first
    assert len(told) == 4


def test_of_another_thing(run: Cli, bench: Bench, config: Path, cli: Cli) -> None:
    result_of(run())
    other = config_with(bench.folder, config, thing="other", policy="my_policy")
    words = ("--port", bench.port, "provision", other)
    foreseen = dry(lambda *more: cli(*words, *more), bench)
    assert (foreseen.code, foreseen.out) == (CERTIFICATE_EXIT, "")
    assert foreseen.errors == cli(*words).errors


@pytest.mark.long
@pytest.mark.parametrize("is_finished", [True, False])
def test_a_certificate_that_somebody_has_revoked(run: Cli, bench: Bench, *, is_finished: bool) -> None:
    if not is_finished:
        bench.cloud.fail("AttachPolicy", CloudFault.THROTTLE, times=1)
    run()
    (held,) = bench.certificates()
    bench.cloud.iot.update_certificate(certificateId=held["certificateId"], newStatus="REVOKED")
    foreseen = dry(run, bench)
    assert (foreseen.code, foreseen.out) == (CLOUD_EXIT, "")
    assert foreseen.errors == run().errors


@pytest.mark.long
def test_renewed(run: Cli, bench: Bench) -> None:
    old = result_of(run())["certificate_id"]
    told = steps_of(dry(run, bench, "--renew", "--output", "json"))
    assert len(told) == 8
    assert [step for step in told if "inactive" in step and old in step] == told[-1:]


def test_there_is_nothing_to_renew(run: Cli, cli: Cli, bench: Bench) -> None:
    assert cli("emulator", "new", bench.chip).code == 0
    assert not any("previous" in step for step in steps_of(dry(run, bench, "--renew", "--output", "json")))


@pytest.mark.long
def test_an_interrupted_renewal(run: Cli, bench: Bench) -> None:
    old = result_of(run())["certificate_id"]
    bench.cloud.fail("AttachPolicy", CloudFault.THROTTLE, times=1)
    assert run("--renew").code == CLOUD_EXIT
    *_, last = told = steps_of(dry(run, bench, "--output", "json"))
    assert len(told) == 3
    assert old in last


@pytest.mark.long
def test_names_with_the_uid(cli: Cli, bench: Bench) -> None:
    """They are filled in where the chip was read, and stay as they are where it was not."""
    words = (
        "provision",
        CONFIGS / "config_nistp256_ecdsa_thing_per_chip.jsn",
        "--out-dir",
        "{uid}-{slot}",
        "--dry-run",
    )
    assert "thing_{uid}" in cli(*words).out
    assert cli("emulator", "new", bench.chip).code == 0
    uid = cli("--port", bench.port, "info", "--query", "uid").out.strip()
    told = cli("--port", bench.port, *words).out
    assert f"thing_{uid}" in told
    assert f"{uid}-second" in told
    assert "{" not in told
