"""What AWS IoT takes as the document of a policy, and what it refuses as malformed.

Sources: AWS IoT Core Developer Guide, "AWS IoT Core policies", "Policy actions", "Action resources",
"Policy variables"; IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from optiga.errors import ConfigurationError

VERSIONS = ("2012-10-17", "2008-10-17")
_POLICY_MEMBERS = {"Version", "Id", "Statement"}
_STATEMENT_MEMBERS = {"Sid", "Effect", "Action", "Resource", "Condition"}
_DEVICE_ACTIONS = (
    "Connect",
    "DeleteConnection",
    "GetRetainedMessage",
    "ListRetainedMessages",
    "Publish",
    "Receive",
    "RetainPublish",
    "Subscribe",
    "DeleteThingShadow",
    "GetThingShadow",
    "ListNamedShadowsForThing",
    "UpdateThingShadow",
    "DescribeJobExecution",
    "GetPendingJobExecutions",
    "StartNextPendingJobExecution",
    "UpdateJobExecution",
    "AssumeRoleWithCertificate",
    "OpenTunnel",
    "CloseTunnel",
    "DescribeTunnel",
    "ListTunnels",
    "RotateTunnelAccessToken",
)
"""Actions under ``iot:`` that are no operation of AWS IoT's own API."""
_KNOWN_PREFIXES = ("iot", "iotjobsdata", "greengrass")
"""Services whose actions stand in the policies that AWS shows for devices."""
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_ARN = re.compile(r"arn:[\w*?-]+:[\w*?-]+:[\w*?-]*:[0-9*?]*:\S.*", re.ASCII)
_OPERATOR = re.compile(
    r"(ForAllValues:|ForAnyValue:)?("
    r"String(Not)?(Equals(IgnoreCase)?|Like)|Numeric(NotEquals|Equals|(Less|Greater)Than(Equals)?)|"
    r"Date(NotEquals|Equals|(Less|Greater)Than(Equals)?)|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like)"
    r")(IfExists)?|Null"
)
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_KNOWN_VARIABLES = re.compile(
    r"iot:(ClientId|DomainName|ThingName|Connection\.Thing\.\S+|Certificate\.\S+)|aws:\w+|\*|\?|\$", re.IGNORECASE
)


def check_document(document: object, name: str) -> None:
    """Refuse what AWS IoT would not take as a policy.

    :param document: the policy as its JSON says it.
    :param name: what it is called in messages.
    :raises ConfigurationError: for the first mistake.
    """
    statements = several(document.get("Statement")) if isinstance(document, dict) else []
    if not isinstance(document, dict) or not statements or not all(isinstance(one, dict) for one in statements):
        raise ConfigurationError(f"{name}: a policy must be an object with Version and Statement")
    _check_members(document, _POLICY_MEMBERS, name)
    version = document.get("Version")
    if version not in VERSIONS:
        raise ConfigurationError(f"{name}: Version is {version!r}", hint="Use '2012-10-17'")
    if not isinstance(document.get("Id", ""), str):
        raise ConfigurationError(f"{name}: Id must be a text")
    for number, statement in enumerate(statements, 1):
        _check_statement(statement, f"{name}: statement {number}")


def check_arns(document: dict[str, Any], name: str, partition: str, region: str, account: str) -> None:
    """Refuse resources of another partition, region or account, which no device's request is ever of.

    :param document: one that :func:`check_document` has passed.
    :raises ConfigurationError: for the first.
    """
    for number, statement in enumerate(several(document["Statement"]), 1):
        for resource in several(statement["Resource"]):
            if resource == "*":
                continue
            _, *parts, _ = resource.split(":", 5)
            fields = (("partition", parts[0], partition), ("region", parts[2], region), ("account", parts[3], account))
            for field, pattern, value in fields:
                is_global = not pattern and parts[1] != "iot"  # as in ARNs of S3
                if not is_global and not fnmatchcase(value, pattern):
                    raise ConfigurationError(
                        f"{name}: statement {number}: the resource {resource!r} is of the {field} {pattern!r}, "
                        f"not {value}",
                        hint="Use <aws-region> and <aws-account-id> instead",
                    )


