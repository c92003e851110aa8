"""AWS IoT of one region, where moto lacks it or has it otherwise."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from typing import Any

from optiga.testing.aws.certificates import Account, Certificates
from optiga.testing.aws.model import Model
from optiga.testing.aws.policies import check_policy
from optiga.testing.aws.templates import Resource, Template
from optiga.testing.aws.terms import Answer, Asked, AwsError, now, read_json, refuse

_ATTRIBUTES_WITHOUT_TYPE = 3


class Iot(Certificates):
    """AWS IoT of one region, where moto lacks it or has it otherwise.

    A method that is an operation returns its answer, or None where moto's own is right.

    :param model: AWS's rules for names and lengths.
    """

    def __init__(self, cloud: Account, region: str, model: Model) -> None:
        super().__init__(cloud, region)
        self._model = model
        self._identifier = f"a{secrets.token_hex(6)}"
        self._templates: dict[str, Answer] = {}
        self._queries: dict[str, str] = {}
        self._exclusive: set[tuple[str, str]] = set()

    def carry_out(self, operation: str, asked: Asked) -> Answer | None:
        """Carry an operation out.

        :returns: None if it is left to moto.
        :raises AwsError: if AWS refuses it.
        """
        from botocore import xform_name

        if operation.startswith("/"):
            return None
        carried_out: Callable[[Asked], Answer | None] = getattr(self, xform_name(operation), lambda _: None)
        return carried_out(asked)

    # Things, policies, endpoints

    def describe_endpoint(self, asked: Asked) -> Answer:
        """The account's own address, the same each time."""
        kinds = {"iot:Data": "", "iot:Data-ATS": "-ats", "iot:CredentialProvider": ".credentials", "iot:Jobs": ".jobs"}
        kind = asked.get("endpointType", "iot:Data")
        if kind not in kinds:
            refuse(f"Endpoint type {kind} is not known")
        return {"endpointAddress": f"{self._identifier}{kinds[kind]}.iot.{self._region}.amazonaws.com"}

    def create_thing(self, asked: Asked) -> Answer | None:
        attributes = asked.get("attributePayload", {}).get("attributes", {})
        if len(attributes) > _ATTRIBUTES_WITHOUT_TYPE and "thingTypeName" not in asked:
            refuse(f"A thing without a type has no more than {_ATTRIBUTES_WITHOUT_TYPE} attributes")
        thing = self._find_thing(asked["thingName"])
        if thing is None:
            return None
        kind = thing.thing_type.thing_type_name if thing.thing_type else None
        wished = (asked.get("thingTypeName"), attributes, asked.get("billingGroupName"))
        if (kind, thing.attributes, getattr(thing, "billing_group_name", None)) != wished:
            raise AwsError(
                "ResourceAlreadyExistsException",
                f"Thing {thing.thing_name} already exists in account with different attributes",
                resourceId=thing.thing_id,
                resourceArn=thing.arn,
            )
        return {"thingName": thing.thing_name, "thingArn": thing.arn, "thingId": thing.thing_id}

    def delete_thing(self, asked: Asked) -> Answer | None:
        return {} if self._find_thing(asked["thingName"]) is None else None

    def attach_thing_principal(self, asked: Asked) -> None:
        """A certificate that is attached exclusively is one thing's alone."""
        thing, principal = asked["thingName"], asked["principal"]
        wished = asked.get("thingPrincipalType", "NON_EXCLUSIVE_THING") == "EXCLUSIVE_THING"
        attached = [pair for pair in self._moto.principal_things if pair[0] == principal]
        others = [pair for pair in attached if pair[1] != thing]
        if others and (wished or self._exclusive.intersection(others)):
            refuse(f"Principal {principal} is attached to another thing")
        if (principal, thing) in attached and wished is not ((principal, thing) in self._exclusive):
            refuse(f"Principal {principal} is attached to thing {thing} with another type")
        if wished:
            self._exclusive.add((principal, thing))

    def detach_thing_principal(self, asked: Asked) -> None:
        self._exclusive.discard((asked["principal"], asked["thingName"]))

    def list_thing_principals_v2(self, asked: Asked) -> Answer:
        thing = asked["thingName"]
        names = {True: "EXCLUSIVE_THING", False: "NON_EXCLUSIVE_THING"}
        found = [
            {"principal": pair[0], "thingPrincipalType": names[pair in self._exclusive]}
            for pair in self._moto.principal_things
            if pair[1] == thing
        ]
        return {"thingPrincipalObjects": found}

    def add_thing_to_billing_group(self, asked: Asked) -> None:
        """A thing is in one billing group at most."""
        thing = self._find_thing(asked.get("thingName", ""))
        if thing is not None and thing.billing_group_name not in (None, asked.get("billingGroupName")):
            refuse(f"Thing {thing.thing_name} is in the billing group {thing.billing_group_name}")

    def create_dynamic_thing_group(self, asked: Asked) -> Answer:
        name = asked["thingGroupName"]
        self._moto.create_thing_group(name, None, {})
        self._queries[name] = asked["queryString"]
        return self.describe_thing_group(asked) or {}

    def describe_thing_group(self, asked: Asked) -> Answer | None:
        if asked["thingGroupName"] not in self._queries:
            return None
        group = self._moto.describe_thing_group(asked["thingGroupName"])
        return {
            "thingGroupName": group.thing_group_name,
            "thingGroupArn": group.arn,
            "thingGroupId": group.thing_group_id,
            "indexName": "AWS_Things",
            "queryString": self._queries[group.thing_group_name],
            "queryVersion": "2017-09-30",
            "status": "ACTIVE",
            "version": 1,
        }

    def add_thing_to_thing_group(self, asked: Asked) -> None:
        self._refuse_dynamic(asked.get("thingGroupName", ""))

    def _refuse_dynamic(self, group: str) -> None:
        if group in self._queries:
            refuse(f"Cannot add a thing to the dynamic thing group {group}")

    def create_policy(self, asked: Asked) -> None:
        check_policy(asked["policyDocument"], self._model.operations)

    def _find_thing(self, name: str) -> Any:
        return next((thing for thing in self._moto.things.values() if thing.thing_name == name), None)

    # Provisioning templates

    def create_provisioning_template(self, asked: Asked) -> Answer:
        name = asked["templateName"]
        if name in self._templates:
            refuse(f"Provisioning template {name} exists already", "ResourceAlreadyExistsException")
        read_json(asked["templateBody"], "templateBody")
        self._templates[name] = {
            "templateArn": f"arn:aws:iot:{self._region}:{self._account}:provisioningtemplate/{name}",
            "templateName": name,
            "creationDate": now(),
            "lastModifiedDate": now(),
            "defaultVersionId": 1,
            "enabled": False,
            "type": "FLEET_PROVISIONING",
            **{key: value for key, value in asked.items() if key != "tags"},
        }
        return {key: self._templates[name][key] for key in ("templateArn", "templateName", "defaultVersionId")}

    def describe_provisioning_template(self, asked: Asked) -> Answer:
        if asked["templateName"] not in self._templates:
            refuse("The template does not exist", "ResourceNotFoundException")
        return self._templates[asked["templateName"]]

    def register_thing(self, asked: Asked) -> Answer:
        from werkzeug.exceptions import HTTPException

        try:
            return self._provision(asked)
        except HTTPException as error:  # moto's own errors
            raise AwsError("ResourceRegistrationFailureException", str(error.description)) from error

    def _provision(self, asked: Asked) -> Answer:
        pseudo = {"AWS::Region": self._region, "AWS::AccountId": self._account}
        template = Template(asked["templateBody"], {**pseudo, **asked.get("parameters", {})})
        things = [self._provision_thing(thing) for thing in template.resources("AWS::IoT::Thing")]
        certificates = [self._provision_certificate(one) for one in template.resources("AWS::IoT::Certificate")]
        policies = [self._provision_policy(policy) for policy in template.resources("AWS::IoT::Policy")]
        for _, certificate in certificates:
            for _, thing in things:
                self._moto.attach_thing_principal(thing.thing_name, certificate.arn)
            for _, policy in policies:
                self._moto.attach_policy(policy.name, certificate.arn)
        answer: Answer = {"resourceArns": {name: made.arn for name, made in [*things, *certificates, *policies]}}
        if certificates:
            answer["certificatePem"] = certificates[0][1].certificate_pem
        return answer

    def _provision_thing(self, resource: Resource) -> tuple[str, Any]:
        name = resource.needs("ThingName")
        attributes = resource.properties.get("AttributePayload", {})
        kind = resource.properties.get("ThingTypeName")
        thing = self._find_thing(name)
        if thing is None:
            asked = {"thingName": name, "attributePayload": {"attributes": attributes}}
            asked |= {"thingTypeName": kind} if kind else {}
            self._model.check("CreateThing", asked)
            self.create_thing(asked)
            thing = self._moto.create_thing(name, kind, asked["attributePayload"])
        elif resource.replaces("AttributePayload", thing.attributes, attributes):
            merges = resource.overrides.get("AttributePayload") == "MERGE"
            thing.attributes = {**thing.attributes, **attributes} if merges else attributes
        for group in resource.properties.get("ThingGroups", []):
            self._refuse_dynamic(group)
            self._moto.add_thing_to_thing_group(group, None, name, None)
        return resource.name, thing

    def _provision_certificate(self, resource: Resource) -> tuple[str, Any]:
        properties = resource.properties
        status = properties.get("Status", "ACTIVE")
        if status not in ("ACTIVE", "INACTIVE", "PENDING_ACTIVATION"):
            refuse(f"{status} is no status for a certificate")
        entry = self._moto.certificates.get(resource.needs("CertificateId"))
        if entry is None:
            refuse("The certificate does not exist", "ResourceRegistrationFailureException")
        if resource.replaces("Status", entry.status, status, unsaid="REPLACE"):
            entry.status, entry.last_modified_date = status, now()
        return resource.name, entry

    def _provision_policy(self, resource: Resource) -> tuple[str, Any]:
        document = resource.properties.get("PolicyDocument")
        if document is None:
            policy = self._moto.policies.get(resource.needs("PolicyName"))
            if policy is None:
                refuse("The policy does not exist", "ResourceRegistrationFailureException")
            return resource.name, policy
        text = document if isinstance(document, str) else json.dumps(document)
        check_policy(text, self._model.operations)
        name = resource.properties.get("PolicyName", hashlib.sha1(text.encode()).hexdigest().upper())  # noqa: S324 - AWS names it so
        return resource.name, self._moto.policies.get(name) or self._moto.create_policy(name, text)
