"""``provision`` of a chip that the journal knows: renewed, changed since, damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

import optiga
from optiga.testing import CloudFault
from tests.support.cli.provisioned import (
    CERTIFICATE_EXIT,
    CLOUD_EXIT,
    CONFIGURATION_EXIT,
    Bench,
    config_with,
    result_of,
)
from tests.support.cli.runner import Cli
from tests.support.journals import edit_version_1
from tests.support.sampling import sampled


class TestRenew:
    @pytest.mark.long
    def test_a_new_key_and_certificate(self, run: Cli, bench: Bench) -> None:
        old = result_of(run())
        renewed = run("--renew")
        new = result_of(renewed)
        assert new["certificate_id"] != old["certificate_id"]
        assert new["public_key"] != old["public_key"]
        assert bench.check_finished(certificates=2) == new["certificate_arn"]
        assert f"The previous certificate is now inactive: {old['certificate_id']}" in renewed.err

    @pytest.mark.long
    def test_the_old_one_is_active_until_the_new_one_is(self, run: Cli, bench: Bench) -> None:
        old = result_of(run())
        bench.cloud.fail("UpdateCertificate", CloudFault.BREAK_BEFORE, times=1)
        assert run("--renew").code == CLOUD_EXIT
        assert [one["certificateId"] for one in bench.active()] == [old["certificate_id"]]
        new = result_of(run("--renew"))
        assert bench.check_finished(certificates=2) == new["certificate_arn"]

    @pytest.mark.long
    def test_an_interrupted_renewal_is_finished_without_the_option(self, run: Cli, bench: Bench) -> None:
        result_of(run())
        bench.cloud.fail("AttachPolicy", CloudFault.THROTTLE, times=1)
        assert run("--renew").code == CLOUD_EXIT
        result_of(run())
        bench.check_finished(certificates=2)

    @pytest.mark.long
    def test_another_key_in_the_middle(self, cli: Cli, run: Cli, bench: Bench, config: Path, tmp_path: Path) -> None:
        """The slot got another key between two runs: said, and begun anew only if that is wanted."""
        old = result_of(run())
        bench.cloud.fail("AttachThingPrincipal", CloudFault.THROTTLE, times=1)
        assert run("--renew").code == CLOUD_EXIT
        cli("--port", bench.port, "--csr", config, "--out-dir", tmp_path)
        result = run()
        assert result.code == CERTIFICATE_EXIT
        assert "does not belong to the key in 0xE0F1" in result.errors[0]
        assert "--renew" in result.errors[0]
        assert [one["certificateId"] for one in bench.active()] == [old["certificate_id"]]
        new = result_of(run("--renew"))
        assert bench.check_finished(certificates=3) == new["certificate_arn"]

    @pytest.mark.long
    def test_again_and_again(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """None is forgotten, so that taking the device back takes all of them."""
        for options in ((), ("--renew",), ("--renew",)):
            result_of(run(*options))
        bench.check_finished(certificates=3)
        assert cli("--port", bench.port, "deprovision", "--yes", "--delete-thing", "--delete-policy").code == 0
        assert bench.certificates() == []

    @pytest.mark.long
    def test_one_that_was_revoked_stays_so(self, run: Cli, bench: Bench) -> None:
        old = result_of(run())["certificate_id"]
        bench.cloud.iot.update_certificate(certificateId=old, newStatus="REVOKED")
        renewed = run("--renew")
        new = result_of(renewed)["certificate_id"]
        assert {one["certificateId"]: one["status"] for one in bench.certificates()} == {old: "REVOKED", new: "ACTIVE"}
        assert "The previous certificate" not in renewed.err

    def test_a_certificate_that_nobody_heard_of(self, cli: Cli, run: Cli, bench: Bench, config: Path) -> None:
        """Its answer was lost, and then its key: it is not used any more, but it is not forgotten."""
        bench.cloud.fail("CreateCertificateFromCsr", CloudFault.BREAK_AFTER, times=1)
        assert run().code == CLOUD_EXIT
        cli("--port", bench.port, "--csr", config)
        result_of(run("--renew"))
        assert len(bench.certificates()) == 2
        assert cli("--port", bench.port, "deprovision", "--yes").code == 0
        assert bench.certificates() == []


@pytest.mark.long
class TestInTheMiddle:
    """What happened in AWS to the certificate of a run that was interrupted."""

    @pytest.fixture(params=["AttachThingPrincipal", "UpdateCertificate"])
    def certificate_id(self, request: pytest.FixtureRequest, run: Cli, bench: Bench) -> str:
        bench.cloud.fail(request.param, CloudFault.THROTTLE, times=1)
        assert run().code == CLOUD_EXIT
        (found,) = bench.certificates()
        return str(found["certificateId"])

    def test_it_is_gone(self, run: Cli, bench: Bench, certificate_id: str) -> None:
        iot, (found,) = bench.cloud.iot, bench.certificates()
        for policy in iot.list_attached_policies(target=found["certificateArn"])["policies"]:
            iot.detach_policy(policyName=policy["policyName"], target=found["certificateArn"])
        for thing in iot.list_principal_things(principal=found["certificateArn"])["things"]:
            iot.detach_thing_principal(thingName=thing, principal=found["certificateArn"])
        iot.delete_certificate(certificateId=certificate_id)
        result = run()
        assert result.code == CLOUD_EXIT
        assert (
            "cannot be continued: its certificate is no longer in AWS IoT. For a new key and certificate, use --renew"
            in result.errors[0]
        )
        new = result_of(run("--renew"))
        assert [one["certificateId"] for one in bench.certificates()] == [new["certificate_id"]]
        assert len(bench.active()) == 1

    def test_it_is_revoked(self, run: Cli, bench: Bench, certificate_id: str) -> None:
        """Whoever has revoked it does not want it to be active."""
        bench.cloud.iot.update_certificate(certificateId=certificate_id, newStatus="REVOKED")
        result = run()
        assert result.code == CLOUD_EXIT
        assert (
            "cannot be continued: its certificate is REVOKED. For a new key and certificate, use --renew"
            in result.errors[0]
        )
        assert bench.active() == []
        new = result_of(run("--renew"))
        assert [one["certificateId"] for one in bench.active()] == [new["certificate_id"]]

    def test_it_is_active(self, run: Cli, bench: Bench, certificate_id: str) -> None:
        bench.cloud.iot.update_certificate(certificateId=certificate_id, newStatus="ACTIVE")
        assert result_of(run())["certificate_id"] == certificate_id
        bench.check_finished()


class TestDrift:
    @pytest.mark.long
    def test_another_key_on_a_finished_chip(
        self, cli: Cli, run: Cli, bench: Bench, config: Path, tmp_path: Path
    ) -> None:
        run()
        cli("--port", bench.port, "--csr", config, "--out-dir", tmp_path)
        result = run()
        assert result.code == CERTIFICATE_EXIT
        assert len(result.errors) == 1
        assert "--renew" in result.errors[0]

    @pytest.mark.long
    def test_another_certificate_in_the_slot(self, cli: Cli, run: Cli, bench: Bench, config: Path) -> None:
        """The right one is put back: its key is still there."""
        run()
        with optiga.open_chip(bench.port) as chip:
            chip.write(0xE0E1, b"\x00")
        result = run()
        assert result.code == 0
        assert "Certificate written to 0xE0E1" in result.err
        bench.check_finished()

    def test_a_certificate_that_was_deactivated(self, run: Cli, bench: Bench) -> None:
        """The way back that costs no key is told, and the chip that it is about."""
        fields = result_of(run())
        identifier = fields["certificate_id"]
        bench.cloud.iot.update_certificate(certificateId=identifier, newStatus="INACTIVE")
        (error,) = run().errors
        assert f"chip {fields['uid']} is finished" in error
        assert f"set certificate {identifier} to ACTIVE in {bench.cloud.iot.meta.region_name}" in error
        assert "aws iot update-certificate" in error
        assert "--renew" in error

    @pytest.mark.parametrize("state", ["INACTIVE", "REVOKED", "no longer in AWS IoT"])
    @pytest.mark.long
    def test_a_certificate_that_aws_no_longer_takes(self, run: Cli, bench: Bench, state: str) -> None:
        fields = result_of(run())
        iot, certificate_id, arn = bench.cloud.iot, fields["certificate_id"], fields["certificate_arn"]
        if state == "no longer in AWS IoT":
            iot.detach_policy(policyName="my_policy", target=arn)
            iot.detach_thing_principal(thingName="my_thing", principal=arn)
            iot.update_certificate(certificateId=certificate_id, newStatus="INACTIVE")
            iot.delete_certificate(certificateId=certificate_id)
        else:
            iot.update_certificate(certificateId=certificate_id, newStatus=state)
        result = run()
        assert result.code == CLOUD_EXIT
        assert state in result.errors[0]
        assert not bench.active()

    @pytest.mark.long
    def test_another_thing_in_the_configuration(self, cli: Cli, run: Cli, bench: Bench, config: Path) -> None:
        run()
        other = config_with(bench.folder, config, thing="other", policy="my_policy")
        result = cli("--port", bench.port, "provision", other)
        assert result.code == CERTIFICATE_EXIT
        assert "its thing is my_thing, not other" in result.errors[0]
        bench.check_finished()

    def test_another_region(self, run: Cli, bench: Bench) -> None:
        run()
        result = run("--region", "us-east-1")
        assert result.code == CERTIFICATE_EXIT
        assert "its region is eu-central-1, not us-east-1. Use --region eu-central-1. For a new key" in result.errors[0]

    @pytest.mark.long
    def test_a_new_name_for_what_is_not_done_yet(self, cli: Cli, run: Cli, bench: Bench, config: Path) -> None:
        """A mistake in a name is mended by mending the name."""
        bench.cloud.fail("CreateThing", CloudFault.error("InvalidRequestException", 400, "no such name"), times=1)
        assert run().code == CLOUD_EXIT
        other = config_with(bench.folder, config, thing="other", policy="my_policy")
        result_of(cli("--port", bench.port, "provision", other))
        bench.check_finished(thing="other")

    @pytest.mark.long
    def test_an_identity_that_the_journal_does_not_know(self, run: Cli, bench: Bench, tmp_path: Path) -> None:
        run()
        other = tmp_path / "other"
        other.mkdir()
        result = run("--out-dir", other, "--yes")
        assert result.code == 0
        assert "Warning: slot second has a key and a certificate of" in result.err
        assert "it stays registered" in result.err

    def test_another_keys_certificate(self, cli: Cli, run: Cli, bench: Bench, configs: Path) -> None:
        """One object for the certificates of two keys: said, whichever is the first."""
        rsa = ("--port", bench.port, "provision", configs / "config_2k_rsa_secondslot.jsn", "--id", "0xE0E1")
        line = "Warning: 0xE0E1 holds the certificate of the key in {}, of "
        run()
        assert line.format("0xE0F1") in cli(*rsa, "--yes").err
        assert line.format("0xE0FC") in run("--journal", "another.db", "--yes").err


@pytest.mark.long
class TestDamagedJournal:
    @pytest.mark.parametrize(
        "column", sampled(["key_info", "csr", "filename", "requested_at", "certificate", "certificate_id"])
    )
    def test_what_a_step_has_made_is_gone(self, run: Cli, bench: Bench, column: str) -> None:
        run()
        edit_version_1(bench.folder / "personalization.db", {column: None})
        result = run()
        assert result.code == CONFIGURATION_EXIT
        assert "slot second, is damaged" in result.errors[0]
        bench.check_finished()
