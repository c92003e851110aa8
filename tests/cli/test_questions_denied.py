"""Questions that the operator may not ask during a run: a warning with the action's name, and the run goes on.

But for those whose answer keeps from harm: docs/aws.md lists them.
"""

from __future__ import annotations

import json

import pytest

from optiga.provision.entry import Step
from optiga.provision.journal import open_journal
from optiga.testing import Cloud, CloudFault
from tests.support.cli.provisioned import CLOUD_EXIT, Bench, device_of, result_of
from tests.support.cli.runner import Cli, Result
from tests.support.places import ROOT
from tests.support.sampling import sampled

DENIED = CloudFault.error("AccessDeniedException", 403, "User: x is not authorized to perform this")
LIMIT = CloudFault.error("LimitExceededException", 410, "The limit has been reached")
LOST = CloudFault.BREAK_AFTER


def warned(result: Result, operation: str) -> str:
    """The one warning of a question that was left out, of a command that has gone on to its end."""
    assert result.code == 0, result.err
    (warning,) = [line for line in result.err.splitlines() if f"iot:{operation}" in line]
    assert warning.startswith("Warning: ")
    assert f"these credentials do not allow iot:{operation}. Allow iot:{operation}" in warning
    return warning


def refused(result: Result, operation: str) -> str:
    """The one error line of a command that has ended at a question."""
    assert (result.code, result.out, len(result.errors)) == (CLOUD_EXIT, "", 1), result
    assert f"AWS denies these credentials iot:{operation}" in result.errors[0]
    assert f"Allow iot:{operation}" in result.errors[0]
    return result.errors[0]


def step_of(bench: Bench) -> Step:
    with open_journal(bench.folder / "personalization.db") as journal:
        (entry,) = journal.all()
    return entry.step


class TestDescribeThing:
    @pytest.fixture(autouse=True)
    def _denied(self, cloud: Cloud) -> None:
        cloud.fail("DescribeThing", DENIED)

    @pytest.mark.long
    def test_a_thing_that_is_made(self, run: Cli, bench: Bench) -> None:
        result = run("--attribute", "room=7")
        warned(result, "DescribeThing")
        bench.cloud.settle()
        arn = bench.check_finished()
        assert result_of(result)["thing_arn"].endswith(":thing/my_thing")
        assert arn == result_of(result)["certificate_arn"]
        assert attributes(bench) == {"room": "7"}

    @pytest.mark.parametrize("options", sampled([("--attribute", "room=7"), ()], keep=1))
    def test_a_thing_that_is_there(self, run: Cli, bench: Bench, options: tuple[str, ...]) -> None:
        """It keeps what it has, and gets the attributes."""
        made = bench.cloud.iot.create_thing(
            thingName="my_thing", attributePayload={"attributes": {"room": "1", "floor": "2"}}
        )
        result = run(*options)
        warned(result, "DescribeThing")
        bench.check_finished()
        assert result_of(result)["thing_arn"] == made["thingArn"]
        assert attributes(bench) == {"room": "7" if options else "1", "floor": "2"}

    def test_another_refusal_of_the_thing_is_an_error(self, run: Cli, bench: Bench) -> None:
        bench.cloud.fail("CreateThing", DENIED)
        result = run()
        assert (result.code, len(result.errors)) == (CLOUD_EXIT, 1)
        assert "iot:CreateThing" in result.errors[0]
        assert bench.active() == []

    @pytest.mark.long
    def test_registered_as_it_came(self, cli: Cli, bench: Bench) -> None:
        result = cli("--port", bench.port, "register", "--thing", "lamp", "--query", "thing")
        warned(result, "DescribeThing")
        assert result.out == "lamp\n"


def attributes(bench: Bench) -> dict[str, str]:
    (thing,) = bench.cloud.iot.list_things()["things"]
    found: dict[str, str] = thing["attributes"]
    return found


def test_other_errors_of_describe_thing_end_the_run(run: Cli, bench: Bench) -> None:
    bench.cloud.fail("DescribeThing", CloudFault.error("ExpiredTokenException", 403, "expired"))
    assert run().code == CLOUD_EXIT
    assert bench.active() == []


@pytest.mark.long
def test_the_policy_that_aws_has(run: Cli, bench: Bench) -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}], "Version": "2012-10-17"}
    bench.cloud.iot.create_policy(policyName="my_policy", policyDocument=json.dumps(document))
    bench.cloud.fail("GetPolicy", DENIED)
    assert "my_policy" in warned(run(), "GetPolicy")
    bench.check_finished()


