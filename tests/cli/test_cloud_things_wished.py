"""What else a thing is to be in AWS IoT: the only one of its certificate, in a billing group, of a type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import moto.iot.models
import pytest

from optiga.provision.job import Job
from optiga.provision.job_json import decode_job, encode_job
from optiga.provision.specs import ThingSpec
from optiga.testing import Cloud, CloudFault
from tests.support.cli.cloud_helpers import CHIP, CONFIG, journal_entries, refused
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

RUN = ("--port", CHIP, "provision", CONFIG)
REGISTER = ("--port", CHIP, "register", "--thing", "lamp")
HAS_BILLING = hasattr(moto.iot.models, "FakeBillingGroup")
NEEDS_BILLING = pytest.mark.skipif(not HAS_BILLING, reason="this moto knows no billing groups")


def knows_exclusive() -> bool:
    import botocore.session

    shape = botocore.session.Session().get_service_model("iot").operation_model("AttachThingPrincipal").input_shape
    return shape is not None and "thingPrincipalType" in shape.members


NEEDS_EXCLUSIVE = pytest.mark.skipif(not knows_exclusive(), reason="this botocore knows no exclusive attachments")


def kinds(cloud: Cloud, thing: str) -> list[str]:
    found = cloud.iot.list_thing_principals_v2(thingName=thing)["thingPrincipalObjects"]
    return [one["thingPrincipalType"] for one in found]


def billing_group(cloud: Cloud, thing: str) -> Any:
    return cloud.iot.describe_thing(thingName=thing).get("billingGroupName")


@NEEDS_EXCLUSIVE
class TestExclusive:
    def test_nothing_else_may_have_the_certificate(self, cli: Cli, cloud: Cloud) -> None:
        result = cli(*RUN, "--exclusive", "--output", "json")
        assert result.code == 0, result.err
        assert kinds(cloud, "my_thing") == ["EXCLUSIVE_THING"]
        cloud.iot.create_thing(thingName="another")
        with pytest.raises(cloud.iot.exceptions.InvalidRequestException):
            cloud.iot.attach_thing_principal(thingName="another", principal=json.loads(result.out)["certificate_arn"])
        (entry,) = journal_entries()
        assert entry.export().exclusive is True

    @pytest.mark.long
    def test_without_it(self, cli: Cli, cloud: Cloud) -> None:
        assert cli(*REGISTER).code == 0
        assert kinds(cloud, "lamp") == ["NON_EXCLUSIVE_THING"]
        (entry,) = journal_entries()
        assert entry.export().exclusive is False

    @pytest.mark.long
    def test_a_run_that_goes_on(self, cli: Cli, cloud: Cloud) -> None:
        cloud.fail("AttachThingPrincipal", CloudFault.BREAK_AFTER, times=1)
        cloud.fail("AttachPolicy", CloudFault.error("InvalidRequestException", 400, "no"), times=1)
        assert cli(*RUN, "--exclusive").code == 6, "it is attached, and nobody heard of it"
        assert cli(*RUN, "--exclusive").code == 6
        assert cli(*RUN, "--exclusive").code == 0
        assert kinds(cloud, "my_thing") == ["EXCLUSIVE_THING"]
        assert cli(*RUN, "--exclusive").code == 0

    @pytest.mark.long
    def test_a_certificate_that_has_another_thing(self, cli: Cli, cloud: Cloud) -> None:
        assert cli(*REGISTER).code == 0
        Path("personalization.db").unlink()
        Path("personalization.db.seal").unlink()
        result = cli("--port", CHIP, "register", "--thing", "second", "--exclusive")
        assert (result.code, len(result.errors)) == (6, 1)
        assert "--exclusive" in result.errors[0]
        assert kinds(cloud, "second") == []

    def test_mistakes(self, cli: Cli, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        refused(cli, cloud, 2, "register", "--exclusive")
        refused(cli, cloud, 2, "provision", CONFIG, "--exclusive", "--template", "fleet")
        refused(cli, cloud, 2, "provision", CONFIG, "--exclusive", "--no-cloud", "--ca", "missing")
        monkeypatch.setattr("optiga.cloud.aws.registry.Registry.attaches_exclusively", False)
        assert "boto3" in refused(cli, cloud, 2, "provision", CONFIG, "--exclusive")


@NEEDS_BILLING
class TestBillingGroup:
    @pytest.fixture(autouse=True)
    def _groups(self, cloud: Cloud) -> None:
        for name in ("factory", "other"):
            cloud.iot.create_billing_group(billingGroupName=name)

    @pytest.mark.long
    def test_a_new_thing(self, cli: Cli, cloud: Cloud) -> None:
        assert cli(*RUN, "--billing-group", "factory").code == 0
        assert billing_group(cloud, "my_thing") == "factory"
        (entry,) = journal_entries()
        assert entry.export().billing_group == "factory"

    def test_a_thing_that_is_there(self, cli: Cli, cloud: Cloud) -> None:
        cloud.iot.create_thing(thingName="lamp")
        assert cli(*REGISTER, "--billing-group", "factory").code == 0
        assert billing_group(cloud, "lamp") == "factory"

    @pytest.mark.long
    def test_a_thing_in_another_one(self, cli: Cli, cloud: Cloud) -> None:
        cloud.iot.create_thing(thingName="lamp", billingGroupName="other")
        result = cli(*REGISTER, "--billing-group", "factory")
        assert (result.code, billing_group(cloud, "lamp")) == (0, "other")
        assert "other" in result.err
        (entry,) = journal_entries()
        assert entry.export().billing_group is None

    @pytest.mark.parametrize("operation", sampled(["DescribeThing", "DescribeBillingGroup"], 1))
    def test_what_may_not_be_asked(self, cli: Cli, cloud: Cloud, operation: str) -> None:
        cloud.iot.create_thing(thingName="lamp")
        cloud.fail(operation, CloudFault.error("AccessDeniedException", 403, "no"))
        result = cli(*REGISTER, "--billing-group", "factory")
        assert (result.code, billing_group(cloud, "lamp")) == (0, "factory"), result.err
        assert f"iot:{operation}" in result.err

    def test_mistakes(self, cli: Cli, cloud: Cloud) -> None:
        assert "nowhere" in refused(cli, cloud, 2, "provision", CONFIG, "--billing-group", "nowhere")
        refused(cli, cloud, 2, "provision", CONFIG, "--billing-group", "a b")
        refused(cli, cloud, 2, "register", "--billing-group", "factory")
        refused(cli, cloud, 2, "provision", CONFIG, "--billing-group", "factory", "--template", "fleet")


class TestType:
    @pytest.fixture(autouse=True)
    def _types(self, cloud: Cloud) -> None:
        for name in ("lamps", "pumps"):
            cloud.iot.create_thing_type(thingTypeName=name)

    @pytest.mark.parametrize("held", sampled([{"thingTypeName": "pumps"}, {}], 1))
    def test_one_that_was_not_done(self, cli: Cli, cloud: Cloud, held: dict[str, str]) -> None:
        cloud.iot.create_thing(thingName="lamp", **held)
        result = cli(*REGISTER, "--thing-type", "lamps")
        assert result.code == 0
        (warning,) = [line for line in result.err.splitlines() if "lamps" in line]
        assert warning.startswith("Warning: ")
        assert held.get("thingTypeName", "no type") in warning
        assert cloud.iot.describe_thing(thingName="lamp").get("thingTypeName") == held.get("thingTypeName")

    @pytest.mark.long
    def test_one_that_was(self, cli: Cli, cloud: Cloud) -> None:
        cloud.iot.create_thing(thingName="lamp", thingTypeName="lamps")
        assert "Warning: the thing" not in cli(*REGISTER, "--thing-type", "lamps").err

    @pytest.mark.long
    def test_one_that_is_not_known(self, cli: Cli, cloud: Cloud) -> None:
        cloud.iot.create_thing(thingName="lamp")
        cloud.fail("DescribeThing", CloudFault.error("AccessDeniedException", 403, "no"))
        assert "cannot check whether the type" in cli(*REGISTER, "--thing-type", "lamps").err


@pytest.mark.long
def test_a_dry_run_and_a_job(cli: Cli, cloud: Cloud) -> None:
    if HAS_BILLING:
        cloud.iot.create_billing_group(billingGroupName="factory")
        result = cli(*RUN, "--billing-group", "factory", "--dry-run")
        assert "billing group factory" in result.out
    if knows_exclusive():
        assert "attached exclusively" in cli(*RUN, "--exclusive", "--dry-run").out
    assert journal_entries() == []
    job = Job.own_certificate(thing=ThingSpec("lamp", exclusive=True, billing_group="factory"))
    assert decode_job(encode_job(job)) == job
