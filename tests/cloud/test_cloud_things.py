"""The stand-in for AWS IoT has things, policies, endpoints and regions as AWS documents."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from optiga.testing import Cloud
from tests.support.cloud.asking import certify, make_csr, refusal
from tests.support.makers import make_certificate


class TestThingsAndPolicies:
    def test_the_same_thing_again(self, iot: Any) -> None:
        asked = {"thingName": "thing", "attributePayload": {"attributes": {"uid": "cd16"}}}
        first, second = iot.create_thing(**asked), iot.create_thing(**asked)
        assert first["thingId"] == second["thingId"]

    def test_deleting_a_thing_that_is_not_there(self, iot: Any) -> None:
        iot.delete_thing(thingName="thing")

    def test_another_thing_of_the_same_name(self, iot: Any) -> None:
        made = iot.create_thing(thingName="thing")
        with pytest.raises(iot.exceptions.ResourceAlreadyExistsException) as raised:
            iot.create_thing(thingName="thing", attributePayload={"attributes": {"uid": "cd16"}})
        assert raised.value.response["resourceArn"] == made["thingArn"]

    def test_attributes_of_a_thing_without_a_type(self, iot: Any) -> None:
        four = {"attributes": dict.fromkeys("abcd", "value")}
        assert refusal(iot.create_thing, thingName="thing", attributePayload=four) == "InvalidRequestException"
        iot.create_thing_type(thingTypeName="type")
        iot.create_thing(thingName="thing", thingTypeName="type", attributePayload=four)

    @pytest.mark.parametrize(
        "asked",
        [
            {"thingName": "a thing"},
            {"thingName": "a" * 129},
            {"thingName": "thing", "attributePayload": {"attributes": {"uid": "a b"}}},
        ],
    )
    def test_names_that_aws_does_not_take(self, iot: Any, asked: dict[str, Any]) -> None:
        assert refusal(iot.create_thing, **asked) == "InvalidRequestException"

    @pytest.mark.parametrize("document", ["no JSON", "{}", '{"Statement": [{"Effect": "Allow"}]}'])
    def test_policy_that_is_none(self, iot: Any, document: str) -> None:
        assert refusal(iot.create_policy, policyName="policy", policyDocument=document) == "MalformedPolicyException"

    @pytest.mark.parametrize(
        "changes",
        [
            {"Principal": "*"},
            {"Resource": "client/foo"},
            {"Resource": "arn:aws:iot:*:*:client/${iot:ClientId"},
            {"Action": "iot: Publish"},
            {"Action": "iot:Conect"},
            {"Effect": "Permit"},
        ],
    )
    def test_policy_that_is_malformed(self, iot: Any, changes: dict[str, str]) -> None:
        statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*", **changes}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        assert refusal(iot.create_policy, policyName="policy", policyDocument=document) == "MalformedPolicyException"

    def test_policy_of_jobs(self, iot: Any) -> None:
        statement = {"Effect": "Allow", "Action": ["iot:Connect", "iotjobsdata:UpdateJobExecution"], "Resource": "*"}
        iot.create_policy(
            policyName="policy", policyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement})
        )

    def test_a_type_that_is_deprecated(self, iot: Any) -> None:
        iot.create_thing_type(thingTypeName="type")
        iot.create_thing(thingName="old", thingTypeName="type")
        iot.deprecate_thing_type(thingTypeName="type")
        assert iot.describe_thing_type(thingTypeName="type")["thingTypeMetadata"]["deprecated"] is True
        assert refusal(iot.create_thing, thingName="new", thingTypeName="type") == "InvalidRequestException"
        iot.create_thing(thingName="old", thingTypeName="type")

    def test_a_dynamic_group(self, iot: Any) -> None:
        iot.create_dynamic_thing_group(thingGroupName="hall", queryString="attributes.room:hall")
        iot.create_thing_group(thingGroupName="static")
        iot.create_thing(thingName="thing")
        assert iot.describe_thing_group(thingGroupName="hall")["queryString"] == "attributes.room:hall"
        assert "queryString" not in iot.describe_thing_group(thingGroupName="static")
        asked = {"thingName": "thing", "thingGroupName": "hall"}
        assert refusal(iot.add_thing_to_thing_group, **asked) == "InvalidRequestException"
        iot.add_thing_to_thing_group(thingName="thing", thingGroupName="static")

    def test_keys_that_are_not_certified(self, iot: Any) -> None:
        for key in (
            ec.generate_private_key(ec.BrainpoolP256R1()),
            rsa.generate_private_key(public_exponent=65537, key_size=1024),
        ):
            asked = {"certificateSigningRequest": make_csr(key)}
            assert refusal(iot.create_certificate_from_csr, **asked) == "InvalidRequestException"
            pem = make_certificate(public_key=key.public_key()).decode()
            said = refusal(iot.register_certificate_without_ca, certificatePem=pem)
            assert said == "CertificateValidationException"

    def test_endpoint_stays_the_same(self, iot: Any, cloud: Cloud) -> None:
        found = [iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"] for _ in range(2)]
        assert found[0] == found[1]
        assert found[0].endswith(f"-ats.iot.{cloud.region}.amazonaws.com")

    def test_regions_know_nothing_of_each_other(self, iot: Any) -> None:
        certify(iot)
        assert boto3.client("iot", region_name="us-west-2").list_certificates()["certificates"] == []
