"""``register``: the certificate that the chip came with. ``deprovision``: everything taken back."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from optiga.cloud.aws.connection import AwsOptions
from optiga.errors import ConfigurationError, Reason
from optiga.provision.entry import Step
from optiga.provision.journal import open_journal
from optiga.provision.services import Services
from optiga.provision.undo import deprovision
from optiga.testing import CloudFault
from tests.support.cli.cloud_helpers import changes
from tests.support.cli.provisioned import CERTIFICATE_EXIT, CLOUD_EXIT, CONFIGURATION_EXIT, Bench, result_of
from tests.support.cli.runner import Cli, Result
from tests.support.cloud.asking import POLICY
from tests.support.sampling import sampled


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestRegister:
    @pytest.mark.long
    def test_the_chips_own_certificate(self, cli: Cli, bench: Bench) -> None:
        root = bench.folder / "root.pem"
        root.write_text(cli("emulator", "root").out)
        command = ("--port", bench.port, "register", "--thing", "lamp", "--policy", "lamp", "--trust", root)
        result = cli(*command, "--output", "json")
        fields = result_of(result)
        (found,) = bench.active()
        assert found["certificatePem"] == cli("--port", bench.port, "--read", "first").out
        assert (fields["slot"], fields["certificate_arn"]) == ("first", found["certificateArn"])
        assert bench.cloud.iot.list_thing_principals(thingName="lamp")["principals"] == [found["certificateArn"]]
        assert "The emulated chip has proven that it is one. Root CA of its certificate: " in result.err
        assert cli(*command, "--output", "json").out == result.out
        assert len(bench.certificates()) == 1

    @pytest.mark.long
    def test_without_thing_and_policy(self, cli: Cli, bench: Bench) -> None:
        fields = result_of(cli("--port", bench.port, "register", "--output", "json"))
        assert fields["thing"] is fields["policy"] is None
        assert [one["certificateId"] for one in bench.active()] == [fields["certificate_id"]]
        assert bench.cloud.iot.list_things()["things"] == []

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("options", "is_noted"), [((), True), (("--thing", "lamp"), True), (("--policy", "lamps"), False)]
    )
    def test_a_device_that_may_do_nothing_yet(
        self, cli: Cli, bench: Bench, options: tuple[str, ...], is_noted: bool
    ) -> None:
        """AWS IoT allows nothing without a policy."""
        result = cli("--port", bench.port, "register", *options)
        assert result.code == 0
        notes = [line for line in result.err.splitlines() if "no policy" in line]
        assert len(notes) == is_noted
        assert all("--policy" in note and "deprovision --slot first" in note for note in notes)

    def test_a_slot_without_an_object(self, cli: Cli, bench: Bench) -> None:
        result = cli("--port", bench.port, "register", "--slot", "five")
        assert result.code == CONFIGURATION_EXIT
        assert "slot five has no object for a certificate" in result.errors[0]
        assert "--id" not in result.errors[0]
        assert bench.cloud.calls == []

    def test_nothing_there(self, cli: Cli, bench: Bench) -> None:
        assert cli("--port", bench.port, "info").code == 0
        result = cli("--port", bench.port, "register", "--slot", "second")
        assert result.code == CERTIFICATE_EXIT
        assert "0xE0E1 holds no certificate" in result.errors[0]
        assert "command again" not in result.err

    def test_what_was_provisioned(self, cli: Cli, run: Cli, bench: Bench) -> None:
        run()
        result = cli("--port", bench.port, "register", "--slot", "second")
        assert result.code == CERTIFICATE_EXIT
        assert "its issuer is AWS IoT, and this run asks for the chip's factory" in result.errors[0]

    @pytest.mark.long
    @pytest.mark.parametrize("option", ["thing", "policy"])
    def test_with_another_name_later(self, cli: Cli, bench: Bench, option: str) -> None:
        """The error names what contradicts the journal."""

        def register(**names: str) -> Result:
            words = [word for name, value in names.items() for word in (f"--{name}", value)]
            return cli("--port", bench.port, "register", *words, "--output", "json")

        assert register(thing="lamp", policy="lamp").code == 0
        result = register(**{"thing": "lamp", "policy": "lamp", option: "other"})
        error = json.loads(result.err.splitlines()[-1])["error"]
        assert (result.code, error["reason"], error["parameter"]) == (CERTIFICATE_EXIT, "conflict", option)

    @pytest.mark.long
    def test_another_issuer_later(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """Both ways: the hint says who has issued it, and how to have it so again."""
        assert cli("ca", "init", "--no-passphrase", "factory").code == 0
        run()
        result = run("--ca", "factory", "--output", "json")
        error = json.loads(result.err.splitlines()[-1])["error"]
        assert (error["reason"], error["parameter"]) == ("conflict", "ca")
        assert "from AWS IoT, omit --ca" in error["hint"]
        assert run("--ca", "factory", "--renew", "--yes").code == 0
        error = json.loads(run("--output", "json").err.splitlines()[-1])["error"]
        assert (error["reason"], error["parameter"]) == ("conflict", "ca")
        assert "the folder of the CA CN=factory with --ca" in error["hint"]

    def test_not_genuine(self, cli: Cli, bench: Bench) -> None:
        assert cli("ca", "init", "--no-passphrase", "mine").code == 0
        result = cli("--port", bench.port, "register", "--trust", "mine/ca.pem")
        assert result.code == CERTIFICATE_EXIT
        assert "0xE0E0" in result.errors[0]
        assert bench.certificates() == []
        assert not (bench.folder / "personalization.db").exists()

    @pytest.mark.long
    def test_with_another_thing_later(self, cli: Cli, bench: Bench) -> None:
        """The chip keeps its key, so that there is nothing to renew: it is taken back, and registered anew."""
        command = ("--port", bench.port, "register")
        assert cli(*command).code == 0
        result = cli(*command, "--thing", "lamp")
        assert result.code == CERTIFICATE_EXIT
        assert "it has no thing, and this run asks for lamp. 'deprovision --slot first' removes" in result.errors[0]
        assert "command again" not in result.err
        assert cli("--port", bench.port, "deprovision", "--slot", "first", "--yes").code == 0
        fields = result_of(cli(*command, "--thing", "lamp", "--output", "json"))
        assert [one["certificateId"] for one in bench.active()] == [fields["certificate_id"]]
        assert fields["thing"] == "lamp"

    @pytest.mark.long
    @pytest.mark.parametrize("journal", ["personalization.db", "another.db"])
    def test_one_that_was_revoked(self, cli: Cli, bench: Bench, journal: str) -> None:
        """It stays so, even if this journal does not know of it."""
        fields = result_of(cli("--port", bench.port, "register", "--output", "json"))
        bench.cloud.iot.update_certificate(certificateId=fields["certificate_id"], newStatus="REVOKED")
        result = cli("--port", bench.port, "register", "--journal", journal)
        assert result.code == CLOUD_EXIT
        assert "REVOKED" in result.errors[0]
        assert "--renew" not in result.errors[0]
        assert bench.active() == []


class TestDeprovision:
    def test_everything_goes(self, cli: Cli, run: Cli, bench: Bench) -> None:
        run()
        run("--renew")
        command = ("--port", bench.port, "deprovision", "--yes", "--delete-thing", "--delete-policy")
        result = cli(*command, "--output", "json")
        assert result_of(result)["step"] == "deprovisioned"
        iot = bench.cloud.iot
        assert bench.certificates() == iot.list_things()["things"] == iot.list_policies()["policies"] == []
        assert cli(*command).code == 0

    @pytest.mark.long
    def test_thing_and_policy_stay(self, cli: Cli, run: Cli, bench: Bench) -> None:
        run()
        assert cli("--port", bench.port, "deprovision", "--yes").code == 0
        assert bench.certificates() == []
        assert len(bench.cloud.iot.list_things()["things"]) == len(bench.cloud.iot.list_policies()["policies"]) == 1

    @pytest.mark.long
    @pytest.mark.parametrize("folder", sampled([".", "{uid}"], keep=1))
    def test_files_that_stay_are_named(self, cli: Cli, run: Cli, bench: Bench, folder: str) -> None:
        uid = str(result_of(run("--out-dir", folder))["uid"])
        place = bench.folder / folder.replace("{uid}", uid)
        command = ("--port", bench.port, "deprovision")
        (policy,) = place.glob("*.aws_iot_policy")
        assert f"optiga.aws_arn, {policy.relative_to(bench.folder)}" in cli(*command, "--dry-run").out
        told = [line for line in cli(*command, "--yes").err.splitlines() if "optiga.aws_arn" in line]
        assert len(told) == 1
        assert f"optiga.aws_arn, {policy.relative_to(bench.folder)}" in told[0]
        assert policy.is_file()
        assert (place / "optiga.aws_arn").is_file()
        assert "aws_arn" not in cli(*command, "--yes").err

    @pytest.mark.long
    def test_a_file_of_another_certificate_is_not_named(self, cli: Cli, run: Cli, bench: Bench) -> None:
        run()
        (bench.folder / "optiga.aws_arn").write_text('"another"')
        assert "aws_arn" not in cli("--port", bench.port, "deprovision", "--yes").err

    @pytest.mark.long
    def test_without_the_chip(self, cli: Cli, run: Cli, bench: Bench) -> None:
        uid = result_of(run())["uid"]
        bench.chip.unlink()
        assert cli("deprovision", "--yes", "--uid", str(uid).upper()).code == 0
        assert bench.certificates() == []

    @pytest.mark.long
    def test_afterwards_the_chip_is_blank_to_the_journal(self, cli: Cli, run: Cli, bench: Bench) -> None:
        old = result_of(run())
        cli("--port", bench.port, "deprovision", "--yes")
        new = result_of(run())
        assert new["public_key"] != old["public_key"]
        (active,) = bench.active()
        assert active["certificateId"] == new["certificate_id"]

    @pytest.mark.long
    def test_a_run_that_was_interrupted(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """The certificate that AWS made and the journal does not know goes, too."""
        bench.cloud.fail("CreateCertificateFromCsr", CloudFault.BREAK_AFTER, times=1)
        assert run().code == CLOUD_EXIT
        assert len(bench.certificates()) == 1
        assert cli("--port", bench.port, "deprovision", "--yes").code == 0
        assert bench.certificates() == []

    @pytest.mark.long
    def test_a_policy_that_others_use(self, cli: Cli, run: Cli, bench: Bench) -> None:
        run()
        run("--slot", "third")
        result = cli("--port", bench.port, "deprovision", "--yes", "--delete-policy")
        assert result.code == CLOUD_EXIT
        assert "the policy my_policy is attached to 1 other target" in result.errors[0]
        assert "Nothing was changed. Omit --delete-policy" in result.errors[0]
        with open_journal(bench.folder / "personalization.db") as journal:
            steps = {entry.slot: entry.step for entry in journal.all()}
        assert steps == {"second": Step.FINISHED, "third": Step.FINISHED}
        assert len(bench.active()) == 2
        assert cli("--port", bench.port, "deprovision", "--yes").code == 0
        assert cli("--port", bench.port, "deprovision", "--slot", "third", "--yes", "--delete-policy").code == 0
        assert bench.cloud.iot.list_policies()["policies"] == []

    @pytest.mark.long
    def test_a_thing_that_others_use(self, cli: Cli, run: Cli, bench: Bench) -> None:
        run()
        run("--slot", "third")
        result = cli("--port", bench.port, "deprovision", "--yes", "--delete-thing")
        assert result.code == CLOUD_EXIT
        assert "Nothing was changed. Omit --delete-thing, or detach its other certificates first" in result.errors[0]
        assert "detach-thing-principal" in result.errors[0]
        assert " (ACTIVE)" in result.errors[0]
        assert len(bench.active()) == 2

    @pytest.mark.long
    @pytest.mark.parametrize("what", sampled(["thing", "policy"], keep=1))
    def test_what_is_refused_is_known_before_it_is_confirmed(self, cli: Cli, run: Cli, bench: Bench, what: str) -> None:
        """Nobody is asked for what cannot be done; the rest is asked for after all is known."""
        run()
        run("--slot", "third")
        command = ("--port", bench.port, "deprovision")
        result = cli(*command, f"--delete-{what}")
        assert result.code == CLOUD_EXIT
        assert f"the {what} my_{what}" in result.errors[0]
        result = cli(*command)
        assert result.code == CONFIGURATION_EXIT
        assert "--yes" in result.errors[0]
        assert result.err.index("Not AWS") < result.err.index("can never be undone")
        assert len(bench.active()) == 2

    def test_a_policy_with_several_versions(self, cli: Cli, run: Cli, bench: Bench) -> None:
        run()
        iot = bench.cloud.iot
        iot.create_policy_version(policyName="my_policy", policyDocument=POLICY, setAsDefault=True)
        result = cli("--port", bench.port, "deprovision", "--yes", "--delete-policy")
        assert result.code == CLOUD_EXIT
        assert "has 1 version beside the default one" in result.errors[0]
        assert len(bench.active()) == 1
        iot.delete_policy_version(policyName="my_policy", policyVersionId="1")
        assert cli("--port", bench.port, "deprovision", "--yes", "--delete-policy").code == 0

    @pytest.mark.long
    @pytest.mark.parametrize("operation", ["ListTargetsForPolicy", "ListPolicyVersions", "ListThingPrincipals"])
    def test_who_else_uses_it_may_not_be_asked(self, cli: Cli, run: Cli, bench: Bench, operation: str) -> None:
        run()
        bench.cloud.fail(operation, CloudFault.error("AccessDeniedException", 403, "no"))
        result = cli("--port", bench.port, "deprovision", "--yes", "--delete-policy", "--delete-thing")
        assert result.code == 0, result.err
        assert f"Warning: cannot check whether the {'thing' if 'Thing' in operation else 'policy'}" in result.err
        assert f"iot:{operation}" in result.err
        assert bench.certificates() == []

    @pytest.mark.parametrize("operation", sampled(["DeleteCertificate", "DeleteThing", "DeletePolicy"], keep=1))
    def test_an_interrupted_one_is_finished(self, cli: Cli, run: Cli, bench: Bench, operation: str) -> None:
        """Also what was detached before the interruption is deleted."""
        run()
        command = ("--port", bench.port, "deprovision", "--yes", "--delete-thing", "--delete-policy")
        bench.cloud.fail(operation, CloudFault.error("AccessDeniedException", 403, "no"), times=1)
        assert cli(*command).code == CLOUD_EXIT
        foreseen = cli(*command[:3], *command[4:], "--dry-run").out
        assert ("The thing my_thing is deleted" in foreseen) == (operation != "DeletePolicy")
        assert cli(*command).code == 0
        iot = bench.cloud.iot
        assert bench.certificates() == iot.list_things()["things"] == iot.list_policies()["policies"] == []

    def test_a_thing_that_was_never_attached_stays(self, cli: Cli, run: Cli, bench: Bench) -> None:
        bench.cloud.iot.create_thing(thingName="my_thing")
        bench.cloud.fail("AttachThingPrincipal", CloudFault.error("AccessDeniedException", 403, "no"), times=1)
        assert run("--join").code == CLOUD_EXIT
        result = cli("--port", bench.port, "deprovision", "--yes", "--delete-thing")
        assert result.code == 0
        assert [one["thingName"] for one in bench.cloud.iot.list_things()["things"]] == ["my_thing"]

    @pytest.mark.long
    def test_what_is_gone_is_not_deleted_again(self, cli: Cli, run: Cli, bench: Bench) -> None:
        name = result_of(run())["certificate_id"]
        command = ("--port", bench.port, "deprovision", "--yes", "--delete-thing", "--delete-policy")
        first = cli(*command).err
        for text in (f"Certificate {name} deleted", "Thing my_thing deleted", "Policy my_policy deleted"):
            assert text in first
        again = cli(*command)
        assert again.code == 0
        assert "will be deleted" not in again.err
        for what in (f"certificate {name}", "thing my_thing", "policy my_policy"):
            assert f"There is no {what} in AWS IoT" in again.err

    def test_there_was_no_certificate_yet(self, cli: Cli, run: Cli, bench: Bench) -> None:
        bench.cloud.fail("CreateCertificateFromCsr", CloudFault.error("LimitExceededException", 410, "no"), times=1)
        assert run().code == CLOUD_EXIT
        result = cli("--port", bench.port, "deprovision", "--yes", "--delete-thing", "--delete-policy")
        assert result.code == 0
        assert "a certificate that AWS IoT may have issued in the interrupted run will be deleted" in result.err
        assert "Thing my_thing deleted" not in result.err
        assert "Policy my_policy deleted" not in result.err
        assert "no longer accepts" not in result.err
        assert "it keeps its key\n" in result.err

    @pytest.mark.parametrize("is_there_already", [False, True])
    def test_registered_without_an_answer(self, cli: Cli, bench: Bench, *, is_there_already: bool) -> None:
        """Registered by the interrupted run, it is inactive; an active one somebody else has registered."""
        bench.cloud.fail("RegisterCertificateWithoutCA", CloudFault.BREAK_AFTER, times=1)
        assert cli("--port", bench.port, "register", "--thing", "lamp").code == CLOUD_EXIT
        (held,) = bench.certificates()
        if is_there_already:
            bench.cloud.iot.update_certificate(certificateId=held["certificateId"], newStatus="ACTIVE")
        result = cli("--port", bench.port, "deprovision", "--slot", "first", "--yes")
        assert result.code == 0
        if is_there_already:
            assert bench.certificates() != []
            assert (
                f"Warning: the certificate {held['certificateId']} stays in AWS IoT: its status is ACTIVE" in result.err
            )
            assert "no longer accepts" not in result.err
        else:
            assert bench.certificates() == []
            assert f"Certificate {held['certificateId']} deleted" in result.err

    def test_it_may_not_be_looked_for_at_first(self, cli: Cli, run: Cli, bench: Bench) -> None:
        bench.cloud.fail("CreateCertificateFromCsr", CloudFault.BREAK_AFTER, times=1)
        run()
        bench.cloud.fail("ListCertificates", CloudFault.error("AccessDeniedException", 403, "no"), times=1)
        command = ("--port", bench.port, "deprovision", "--yes")
        assert "Warning: cannot look for a certificate that AWS IoT may have issued" in cli(*command).err
        assert len(bench.certificates()) == 1
        assert cli(*command).code == 0
        assert bench.certificates() == []

    @pytest.mark.long
    def test_answers_are_lost(self, cli: Cli, run: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Botocore asks again by itself, and what is gone by then is no error."""
        run()
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        operations = ("UpdateCertificate", "DetachPolicy", "DetachThingPrincipal", "DeleteCertificate")
        for operation in (*operations, "DeleteThing", "DeletePolicy"):
            bench.cloud.fail(operation, CloudFault.BREAK_AFTER, times=1)
        assert cli("--port", bench.port, "deprovision", "--yes", "--delete-thing", "--delete-policy").code == 0
        iot = bench.cloud.iot
        assert bench.certificates() == iot.list_things()["things"] == iot.list_policies()["policies"] == []

    def test_a_policy_that_aws_has_not_let_go_yet(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """AWS takes up to five minutes for it."""
        run()
        conflict = CloudFault.error("DeleteConflictException", 409, "The policy is attached to one or more principals")
        bench.cloud.fail("DeletePolicy", conflict, times=1)
        command = ("--port", bench.port, "deprovision", "--yes", "--delete-policy")
        result = cli(*command)
        assert result.code == CLOUD_EXIT
        assert "up to five minutes" in result.errors[0]
        assert "Try again" in result.errors[0]
        assert cli(*command).code == 0
        assert bench.cloud.iot.list_policies()["policies"] == []

    @pytest.mark.long
    def test_one_that_was_revoked(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """AWS changes its status no more, but it lets it be deleted."""
        fields = result_of(run())
        bench.cloud.iot.update_certificate(certificateId=fields["certificate_id"], newStatus="REVOKED")
        assert cli("--port", bench.port, "deprovision", "--yes").code == 0
        assert bench.certificates() == []

    @pytest.mark.long
    def test_all_that_is_lost_is_asked_for(
        self, cli: Cli, run: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        certificates = [result_of(run(*options))["certificate_id"] for options in ((), ("--renew",))]
        monkeypatch.setattr("sys.stdin", Terminal("n\n"))
        calls = len(bench.cloud.calls)
        result = cli("--port", bench.port, "deprovision", "--delete-thing", "--delete-policy")
        assert result.code == CONFIGURATION_EXIT
        assert "was not confirmed: nothing was changed" in result.err
        for name in (*certificates, "thing my_thing", "policy my_policy"):
            assert f"{name} will be deleted" in result.err
        assert changes(bench.cloud, calls) == []


class TestDeprovisionTwice:
    def test_without_a_cloud(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """The journal is all that changes: that is asked for once, and done once."""
        assert cli("ca", "init", "root", "--no-passphrase").code == 0
        result_of(run("--ca", "root", "--no-cloud"))
        command = ("--port", bench.port, "deprovision")
        refused = cli(*command)
        assert (refused.code, refused.out) == (CONFIGURATION_EXIT, "")
        assert "--yes" in refused.errors[0]
        assert result_of(cli(*command, "--yes", "--output", "json"))["step"] == "deprovisioned"
        journal = Path("personalization.db").read_bytes()
        again = cli(*command)
        assert again.code == 0
        assert "already deprovisioned" in again.err
        assert Path("personalization.db").read_bytes() == journal

    @pytest.mark.long
    def test_nothing_is_asked_if_nothing_is_left(
        self, cli: Cli, run: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        result_of(run())
        command = ("--port", bench.port, "deprovision", "--delete-thing", "--delete-policy")
        assert cli(*command, "--yes").code == 0
        monkeypatch.setattr("sys.stdin", Terminal("n\n"))
        again = cli(*command)
        assert again.code == 0
        assert "never be undone" not in again.err
        assert "already deprovisioned" in again.err

    @pytest.mark.long
    def test_what_is_left_is_asked_for(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """A certificate that is gone from AWS IoT is not to be lost any more, but what else is there is."""
        name = result_of(run())["certificate_id"]
        assert cli("--port", bench.port, "deprovision", "--yes").code == 0
        refused = cli("--port", bench.port, "deprovision", "--delete-thing", "--delete-policy")
        assert refused.code == CONFIGURATION_EXIT
        for kind in ("thing", "policy"):
            assert f"the {kind} my_{kind} will be deleted" in refused.errors[0]
        assert name not in refused.errors[0]

    @pytest.mark.long
    def test_a_certificate_that_is_lost(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """The journal is what changes then, and is asked for."""
        name = result_of(run())["certificate_id"]
        iot = bench.cloud.iot
        arn = iot.describe_certificate(certificateId=name)["certificateDescription"]["certificateArn"]
        iot.detach_thing_principal(thingName="my_thing", principal=arn)
        iot.detach_policy(policyName="my_policy", target=arn)
        iot.update_certificate(certificateId=name, newStatus="INACTIVE")
        iot.delete_certificate(certificateId=name)
        refused = cli("--port", bench.port, "deprovision")
        assert refused.code == CONFIGURATION_EXIT
        assert name not in refused.errors[0]
        assert "the next run generates a new key" in refused.errors[0]

    @pytest.mark.long
    def test_in_the_cloud(self, cli: Cli, run: Cli, bench: Bench) -> None:
        result_of(run())
        command = ("--port", bench.port, "deprovision", "--yes")
        assert "already deprovisioned" not in cli(*command).err
        journal = Path("personalization.db").read_bytes()
        assert "already deprovisioned" in cli(*command).err
        assert Path("personalization.db").read_bytes() == journal


def test_a_program_whose_user_says_no(run: Cli, bench: Bench) -> None:
    run()
    calls = len(bench.cloud.calls)
    with open_journal(Path("personalization.db")) as journal:
        (entry,) = journal.all()
        with pytest.raises(ConfigurationError, match="was not confirmed: nothing was changed") as caught:
            deprovision(entry, Services(journal, confirm=lambda *_: False), AwsOptions())
        assert caught.value.reason is Reason.NOT_CONFIRMED
        assert journal.all() == [entry]
        assert changes(bench.cloud, calls) == []
        assert deprovision(entry, Services(journal, confirm=lambda *_: True), AwsOptions()).step is Step.DEPROVISIONED
