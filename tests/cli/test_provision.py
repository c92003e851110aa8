"""``provision``, ``register`` and ``deprovision``: what AWS has, what the chip holds, what the user sees."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cloud_server import Cloud, Fault
from conftest import Cli, Result
from provisioned import Bench

import optiga
from optiga.personalize.journal import Step, open_journal

CONFIGURATION_EXIT, CERTIFICATE_EXIT, CLOUD_EXIT = 2, 5, 6


@pytest.fixture
def config(configs: Path) -> Path:
    return configs / "config_nistp256_ecdsa_secondslot.jsn"


@pytest.fixture
def bench(cli: Cli, cloud: Cloud, tmp_path: Path) -> Bench:
    return Bench(cloud, tmp_path / "work", tmp_path / "chip")


@pytest.fixture
def run(cli: Cli, bench: Bench, config: Path) -> Cli:
    """``provision`` with the seed's configuration."""
    return lambda *options: cli("--port", bench.port, "provision", config, *options)


def result_of(result: Result) -> dict[str, str | None]:
    assert result.code == 0, result.err
    fields = json.loads(result.out)
    assert isinstance(fields, dict)
    return fields


def config_with(folder: Path, config: Path, **aws_iot: str) -> Path:
    """The configuration with another ``aws_iot_config``."""
    value = json.loads(config.read_text())
    value["aws_iot_config"] = aws_iot
    path = folder / "other.jsn"
    path.write_text(json.dumps(value))
    return path


class TestOneCommand:
    def test_everything_is_there(self, run: Cli, bench: Bench) -> None:
        fields = result_of(run())
        arn = bench.check_finished()
        assert list(fields) == [
            "uid",
            "slot",
            "filename",
            "public_key",
            "certificate_file",
            "certificate_arn",
            "certificate_id",
            "thing",
            "thing_arn",
            "policy",
            "endpoint",
        ]
        assert fields["certificate_arn"] == arn
        assert (fields["slot"], fields["thing"], fields["policy"]) == ("second", "my_thing", "my_policy")
        assert fields["thing_arn"] == f"arn:aws:iot:eu-central-1:{bench.cloud.account}:thing/my_thing"
        assert fields["endpoint"] == bench.cloud.iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
        with optiga.open_chip(bench.port) as chip:
            assert fields["uid"] == chip.uid.hex
        names = {fields["filename"], fields["certificate_file"], "optiga.aws_arn", "my_policy.aws_iot_policy"}
        assert {path.name for path in bench.folder.iterdir()} == names | {"personalization.db"}

    def test_query_prints_the_field_bare(self, run: Cli, bench: Bench) -> None:
        result = run("--query", "certificate_arn")
        assert result.out == f"{bench.check_finished()}\n"

    def test_again_changes_nothing(self, run: Cli, bench: Bench) -> None:
        first = run()
        arn, chip = bench.check_finished(), bench.chip.read_bytes()
        bench.cloud.calls.clear()
        again = run()
        assert again.out == first.out
        assert bench.check_finished() == arn
        assert bench.chip.read_bytes() == chip
        assert "finished already" in again.err
        assert set(bench.cloud.calls) == {"GetCallerIdentity", "DescribeEndpoint", "DescribeCertificate"}

    def test_the_first_line_says_where_the_identity_lives(self, run: Cli, bench: Bench) -> None:
        first, *_ = run().err.splitlines()
        assert first.startswith(f"Emulated chip: {bench.chip}.")
        assert "The identity made here lives in it" in first

    def test_the_policy_is_made_from_the_template(self, run: Cli, bench: Bench) -> None:
        run()
        kept = (bench.folder / "my_policy.aws_iot_policy").read_text()
        assert f"arn:aws:iot:eu-central-1:{bench.cloud.account}:*" in kept
        assert bench.cloud.iot.get_policy(policyName="my_policy")["policyDocument"] == kept

    def test_another_folder_and_journal(self, run: Cli, bench: Bench, tmp_path: Path) -> None:
        out = tmp_path / "out"
        out.mkdir()
        result_of(run("--out-dir", out, "--journal", tmp_path / "line.db"))
        assert not list(bench.folder.iterdir())
        assert (tmp_path / "line.db").exists()
        assert sorted(path.suffix for path in out.iterdir()) == [".aws_arn", ".aws_iot_policy", ".csr", ".pem"]

    @pytest.mark.parametrize(
        ("name", "options", "oid"),
        [
            ("config_nistp384_ecdsa_secondslot.jsn", (), 0xE0E1),
            ("config_nistp256_ecdsa_thirdslot.jsn", (), 0xE0E2),
            ("config_2k_rsa_secondslot.jsn", ("--id", "0xE0E3"), 0xE0E3),
        ],
    )
    def test_other_keys_and_slots(
        self, cli: Cli, bench: Bench, configs: Path, name: str, options: tuple[str, ...], oid: int
    ) -> None:
        fields = result_of(cli("--port", bench.port, "provision", configs / name, *options))
        (active,) = bench.active()
        read = cli("--port", bench.port, "--read", f"0x{oid:04X}")
        assert read.out == active["certificatePem"]
        assert fields["certificate_id"] == active["certificateId"]

    def test_two_slots_of_a_chip(self, cli: Cli, bench: Bench, config: Path) -> None:
        one = result_of(cli("--port", bench.port, "provision", config))
        other = result_of(cli("--port", bench.port, "provision", config, "--slot", "third"))
        assert one["certificate_id"] != other["certificate_id"]
        assert len(bench.active()) == 2


