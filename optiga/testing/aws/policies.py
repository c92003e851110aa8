"""Policies as AWS IoT takes and refuses them; written apart from the product's own rules, which it is to catch."""

from __future__ import annotations

import json
from typing import Any

from optiga.testing.aws.terms import refuse

_DEVICE = {
    *("Connect", "Publish", "Receive", "Subscribe", "RetainPublish", "GetRetainedMessage", "ListRetainedMessages"),
    *("DeleteThingShadow", "GetThingShadow", "UpdateThingShadow", "ListNamedShadowsForThing", "DeleteConnection"),
    *("DescribeJobExecution", "GetPendingJobExecutions", "StartNextPendingJobExecution", "UpdateJobExecution"),
    "AssumeRoleWithCertificate",
}
_LONGEST = 2048


def check_policy(text: str, operations: set[str]) -> None:
    """Refuse what is no policy.

    :param operations: of AWS IoT's API, which are actions, too.
    :raises AwsError: if it is none.
    """
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or len("".join(text.split())) > _LONGEST:
        _malformed("Invalid JSON")
    if document.keys() - {"Version", "Id", "Statement"} or document.get("Version") not in ("2012-10-17", "2008-10-17"):
        _malformed("Invalid policy syntax")
    statements = _several(document.get("Statement"))
    if not statements:
        _malformed("Policy must contain a statement")
    for statement in statements:
        _check_statement(statement, _DEVICE | operations)


def _check_statement(statement: Any, actions: set[str]) -> None:
    if not isinstance(statement, dict) or not {"Effect", "Action", "Resource"} <= statement.keys():
        _malformed("Invalid policy syntax")
    if statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}:
        _malformed("Invalid policy syntax")
    if statement["Effect"] not in ("Allow", "Deny") or not isinstance(statement.get("Condition", {}), dict):
        _malformed("Invalid policy syntax")
    for action in _several(statement["Action"]):
        service, colon, name = str(action).partition(":")
        if not colon or not service or not name or any(one.isspace() for one in action):
            _malformed(f"The following actions are invalid : {action}")
        if service == "iot" and name not in actions and "*" not in name and "?" not in name:
            _malformed(f"The following actions are invalid : {action}")
    for resource in _several(statement["Resource"]):
        if resource != "*" and (not str(resource).startswith("arn:") or str(resource).count(":") < 5):
            _malformed(f"The resource {resource} is not in valid ARN format")
    for piece in json.dumps(statement).split("${")[1:]:
        if "}" not in piece.partition('"')[0]:
            _malformed("Invalid policy variable")


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _malformed(why: str) -> None:
    refuse(f"Policy document is Malformed: {why}", "MalformedPolicyException")
