"""Policies: rendered from templates, refused where AWS would, compared with what AWS has."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any, cast

import pytest

from optiga.cloud.aws.connection import Aws
from optiga.cloud.aws.policies import (
    MAX_SIZE,
    PolicyTemplate,
    differences,
    load_template,
    open_actions,
    warnings_of,
)
from optiga.cloud.aws.policy_rules import several
from optiga.cloud.aws.templates import own_template
from optiga.errors import ConfigurationError
from tests.support.places import ROOT

UID = "cd16338201001c000500000a0b0c0d0e0f1011121314151617181a"
AWS = Aws(
    cast("Any", None),
    cast("Any", None),
    attempts=1,
    account="123456789012",
    region="eu-central-1",
    partition="aws",
    notice=lambda _: None,
)
GOOD: dict[str, Any] = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:*:*:client/lamp"}
OURS = [ROOT / "templates" / name for name in ("my_policy.template", "thing_policy.template")]


def policy(*statements: object, **members: object) -> str:
    """A policy's text with these statements, or the good one."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements or (GOOD,)), **members})


def statement(**members: object) -> dict[str, object]:
    """The good statement with other members; None leaves one out."""
    return {name: value for name, value in {**GOOD, **members}.items() if value is not None}


def render(text: str) -> str:
    return PolicyTemplate("lamp.template", text).render(AWS, UID)


def refusal(text: str) -> str:
    """What is said of a template that cannot be rendered."""
    with pytest.raises(ConfigurationError) as raised:
        render(text)
    assert raised.value.message.startswith("lamp.template:")
    return str(raised.value)


class TestRender:
    def test_fills_every_field(self) -> None:
        resource = "arn:<aws-partition>:iot:<aws-region>:<aws-account-id>:client/lamp-{uid}"
        rendered = render(policy(statement(Resource=[resource, resource])))
        filled = f"arn:aws:iot:eu-central-1:123456789012:client/lamp-{UID}"
        assert json.loads(rendered)["Statement"][0]["Resource"] == [filled, filled]

    def test_keeps_the_form(self) -> None:
        text = json.dumps(json.loads(policy()), indent=7) + "\n\n"
        assert render(text) == text

    def test_variables_of_aws_stay(self) -> None:
        text = policy(statement(Resource="arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}"))
        assert render(text) == text

    def test_needs_uid(self) -> None:
        assert PolicyTemplate("", policy(statement(Resource="client/{uid}"))).needs_uid
        assert not PolicyTemplate("", policy(statement(Resource="client/{id}"))).needs_uid

    @pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.name))
    def test_our_own(self, path: Path) -> None:
        rendered = load_template(path).render(AWS, UID)
        assert "<" not in rendered
        assert f":{AWS.region}:{AWS.account}:" in rendered

    def test_one_statement_without_a_list_and_an_old_version(self) -> None:
        render(json.dumps({"Version": "2008-10-17", "Statement": GOOD}))

    @pytest.mark.parametrize("field", ["<aws-zone>", "<aws-regions>", "<aws-account>"])
    def test_a_field_that_is_none(self, field: str) -> None:
        said = refusal(policy(statement(Resource=f"arn:aws:iot:{field}:1:client/lamp")))
        assert f"{field} is not a field" in said
        assert "<aws-region>, <aws-account-id>, <aws-partition>, {uid}" in said

    def test_the_size_does_not_count_white_space(self) -> None:
        def sized(size: int) -> str:
            begin = "arn:aws:iot:*:*:client/"
            empty = policy(statement(Resource=begin))
            return policy(statement(Resource=begin + "x" * (size - len("".join(empty.split())))))

        assert len("".join(sized(MAX_SIZE).split())) == MAX_SIZE == 2048
        render(json.dumps(json.loads(sized(MAX_SIZE)), indent=40))
        assert "the policy has 2049 characters, but AWS IoT accepts at most 2048" in refusal(sized(MAX_SIZE + 1))

    def test_the_size_counts_what_is_filled_in(self) -> None:
        assert "but AWS IoT accepts at most 2048" in refusal(
            policy(statement(Resource="arn:aws:iot:*:*:client/" + "{uid}" * 40))
        )