class TestNames:
    def test_uid(self, cli: Cli, bench: Bench, config: Path) -> None:
        named = config_with(bench.folder, config, thing="lamp-{uid}", policy="lamp-{uid}")
        fields = result_of(cli("--port", bench.port, "provision", named))
        assert fields["thing"] == fields["policy"] == f"lamp-{fields['uid']}"
        assert (bench.folder / f"lamp-{fields['uid']}.aws_iot_policy").exists()

    def test_type_group_and_attributes(self, run: Cli, bench: Bench) -> None:
        iot = bench.cloud.iot
        iot.create_thing_type(thingTypeName="lamp")
        iot.create_thing_group(thingGroupName="hall")
        iot.create_thing_group(thingGroupName="factory")
        options = ("--thing-type", "lamp", "--thing-group", "hall", "--thing-group", "factory")
        fields = result_of(run(*options, "--attribute", "colour=red", "--attribute", "chip={uid}"))
        thing = iot.describe_thing(thingName="my_thing")
        assert thing["thingTypeName"] == "lamp"
        assert thing["attributes"] == {"colour": "red", "chip": fields["uid"]}
        groups = iot.list_thing_groups_for_thing(thingName="my_thing")["thingGroups"]
        assert {group["groupName"] for group in groups} == {"hall", "factory"}

    def test_a_thing_that_is_there_is_used(self, run: Cli, bench: Bench) -> None:
        iot = bench.cloud.iot
        iot.create_thing(thingName="my_thing", attributePayload={"attributes": {"room": "7", "colour": "blue"}})
        result_of(run("--attribute", "colour=red"))
        bench.check_finished()
        assert iot.describe_thing(thingName="my_thing")["attributes"] == {"room": "7", "colour": "red"}

    def test_a_policy_that_is_there_is_used_and_the_difference_shown(self, run: Cli, bench: Bench) -> None:
        theirs = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"x"}]}'
        bench.cloud.iot.create_policy(policyName="my_policy", policyDocument=theirs)
        result = run()
        bench.check_finished()
        assert bench.cloud.iot.get_policy(policyName="my_policy")["policyDocument"] == theirs
        assert "Warning: the policy my_policy that AWS has is used" in result.err
        assert '    -            "Resource": "x"' in result.err
        assert '    +            "Action": "iot:Publish",' in result.err

    def test_a_policy_that_says_the_same_is_no_news(self, run: Cli, bench: Bench) -> None:
        run()
        policy = bench.folder / "my_policy.aws_iot_policy"
        document = json.dumps(json.loads(policy.read_text()))
        bench.cloud.reset()
        bench.cloud.iot.create_policy(policyName="my_policy", policyDocument=document)
        result = run("--renew")
        assert result.code == 0
        assert "Warning: the policy" not in result.err

    def test_the_policy_bound_to_the_thing(self, run: Cli, bench: Bench, configs: Path) -> None:
        result = run("--policy-template", configs.parent / "templates" / "thing_policy.template")
        assert result.code == 0
        assert "lets a device do everything" not in result.err
        document = bench.cloud.iot.get_policy(policyName="my_policy")["policyDocument"]
        connect, *_ = json.loads(document)["Statement"]
        account = bench.cloud.account
        assert connect["Resource"] == f"arn:aws:iot:eu-central-1:{account}:client/${{iot:Connection.Thing.ThingName}}"
        assert connect["Condition"] == {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}

    def test_the_weak_policy_is_called_so(self, run: Cli) -> None:
        assert "my_policy.template lets a device do everything everywhere" in run().err


