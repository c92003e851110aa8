"""AWS's provisioning templates: which parameters they want, and what this tool gives them."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from optiga.cloud.aws.aws_names import check_name, is_name
from optiga.cloud.aws.policies import in_partition
from optiga.cloud.aws.policy_rules import check_arns, check_document
from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.files import read_input
from optiga.files.json_lines import parse_json
from optiga.files.known_documents import name_content, refuse_other
from optiga.files.opening import about
from optiga.files.placeholders import UID_FIELD
from optiga.pki.names import fill_uid
from optiga.suggestions import suggest

if TYPE_CHECKING:
    from optiga.cloud.aws.connection import Aws
    from optiga.cloud.aws.registry import Registry

MAX_SIZE = 10240
"""Most characters of a template's body."""
CERTIFICATE_ID = "AWS::IoT::Certificate::Id"
_OF_AWS = ("AWS::Region", "AWS::AccountId", "AWS::Partition", CERTIFICATE_ID)
"""Parameters that need no value: AWS gives them, or every chip's run does."""
_OF_SUBJECT = {
    "AWS::IoT::Certificate::Country": "country_name",
    "AWS::IoT::Certificate::Organization": "organization_name",
    "AWS::IoT::Certificate::OrganizationalUnit": "organizational_unit_name",
    "AWS::IoT::Certificate::DistinguishedNameQualifier": "dn_qualifier",
    "AWS::IoT::Certificate::StateName": "state_or_province_name",
    "AWS::IoT::Certificate::CommonName": "common_name",
    "AWS::IoT::Certificate::SerialNumber": "serial_number",
}
"""Parameters that are components of the certificate's subject (Developer Guide, "Provisioning templates")."""
_RESOURCES = ("AWS::IoT::Certificate", "AWS::IoT::Policy", "AWS::IoT::Thing")


