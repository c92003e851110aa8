"""The stand-in for AWS IoT provisions by templates as AWS documents."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from optiga.testing import Cloud
from tests.support.cloud.asking import POLICY, certify, refusal, status

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "ThingName": {"Type": "String"},
        "Place": {"Type": "String", "Default": "Munich"},
        "AWS::IoT::Certificate::Id": {"Type": "String"},
    },
    "Resources": {
        "thing": {
            "Type": "AWS::IoT::Thing",
            "Properties": {
                "ThingName": {"Fn::Join": ["-", ["device", {"Ref": "ThingName"}]]},
                "AttributePayload": {"place": {"Ref": "Place"}},
            },
        },
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}},
        },
        "policy": {
            "Type": "AWS::IoT::Policy",
            "Properties": {
                "PolicyName": "policy",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "iot:Connect",
                            "Resource": {
                                "Fn::Join": [
                                    ":",
                                    ["arn:aws:iot", {"Ref": "AWS::Region"}, {"Ref": "AWS::AccountId"}, "*"],
                                ]
                            },
                        }
                    ],
                },
            },
        },
    },
}


def change_template(resource: str, **properties: Any) -> str:
    """The template in JSON, with other properties for a resource; None takes one away."""
    template = json.loads(json.dumps(TEMPLATE))
    target = template["Resources"][resource]
    for name, value in properties.items():
        (target if name == "OverrideSettings" else target["Properties"])[name] = value
    target["Properties"] = {name: value for name, value in target["Properties"].items() if value is not None}
    return json.dumps(template)


class TestProvisioningTemplates:
    @pytest.fixture
    def made(self, iot: Any) -> dict[str, Any]:
        return certify(iot)

    @pytest.fixture
    def parameters(self, made: dict[str, Any]) -> dict[str, str]:
        return {"ThingName": "7", "AWS::IoT::Certificate::Id": made["certificateId"]}

    def test_everything_is_made_and_attached(
        self, iot: Any, cloud: Cloud, made: dict[str, Any], parameters: dict[str, str]
    ) -> None:
        answer = iot.register_thing(templateBody=json.dumps(TEMPLATE), parameters=parameters)
        scope = f"arn:aws:iot:{cloud.region}:{cloud.account}"
        assert answer["certificatePem"] == made["certificatePem"]
        assert answer["resourceArns"] == {
            "thing": f"{scope}:thing/device-7",
            "certificate": made["certificateArn"],
            "policy": f"{scope}:policy/policy",
        }
        assert iot.describe_thing(thingName="device-7")["attributes"] == {"place": "Munich"}
        assert iot.list_thing_principals(thingName="device-7")["principals"] == [made["certificateArn"]]
        attached = iot.list_attached_policies(target=made["certificateArn"])["policies"]
        assert [policy["policyName"] for policy in attached] == ["policy"]
        document = json.loads(iot.get_policy(policyName="policy")["policyDocument"])
        assert document["Statement"][0]["Resource"] == f"{scope}:*"
        assert status(iot, made["certificateId"]) == "ACTIVE"

    def test_again(self, iot: Any, parameters: dict[str, str]) -> None:
        answers = [iot.register_thing(templateBody=json.dumps(TEMPLATE), parameters=parameters) for _ in range(2)]
        assert answers[0]["resourceArns"] == answers[1]["resourceArns"]

    def test_status_of_the_template(self, iot: Any, made: dict[str, Any], parameters: dict[str, str]) -> None:
        iot.register_thing(templateBody=change_template("certificate", Status="INACTIVE"), parameters=parameters)
        assert status(iot, made["certificateId"]) == "INACTIVE"

    def test_status_that_stays(self, iot: Any, made: dict[str, Any], parameters: dict[str, str]) -> None:
        body = change_template("certificate", Status="ACTIVE", OverrideSettings={"Status": "DO_NOTHING"})
        iot.register_thing(templateBody=body, parameters=parameters)
        assert status(iot, made["certificateId"]) == "INACTIVE"

    def test_policy_that_exists(self, iot: Any, made: dict[str, Any], parameters: dict[str, str]) -> None:
        body = change_template("policy", PolicyDocument=None)
        refused = refusal(iot.register_thing, templateBody=body, parameters=parameters)
        assert refused == "ResourceRegistrationFailureException"
        iot.create_policy(policyName="policy", policyDocument=POLICY)
        iot.register_thing(templateBody=body, parameters=parameters)
        assert iot.list_targets_for_policy(policyName="policy")["targets"] == [made["certificateArn"]]

    def test_policy_without_a_name(self, iot: Any, parameters: dict[str, str]) -> None:
        body = change_template("policy", PolicyName=None, PolicyDocument=POLICY)
        arn = iot.register_thing(templateBody=body, parameters=parameters)["resourceArns"]["policy"]
        assert arn.endswith(f"/{hashlib.sha1(POLICY.encode()).hexdigest().upper()}")

    @pytest.mark.parametrize(
        ("override", "expected"),
        [
            ("MERGE", {"uid": "cd16", "place": "Munich"}),
            ("REPLACE", {"place": "Munich"}),
            ("DO_NOTHING", {"uid": "cd16"}),
        ],
    )
    def test_thing_that_exists(
        self, iot: Any, parameters: dict[str, str], override: str, expected: dict[str, str]
    ) -> None:
        iot.create_thing(thingName="device-7", attributePayload={"attributes": {"uid": "cd16"}})
        body = change_template("thing", OverrideSettings={"AttributePayload": override})
        iot.register_thing(templateBody=body, parameters=parameters)
        assert iot.describe_thing(thingName="device-7")["attributes"] == expected

    def test_thing_that_must_not_exist(self, iot: Any, parameters: dict[str, str]) -> None:
        iot.create_thing(thingName="device-7")
        body = change_template("thing", OverrideSettings={"AttributePayload": "FAIL"})
        refused = refusal(iot.register_thing, templateBody=body, parameters=parameters)
        assert refused == "ConflictingResourceUpdateException"

    def test_group(self, iot: Any, parameters: dict[str, str]) -> None:
        body = change_template("thing", ThingGroups=["group"])
        refused = refusal(iot.register_thing, templateBody=body, parameters=parameters)
        assert refused == "ResourceRegistrationFailureException"
        iot.create_thing_group(thingGroupName="group")
        iot.register_thing(templateBody=body, parameters=parameters)
        assert iot.list_things_in_thing_group(thingGroupName="group")["things"] == ["device-7"]

    def test_name_that_aws_does_not_take(self, iot: Any, parameters: dict[str, str]) -> None:
        parameters["ThingName"] = "a thing"
        refused = refusal(iot.register_thing, templateBody=json.dumps(TEMPLATE), parameters=parameters)
        assert refused == "InvalidRequestException"

    def test_missing_parameter(self, iot: Any, parameters: dict[str, str]) -> None:
        del parameters["ThingName"]
        refused = refusal(iot.register_thing, templateBody=json.dumps(TEMPLATE), parameters=parameters)
        assert refused == "InvalidRequestException"

    def test_unknown_certificate(self, iot: Any, parameters: dict[str, str]) -> None:
        parameters["AWS::IoT::Certificate::Id"] = "0" * 64
        refused = refusal(iot.register_thing, templateBody=json.dumps(TEMPLATE), parameters=parameters)
        assert refused == "ResourceRegistrationFailureException"

    @pytest.mark.parametrize("body", ["no JSON", "[]", "{}"])
    def test_text_that_is_no_template(self, iot: Any, body: str) -> None:
        assert refusal(iot.register_thing, templateBody=body) == "InvalidRequestException"

    def test_stored_template(self, iot: Any, cloud: Cloud) -> None:
        role = f"arn:aws:iam::{cloud.account}:role/provisioning"
        asked = {"templateName": "fleet", "templateBody": json.dumps(TEMPLATE), "provisioningRoleArn": role}
        iot.create_provisioning_template(**asked, enabled=True)
        shown = iot.describe_provisioning_template(templateName="fleet")
        assert (shown["templateBody"], shown["enabled"]) == (asked["templateBody"], True)
        assert refusal(iot.create_provisioning_template, **asked) == "ResourceAlreadyExistsException"
        assert refusal(iot.describe_provisioning_template, templateName="other") == "ResourceNotFoundException"