class TestFleetTemplate:
    BODY = json.dumps(
        {
            "Parameters": {
                "ThingName": {"Type": "String"},
                "SerialNumber": {"Type": "String"},
                "Site": {"Type": "String", "Default": "bench"},
                "AWS::IoT::Certificate::Id": {"Type": "String"},
            },
            "Resources": {
                "thing": {
                    "Type": "AWS::IoT::Thing",
                    "Properties": {
                        "ThingName": {"Ref": "ThingName"},
                        "AttributePayload": {"serial": {"Ref": "SerialNumber"}, "site": {"Ref": "Site"}},
                    },
                },
                "certificate": {
                    "Type": "AWS::IoT::Certificate",
                    "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "INACTIVE"},
                },
                "policy": {
                    "Type": "AWS::IoT::Policy",
                    "Properties": {
                        "PolicyName": "fleet",
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
                        },
                    },
                },
            },
        }
    )

    @pytest.mark.parametrize("where", ["file", "AWS"])
    def test_it_makes_thing_and_policy(self, run: Cli, bench: Bench, tmp_path: Path, where: str) -> None:
        name: Path | str = "fleet"
        if where == "file":
            name = tmp_path / "fleet.json"
            name.write_text(self.BODY)
        else:
            bench.cloud.iot.create_provisioning_template(
                templateName="fleet", templateBody=self.BODY, provisioningRoleArn="arn:aws:iam::123456789012:role/x"
            )
        fields = result_of(run("--template", name, "--parameter", "Site=hall"))
        bench.check_finished(policy="fleet")
        assert (fields["thing"], fields["policy"]) == ("my_thing", "fleet")
        assert fields["thing_arn"] == f"arn:aws:iot:eu-central-1:{bench.cloud.account}:thing/my_thing"
        attributes = bench.cloud.iot.describe_thing(thingName="my_thing")["attributes"]
        assert attributes == {"serial": fields["uid"], "site": "hall"}
        again = result_of(run("--template", name, "--parameter", "Site=hall"))
        assert again == fields


