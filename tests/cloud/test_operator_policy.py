"""The operator's IAM policy lists exactly the actions that are used."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import botocore.session
from botocore import xform_name

from optiga.cloud import aws
from tests.support.places import ROOT

POLICY = json.loads((ROOT / "templates" / "operator_iam_policy.json").read_text())
ALLOWED = [action for statement in POLICY["Statement"] for action in statement["Action"]]


def trees() -> list[ast.Module]:
    (package,) = aws.__path__
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(Path(package).glob("*.py"))]


def named_actions() -> set[str]:
    """What ``asking`` is told, for the message that names a missing action."""
    return {
        str(node.args[0].value)
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "asking"
        and isinstance(node.args[0], ast.Constant)
    }


def called_operations() -> set[str]:
    """The methods of boto3's clients that are called, and the paginators, under AWS's names."""
    model = botocore.session.Session().get_service_model("iot")
    names = {xform_name(name): name for name in model.operation_names}
    words = {node.attr for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    words |= {
        node.args[0].value
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get_paginator"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
    return {names[word] for word in words & names.keys()}


def test_it_lists_exactly_what_is_called() -> None:
    assert sorted(ALLOWED) == sorted(f"iot:{name}" for name in called_operations())


def test_messages_name_what_is_called() -> None:
    """Who the credentials belong to, AWS tells without any permission."""
    assert named_actions() == {*ALLOWED, "sts:GetCallerIdentity"}


def test_it_is_in_order() -> None:
    assert len(ALLOWED) == len(set(ALLOWED))
    for statement in POLICY["Statement"]:
        assert statement["Action"] == sorted(statement["Action"])
        assert statement["Effect"] == "Allow"
