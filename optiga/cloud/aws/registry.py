"""Things and policies in AWS IoT: used where they are there, made where not, attached and detached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from optiga.cloud.aws import answers
from optiga.cloud.aws.errors import (
    ALREADY_EXISTS,
    CONFLICT,
    INVALID,
    NOT_FOUND,
    AwsError,
    ask_again,
    asking,
    ignoring,
)
from optiga.errors import Reason, naming

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import AttachThingPrincipalRequestTypeDef, CreateThingRequestTypeDef

    from optiga.cloud.aws.connection import Aws

_PATIENCE = 5
"""How often a thing is asked to go; it may be that it never will."""


class Thing(NamedTuple):
    """A thing as AWS IoT has it."""

    name: str
    arn: str
    thing_type: str | None
    attributes: Mapping[str, str]
    billing_group: str | None = None


class Ensured(NamedTuple):
    """A thing that is there for sure.

    :param before: as it was before; None if it was made, or nobody may say.
    :param is_made: whether it was made just now.
    """

    arn: str
    before: Thing | None
    is_made: bool


class ThingType(NamedTuple):
    """A thing type as AWS IoT has it.

    :param is_deprecated: whether no new thing may have it.
    """

    name: str
    is_deprecated: bool


class ThingGroup(NamedTuple):
    """A thing group as AWS IoT has it.

    :param is_dynamic: whether a query says which things are in it, and nobody puts one there.
    """

    name: str
    is_dynamic: bool


class Registered(NamedTuple):
    """What a fleet template has made or found, each None if none: names and the thing's ARN."""

    thing: str | None
    thing_arn: str | None
    policy: str | None