class TestMalformed:
    @pytest.mark.parametrize("text", ["", " \n", "{", "[", '{"Version": "2012-10-17",}', "NaN", "x"])
    def test_not_json(self, text: str) -> None:
        assert "not JSON" in refusal(text)

    @pytest.mark.parametrize(
        "text", ["{}", "[]", "3", "null", '"text"', policy(Statement=[]), policy(Statement=None), policy("text")]
    )
    def test_no_policy(self, text: str) -> None:
        assert "a policy must be an object with Version and Statement" in refusal(text)

    @pytest.mark.parametrize("version", [None, "2012-10-18", 2012, [], {}])
    def test_version(self, version: object) -> None:
        said = refusal(policy(Version=version))
        assert f"Version is {version!r}" in said
        assert "'2012-10-17'" in said

    @pytest.mark.parametrize("effect", [None, "allow", "Permit", True, ["Allow"]])
    def test_effect(self, effect: object) -> None:
        assert "statement 2: Effect is neither 'Allow' nor 'Deny'" in refusal(policy(GOOD, statement(Effect=effect)))

    @pytest.mark.parametrize("field", ["Action", "Resource"])
    @pytest.mark.parametrize("value", [None, "", [], [""], 3, ["iot:Connect", None], [["iot:Connect"]], {"a": "b"}])
    def test_action_and_resource(self, field: str, value: object) -> None:
        said = refusal(policy(statement(**{field: value})))
        assert f"statement 1: {field} must be a text or a list of texts" in said

    def test_an_operators_policy(self) -> None:
        """AWS knows best which services' actions it takes; a guess of ours must not stop a device."""
        text = render(policy(GOOD, statement(Action=["iot:CreateThing", "sts:GetCallerIdentity"], Resource="*")))
        (said,) = warnings_of(text, "lamp.template")
        assert "lamp.template: statement 2: 'sts:GetCallerIdentity' is not a known action of AWS IoT" in said

    def test_greengrass(self) -> None:
        """A core device and its clients have these in the same policy (AWS IoT Greengrass, device authentication)."""
        text = policy(statement(Action=["iot:Connect", "greengrass:*"]), statement(Action="greengrass:Discover"))
        assert render(text) == text

    def test_the_jobs_of_a_device(self) -> None:
        """As AWS's own policies for jobs have it."""
        text = policy(statement(Action=["iot:Connect", "iotjobsdata:DescribeJobExecution", "iotjobsdata:*"]))
        assert warnings_of(render(text), "lamp.template") == []

    @pytest.mark.parametrize(
        "action",
        [
            *("iot:*", "iot:Pub*", "iot:Retain?ublish", "iot:AssumeRoleWithCertificate", "iot:GetRetainedMessage"),
            *("iot:ListNamedShadowsForThing", "iot:DeleteThingShadow", "iot:StartNextPendingJobExecution"),
            *("iot:CreateKeysAndCertificate", "iot:RegisterThing", "iot:DeleteConnection", "iot:Describe*"),
        ],
    )
    def test_actions_that_there_are(self, action: str) -> None:
        assert warnings_of(render(policy(statement(Action=action, Resource="*"))), "lamp.template") == []

    @pytest.mark.parametrize(
        "action",
        [
            *("iot:Conect", "iot:publish", "IOT:Publish", "iot:PublishAll", "iot:Foo*", "iot:", "iot", ":Publish", "*"),
            *("iot: Publish", " iot:Publish", "iot:Publish ", "iot:Publish,iot:Receive", "iot:a:b", "iot:Publish\n"),
        ],
    )
    def test_actions_that_there_are_not(self, action: str) -> None:
        said = refusal(policy(GOOD, statement(Action=["iot:Connect", action])))
        assert "statement 2" in said
        assert "action" in said

    def test_the_right_spelling_is_said(self) -> None:
        assert "Use iot:Publish" in refusal(policy(statement(Action="iot:publish")))

    @pytest.mark.parametrize(
        "resource",
        [
            *("client/foo", "foo", "arn", "arn:aws:iot", "arn:aws:iot:eu-central-1:123456789012", "**", "topic/*"),
            *("arn:aws:iot:eu-central-1:123456789012:", "arn:aws:iot:eu central-1:*:client/a", "arn:aws:iot:*:me:*"),
            *("arn:aws:iot:*:*: client/a", " arn:aws:iot:*:*:client/a", "ARN:aws:iot:*:*:client/a", '["a"]'),
        ],
    )
    def test_resources_that_are_no_arn(self, resource: str) -> None:
        assert "is not an ARN" in refusal(policy(statement(Resource=["*", resource])))

    @pytest.mark.parametrize("member", ["Principal", "NotPrincipal", "NotAction", "NotResource", "Actions", "effect"])
    def test_members_of_a_statement_that_have_no_place(self, member: str) -> None:
        assert f"{member!r} is not allowed" in refusal(policy(statement(**{member: "*"})))

    def test_members_of_a_policy_that_have_no_place(self) -> None:
        assert "'Comment' is not allowed" in refusal(policy(Comment="for lamps"))
        render(policy(Id="lamps"))
        assert "Id must be a text" in refusal(policy(Id=7))
        assert "Sid must be a text" in refusal(policy(statement(Sid=7)))

    @pytest.mark.parametrize("tail", ["${", "${iot:ClientId", "${}", "${iot:ClientId}/${", "${iot:${a}"])
    def test_a_variable_that_does_not_end(self, tail: str) -> None:
        resource = f"arn:aws:iot:*:*:client/{tail}"
        assert "statement 1" in refusal(policy(statement(Resource=resource)))
        condition = {"StringEquals": {"iot:ClientId": [tail]}}
        assert "statement 1" in refusal(policy(statement(Condition=condition)))

    def test_a_variable_that_nobody_knows(self) -> None:
        text = render(policy(statement(Resource="arn:aws:iot:*:*:client/${iot:Thing}")))
        (said,) = warnings_of(text, "lamp.template")
        assert "${iot:Thing}" in said

    @pytest.mark.parametrize(
        "condition",
        [
            *([], "x", None, {"Bool": "true"}, {"Bool": {}}, {"Bool": {"iot:ClientId": []}}, {"Bol": {"iot:a": "b"}}),
            *({"Bool": {"iot:a": {"b": "c"}}}, {"Bool": {"iot:a": None}}, {"Bool": {"a b": "true"}}),
        ],
    )
    def test_conditions_that_are_none(self, condition: object) -> None:
        broken = json.dumps({"Version": "2012-10-17", "Statement": [{**GOOD, "Condition": condition}]})
        assert "Condition" in refusal(broken)

    @pytest.mark.parametrize(
        "condition",
        [
            {"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}},
            {"ForAnyValue:StringEquals": {"iot:ClientId": ["a", "b"]}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            {"StringNotLikeIfExists": {"iot:DomainName": "x"}, "NumericLessThanEquals": {"aws:MultiFactorAuthAge": 5}},
        ],
    )
    def test_conditions(self, condition: object) -> None:
        assert warnings_of(render(policy(statement(Condition=condition))), "lamp.template") == []

    def test_a_sid_that_stands_twice(self) -> None:
        (said,) = warnings_of(render(policy(statement(Sid="a"), statement(Sid="a"))), "lamp.template")
        assert "Sid 'a'" in said

    def test_a_member_that_stands_twice(self) -> None:
        """Which of the two AWS takes is not ours to guess."""
        twice = policy().replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"')
        assert "given twice" in refusal(twice)


class TestArns:
    @pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
    @pytest.mark.parametrize("name", ["my_policy.template", "thing_policy.template"])
    def test_the_partition_is_written_in(self, partition: str, name: str) -> None:
        template = load_template(own_template(name))
        assert template.text.count("arn:aws:") == template.text.count("arn:")
        assert {"<aws-region>", "<aws-account-id>"} == set(re.findall("<[^>]+>", template.text))
        document = json.loads(template.render(dataclasses.replace(AWS, partition=partition), UID))
        resources = [one for statement in document["Statement"] for one in several(statement["Resource"])]
        assert all(one.startswith(f"arn:{partition}:iot:eu-central-1:123456789012:") for one in resources)

    @pytest.mark.parametrize(
        ("arn", "field"),
        [
            ("arn:aws:iot:us-east-1:123456789012:topic/a", "region"),
            ("arn:aws:iot:eu-central-1:999999999999:topic/a", "account"),
            ("arn:aws-cn:iot:eu-central-1:123456789012:topic/a", "partition"),
            ("arn:aws:iot::123456789012:topic/a", "region"),
            ("arn:aws:iot:eu-central-1::topic/a", "account"),
            ("arn:aws:iot:eu-*:99*:topic/a", "account"),
            ("arn:aws:s3:us-east-1::bucket", "region"),
            ("arn:aws:iot:eu-central-1:123456789012:topic/a", ""),
            ("arn:aws:iot:*:*:topic/a", ""),
            ("arn:*:iot:eu-*:1234567890??:topic/a", ""),
            ("arn:aws:s3:::bucket/a:b", ""),
            ("*", ""),
        ],
    )
    @pytest.mark.parametrize("several_of_them", [False, True])
    def test_they_fit(self, arn: str, field: str, several_of_them: bool) -> None:
        good = "arn:aws:iot:eu-central-1:123456789012:client/a"
        template = PolicyTemplate("t", policy(statement(Resource=[good, arn] if several_of_them else arn)))
        if field:
            with pytest.raises(ConfigurationError, match=f"t: statement 1: the resource .* is of the {field} "):
                template.render(AWS, UID)
        else:
            assert arn in template.render(AWS, UID)


class TestDifferences:
    def test_the_same_in_another_form(self) -> None:
        ours = json.dumps(json.loads(policy()), indent=3)
        theirs = json.dumps(dict(reversed(json.loads(policy()).items())))
        assert ours != theirs
        assert differences(ours, theirs) == []

    def test_what_is_different(self) -> None:
        lines = differences(policy(), policy(statement(Action="iot:*")))
        assert lines[:2] == ["--- AWS has", "+++ template"]
        assert [line for line in lines[2:] if line[0] in "+-"] == [
            '-            "Action": "iot:*",',
            '+            "Action": "iot:Connect",',
        ]
        assert not any("\n" in line for line in lines)

    def test_what_aws_has_is_no_json(self) -> None:
        lines = differences(policy(), "not\nJSON")
        assert [line for line in lines if line.startswith("-")] == ["--- AWS has", "-not", "-JSON"]


class TestOpenActions:
    """What a policy allows on every resource."""

    @pytest.mark.parametrize("resource", ["*", "arn:aws:iot:eu-central-1:123456789012:*", "arn:aws:iot:*:*:*"])
    def test_every_resource(self, resource: str) -> None:
        assert open_actions(policy(statement(Resource=resource))) == ["iot:Connect"]
        several = policy(GOOD, statement(Resource=["arn:aws:iot:*:*:client/lamp", resource]))
        assert open_actions(several) == ["iot:Connect"]
        assert open_actions(json.dumps({"Statement": statement(Resource=resource)})) == ["iot:Connect"]

    @pytest.mark.parametrize("action", ["iot:Connect", "iot:*"])
    @pytest.mark.parametrize("rest", ["client/lamp", "topic/lamp/*", "topic/lamp:*"])
    def test_some_resources(self, rest: str, action: str) -> None:
        assert open_actions(policy(statement(Action=action, Resource=f"arn:aws:iot:*:*:{rest}"))) == []

    def test_each_action_once(self) -> None:
        more = statement(Action=["iot:Publish", "iot:Connect"], Resource="*")
        assert open_actions(policy(statement(Resource="*"), more)) == ["iot:Connect", "iot:Publish"]

    @pytest.mark.parametrize("action", ["iot:*", "iot:**", ["iot:Connect", "iot:*"]])
    def test_every_action(self, action: object) -> None:
        assert open_actions(policy(statement(Action=action, Resource="*"))) == ["iot:*"]

    def test_every_action_of_another_service(self) -> None:
        assert open_actions(policy(statement(Action="iotjobsdata:*", Resource="*"))) == ["iotjobsdata:*"]

    def test_a_denial_opens_nothing(self) -> None:
        assert open_actions(policy(GOOD, statement(Effect="Deny", Resource="*"))) == []

    def test_our_own(self) -> None:
        weak, recommended = (open_actions(load_template(path).render(AWS, UID)) for path in OURS)
        assert weak == ["iot:Connect", "iot:Publish", "iot:Subscribe", "iot:Receive"]
        assert recommended == []


@pytest.mark.parametrize("theirs", ["[" * 5000, '{"a":' * 5000, "", "\ud800", "1" * 5000])
def test_what_aws_has_and_is_no_policy(theirs: str) -> None:
    """It is compared as it is."""
    ours = PolicyTemplate("p", json.dumps({"Version": "2012-10-17", "Statement": [GOOD]})).render(AWS, UID)
    assert differences(ours, theirs)


@pytest.mark.parametrize("text", ["{UID}", "{slot}", "{serial}"])
def test_a_placeholder_that_is_none(tmp_path: Path, text: str) -> None:
    """It would stand in the policy, and the device would be shut out."""
    path = tmp_path / "policy"
    path.write_text(f'{{"Resource": "client/{text}"}}')
    with pytest.raises(ConfigurationError, match="is unknown"):
        load_template(path)
    for variable in ("${iot:Certificate.Subject.SerialNumber}", "${iot:ClientId}", "{uid}"):
        path.write_text(f'{{"Resource": "client/{variable}"}}')
        assert variable in load_template(path).text
