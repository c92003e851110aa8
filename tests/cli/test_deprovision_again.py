"""``deprovision`` that is interrupted, and of devices whose ``provision`` was: the repeat leaves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optiga.provision.entry import Step
from optiga.provision.journal import open_journal
from optiga.testing import Cloud, CloudFault
from tests.support.cli.provisioned import CLOUD_EXIT, Bench, result_of
from tests.support.cli.provisioned import OPERATIONS as PROVISION_CALLS
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

CALLS = (
    *("GetCallerIdentity", "DescribeCertificate", "ListPrincipalThings", "ListAttachedPolicies"),
    *("ListThingPrincipals", "ListTargetsForPolicy", "ListPolicyVersions"),
    *("UpdateCertificate", "DetachPolicy", "DetachThingPrincipal", "DeleteCertificate"),
    *("DescribeThing", "DeleteThing", "DeletePolicy"),
)
"""What ``deprovision`` with both options asks for."""
FAULTS = {
    "refused": CloudFault.error("InternalFailureException", 500, "down"),
    "broken before": CloudFault.BREAK_BEFORE,
    "broken after": CloudFault.BREAK_AFTER,
}
THING = "my_thing"


@pytest.fixture
def bench(cli: Cli, cloud: Cloud, tmp_path: Path) -> Bench:
    return Bench(cloud, tmp_path / "work", tmp_path / "chip")


@pytest.fixture
def run(cli: Cli, bench: Bench, configs: Path) -> Cli:
    config = configs / "config_nistp256_ecdsa_secondslot.jsn"
    return lambda *options: cli("--port", bench.port, "provision", config, *options)


@pytest.fixture
def undo(cli: Cli, bench: Bench) -> Cli:
    words = ("--port", bench.port, "deprovision", "--delete-thing", "--delete-policy", "--yes", "--output", "json")
    return lambda *options: cli(*words, *options)


def things(bench: Bench) -> list[str]:
    return [one["thingName"] for one in bench.cloud.iot.list_things()["things"]]


def warned(fields: dict[str, Any]) -> list[str]:
    """What is warned of, but for that it is a stand-in."""
    return [one for one in fields["warnings"] if not one.startswith("Not AWS")]


def check_nothing_left(bench: Bench) -> None:
    assert bench.certificates() == []
    assert things(bench) == []
    assert bench.cloud.iot.list_policies()["policies"] == []
    with open_journal(bench.folder / "personalization.db") as journal:
        assert [entry.step for entry in journal.all()] == [Step.DEPROVISIONED]


@pytest.mark.long
def test_what_it_asks_for(run: Cli, undo: Cli, bench: Bench) -> None:
    """The list above is complete, so that each call is interrupted below."""
    assert run().code == 0
    bench.cloud.calls.clear()
    fields = result_of(undo())
    assert set(bench.cloud.calls) == set(CALLS)
    assert (fields["thing_deleted"], fields["policy_deleted"], warned(fields)) == (True, True, [])
    check_nothing_left(bench)


@pytest.mark.parametrize("fault", sampled(list(FAULTS), keep=1))
@pytest.mark.parametrize("call", sampled(CALLS, keep=2))
def test_interrupted_at_a_call(run: Cli, undo: Cli, bench: Bench, call: str, fault: str) -> None:
    assert run().code == 0
    bench.cloud.fail(call, FAULTS[fault], times=1)
    assert undo().code == CLOUD_EXIT
    fields = result_of(undo())
    assert (fields["thing"], fields["thing_deleted"], warned(fields)) == (THING, True, [])
    check_nothing_left(bench)


@pytest.mark.long
@pytest.mark.parametrize("call", sampled(["DeleteCertificate", "DeleteThing"], keep=1))
def test_interrupted_several_times(run: Cli, undo: Cli, bench: Bench, call: str) -> None:
    assert run().code == 0
    for fault in FAULTS.values():
        bench.cloud.fail(call, fault, times=1)
        assert undo().code == CLOUD_EXIT
    assert result_of(undo())["thing_deleted"] is True
    check_nothing_left(bench)


@pytest.mark.long
def test_interrupted_before_a_thing_that_is_not_its_own(run: Cli, undo: Cli, bench: Bench) -> None:
    """Each repeat is as careful as the first run, and says what stays."""
    assert run().code == 0
    (held,) = bench.certificates()
    bench.cloud.iot.detach_thing_principal(thingName=THING, principal=held["certificateArn"])
    bench.cloud.fail("DeleteCertificate", FAULTS["refused"], times=1)
    assert undo().code == CLOUD_EXIT
    for _ in range(2):
        fields = result_of(undo())
        assert fields["thing_deleted"] is False
        (warning,) = warned(fields)
        assert f"the thing {THING} stays" in warning
        assert things(bench) == [THING]


@pytest.mark.long
@pytest.mark.parametrize("call", ["CreateCertificateFromCsr", "DescribeThing"])
def test_a_thing_that_was_not_made_is_not_named(run: Cli, undo: Cli, bench: Bench, call: str) -> None:
    bench.cloud.fail(call, CloudFault.BREAK_AFTER, times=1)
    assert run().code == CLOUD_EXIT
    result = undo()
    assert warned(result_of(result)) == []
    assert f"There is no thing {THING} in AWS IoT" in result.err
    check_nothing_left(bench)


@pytest.mark.long
@pytest.mark.parametrize("call", sampled(["CreateThing", "AttachThingPrincipal"], keep=1))
@pytest.mark.parametrize("is_renewed", sampled([False, True], keep=1))
def test_a_thing_that_an_interrupted_run_has_made(
    cli: Cli, run: Cli, undo: Cli, bench: Bench, configs: Path, call: str, *, is_renewed: bool
) -> None:
    bench.cloud.fail(call, CloudFault.BREAK_AFTER if call == "CreateThing" else CloudFault.BREAK_BEFORE, times=1)
    assert run().code == CLOUD_EXIT
    if is_renewed:  # begun anew with another key, and interrupted again
        assert cli("--port", bench.port, "--csr", configs / "config_nistp256_ecdsa_secondslot.jsn").code == 0
        bench.cloud.fail("CreateCertificateFromCsr", FAULTS["refused"], times=1)
        assert run("--renew").code == CLOUD_EXIT
    assert things(bench) == [THING]
    assert result_of(undo())["thing_deleted"] is True
    check_nothing_left(bench)


@pytest.mark.long
def test_a_thing_that_was_there_before_stays(run: Cli, undo: Cli, bench: Bench) -> None:
    """Nothing was attached to it: it is not this device's, also not for a repeat."""
    bench.cloud.iot.create_thing(thingName=THING)
    bench.cloud.fail("AttachThingPrincipal", CloudFault.BREAK_BEFORE, times=1)
    assert run().code == CLOUD_EXIT
    for _ in range(2):
        fields = result_of(undo())
        assert fields["thing_deleted"] is False
        assert f"the thing {THING} stays" in warned(fields)[0]
    assert things(bench) == [THING]


@pytest.mark.long
def test_of_another_region(run: Cli, undo: Cli, bench: Bench) -> None:
    """Its thing is deleted before the journal forgets that region."""
    assert run("--region", "us-east-1").code == 0
    assert run("--renew", "--region", "eu-west-1").code == 0
    bench.cloud.fail("DeleteThing", FAULTS["broken before"], times=1)
    assert undo("--region", "us-east-1").code == CLOUD_EXIT
    assert result_of(undo("--region", "us-east-1"))["thing_deleted"] is True


@pytest.mark.long
@pytest.mark.parametrize("fault", ["broken before", "broken after"])
@pytest.mark.parametrize("call", sampled(PROVISION_CALLS[PROVISION_CALLS.index("CreateCertificateFromCsr") :], keep=2))
def test_of_a_provision_that_was_interrupted_at_a_call(
    run: Cli, undo: Cli, bench: Bench, call: str, fault: str
) -> None:
    bench.cloud.iot.create_thing_group(thingGroupName="hall")
    bench.cloud.fail(call, FAULTS[fault], times=1)
    assert run("--thing-group", "hall").code == CLOUD_EXIT
    assert warned(result_of(undo())) == []
    check_nothing_left(bench)
