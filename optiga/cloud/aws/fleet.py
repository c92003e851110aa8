"""AWS's provisioning templates: which parameters they want, and what this tool gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from optiga.cloud.aws.aws_names import check_name, is_name
from optiga.errors import ConfigurationError
from optiga.files.files import read_input
from optiga.files.json_lines import parse_json
from optiga.pki.names import fill_uid

if TYPE_CHECKING:
    from optiga.cloud.aws.registry import Registry

MAX_SIZE = 10240
"""Most characters of a template's body."""
CERTIFICATE_ID = "AWS::IoT::Certificate::Id"
_OF_AWS = "AWS::"
"""What the names of parameters begin with that AWS gives itself."""


class FleetTemplate(NamedTuple):
    """A provisioning template, with the values that every chip has in common.

    :param name: what to call it in messages.
    :param body: JSON, for ``RegisterThing``.
    :param values: parameters from the user, in which ``{uid}`` may stand.
    :param wanted: names of the parameters that the body declares.
    """

    name: str
    body: str
    values: Mapping[str, str]
    wanted: frozenset[str]

    def parameters(self, *, uid: str, thing: str | None, certificate_id: str) -> dict[str, str]:
        """The parameters for one chip: the user's, and ``ThingName``, ``SerialNumber`` (the UID) where they are wanted.

        ``AWS::IoT::Certificate::Id`` names the certificate, which must be registered already.
        """
        ours = {"SerialNumber": uid, CERTIFICATE_ID: certificate_id}
        if thing is not None:
            ours["ThingName"] = thing
        given = {name: fill_uid(value, uid) for name, value in self.values.items()}
        return {
            name: value for name, value in {**ours, **given}.items() if name in self.wanted or name == CERTIFICATE_ID
        }

    def things(self, *, uid: str, thing: str | None) -> tuple[str, ...]:
        """Names of the things that a certificate of one chip gets, as far as they can be told beforehand."""
        body = json.loads(self.body)
        declared = body.get("Parameters", {})
        known = {name: one["Default"] for name, one in declared.items() if "Default" in one}
        known |= self.parameters(uid=uid, thing=thing, certificate_id="")
        del known[CERTIFICATE_ID]
        resources = [one for one in body["Resources"].values() if one.get("Type") == "AWS::IoT::Thing"]
        properties = [one.get("Properties") for one in resources]
        names = [_resolve(one.get("ThingName"), known) for one in properties if isinstance(one, dict)]
        return tuple(name for name in names if name and is_name("thing", name))


def load_fleet_template(name: str, registry: Registry, values: Mapping[str, str], *, has_thing: bool) -> FleetTemplate:
    """A template by the name of a file or, where there is no such file, by its name in AWS.

    :param values: the user's parameters.
    :param has_thing: whether the configuration names a thing.
    :raises ConfigurationError: if there is neither, it is no template, or a parameter is missing or unknown.
    :raises AwsError: if AWS does not tell.
    """
    path = Path(name)
    if path.is_file():
        try:
            body = read_input(path, "provisioning template", 1 << 16).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ConfigurationError(f"the provisioning template {path} is not UTF-8") from None
    else:
        if path.suffix or len(path.parts) > 1:
            raise ConfigurationError(f"cannot read the provisioning template {name}: there is no such file")
        check_name("provisioning template", name)
        found = registry.template_body(name)
        if found is None:
            raise ConfigurationError(f"there is neither a file nor a provisioning template in AWS named {name}")
        body = found
    if len(body) > MAX_SIZE:
        raise ConfigurationError(f"{name}: the template has {len(body)} characters, AWS takes {MAX_SIZE}")
    declared = _declared(body, name)
    given = {"SerialNumber", *values} | ({"ThingName"} if has_thing else set())
    missing = sorted(key for key, optional in declared.items() if not optional and key not in given)
    missing = [key for key in missing if not key.startswith(_OF_AWS)]
    if missing:
        raise ConfigurationError(
            f"{name}: no value for the template's parameter {', '.join(missing)}",
            hint="Give it: --parameter NAME=VALUE",
        )
    if CERTIFICATE_ID in values:
        raise ConfigurationError(f"{name}: {CERTIFICATE_ID} is the chip's own certificate, and is not given by hand")
    unknown = sorted(set(values) - set(declared))
    if unknown:
        raise ConfigurationError(
            f"{name}: the template has no parameter {', '.join(unknown)}",
            hint=f"It has {', '.join(sorted(declared)) or 'none'}",
        )
    return FleetTemplate(name, body, dict(values), frozenset(declared))


def _declared(body: str, name: str) -> dict[str, bool]:
    """The parameters that a body declares, and whether each has a default."""
    value = parse_json(body, name).value
    resources = value.get("Resources") if isinstance(value, dict) else None
    parameters = value.get("Parameters", {}) if isinstance(value, dict) else None
    if not isinstance(resources, dict) or not isinstance(parameters, dict):
        raise ConfigurationError(f"{name}: a provisioning template is an object with Parameters and Resources")
    if not all(isinstance(one, dict) for one in (*parameters.values(), *resources.values())):
        raise ConfigurationError(f"{name}: each of Parameters and Resources must be an object")
    certificates = {key: one for key, one in resources.items() if one.get("Type") == "AWS::IoT::Certificate"}
    hint = f'It needs one with the property "CertificateId": {{"Ref": "{CERTIFICATE_ID}"}}'
    if not certificates:
        raise ConfigurationError(f"{name}: the template has no resource of the type AWS::IoT::Certificate", hint=hint)
    for key, one in certificates.items():
        if not _is_the_chips(one.get("Properties")):
            raise ConfigurationError(f"{name}: {key} names another certificate than the chip's", hint=hint)
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
