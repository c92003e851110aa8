"""``deprovision --dry-run``: what a run would delete and what it would leave; nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optiga.testing import CloudFault
from tests.support.cli.cloud_helpers import changes
from tests.support.cli.provisioned import CLOUD_EXIT, CONFIGURATION_EXIT, Bench, result_of
from tests.support.cli.runner import Cli, Result


class DryRun:
    """The command on a bench; whatever it says, it has changed nothing."""

    def __init__(self, cli: Cli, bench: Bench) -> None:
        self._cli, self._bench = cli, bench

    def __call__(self, *options: object) -> Result:
        bench = self._bench
        held = bench.objects() if bench.chip.exists() else None
        files, calls = _files(bench.folder), len(bench.cloud.calls)
        result = self._cli("--port", bench.port, "deprovision", "--dry-run", *options)
        assert changes(bench.cloud, calls) == []
        assert _files(bench.folder) == files
        assert (bench.objects() if bench.chip.exists() else None) == held
        return result

    def fields(self, *options: object) -> dict[str, Any]:
        return result_of(self(*options, "--output", "json"))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def dry_run(cli: Cli, bench: Bench) -> DryRun:
    return DryRun(cli, bench)


@pytest.mark.long
def test_every_file_that_stays(cli: Cli, run: Cli, bench: Bench, dry_run: DryRun) -> None:
    """Those of the certificate before a renewal, too."""
    first, second = result_of(run()), result_of(run("--renew"))
    names = ["optiga.aws_arn", *(one[name] for one in (first, second) for name in ("filename", "certificate_file"))]
    foreseen = next(one for one in dry_run.fields()["stays"] if "files stay" in one)
    assert [name for name in names if name not in foreseen] == []
    told = cli("--port", bench.port, "deprovision", "--yes").err.splitlines()
    assert sum(foreseen in line for line in told) == 1


@pytest.mark.long
def test_another_slot_of_the_chip(cli: Cli, run: Cli, bench: Bench, dry_run: DryRun) -> None:
    run()
    assert not any("also a device" in one for one in dry_run.fields()["stays"])
    run("--slot", "third")
    (foreseen,) = [one for one in dry_run.fields()["stays"] if "also a device" in one]
    assert "Slot third" in foreseen
    assert "--slot third" in foreseen
    command = ("--port", bench.port, "deprovision", "--yes")
    assert foreseen in cli(*command).err.splitlines()
    assert "also a device" not in cli(*command, "--slot", "third").err


def test_what_is_deleted_and_what_stays(run: Cli, bench: Bench, dry_run: DryRun) -> None:
    made = result_of(run())
    fields = dry_run.fields()
    assert (fields["uid"], fields["slot"]) == (made["uid"], "second")
    assert fields["account"] in made["certificate_arn"]
    assert fields["region"] in made["certificate_arn"]
    assert fields["certificates"] == [made["certificate_id"]]
    assert (fields["thing"], fields["policy"]) == ("my_thing", "my_policy")
    assert fields["deletes_thing"] is fields["deletes_policy"] is False
    first, second = fields["steps"]
    for text in (made["certificate_id"], "deactivated", "thing my_thing", "policy my_policy", "deleted"):
        assert text in first
    assert "journal" in second
    stays = "\n".join(fields["stays"])
    for text in ("chip", "thing my_thing stays", "--delete-thing", "policy my_policy stays", "--delete-policy"):
        assert text in stays
    assert len(bench.active()) == 1


@pytest.mark.long
def test_for_people(run: Cli, dry_run: DryRun) -> None:
    run()
    result = dry_run("--delete-thing")
    lines = result.out.splitlines()
    assert result.code == 0
    assert [line[:3] for line in lines[:3]] == ["1. ", "2. ", "3. "]
    assert "thing my_thing is deleted" in lines[2]
    assert any("policy my_policy stays" in line for line in lines[3:])
    assert "can never be undone" not in result.err


def test_all_of_it_is_what_a_run_does(cli: Cli, run: Cli, bench: Bench, dry_run: DryRun) -> None:
    """Also the certificate that was replaced."""
    names = [result_of(run(*options))["certificate_id"] for options in ((), ("--renew",))]
    options = ("--delete-thing", "--delete-policy")
    fields = dry_run.fields(*options)
    assert sorted(fields["certificates"]) == sorted(names)
    assert (fields["thing"], fields["policy"]) == ("my_thing", "my_policy")
    assert fields["deletes_thing"] is fields["deletes_policy"] is True
    assert len(fields["steps"]) == 5
    kept, files = fields["stays"]
    assert "chip" in kept
    assert "optiga.aws_arn" in files
    assert cli("--port", bench.port, "deprovision", "--yes", *options).code == 0
    gone = dry_run.fields(*options)
    assert gone["certificates"] == gone["steps"] == []
    assert gone["deletes_thing"] is gone["deletes_policy"] is False
    assert "Nothing will change" in dry_run(*options).out


def test_what_a_run_refuses(run: Cli, dry_run: DryRun) -> None:
    run()
    run("--slot", "third")
    result = dry_run("--delete-thing")
    assert result.code == CLOUD_EXIT
    assert "the thing my_thing has 1 other certificate" in result.errors[0]


@pytest.mark.long
def test_what_may_not_be_asked(run: Cli, bench: Bench, dry_run: DryRun) -> None:
    name = result_of(run())["certificate_id"]
    for operation in ("DescribeThing", "GetPolicy"):
        bench.cloud.fail(operation, CloudFault.error("AccessDeniedException", 403, "no"))
    result = dry_run("--delete-thing", "--delete-policy")
    assert result.code == 0, result.err
    assert result.err.count("Warning: cannot check whether there is a") == 2
    for text in (
        name,
        "thing my_thing is deleted, if AWS IoT has it",
        "policy my_policy is deleted, if AWS IoT has it",
    ):
        assert text in result.out


def test_without_a_cloud(cli: Cli, run: Cli, dry_run: DryRun) -> None:
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    result_of(run("--ca", "root", "--no-cloud"))
    fields = dry_run.fields()
    assert fields["account"] is fields["region"] is None
    (step,) = fields["steps"]
    assert "journal" in step
    assert any("ca revoke" in sentence and "--ca FOLDER" in sentence for sentence in fields["stays"])


@pytest.mark.long
def test_what_is_in_another_region(run: Cli, dry_run: DryRun) -> None:
    old = result_of(run("--region", "us-east-1"))
    new = result_of(run("--region", "eu-west-1", "--renew"))
    fields = dry_run.fields()
    assert fields["certificates"] == [new["certificate_id"]]
    assert any(old["certificate_id"] in one and "--region us-east-1" in one for one in fields["stays"])
    there = dry_run.fields("--region", "us-east-1")
    assert there["certificates"] == [old["certificate_id"]]
    assert any(new["certificate_id"] in one for one in there["stays"])
    assert any("us-east-1" in step and "journal" in step for step in there["steps"])


@pytest.mark.long
def test_a_chip_that_does_not_exist_is_not_made(run: Cli, bench: Bench, dry_run: DryRun) -> None:
    uid = result_of(run())["uid"]
    bench.chip.unlink()
    assert dry_run().code == CONFIGURATION_EXIT
    assert dry_run.fields("--uid", uid)["uid"] == uid


def test_a_query(run: Cli, dry_run: DryRun) -> None:
    name = result_of(run())["certificate_id"]
    assert dry_run("--query", "certificates[0]").out.strip() == name
    assert "step" in dry_run("--query", "step").errors[0]