class TestRenew:
    def test_a_new_key_and_certificate(self, run: Cli, bench: Bench) -> None:
        old = result_of(run())
        renewed = run("--renew")
        new = result_of(renewed)
        assert new["certificate_id"] != old["certificate_id"]
        assert new["public_key"] != old["public_key"]
        assert bench.check_finished(certificates=2) == new["certificate_arn"]
        assert f"The certificate before it is inactive now: {old['certificate_id']}" in renewed.err

    def test_the_old_one_is_active_until_the_new_one_is(self, run: Cli, bench: Bench) -> None:
        old = result_of(run())
        bench.cloud.fail("UpdateCertificate", Fault.BREAK_BEFORE, times=1)
        assert run("--renew").code == CLOUD_EXIT
        assert [one["certificateId"] for one in bench.active()] == [old["certificate_id"]]
        new = result_of(run("--renew"))
        assert bench.check_finished(certificates=2) == new["certificate_arn"]

    def test_an_interrupted_renewal_is_finished_without_the_option(self, run: Cli, bench: Bench) -> None:
        result_of(run())
        bench.cloud.fail("AttachPolicy", Fault.THROTTLE, times=1)
        assert run("--renew").code == CLOUD_EXIT
        result_of(run())
        bench.check_finished(certificates=2)

    def test_another_key_in_the_middle(self, cli: Cli, run: Cli, bench: Bench, config: Path, tmp_path: Path) -> None:
        """The slot got another key between two runs: said, and begun anew only if that is wanted."""
        old = result_of(run())
        bench.cloud.fail("AttachThingPrincipal", Fault.THROTTLE, times=1)
        assert run("--renew").code == CLOUD_EXIT
        cli("--port", bench.port, "--csr", config, "--out-dir", tmp_path)
        result = run()
        assert result.code == CERTIFICATE_EXIT
        assert "another key than the one in 0xE0F1" in result.errors[0]
        assert "--renew" in result.errors[0]
        assert [one["certificateId"] for one in bench.active()] == [old["certificate_id"]]
        new = result_of(run("--renew"))
        assert bench.check_finished(certificates=3) == new["certificate_arn"]


class TestDrift:
    def test_another_key_on_a_finished_chip(
        self, cli: Cli, run: Cli, bench: Bench, config: Path, tmp_path: Path
    ) -> None:
        run()
        cli("--port", bench.port, "--csr", config, "--out-dir", tmp_path)
        result = run()
        assert result.code == CERTIFICATE_EXIT
        assert len(result.errors) == 1
        assert "--renew" in result.errors[0]

    def test_another_certificate_in_the_slot(self, cli: Cli, run: Cli, bench: Bench, config: Path) -> None:
        """The right one is put back: its key is still there."""
        run()
        with optiga.open_chip(bench.port) as chip:
            chip.write(0xE0E1, b"\x00")
        result = run()
        assert result.code == 0
        assert "Certificate written into 0xE0E1" in result.err
        bench.check_finished()

    @pytest.mark.parametrize("state", ["INACTIVE", "REVOKED", "gone"])
    def test_a_certificate_that_aws_no_longer_takes(self, run: Cli, bench: Bench, state: str) -> None:
        fields = result_of(run())
        iot, certificate_id, arn = bench.cloud.iot, fields["certificate_id"], fields["certificate_arn"]
        if state == "gone":
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
        assert "its region is eu-central-1, not us-east-1" in result.errors[0]

    def test_a_new_name_for_what_is_not_done_yet(self, cli: Cli, run: Cli, bench: Bench, config: Path) -> None:
        """A mistake in a name is mended by mending the name."""
        bench.cloud.fail("CreateThing", Fault.error("InvalidRequestException", 400, "no such name"), times=1)
        assert run().code == CLOUD_EXIT
        other = config_with(bench.folder, config, thing="other", policy="my_policy")
        result_of(cli("--port", bench.port, "provision", other))
        bench.check_finished(thing="other")

    def test_an_identity_that_the_journal_does_not_know(self, run: Cli, bench: Bench, tmp_path: Path) -> None:
        run()
        other = tmp_path / "other"
        other.mkdir()
        result = run("--out-dir", other)
        assert result.code == 0
        assert "Warning: slot second had an identity that this journal does not know" in result.err


class TestDamagedJournal:
    @pytest.mark.parametrize("column", ["key_info", "csr", "filename", "requested_at", "certificate", "certificate_id"])
    def test_what_a_step_has_made_is_gone(self, run: Cli, bench: Bench, column: str) -> None:
        run()
        with closing(sqlite3.connect(bench.folder / "personalization.db")) as connection, connection:
            connection.execute(f"UPDATE slots SET {column} = NULL")
        result = run()
        assert result.code == CONFIGURATION_EXIT
        assert "slot second, is damaged" in result.errors[0]
        bench.check_finished()


