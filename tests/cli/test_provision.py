"""``provision``: what AWS has, what the chip holds, what the user sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import optiga
from tests.support.cli.provisioned import CLOUD_EXIT, RESULT, Bench, config_with, device_of, result_of
from tests.support.cli.runner import Cli


class TestOneCommand:
    def test_everything_is_there(self, run: Cli, bench: Bench) -> None:
        fields = result_of(run())
        arn = bench.check_finished()
        assert list(fields) == RESULT
        assert fields["certificate_arn"] == arn
        assert (fields["slot"], fields["thing"], fields["policy"]) == ("second", "my_thing", "my_policy")
        assert fields["thing_arn"] == f"arn:aws:iot:eu-central-1:{bench.cloud.account}:thing/my_thing"
        assert fields["endpoint"] == bench.cloud.iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
        with optiga.open_chip(bench.port) as chip:
            assert fields["uid"] == chip.uid.hex
        names = {fields["filename"], fields["certificate_file"], "optiga.aws_arn", "my_policy.aws_iot_policy"}
        names |= {"personalization.db", "personalization.db.seal"}
        assert {path.name for path in bench.folder.iterdir()} == names

    def test_query_prints_the_field_bare(self, run: Cli, bench: Bench) -> None:
        result = run("--query", "certificate_arn")
        assert result.out == f"{bench.check_finished()}\n"

    def test_again_changes_nothing(self, run: Cli, bench: Bench) -> None:
        first = run()
        arn, objects = bench.check_finished(), bench.objects()
        bench.cloud.calls.clear()
        again = run()
        assert again.out == first.out
        assert bench.check_finished() == arn
        assert bench.objects() == objects
        assert "already finished" in again.err
        assert set(bench.cloud.calls) == {
            *("GetCallerIdentity", "DescribeEndpoint", "DescribeCertificate"),
            *("ListPrincipalThings", "ListAttachedPolicies"),
        }

    @pytest.mark.long
    def test_a_line_says_where_the_identity_lives(self, run: Cli, bench: Bench) -> None:
        said = run().err
        assert said.index(f"Emulated chip: {bench.chip}.") < said.index("The new key is in the file")

    def test_the_policy_is_made_from_the_template(self, run: Cli, bench: Bench) -> None:
        run()
        kept = (bench.folder / "my_policy.aws_iot_policy").read_text()
        assert f"arn:aws:iot:eu-central-1:{bench.cloud.account}:client/${{iot:Connection.Thing.ThingName}}" in kept
        assert bench.cloud.iot.get_policy(policyName="my_policy")["policyDocument"] == kept

    @pytest.mark.long
    def test_another_folder_and_journal(self, run: Cli, bench: Bench, tmp_path: Path) -> None:
        out = tmp_path / "out"
        out.mkdir()
        result_of(run("--out-dir", out, "--journal", tmp_path / "line.db"))
        assert not list(bench.folder.iterdir())
        assert (tmp_path / "line.db").exists()
        assert sorted(path.suffix for path in out.iterdir()) == [".aws_arn", ".aws_iot_policy", ".csr", ".pem"]

    @pytest.mark.long
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

    @pytest.mark.long
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

    @pytest.mark.long
    def test_a_thing_that_is_there_is_used(self, run: Cli, bench: Bench) -> None:
        iot = bench.cloud.iot
        iot.create_thing(thingName="my_thing", attributePayload={"attributes": {"room": "7", "colour": "blue"}})
        result_of(run("--attribute", "colour=red"))
        bench.check_finished()
        assert iot.describe_thing(thingName="my_thing")["attributes"] == {"room": "7", "colour": "red"}

    def test_a_policy_that_is_there_is_used_and_the_difference_shown(self, run: Cli, bench: Bench) -> None:
        theirs = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}'
        bench.cloud.iot.create_policy(policyName="my_policy", policyDocument=theirs)
        result = run()
        bench.check_finished()
        assert bench.cloud.iot.get_policy(policyName="my_policy")["policyDocument"] == theirs
        assert "Warning: the policy my_policy in AWS is used" in result.err
        assert '    -            "Resource": "*"' in result.err
        assert '    +                "iot:Publish",' in result.err

    @pytest.mark.long
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
        assert "on every resource" not in result.err
        document = bench.cloud.iot.get_policy(policyName="my_policy")["policyDocument"]
        connect, *_ = json.loads(document)["Statement"]
        account = bench.cloud.account
        assert connect["Resource"] == f"arn:aws:iot:eu-central-1:{account}:client/${{iot:Connection.Thing.ThingName}}"
        assert connect["Condition"] == {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}

    @pytest.mark.long
    def test_the_weak_policy_is_called_so(self, run: Cli) -> None:
        said = run("-q", "--policy-template", "my_policy.template").err
        assert "Warning: the policy of " in said
        assert "my_policy.template allows a device iot:Connect, iot:Publish, iot:Subscribe, iot:Receive on" in said


class TestTheCurrentFolder:
    @pytest.mark.long
    def test_a_template_in_it_is_not_taken(self, run: Cli, bench: Bench) -> None:
        """The seed's document says that my_policy.template can be changed: one line says how that one is taken."""
        weak = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}'
        for name in ("my_policy.template", "thing_policy.template"):
            (bench.folder / name).write_text(weak)
        result = run("-q")
        assert result.code == 0
        warning, _ = [line for line in result.err.splitlines() if line.startswith("Warning: ")]
        assert "--policy-template ./my_policy.template" in warning
        kept = bench.cloud.iot.get_policy(policyName="my_policy")["policyDocument"]
        assert '"iot:*"' not in kept
        bench.cloud.reset()
        taken = run("--renew", "--policy-template", "./my_policy.template")
        assert f"The policy template is {bench.folder / 'my_policy.template'}" in taken.err
        assert "lies in the current folder" not in taken.err
        assert bench.cloud.iot.get_policy(policyName="my_policy")["policyDocument"] == weak

    def test_the_path_is_said(self, run: Cli, configs: Path) -> None:
        ours = configs.parent / "templates"
        assert f"The policy template is {ours / 'thing_policy.template'}" in run().err
        assert (
            f"The policy template is {ours / 'my_policy.template'}"
            in run("--dry-run", "--policy-template", "my_policy.template").err
        )


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

    @pytest.mark.long
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
        fields = device_of(run("--template", name, "--parameter", "Site=hall"))
        bench.check_finished(policy="fleet")
        assert (fields["thing"], fields["policy"]) == ("my_thing", "fleet")
        assert fields["thing_arn"] == f"arn:aws:iot:eu-central-1:{bench.cloud.account}:thing/my_thing"
        attributes = bench.cloud.iot.describe_thing(thingName="my_thing")["attributes"]
        assert attributes == {"serial": fields["uid"], "site": "hall"}
        again = device_of(run("--template", name, "--parameter", "Site=hall"))
        assert again == fields

    @pytest.mark.long
    def test_the_same_file_by_another_way(self, run: Cli, bench: Bench) -> None:
        (bench.folder / "fleet.json").write_text(self.BODY)
        fields = device_of(run("--template", "fleet.json"))
        assert device_of(run("--template", bench.folder / "fleet.json")) == fields
        (bench.folder / "lamps.json").write_text(self.BODY)
        assert "template is fleet.json, not lamps.json" in run("--template", "lamps.json").errors[0]