def document_warnings(document: dict[str, Any], name: str) -> list[str]:
    """What looks like a mistake in a policy that AWS may take all the same, one sentence each.

    :param document: one that :func:`check_document` has passed.
    """
    warnings, sids = [], set()
    for number, statement in enumerate(several(document["Statement"]), 1):
        where = f"{name}: statement {number}"
        for action in several(statement["Action"]):
            if action.partition(":")[0] not in _KNOWN_PREFIXES:
                warnings.append(f"{where}: {action!r} is not a known action of AWS IoT: AWS may refuse or ignore it")
        for text in _texts([statement["Resource"], statement.get("Condition", {})]):
            for variable in _VARIABLE.findall(text):
                if not _KNOWN_VARIABLES.fullmatch(variable):
                    warnings.append(f"{where}: AWS IoT documents no policy variable ${{{variable}}}")
        sid = statement.get("Sid")
        if sid and sid in sids:
            warnings.append(f"{where}: the Sid {sid!r} is given twice")
        sids.add(sid)
    return list(dict.fromkeys(warnings))


def several(value: Any) -> list[Any]:
    """One or several, as policies have it."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _check_members(value: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(value.keys() - known)
    if unknown:
        raise ConfigurationError(
            f"{where}: {unknown[0]!r} is not allowed in a policy of AWS IoT",
            hint=f"Use only {', '.join(sorted(known))}",
        )


def _check_statement(statement: dict[str, Any], where: str) -> None:
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise ConfigurationError(f"{where}: Effect is neither 'Allow' nor 'Deny'")
    for field in ("Action", "Resource"):
        values = several(statement.get(field))
        if not values or not all(isinstance(one, str) and one for one in values):
            raise ConfigurationError(f"{where}: {field} must be a text or a list of texts")
    _check_members(statement, _STATEMENT_MEMBERS, where)
    if not isinstance(statement.get("Sid", ""), str):
        raise ConfigurationError(f"{where}: Sid must be a text")
    for action in several(statement["Action"]):
        _check_action(action, where)
    for resource in several(statement["Resource"]):
        if resource != "*" and not _ARN.fullmatch(resource):
            raise ConfigurationError(
                f"{where}: the resource {resource!r} is not an ARN",
                hint="Use '*', or arn:PARTITION:iot:REGION:ACCOUNT:client/NAME, topic/…, topicfilter/…, thing/…",
            )
    _check_condition(statement.get("Condition", {}), where)
    for text in _texts([statement["Resource"], statement.get("Condition", {})]):
        if any(not character.isprintable() for character in text):
            raise ConfigurationError(f"{where}: {text!r} has a character that cannot be printed")
        if "${" in _VARIABLE.sub("", text) or "${}" in text:
            raise ConfigurationError(
                f"{where}: {text!r} has a '${{' without a variable and its '}}'",
                hint="Write a variable as ${iot:Connection.Thing.ThingName}",
            )


def _check_action(action: str, where: str) -> None:
    if not _ACTION.fullmatch(action):
        raise ConfigurationError(
            f"{where}: {action!r} is not an action", hint="Write an action as iot:Publish, without spaces"
        )
    prefix, _, name = action.partition(":")
    if prefix.lower() != "iot":
        return
    if prefix != "iot" or not any(fnmatchcase(known, name) for known in _DEVICE_ACTIONS):
        right = next((known for known in (*_DEVICE_ACTIONS, *_operations()) if known.lower() == name.lower()), None)
        if prefix == "iot" and (right == name or any(fnmatchcase(known, name) for known in _operations())):
            return
        hint = f"Use iot:{right}" if right else "A device needs iot:Connect, iot:Publish, iot:Receive, iot:Subscribe …"
        raise ConfigurationError(f"{where}: AWS IoT has no action {action!r}", hint=hint)


def _check_condition(condition: object, where: str) -> None:
    good = isinstance(condition, dict) and all(
        isinstance(keys, dict) and keys and all(_is_value(value) for value in keys.values())
        for keys in condition.values()
    )
    if not isinstance(condition, dict) or not good:
        raise ConfigurationError(
            f"{where}: Condition must be an object of operators, each an object of keys with their values",
            hint='As in {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}',
        )
    for operator, keys in condition.items():
        if not _OPERATOR.fullmatch(operator):
            raise ConfigurationError(f"{where}: Condition has no operator {operator!r}")
        for key in keys:
            if not re.fullmatch(r"[A-Za-z0-9-]+:\S+", key):
                raise ConfigurationError(f"{where}: Condition has no key {key!r}", hint="As in iot:ClientId")


def _is_value(value: object) -> bool:
    values = several(value)
    return bool(values) and all(isinstance(one, (str, int, float, bool)) for one in values)


def _texts(value: object) -> Iterator[str]:
    """Every text in what JSON has, the names of members left out."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)


@cache
def _operations() -> tuple[str, ...]:
    """The operations of AWS IoT's API, each of which is an action, too."""
    from botocore.session import Session

    return tuple(Session().get_service_model("iot").operation_names)
