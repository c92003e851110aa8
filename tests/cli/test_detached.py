"""``provision`` of a finished chip whose certificate somebody has detached in AWS IoT."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga.testing import CloudFault
from tests.support.cli.cloud_helpers import changes
from tests.support.cli.provisioned import CLOUD_EXIT, Bench, result_of
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

THING, POLICY = "my_thing", "my_policy"
DENIED = CloudFault.error("AccessDeniedException", 403, "no")


@pytest.fixture
def arn(run: Cli, bench: Bench) -> str:
    """A finished chip; the ARN of its certificate."""
    return str(result_of(run())["certificate_arn"])


def detach(bench: Bench, arn: str, *names: str) -> None:
    """Detach the certificate from thing and policy, and delete the thing."""
    iot = bench.cloud.iot
    if POLICY in names:
        iot.detach_policy(policyName=POLICY, target=arn)
    if THING in names:
        iot.detach_thing_principal(thingName=THING, principal=arn)
        iot.delete_thing(thingName=THING)


@pytest.mark.parametrize("dry", sampled([False, True], keep=2))
@pytest.mark.parametrize("names", sampled([(POLICY,), (THING,), (THING, POLICY)], keep=2))
def test_it_is_not_let_in_again(run: Cli, bench: Bench, arn: str, names: tuple[str, ...], *, dry: bool) -> None:
    """Somebody may have locked the device out on purpose."""
    detach(bench, arn, *names)
    calls = len(bench.cloud.calls)
    result = run(*["--dry-run"] * dry)
    assert result.code == CLOUD_EXIT
    assert [name for name in (THING, POLICY) if name in result.errors[0]] == list(names)
    assert "no longer attached" in result.errors[0]
    assert changes(bench.cloud, calls) == []


@pytest.mark.long
def test_once_it_is_attached_all_is_well(run: Cli, bench: Bench, arn: str) -> None:
    detach(bench, arn, POLICY)
    assert run().code == CLOUD_EXIT
    bench.cloud.iot.attach_policy(policyName=POLICY, target=arn)
    assert "already finished" in run().err
    assert bench.check_finished() == arn


@pytest.mark.long
def test_a_renewed_certificate_is_attached(run: Cli, bench: Bench, arn: str) -> None:
    detach(bench, arn, THING, POLICY)
    renewed = result_of(run("--renew"))["certificate_arn"]
    assert renewed != arn
    assert [one["policyName"] for one in bench.cloud.iot.list_attached_policies(target=renewed)["policies"]] == [POLICY]


def test_who_may_not_ask_is_warned(run: Cli, bench: Bench, arn: str) -> None:
    detach(bench, arn, THING, POLICY)
    operations = ("ListPrincipalThings", "ListAttachedPolicies")
    for operation in operations:
        bench.cloud.fail(operation, DENIED)
    result = run()
    assert result.code == 0
    assert all(f"iot:{operation}" in result.err for operation in operations)


@pytest.mark.long
def test_another_thing_of_the_certificate_is_no_matter(run: Cli, bench: Bench, arn: str) -> None:
    bench.cloud.iot.create_thing(thingName="other")
    bench.cloud.iot.attach_thing_principal(thingName="other", principal=arn)
    calls = len(bench.cloud.calls)
    assert "already finished" in run().err
    assert changes(bench.cloud, calls) == []


@pytest.mark.long
def test_by_a_provisioning_template(cli: Cli, bench: Bench, config: Path) -> None:
    certificate = {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"}
    resources = {
        "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": THING}},
        "certificate": {"Type": "AWS::IoT::Certificate", "Properties": certificate},
        "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": POLICY}},
    }
    text = json.dumps({"Parameters": {"AWS::IoT::Certificate::Id": {"Type": "String"}}, "Resources": resources})
    Path("fleet.json").write_text(text)
    statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    bench.cloud.iot.create_policy(policyName=POLICY, policyDocument=document)
    command = ("--port", bench.port, "provision", config, "--template", "fleet.json")
    arn = result_of(cli(*command))["certificate_arn"]
    bench.cloud.iot.detach_policy(policyName=POLICY, target=arn)
    assert f"the policy {POLICY}" in cli(*command).errors[0]
    assert bench.cloud.iot.list_attached_policies(target=arn)["policies"] == []