class TestAnotherKey:
    def test_it_is_refused(self, run: Cli, bench: Bench) -> None:
        bench.cloud.certify_other_key = True
        result = run()
        assert result.code == CLOUD_EXIT
        (found,) = bench.certificates()
        assert found["status"] == "INACTIVE"
        assert "has certified another key than the CSR's" in result.errors[0]
        assert found["certificateId"] in result.errors[0]
        assert "aws iot delete-certificate" in result.errors[0]
        assert "remove the cause, then run the same command again" in result.errors[0]
        assert bench.stored() == []
        assert result.out == ""
        assert not list(bench.folder.glob("*.pem"))

    @pytest.mark.long
    def test_a_cloud_that_comes_to_its_senses(self, run: Cli, bench: Bench) -> None:
        bench.cloud.certify_other_key = True
        run()
        bench.cloud.certify_other_key = False
        fields = result_of(run())
        assert [one["certificateId"] for one in bench.active()] == [fields["certificate_id"]]


def test_paths_of_files_in_a_folder_for_each_chip(run: Cli, bench: Bench) -> None:
    """A program need not guess what the placeholders became."""
    fields = result_of(run("--out-dir", "{uid}-{slot}"))
    folder = bench.folder / f"{fields['uid']}-second"
    assert fields["csr_path"] == str(folder / fields["filename"])
    assert fields["certificate_path"] == str(folder / fields["certificate_file"])
    assert run("--out-dir", "{uid}-{slot}", "--query", "certificate_path").out == f"{fields['certificate_path']}\n"