class FleetTemplate(NamedTuple):
    """A provisioning template, with the values that every chip has in common.

    :param name: what to call it in messages.
    :param body: JSON, for ``RegisterThing``.
    :param values: parameters from the user, in which ``{uid}`` may stand.
    :param wanted: names of the parameters that the body declares, and of AWS's that it uses.
    :param optional: those of them that have a default.
    :param thing_types: the thing types that its things have, where they are named.
    :param thing_groups: the same of thing groups.
    :param policies: names of the policies of which it has no document, where they are the same for every chip.
    :param source: where it comes from: the path of its file, or AWS.
    """

    name: str
    body: str
    values: Mapping[str, str]
    wanted: frozenset[str]
    optional: frozenset[str] = frozenset()
    thing_types: tuple[str, ...] = ()
    thing_groups: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    source: str = ""

    def parameters(
        self, *, uid: str, thing: str | None, certificate_id: str, subject: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The parameters for one chip: the user's, and ``ThingName``, ``SerialNumber`` (the UID) where they are wanted.

        ``AWS::IoT::Certificate::Id`` names the certificate, which must be registered already.

        :param subject: the certificate's subject, by asn1crypto's names of components.
        :raises ConfigurationError: if a component of the subject is wanted that there is not.
        """
        self.check_subject(subject or {})
        known = {CERTIFICATE_ID: certificate_id, **self._known(uid, thing, subject)}
        return {name: value for name, value in known.items() if name in self.wanted or name == CERTIFICATE_ID}

    def check_subject(self, subject: Collection[str]) -> None:
        """Refuse a certificate whose subject lacks a component that the template wants, and the user has not given.

        :param subject: the components that it has, by asn1crypto's names.
        :raises ConfigurationError: if it lacks one.
        """
        wanted = (self.wanted & _OF_SUBJECT.keys()) - self.optional - self.values.keys()
        _refuse_missing(self.name, {name for name in wanted if _OF_SUBJECT[name] not in subject})

    def _known(self, uid: str, thing: str | None, subject: Mapping[str, str] | None) -> dict[str, str]:
        """All that is known of one chip, by the names of parameters, whether they are wanted or not."""
        ours = {"SerialNumber": uid}
        ours |= {name: subject[part] for name, part in _OF_SUBJECT.items() if subject and part in subject}
        if thing is not None:
            ours["ThingName"] = thing
        return ours | {name: fill_uid(value, uid) for name, value in self.values.items()}

    def things(self, *, uid: str, thing: str | None, subject: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """Names of the things that a certificate of one chip gets, as far as they can be told beforehand.

        :param subject: the certificate's subject, by asn1crypto's names of components; None if that is not known.
        """
        return tuple(name for name in self._thing_names(uid, thing, subject) if is_name("thing", name))

    def check_chip(self, *, uid: str, thing: str | None, subject: Mapping[str, str]) -> None:
        """Refuse a chip of which AWS could not make what the template says, as far as it can be told beforehand.

        :param subject: the subject of its certificate, by asn1crypto's names of components.
        :raises ConfigurationError: if a component of the subject is wanted that there is not, or the name of a thing
            is none.
        """
        self.check_subject(subject)
        for name in self._thing_names(uid, thing, subject):
            check_name("thing", name, f"{self.name}: ")

    def _thing_names(self, uid: str, thing: str | None, subject: Mapping[str, str] | None) -> list[str]:
        body = json.loads(self.body)
        declared = body.get("Parameters", {})
        known = {name: one["Default"] for name, one in declared.items() if "Default" in one}
        known |= {name: value for name, value in self._known(uid, thing, subject).items() if name in self.wanted}
        resources = [one for one in body["Resources"].values() if one.get("Type") == "AWS::IoT::Thing"]
        properties = [one.get("Properties") for one in resources]
        names = [_resolve(one.get("ThingName"), known) for one in properties if isinstance(one, dict)]
        return [name for name in names if name is not None]


def load_fleet_template(
    name: str,
    registry: Registry,
    values: Mapping[str, str],
    *,
    has_thing: bool,
    subject: Collection[str] | None = None,
    aws: Aws | None = None,
) -> FleetTemplate:
    """A template by the path of a file, or by its name in AWS.

    :param name: what has a dot or a separator is a path: no name in AWS has one.
    :param values: the user's parameters.
    :param has_thing: whether the configuration names a thing.
    :param subject: the components that the certificate's subject is going to have, by asn1crypto's names; None if that
        is not known.
    :param aws: where it is going to be used; None does without comparing its ARNs.
    :raises ConfigurationError: if there is neither, it is no template, or a parameter is missing or unknown.
    :raises AwsError: if AWS does not tell.
    """
    path = Path(name)
    if path.suffix or any(separator in name for separator in (os.sep, os.altsep) if separator):
        if not path.is_file():
            raise ConfigurationError(
                f"cannot read the provisioning template {name}: no such file", reason=Reason.NOT_FOUND
            )
        source = str(path.absolute())
        data = read_input(path, "provisioning template", 1 << 16)
        try:
            body = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            refuse_other(name_content(data, binary=True), str(path), "a provisioning template")
            with about(path):
                raise ConfigurationError(f"the provisioning template {path} is not UTF-8") from None
        body = body if aws is None else in_partition(body, aws.partition)
    else:
        source = f"{name} in AWS"
        check_name("provisioning template", name)
        found = registry.template_body(name)
        if found is None:
            if path.is_file():
                raise ConfigurationError(
                    f"there is no provisioning template in AWS named {name}",
                    hint=f"The file here is ./{name}",
                    reason=Reason.NOT_FOUND,
                )
            raise ConfigurationError(
                f"there is neither a file nor a provisioning template in AWS named {name}", reason=Reason.NOT_FOUND
            )
        body = found
    if len(body) > MAX_SIZE:
        raise ConfigurationError(
            f"{name}: the template has {len(body)} characters, but AWS accepts at most {MAX_SIZE}",
            reason=Reason.TOO_LARGE,
        )
    value = parse_json(body, name).value
    declared = _declared(value, name)
    resources = value["Resources"]
    used = set(_references(resources))
    undeclared = sorted(one for one in used - declared.keys() if not one.startswith("AWS::"))
    if undeclared:
        raise ConfigurationError(
            f"{name}: the template uses {', '.join(undeclared)}, which its Parameters do not declare"
        )
    wanted = {*declared, *(used & _OF_SUBJECT.keys())}
    optional = {key for key, has_default in declared.items() if has_default}
    _check_policies(resources, name, aws)
    given = {"SerialNumber", *values} | ({"ThingName"} if has_thing else set())
    given |= {key for key, part in _OF_SUBJECT.items() if subject is None or part in subject}
    if CERTIFICATE_ID in values:
        raise ConfigurationError(
            f"{name}: {CERTIFICATE_ID} is the chip's own certificate, and cannot be given as a parameter"
        )
    unknown = sorted(set(values) - set(declared))
    if unknown:
        near = next(filter(None, (suggest(one, declared, {}) for one in unknown)), "")
        raise ConfigurationError(
            f"{name}: the template has no parameter {', '.join(unknown)}{near}",
            hint=f"Its parameters: {', '.join(sorted(declared)) or 'none'}",
        )
    _refuse_missing(name, wanted - optional - given - {*_OF_AWS})
    things = [one.get("Properties") for one in resources.values() if one.get("Type") == "AWS::IoT::Thing"]
    properties = [one for one in things if isinstance(one, dict)]
    types = tuple(one["ThingTypeName"] for one in properties if isinstance(one.get("ThingTypeName"), str))
    groups = [group for one in properties if isinstance(one.get("ThingGroups"), list) for group in one["ThingGroups"]]
    return FleetTemplate(
        name,
        body,
        dict(values),
        frozenset(wanted),
        frozenset(optional),
        types,
        tuple(group for group in groups if isinstance(group, str)),
        _named_policies(value, values),
        source,
    )


def _named_policies(body: Mapping[str, Any], values: Mapping[str, str]) -> tuple[str, ...]:
    """The policies that a template only names, as far as a name does not depend on the chip."""
    known = {name: one["Default"] for name, one in body.get("Parameters", {}).items() if "Default" in one}
    known |= values
    policies = [one.get("Properties") for one in body["Resources"].values() if one.get("Type") == "AWS::IoT::Policy"]
    named = [one for one in policies if isinstance(one, dict) and "PolicyDocument" not in one]
    names = [_resolve(one.get("PolicyName"), known) for one in named]
    return tuple(name for name in names if name is not None and UID_FIELD not in name)


def _refuse_missing(name: str, missing: Collection[str]) -> None:
    if not missing:
        return
    parts = [part for key, part in _OF_SUBJECT.items() if key in missing]
    subject = f", or put {', '.join(parts)} into the certificate's subject" if parts else ""
    raise ConfigurationError(
        f"{name}: no value for the template's parameter {', '.join(sorted(missing))}",
        hint=naming("Give it: {parameters=NAME=VALUE}{subject}", subject=subject),
        reason=Reason.MISSING,
    )


def _references(value: object) -> Iterator[str]:
    """The names that references (``Ref``) in JSON have."""
    if isinstance(value, dict) and value.keys() == {"Ref"} and isinstance(value["Ref"], str):
        yield value["Ref"]
        return
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _references(inner)


def _check_policies(resources: Mapping[str, Any], name: str, aws: Aws | None) -> None:
    """Refuse resources of a kind that there is not, and policies without parameters that AWS refuses."""
    for key, one in resources.items():
        if one.get("Type") not in _RESOURCES:
            raise ConfigurationError(
                f"{name}: {key}: a provisioning template cannot have resources of the type {one.get('Type')!r}",
                hint=f"Use {', '.join(_RESOURCES)}",
            )
        properties = one.get("Properties")
        document = properties.get("PolicyDocument") if isinstance(properties, dict) else None
        if isinstance(document, str):
            document = parse_json(document, f"{name}: {key}").value
        if document is not None and not any("Fn::" in text or text == "Ref" for text in _members(document)):
            check_document(document, f"{name}: {key}")
            if aws is not None:
                check_arns(document, f"{name}: {key}", aws.partition, aws.region, aws.account)


def _members(value: object) -> Iterator[str]:
    """The names of all members in JSON."""
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _members(inner)


def _declared(value: Any, name: str) -> dict[str, bool]:
    """The parameters that a body declares, and whether each has a default."""
    resources = value.get("Resources") if isinstance(value, dict) else None
    parameters = value.get("Parameters", {}) if isinstance(value, dict) else None
    if not isinstance(resources, dict) or not isinstance(parameters, dict):
        raise ConfigurationError(f"{name}: a provisioning template must be an object with Parameters and Resources")
    if not all(isinstance(one, dict) for one in (*parameters.values(), *resources.values())):
        raise ConfigurationError(f"{name}: each of Parameters and Resources must be an object")
    certificates = {key: one for key, one in resources.items() if one.get("Type") == "AWS::IoT::Certificate"}
    hint = f'Add one with the property "CertificateId": {{"Ref": "{CERTIFICATE_ID}"}}'
    if not certificates:
        raise ConfigurationError(f"{name}: the template has no resource of the type AWS::IoT::Certificate", hint=hint)
    for key, one in certificates.items():
        if not _is_the_chips(one.get("Properties")):
            raise ConfigurationError(f"{name}: {key} is not the chip's certificate", hint=hint)
    return {key: "Default" in parameter for key, parameter in parameters.items()}


def _resolve(value: object, known: Mapping[str, object]) -> str | None:
    """A text of a template with its references filled in; None if that cannot be told."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((function, argument),) = value.items()
    if function == "Ref" and isinstance(argument, str):
        found = known.get(argument)
        return found if isinstance(found, str) else None
    if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
        separator, parts = argument
        filled = [_resolve(part, known) for part in parts] if isinstance(parts, list) else [None]
        if isinstance(separator, str) and None not in filled:
            return separator.join(part for part in filled if part is not None)
    return None


def _is_the_chips(properties: object) -> bool:
    """Whether a template's certificate is the one of the chip, which is there already, and no other."""
    if not isinstance(properties, dict) or properties.get("CertificateId") != {"Ref": CERTIFICATE_ID}:
        return False
    return not properties.keys() & {"CertificatePem", "CertificateSigningRequest"}
