"""What is in AWS IoT, as a value of JSON: the stand-in for AWS of the release's tests does not outlive its process."""

from __future__ import annotations

from typing import Any


def describe(iot: Any) -> dict[str, Any]:
    """Everything that another cloud has to be told to be as this one; identifiers come of the certificates."""
    return {
        "groups": [group["groupName"] for group in iot.list_thing_groups()["thingGroups"]],
        "things": [_describe_thing(iot, thing) for thing in iot.list_things()["things"]],
        "policies": {
            policy["policyName"]: iot.get_policy(policyName=policy["policyName"])["policyDocument"]
            for policy in iot.list_policies()["policies"]
        },
        "authorities": [
            iot.describe_ca_certificate(certificateId=one["certificateId"])["certificateDescription"]["certificatePem"]
            for one in iot.list_ca_certificates()["certificates"]
        ],
        "certificates": [
            _describe_certificate(iot, one["certificateId"])
            for one in iot.list_certificates(ascendingOrder=True, pageSize=250)["certificates"]
        ],
    }


def _describe_thing(iot: Any, thing: dict[str, Any]) -> dict[str, Any]:
    name = thing["thingName"]
    groups = iot.list_thing_groups_for_thing(thingName=name)["thingGroups"]
    return {
        "name": name,
        "attributes": thing["attributes"],
        "groups": [group["groupName"] for group in groups],
    }


def _describe_certificate(iot: Any, certificate_id: str) -> dict[str, Any]:
    held = iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
    arn = held["certificateArn"]
    return {
        "id": certificate_id,
        "status": held["status"],
        "things": iot.list_principal_things(principal=arn)["things"],
        "policies": [policy["policyName"] for policy in iot.list_attached_policies(target=arn)["policies"]],
        "certificate": held["certificatePem"],
    }