class TestAnotherKey:
    def test_it_is_refused(self, run: Cli, bench: Bench) -> None:
        bench.cloud.certify_other_key = True
        result = run()
        assert result.code == CLOUD_EXIT
        (found,) = bench.certificates()
        assert found["status"] == "INACTIVE"
        assert "has certified another key than the CSR's" in result.errors[0]
        assert found["certificateId"] in result.errors[0]
        assert bench.stored() == []
        assert result.out == ""
        assert not list(bench.folder.glob("*.pem"))

    def test_a_cloud_that_comes_to_its_senses(self, run: Cli, bench: Bench) -> None:
        bench.cloud.certify_other_key = True
        run()
        bench.cloud.certify_other_key = False
        fields = result_of(run())
        assert [one["certificateId"] for one in bench.active()] == [fields["certificate_id"]]


class TestOwnCa:
    @pytest.fixture
    def ca(self, cli: Cli) -> str:
        assert cli("ca", "init", "root").code == 0
        assert cli("ca", "intermediate", "factory", "--ca", "root").code == 0
        return "factory"

    def test_without_a_cloud(self, run: Cli, bench: Bench, ca: str) -> None:
        fields = result_of(run("--ca", ca, "--no-cloud"))
        assert bench.cloud.calls == []
        assert fields["certificate_arn"] is fields["thing"] is fields["endpoint"] is None
        pem = bench.folder / str(fields["certificate_file"])
        assert pem.read_text().count("BEGIN CERTIFICATE") == len(bench.stored()) == 2
        assert run("--ca", ca, "--no-cloud", "--query", "certificate_file").out == f"{pem.name}\n"

    def test_into_the_cloud_later(self, run: Cli, bench: Bench, ca: str) -> None:
        local = result_of(run("--ca", ca, "--no-cloud"))
        fields = result_of(run("--ca", ca))
        assert fields["public_key"] == local["public_key"]
        self.check(bench, fields)

    def check(self, bench: Bench, fields: dict[str, str | None]) -> None:
        """The CA's certificate is AWS's, active, and attached."""
        (found,) = bench.active()
        assert found["certificateArn"] == fields["certificate_arn"]
        chain = (bench.folder / str(fields["certificate_file"])).read_text()
        assert chain.startswith(found["certificatePem"])
        assert bench.has_key_of(found["certificatePem"])
        assert fields["certificate_arn"] in bench.cloud.iot.list_thing_principals(thingName="my_thing")["principals"]

    def test_registered_without_its_ca(self, run: Cli, bench: Bench, ca: str) -> None:
        self.check(bench, result_of(run("--ca", ca)))
        assert "RegisterCertificateWithoutCA" in bench.cloud.calls
        assert "CreateCertificateFromCsr" not in bench.cloud.calls

    @pytest.mark.parametrize("option", [(), ("--several-accounts",)])
    def test_registered_with_its_ca(self, cli: Cli, run: Cli, bench: Bench, ca: str, option: tuple[str, ...]) -> None:
        registered = cli("ca", "register", ca, "--query", "ca_certificate_id", *option)
        assert registered.code == 0
        self.check(bench, result_of(run("--ca", ca)))
        assert "RegisterCertificate" in bench.cloud.calls
        (found,) = bench.active()
        assert found["caCertificateId"] == registered.out.strip()

    def test_a_ca_that_is_inactive_there(self, cli: Cli, run: Cli, bench: Bench, ca: str) -> None:
        ca_id = cli("ca", "register", ca, "--query", "ca_certificate_id").out.strip()
        bench.cloud.iot.update_ca_certificate(certificateId=ca_id, newStatus="INACTIVE")
        result = run("--ca", ca)
        assert result.code == CLOUD_EXIT
        assert "it is INACTIVE. 'ca register' activates it" in result.errors[0]
        assert not bench.chip.exists()
        assert cli("ca", "register", ca).code == 0
        self.check(bench, result_of(run("--ca", ca)))

    def test_renewed(self, run: Cli, bench: Bench, ca: str) -> None:
        """The old certificate is the CA's to revoke; AWS lets it in no more."""
        old = result_of(run("--ca", ca))
        renewed = run("--ca", ca, "--renew")
        self.check(bench, result_of(renewed))
        assert (
            f"The CA's certificate {old['certificate_file']} stays valid unless 'ca revoke' revokes it" in renewed.err
        )
        assert len(bench.certificates()) == 2

    def test_the_first_run_lost_the_certificate(
        self, run: Cli, bench: Bench, ca: str, monkeypatch: pytest.MonkeyPatch, cli: Cli
    ) -> None:
        """A run that was interrupted between the CA's records and the journal: the CA does not issue another one."""
        from optiga.personalize.provision.run import _Run

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(_Run, "_check_key", interrupted)
            assert run("--ca", ca, "--no-cloud").code == 130
        result_of(run("--ca", ca, "--no-cloud"))
        listed = json.loads(cli("ca", "list", "--ca", ca, "--output", "json").out)["certificates"]
        assert len(listed) == 1

    def test_registered_already(self, run: Cli, bench: Bench, ca: str) -> None:
        """A run that was interrupted behind the registration."""
        bench.cloud.fail("RegisterCertificateWithoutCA", Fault.BREAK_AFTER, times=1)
        assert run("--ca", ca).code == CLOUD_EXIT
        assert not bench.active()
        self.check(bench, result_of(run("--ca", ca)))
        assert len(bench.certificates()) == 1