class TestDescribeCertificate:
    @pytest.mark.long
    def test_a_chip_that_is_finished(self, run: Cli, bench: Bench) -> None:
        first = run()
        bench.cloud.fail("DescribeCertificate", DENIED)
        again = run()
        warned(again, "DescribeCertificate")
        assert device_of(again) == device_of(first)

    @pytest.mark.long
    def test_a_run_that_was_interrupted(self, run: Cli, bench: Bench) -> None:
        bench.cloud.fail("AttachPolicy", LIMIT, times=1)
        assert run().code == CLOUD_EXIT
        bench.cloud.fail("DescribeCertificate", DENIED, times=1)
        warned(run(), "DescribeCertificate")
        bench.check_finished()

    @pytest.mark.long
    def test_the_certificate_before_it(self, run: Cli, bench: Bench) -> None:
        """It does not stay active because nobody could look."""
        run()
        bench.cloud.fail("DescribeCertificate", DENIED, times=1)
        warned(run("--renew"), "DescribeCertificate")
        bench.check_finished(certificates=2)

    @pytest.mark.long
    def test_the_certificate_before_it_that_is_revoked(self, run: Cli, bench: Bench) -> None:
        old = str(result_of(run())["certificate_id"])
        bench.cloud.iot.update_certificate(certificateId=old, newStatus="REVOKED")
        bench.cloud.fail("DescribeCertificate", DENIED, times=1)
        result = run("--renew")
        warned(result, "DescribeCertificate")
        assert "now inactive" not in result.err
        held = bench.cloud.iot.describe_certificate(certificateId=old)["certificateDescription"]
        assert held["status"] == "REVOKED"
        assert len(bench.active()) == 1

    @pytest.mark.long
    def test_a_certificate_that_aws_has_already(self, cli: Cli, bench: Bench) -> None:
        """It may be revoked: whoever cannot see that does not make it active."""
        pem = cli("--port", bench.port, "--read", "first").out
        bench.cloud.iot.register_certificate_without_ca(certificatePem=pem, status="REVOKED")
        bench.cloud.fail("DescribeCertificate", DENIED)
        refused(cli("--port", bench.port, "register"), "DescribeCertificate")
        assert bench.active() == []


class TestACertificateThatNobodyHasHeardOf:
    @pytest.fixture
    def lost(self, run: Cli, bench: Bench) -> Bench:
        """A run whose certificate AWS has made, and whose answer was lost."""
        bench.cloud.fail("CreateCertificateFromCsr", LOST, times=1)
        assert run().code == CLOUD_EXIT
        assert step_of(bench) is Step.REQUESTED
        return bench

    @pytest.mark.parametrize("operation", sampled(["ListCertificates", "DescribeCertificate"], keep=1))
    def test_no_second_one_is_made(self, run: Cli, lost: Bench, operation: str) -> None:
        lost.cloud.fail(operation, DENIED, times=1)
        assert "second certificate" in refused(run(), operation)
        assert len(lost.certificates()) == 1
        assert run().code == 0
        lost.check_finished()

    @pytest.mark.long
    def test_taken_back(self, cli: Cli, lost: Bench) -> None:
        lost.cloud.fail("ListCertificates", DENIED)
        result = cli("--port", lost.port, "deprovision", "--yes")
        warned(result, "ListCertificates")
        assert step_of(lost) is Step.DEPROVISIONED


class TestDeprovision:
    @pytest.mark.long
    @pytest.mark.parametrize(
        "operation", sampled(["DescribeCertificate", "ListPrincipalThings", "ListAttachedPolicies"], keep=1)
    )
    def test_by_what_the_journal_knows(self, cli: Cli, run: Cli, bench: Bench, operation: str) -> None:
        run()
        bench.cloud.fail(operation, DENIED, times=1)
        result = cli("--port", bench.port, "deprovision", "--yes", "--delete-thing", "--delete-policy")
        warned(result, operation)
        assert bench.certificates() == []
        assert bench.cloud.iot.list_things()["things"] == []
        assert bench.cloud.iot.list_policies()["policies"] == []

    @pytest.mark.long
    def test_what_is_gone_already(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """The call may be made again: what cannot be seen may be gone."""
        run()
        bench.cloud.fail("DeleteThing", LIMIT, times=1)
        assert cli("--port", bench.port, "deprovision", "--yes", "--delete-thing").code == CLOUD_EXIT
        bench.cloud.fail("DescribeCertificate", DENIED, times=1)
        result = cli("--port", bench.port, "deprovision", "--yes", "--delete-thing")
        warned(result, "DescribeCertificate")
        assert bench.cloud.iot.list_things()["things"] == []


def test_the_documents_name_those_that_must_be_answered() -> None:
    text = (ROOT / "docs" / "aws.md").read_text(encoding="utf-8")
    essential = text.partition("These checks are required")[2].partition("\n\nAn endpoint")[0]
    for action in ("ListCertificates", "DescribeCertificate", "DescribeProvisioningTemplate", "ListCACertificates"):
        assert f"`iot:{action}`" in essential