class Registry:
    """The things and policies of an account in a region.

    Each method raises :class:`AwsError` where AWS refuses, and :class:`~optiga.errors.CloudError` where an answer is
    not what it must be (:mod:`.answers`).
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def find_thing(self, name: str) -> Thing | None:
        """A thing, None if there is none of this name."""
        with ignoring(NOT_FOUND), asking("iot:DescribeThing", f"thing {name}"):
            answer = self._aws.iot.describe_thing(thingName=name)
            attributes = dict(answer.get("attributes") or {})
            arn = answers.resource(self._aws, answer["thingArn"], "thing", name, "iot:DescribeThing", "thingArn")
            return Thing(name, arn, answer.get("thingTypeName"), attributes, answer.get("billingGroupName"))
        return None

    def ensure_thing(
        self,
        name: str,
        thing_type: str | None,
        attributes: Mapping[str, str],
        unanswered: Callable[[AwsError], None] | None = None,
        *,
        billing_group: str | None = None,
        before: Callable[[], object] = lambda: None,
    ) -> Ensured:
        """Make a thing, or give the one of this name the attributes, and put it into a billing group.

        :param thing_type: for a thing that is made; one that is there keeps its own.
        :param billing_group: for a thing that is in none; one that is in another stays there.
        :param unanswered: is told that these credentials may not ask for the thing, which is made or given the
            attributes all the same; None has that be an error.
        :param before: is called before a thing is made, once it is known that there is none of this name.
        """
        try:
            found = self.find_thing(name)
        except AwsError as error:
            if unanswered is None or not error.is_unanswered:
                raise
            unanswered(error)
            return self._ensure_unseen(name, thing_type, attributes, billing_group)
        if found is None:
            before()
            try:
                return Ensured(self._create_thing(name, thing_type, attributes, billing_group), None, is_made=True)
            except AwsError as error:
                if error.code != ALREADY_EXISTS:
                    raise
                found = self.find_thing(name)  # somebody was quicker
                if found is None:
                    raise
        if any(found.attributes.get(key) != value for key, value in attributes.items()):
            self._give_attributes(name, attributes)
        if billing_group is not None and found.billing_group is None:
            self._bill(name, billing_group)
        return Ensured(found.arn, found, is_made=False)

    def _ensure_unseen(
        self, name: str, thing_type: str | None, attributes: Mapping[str, str], billing_group: str | None
    ) -> Ensured:
        try:
            return Ensured(self._create_thing(name, thing_type, attributes, billing_group), None, is_made=True)
        except AwsError as error:
            if error.code != ALREADY_EXISTS:
                raise
        if attributes:
            self._give_attributes(name, attributes)
        if billing_group is not None:
            self._bill(name, billing_group)
        return Ensured(f"{answers.prefix(self._aws)}thing/{name}", None, is_made=False)

    def _bill(self, name: str, billing_group: str) -> None:
        with asking("iot:AddThingToBillingGroup", f"thing {name}, billing group {billing_group}"):
            self._aws.iot.add_thing_to_billing_group(thingName=name, billingGroupName=billing_group)

    def _give_attributes(self, name: str, attributes: Mapping[str, str]) -> None:
        with asking("iot:UpdateThing", f"thing {name}"):
            self._aws.iot.update_thing(thingName=name, attributePayload={"attributes": dict(attributes), "merge": True})

    def _create_thing(
        self, name: str, thing_type: str | None, attributes: Mapping[str, str], billing_group: str | None
    ) -> str:
        wishes: CreateThingRequestTypeDef = {"thingName": name}
        if thing_type is not None:
            wishes["thingTypeName"] = thing_type
        if billing_group is not None:
            wishes["billingGroupName"] = billing_group
        if attributes:
            wishes["attributePayload"] = {"attributes": dict(attributes)}
        with asking("iot:CreateThing", f"thing {name}"):
            arn = self._aws.iot.create_thing(**wishes)["thingArn"]
            return answers.resource(self._aws, arn, "thing", name, "iot:CreateThing", "thingArn")

    def certificates_of(self, thing: str) -> list[str]:
        """Identifiers of the certificates that are attached to a thing; none if there is no thing of this name."""
        principals: list[str] = []
        with ignoring(NOT_FOUND), asking("iot:ListThingPrincipals", f"thing {thing}"):
            for page in self._aws.iot.get_paginator("list_thing_principals").paginate(thingName=thing):
                principals += answers.texts(page.get("principals"), "iot:ListThingPrincipals", "principals")
        return answers.certificates_among(self._aws, principals, "iot:ListThingPrincipals")

    def find_thing_type(self, name: str) -> ThingType | None:
        """A thing type, None if there is none of this name."""
        with ignoring(NOT_FOUND), asking("iot:DescribeThingType", f"thing type {name}"):
            answer = self._aws.iot.describe_thing_type(thingTypeName=name)
            return ThingType(name, bool((answer.get("thingTypeMetadata") or {}).get("deprecated")))
        return None

    def find_thing_group(self, name: str) -> ThingGroup | None:
        """A thing group, None if there is none of this name."""
        with ignoring(NOT_FOUND), asking("iot:DescribeThingGroup", f"thing group {name}"):
            answer = self._aws.iot.describe_thing_group(thingGroupName=name)
            return ThingGroup(name, bool(answer.get("queryString")))
        return None

    def has_billing_group(self, name: str) -> bool:
        """Whether there is a billing group of this name."""
        with ignoring(NOT_FOUND), asking("iot:DescribeBillingGroup", f"billing group {name}"):
            self._aws.iot.describe_billing_group(billingGroupName=name)
            return True
        return False

    def add_to_group(self, thing: str, group: str) -> None:
        """Put a thing into a group; does nothing if it is in there."""
        with asking("iot:AddThingToThingGroup", f"thing {thing}, group {group}"):
            self._aws.iot.add_thing_to_thing_group(thingName=thing, thingGroupName=group)

    @property
    def attaches_exclusively(self) -> bool:
        """Whether the installed boto3 knows of exclusive attachments; releases before 2025 do not."""
        shape = self._aws.iot.meta.service_model.operation_model("AttachThingPrincipal").input_shape
        return shape is not None and "thingPrincipalType" in shape.members

    def attach_thing(self, thing: str, certificate_arn: str, *, exclusively: bool = False) -> None:
        """Make a certificate a thing's; does nothing if it is.

        :param exclusively: let it be no other thing's, from now on.
        """
        kind: AttachThingPrincipalRequestTypeDef = {"thingName": thing, "principal": certificate_arn}
        if exclusively:
            kind["thingPrincipalType"] = "EXCLUSIVE_THING"
        try:
            with asking("iot:AttachThingPrincipal", f"thing {thing}"):
                self._aws.iot.attach_thing_principal(**kind)
        except AwsError as error:
            if exclusively and error.code == INVALID:
                error.advise(
                    naming(
                        "With {exclusive} a certificate belongs to one thing only: detach it from every other thing "
                        "first"
                    )
                )
            raise

    def policy_document(self, name: str) -> str | None:
        """The document, JSON, of a policy's default version; None if there is no policy of this name."""
        with ignoring(NOT_FOUND), asking("iot:GetPolicy", f"policy {name}"):
            document = self._aws.iot.get_policy(policyName=name)["policyDocument"]
            return answers.text(document, "iot:GetPolicy", "policyDocument")
        return None

    def make_policy(self, name: str, document: str) -> bool:
        """Make a policy; whether there was none of this name, which otherwise stays as it is."""
        with ignoring(ALREADY_EXISTS), asking("iot:CreatePolicy", f"policy {name}"):
            self._aws.iot.create_policy(policyName=name, policyDocument=document)
            return True
        return False

    def attach_policy(self, name: str, certificate_arn: str) -> None:
        """Let a policy say what a certificate's device may do; does nothing if it does."""
        with asking("iot:AttachPolicy", f"policy {name}"):
            self._aws.iot.attach_policy(policyName=name, target=certificate_arn)

    def template_body(self, name: str) -> str | None:
        """The body, JSON, of a provisioning template; None if there is none of this name."""
        with ignoring(NOT_FOUND), asking("iot:DescribeProvisioningTemplate", f"template {name}"):
            body = self._aws.iot.describe_provisioning_template(templateName=name)["templateBody"]
            return answers.text(body, "iot:DescribeProvisioningTemplate", "templateBody")
        return None

    def register_thing(self, body: str, parameters: Mapping[str, str]) -> Registered:
        """Have AWS make thing, attachments and policies as a provisioning template says."""
        with asking("iot:RegisterThing"):
            answer = self._aws.iot.register_thing(templateBody=body, parameters=dict(parameters))
            arns = answers.texts(list((answer.get("resourceArns") or {}).values()), "iot:RegisterThing", "resourceArns")
        thing, thing_arn = self._made("thing", arns)
        policy, _ = self._made("policy", arns)
        return Registered(thing, thing_arn, policy)

    def _made(self, kind: str, arns: list[str]) -> tuple[str | None, str | None]:
        """Name and ARN of what a provisioning template has made of a kind; None if it has made none."""
        arn = next((one for one in arns if f":{kind}/" in one), None)
        if arn is None:
            return None, None
        named = answers.name(kind, arn.partition(f":{kind}/")[2], "iot:RegisterThing", "resourceArns")
        return named, answers.resource(self._aws, arn, kind, named, "iot:RegisterThing", "resourceArns")

    def policies_of(self, certificate_arn: str) -> list[str]:
        """Names of the policies that are attached to a certificate; none if there is no such certificate."""
        policies: list[str] = []
        with ignoring(NOT_FOUND), asking("iot:ListAttachedPolicies"):
            for page in self._aws.iot.get_paginator("list_attached_policies").paginate(target=certificate_arn):
                policies += [
                    answers.name("policy", one["policyName"], "iot:ListAttachedPolicies", "policyName")
                    for one in page["policies"]
                ]
        return policies

    def things_of(self, certificate_arn: str) -> list[str]:
        """Names of the things that a certificate is attached to; none if there is no such certificate."""
        things: list[str] = []
        with ignoring(NOT_FOUND), asking("iot:ListPrincipalThings"):
            for found in self._aws.iot.get_paginator("list_principal_things").paginate(principal=certificate_arn):
                things += [answers.name("thing", one, "iot:ListPrincipalThings", "things") for one in found["things"]]
        return things

    def detach(self, certificate_arn: str, things: Iterable[str], policies: Iterable[str]) -> None:
        """Take a certificate from things and policies; does nothing where it is attached to none of them.

        :param things: their names.
        :param policies: the same.
        """
        for name in policies:
            with ignoring(NOT_FOUND), asking("iot:DetachPolicy", f"policy {name}"):
                self._aws.iot.detach_policy(policyName=name, target=certificate_arn)
        for name in things:
            with ignoring(NOT_FOUND), asking("iot:DetachThingPrincipal", f"thing {name}"):
                self._aws.iot.detach_thing_principal(thingName=name, principal=certificate_arn)

    def delete_thing(self, name: str) -> None:
        """Remove a thing that nothing is attached to; does nothing if there is none.

        What was detached a moment ago may be attached still: AWS takes its time, so it is asked again.
        """

        def delete() -> None:
            with ignoring(NOT_FOUND), asking("iot:DeleteThing", f"thing {name}"):
                self._aws.iot.delete_thing(thingName=name)

        try:
            ask_again(delete, {INVALID}, min(self._aws.attempts, _PATIENCE), self._aws.notice)
        except AwsError as error:
            if error.code != INVALID:
                raise
            raise AwsError(
                error.message,
                hint="Keep the thing, or detach its other certificates first",
                code=error.code,
                reason=Reason.CONFLICT,
            ) from error

    def targets_of(self, policy: str) -> list[str]:
        """ARNs of what a policy is attached to, certificates and others; none if there is no such policy."""
        targets: list[str] = []
        with ignoring(NOT_FOUND), asking("iot:ListTargetsForPolicy", f"policy {policy}"):
            for page in self._aws.iot.get_paginator("list_targets_for_policy").paginate(policyName=policy):
                targets += answers.texts(page.get("targets"), "iot:ListTargetsForPolicy", "targets")
        return targets

    def other_versions_of(self, policy: str) -> int:
        """How many versions a policy has beside the default one, which is all that AWS lets it be deleted with."""
        with ignoring(NOT_FOUND), asking("iot:ListPolicyVersions", f"policy {policy}"):
            versions = self._aws.iot.list_policy_versions(policyName=policy)["policyVersions"]
            return sum(not version["isDefaultVersion"] for version in versions)
        return 0

    def delete_policy(self, name: str) -> bool:
        """Remove a policy that is attached to nothing; False if there is none."""
        try:
            with ignoring(NOT_FOUND), asking("iot:DeletePolicy", f"policy {name}"):
                self._aws.iot.delete_policy(policyName=name)
                return True
        except AwsError as error:
            if error.code != CONFLICT:
                raise
            raise AwsError(
                f"policy {name} is still in use by other certificates, or has several versions",
                hint="AWS takes up to five minutes to release a policy. Try again after that, keep the "
                "policy, or detach it and delete its other versions first",
                code=error.code,
                reason=Reason.CONFLICT,
            ) from error
        return False