class TestCaRegister:
    @pytest.fixture
    def ca(self, cli: Cli) -> str:
        assert cli("ca", "init", "root").code == 0
        return "root"

    def described(self, cloud: Cloud, result: Result) -> dict[str, object]:
        fields = result_of(result)
        answer = cloud.iot.describe_ca_certificate(certificateId=fields["ca_certificate_id"])
        description: dict[str, object] = answer["certificateDescription"]
        return {**description, **answer["registrationConfig"]}

    def test_default(self, cli: Cli, cloud: Cloud, ca: str) -> None:
        found = self.described(cloud, cli("ca", "register", ca, "--output", "json"))
        assert (found["status"], found["certificateMode"]) == ("ACTIVE", "DEFAULT")
        assert found["autoRegistrationStatus"] == "DISABLE"

    def test_several_accounts(self, cli: Cli, cloud: Cloud, ca: str) -> None:
        found = self.described(cloud, cli("ca", "register", ca, "--several-accounts", "--output", "json"))
        assert (found["status"], found["certificateMode"]) == ("ACTIVE", "SNI_ONLY")
        assert "GetRegistrationCode" not in cloud.calls

    def test_auto_registration(self, cli: Cli, cloud: Cloud, ca: str) -> None:
        options = ("--auto-registration", "--template", "fleet", "--output", "json")
        found = self.described(cloud, cli("ca", "register", ca, *options))
        assert found["autoRegistrationStatus"] == "ENABLE"
        assert found["templateName"] == "fleet"

    def test_again(self, cli: Cli, cloud: Cloud, ca: str) -> None:
        first = cli("ca", "register", ca, "--output", "json")
        (registered,) = cloud.iot.list_ca_certificates()["certificates"]
        cloud.iot.update_ca_certificate(certificateId=registered["certificateId"], newStatus="INACTIVE")
        again = cli("ca", "register", ca, "--output", "json")
        assert again.out == first.out
        assert "registered already" in again.err
        assert len(cloud.iot.list_ca_certificates()["certificates"]) == 1
        changed = self.described(cloud, cli("ca", "register", ca, "--auto-registration", "--output", "json"))
        assert changed["autoRegistrationStatus"] == "ENABLE"

    def test_the_other_mode(self, cli: Cli, cloud: Cloud, ca: str) -> None:
        cli("ca", "register", ca)
        result = cli("ca", "register", ca, "--several-accounts")
        assert result.code == CLOUD_EXIT
        assert "mode DEFAULT, not SNI_ONLY" in result.errors[0]


