"""AWS IoT as it was when a release left a disk: everything is made anew, of what the release wrote down of it.

A certificate's identifier and ARN come of the certificate, so they are the same again.
"""

from __future__ import annotations

from typing import Any


def restore(iot: Any, described: dict[str, Any]) -> None:
    """Make an empty account what is described.

    :param iot: a client of boto3's.
    """
    for group in described["groups"]:
        iot.create_thing_group(thingGroupName=group)
    for name, document in described["policies"].items():
        iot.create_policy(policyName=name, policyDocument=document)
    for thing in described["things"]:
        iot.create_thing(thingName=thing["name"], attributePayload={"attributes": thing["attributes"]})
        for group in thing["groups"]:
            iot.add_thing_to_thing_group(thingName=thing["name"], thingGroupName=group)
    for pem in described["authorities"]:
        iot.register_ca_certificate(caCertificate=pem, certificateMode="SNI_ONLY", setAsActive=True)
    for one in described["certificates"]:
        made = iot.register_certificate_without_ca(certificatePem=one["certificate"], status=one["status"])
        assert made["certificateId"] == one["id"]
        for thing in one["things"]:
            iot.attach_thing_principal(thingName=thing, principal=made["certificateArn"])
        for policy in one["policies"]:
            iot.attach_policy(policyName=policy, target=made["certificateArn"])


def certificates(iot: Any) -> dict[str, dict[str, Any]]:
    """Everything about every certificate, by its identifier."""
    listed = iot.list_certificates(pageSize=250)["certificates"]
    return {
        one["certificateId"]: iot.describe_certificate(certificateId=one["certificateId"])["certificateDescription"]
        for one in listed
    }


def attached(iot: Any, arn: str) -> tuple[list[str], list[str]]:
    """The things and the policies of a certificate."""
    policies = iot.list_attached_policies(target=arn)["policies"]
    return iot.list_principal_things(principal=arn)["things"], [policy["policyName"] for policy in policies]