class TestRegister:
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
        assert "The chip is genuine by " in result.err
        assert cli(*command, "--output", "json").out == result.out
        assert len(bench.certificates()) == 1

    def test_without_thing_and_policy(self, cli: Cli, bench: Bench) -> None:
        fields = result_of(cli("--port", bench.port, "register", "--output", "json"))
        assert fields["thing"] is fields["policy"] is None
        assert [one["certificateId"] for one in bench.active()] == [fields["certificate_id"]]
        assert bench.cloud.iot.list_things()["things"] == []

    def test_not_genuine(self, cli: Cli, bench: Bench) -> None:
        assert cli("ca", "init", "mine").code == 0
        result = cli("--port", bench.port, "register", "--trust", "mine/ca.pem")
        assert result.code == CERTIFICATE_EXIT
        assert "0xE0E0" in result.errors[0]
        assert bench.certificates() == []
        with open_journal(bench.folder / "personalization.db") as journal:
            assert journal.all() == []


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

    def test_thing_and_policy_stay(self, cli: Cli, run: Cli, bench: Bench) -> None:
        run()
        assert cli("--port", bench.port, "deprovision", "--yes").code == 0
        assert bench.certificates() == []
        assert len(bench.cloud.iot.list_things()["things"]) == len(bench.cloud.iot.list_policies()["policies"]) == 1

    def test_without_the_chip(self, cli: Cli, run: Cli, bench: Bench) -> None:
        uid = result_of(run())["uid"]
        bench.chip.unlink()
        assert cli("deprovision", "--yes", "--uid", str(uid).upper()).code == 0
        assert bench.certificates() == []

    def test_afterwards_the_chip_is_blank_to_the_journal(self, cli: Cli, run: Cli, bench: Bench) -> None:
        old = result_of(run())
        cli("--port", bench.port, "deprovision", "--yes")
        new = result_of(run())
        assert new["public_key"] != old["public_key"]
        (active,) = bench.active()
        assert active["certificateId"] == new["certificate_id"]

    def test_a_run_that_was_interrupted(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """The certificate that AWS made and the journal does not know goes, too."""
        bench.cloud.fail("CreateCertificateFromCsr", Fault.BREAK_AFTER, times=1)
        assert run().code == CLOUD_EXIT
        assert len(bench.certificates()) == 1
        assert cli("--port", bench.port, "deprovision", "--yes").code == 0
        assert bench.certificates() == []

    def test_a_policy_that_others_use(self, cli: Cli, run: Cli, bench: Bench) -> None:
        run()
        run("--slot", "third")
        result = cli("--port", bench.port, "deprovision", "--yes", "--delete-policy")
        assert result.code == CLOUD_EXIT
        assert "policy my_policy is still in use" in result.errors[0]
        with open_journal(bench.folder / "personalization.db") as journal:
            steps = {entry.slot: entry.step for entry in journal.all()}
        assert steps == {"second": Step.DEPROVISIONED, "third": Step.FINISHED}
        assert cli("--port", bench.port, "deprovision", "--slot", "third", "--yes", "--delete-policy").code == 0
        assert bench.cloud.iot.list_policies()["policies"] == []

    def test_a_thing_that_others_use(self, cli: Cli, run: Cli, bench: Bench) -> None:
        run()
        run("--slot", "third")
        result = cli("--port", bench.port, "deprovision", "--yes", "--delete-thing")
        assert result.code == CLOUD_EXIT
        assert "detach its other certificates first" in result.errors[0]
        assert len(bench.certificates()) == 1
