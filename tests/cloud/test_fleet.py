"""Provisioning templates: which parameters they want, and what a chip's are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from optiga.cloud.aws.connection import Aws
from optiga.cloud.aws.fleet import CERTIFICATE_ID, MAX_SIZE, FleetTemplate, load_fleet_template
from optiga.cloud.aws.registry import Registry
from optiga.errors import ConfigurationError

UID = "cd16338201001c000500000a0b0c0d0e0f1011121314151617181a"
TEXT = {"Type": "String"}
CERTIFICATE = {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": {"Ref": CERTIFICATE_ID}}}


class KnownTemplates:
    """What AWS has, and what it was asked for."""

    def __init__(self, **bodies: str) -> None:
        self._bodies = bodies
        self.asked: list[str] = []

    def template_body(self, name: str) -> str | None:
        self.asked.append(name)
        return self._bodies.get(name)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def body(*names: str, **parameters: object) -> str:
    """A template's body that declares parameters: texts without a default, and others as they are."""
    declared = {**dict.fromkeys(names, TEXT), **parameters}
    return json.dumps({"Parameters": declared, "Resources": {"certificate": CERTIFICATE}})


def load(
    text: str,
    values: Mapping[str, str] | None = None,
    *,
    has_thing: bool = True,
    name: str = "lamp.json",
    subject: set[str] | None = None,
) -> FleetTemplate:
    """A template from a file."""
    Path(name).write_text(text)
    registry = KnownTemplates()
    template = load_fleet_template(name, cast("Registry", registry), values or {}, has_thing=has_thing, subject=subject)
    assert registry.asked == []
    return template


def refusal(text: str, values: Mapping[str, str] | None = None, *, has_thing: bool = True) -> str:
    """What is said of a template that is refused."""
    with pytest.raises(ConfigurationError) as raised:
        load(text, values, has_thing=has_thing)
    assert raised.value.message.startswith("lamp.json:")
    return str(raised.value)


class TestParameters:
    def test_what_is_declared(self) -> None:
        template = load(body("SerialNumber", "ThingName", "Room", **{CERTIFICATE_ID: TEXT}), {"Room": "kitchen"})
        assert template.wanted == {"SerialNumber", "ThingName", "Room", CERTIFICATE_ID}
        assert template.parameters(uid=UID, thing="lamp-1", certificate_id="c1") == {
            "SerialNumber": UID,
            "ThingName": "lamp-1",
            "Room": "kitchen",
            CERTIFICATE_ID: "c1",
        }

    def test_what_is_not_declared_is_not_given(self) -> None:
        template = load(body())
        assert template.parameters(uid=UID, thing="lamp-1", certificate_id="c1") == {CERTIFICATE_ID: "c1"}

    def test_the_users_come_before_ours(self) -> None:
        template = load(body("SerialNumber", "ThingName"), {"SerialNumber": "7", "ThingName": "lamp-{uid}"})
        given = template.parameters(uid=UID, thing="other", certificate_id="c1")
        assert given == {"SerialNumber": "7", "ThingName": f"lamp-{UID}", CERTIFICATE_ID: "c1"}

    def test_one_with_a_default_may_be_missing(self) -> None:
        template = load(body(Room={"Type": "String", "Default": ""}))
        assert "Room" not in template.parameters(uid=UID, thing=None, certificate_id="c1")

    def test_components_of_the_subject(self) -> None:
        """Given where they are declared, and where they are only used."""
        name, number = "AWS::IoT::Certificate::CommonName", "AWS::IoT::Certificate::SerialNumber"
        value = json.loads(body(name))
        value["Resources"]["thing"] = {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": number}}}
        template = load(json.dumps(value), {}, subject={"common_name", "serial_number"})
        subject = {"common_name": "lamp", "serial_number": "7", "country_name": "DE"}
        given = template.parameters(uid=UID, thing=None, certificate_id="c1", subject=subject)
        assert given == {name: "lamp", number: "7", CERTIFICATE_ID: "c1"}

    def test_a_component_that_the_subject_lacks(self) -> None:
        name = "AWS::IoT::Certificate::Country"
        with pytest.raises(ConfigurationError, match=f"parameter {name}.*put country_name into"):
            load(body(name), subject={"common_name"})
        load(body(name), {name: "DE"}, subject={"common_name"})
        optional = load(body(**{name: {"Type": "String", "Default": "DE"}}), subject=set())
        assert name not in optional.parameters(uid=UID, thing=None, certificate_id="c1", subject={})
        unknown = load(body(name))  # of a certificate that the chip came with
        with pytest.raises(ConfigurationError, match=name):
            unknown.parameters(uid=UID, thing=None, certificate_id="c1", subject={"common_name": "lamp"})

    def test_what_aws_gives_itself_and_what_nobody_gives(self) -> None:
        load(body("AWS::Region", "AWS::AccountId", CERTIFICATE_ID))
        assert "AWS::IoT::Certificate::Colour" in refusal(body("AWS::IoT::Certificate::Colour"))

    def test_a_reference_to_nothing(self) -> None:
        value = json.loads(body())
        value["Resources"]["thing"] = {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "Nobody"}}}
        assert "uses Nobody" in refusal(json.dumps(value))

    def test_resources_that_there_are_not_and_policies_that_are_none(self) -> None:
        value = json.loads(body())
        value["Resources"]["lamp"] = {"Type": "AWS::IoT::Lamp"}
        assert "cannot have resources of the type 'AWS::IoT::Lamp'" in refusal(json.dumps(value))
        statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "client/lamp"}
        document = {"Version": "2012-10-17", "Statement": statement}
        for form in (document, json.dumps(document)):
            value["Resources"]["lamp"] = {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": form}}
            assert "is not an ARN" in refusal(json.dumps(value))

    def test_missing(self) -> None:
        said = refusal(body("Room", "Floor", "SerialNumber"), {})
        assert "no value for the template's parameter Floor, Room" in said
        assert "parameters=NAME=VALUE" in said

    def test_the_things_name_is_missing_where_there_is_no_thing(self) -> None:
        assert "parameter ThingName" in refusal(body("ThingName"), has_thing=False)
        load(body("ThingName"), {"ThingName": "lamp"}, has_thing=False)

    def test_unknown(self) -> None:
        said = refusal(body("SerialNumber", "ThingName"), {"Room": "kitchen", "Floor": "2"})
        assert "the template has no parameter Floor, Room" in said
        assert said.endswith("Its parameters: SerialNumber, ThingName")

    def test_unknown_where_none_is_declared(self) -> None:
        said = refusal(body(), {"Room": "kitchen"})
        assert "the template has no parameter Room" in said
        assert said == said.rstrip()

    def test_the_certificate_is_not_the_users_to_name(self) -> None:
        """Another certificate than the chip's own would become the thing's, and active."""
        declared = body(**{CERTIFICATE_ID: TEXT})
        try:
            template = load(declared, {CERTIFICATE_ID: "another"})
        except ConfigurationError:
            return
        assert template.parameters(uid=UID, thing=None, certificate_id="c1")[CERTIFICATE_ID] == "c1"


class TestWhereItIs:
    def test_by_its_name_in_aws(self) -> None:
        registry = KnownTemplates(lamp=body("SerialNumber"))
        template = load_fleet_template("lamp", cast("Registry", registry), {}, has_thing=False)
        assert (template.name, template.body, registry.asked) == ("lamp", body("SerialNumber"), ["lamp"])

    def test_a_file_is_named_by_its_path(self) -> None:
        """One in the current folder does not take the place of the one in AWS."""
        Path("lamp").write_text(body("ThingName"))
        registry = KnownTemplates(lamp=body("SerialNumber"))
        template = load_fleet_template("lamp", cast("Registry", registry), {}, has_thing=True)
        assert (template.wanted, registry.asked) == ({"SerialNumber"}, ["lamp"])
        template = load_fleet_template("./lamp", cast("Registry", registry), {}, has_thing=True)
        assert (template.wanted, registry.asked) == ({"ThingName"}, ["lamp"])
        assert template.source == str(Path("lamp").absolute())

    def test_a_file_that_was_meant(self) -> None:
        Path("lamp").write_text(body("ThingName"))
        with pytest.raises(ConfigurationError) as caught:
            load_fleet_template("lamp", cast("Registry", KnownTemplates()), {}, has_thing=True)
        assert "./lamp" in caught.value.hint

    def test_its_arns(self) -> None:
        none = cast("Any", None)
        aws = Aws(none, none, 1, account="1" * 12, region="cn-north-1", partition="aws-cn", notice=none)
        document: dict[str, Any] = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "iot:Connect",
                "Resource": f"arn:aws:iot:cn-north-1:{'1' * 12}:*",
            },
        }
        value = json.loads(body("SerialNumber"))
        value["Resources"]["policy"] = {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": document}}
        Path("lamp.json").write_text(json.dumps(value))
        registry = cast("Registry", KnownTemplates())
        template = load_fleet_template("lamp.json", registry, {}, has_thing=True, aws=aws)
        assert "arn:aws-cn:iot:cn-north-1" in template.body
        document["Statement"]["Resource"] = f"arn:aws:iot:eu-central-1:{'1' * 12}:*"
        Path("lamp.json").write_text(json.dumps(value))
        with pytest.raises(ConfigurationError, match="is of the region 'eu-central-1', not cn-north-1"):
            load_fleet_template("lamp.json", registry, {}, has_thing=True, aws=aws)

    def test_neither(self) -> None:
        with pytest.raises(ConfigurationError, match="neither a file nor a provisioning template in AWS named lamp"):
            load_fleet_template("lamp", cast("Registry", KnownTemplates()), {}, has_thing=False)

    @pytest.mark.parametrize("name", ["lamp.json", "folder/lamp", "/none/lamp.template"])
    def test_what_can_only_be_a_file_is_not_asked_for(self, name: str) -> None:
        registry = KnownTemplates()
        with pytest.raises(ConfigurationError, match=f"cannot read the provisioning template {name}: .*no such file"):
            load_fleet_template(name, cast("Registry", registry), {}, has_thing=False)
        assert registry.asked == []

    def test_what_aws_has_is_checked_as_well(self) -> None:
        registry = KnownTemplates(lamp=body("Room"))
        with pytest.raises(ConfigurationError, match=r"^lamp: no value for the template's parameter Room"):
            load_fleet_template("lamp", cast("Registry", registry), {}, has_thing=False)

    @pytest.mark.parametrize("name", ["", "my lamp", "x" * 37])
    def test_what_can_be_no_name_is_not_asked_for(self, name: str) -> None:
        registry = KnownTemplates()
        with pytest.raises(ConfigurationError):
            load_fleet_template(name, cast("Registry", registry), {}, has_thing=False)
        assert registry.asked == []


class TestNoTemplate:
    @pytest.mark.parametrize("text", ["", "{", "not JSON"])
    def test_not_json(self, text: str) -> None:
        assert "not JSON" in refusal(text)

    @pytest.mark.parametrize("text", ["[]", "3", "{}", '{"Resources": []}', '{"Parameters": [], "Resources": {}}'])
    def test_another_form(self, text: str) -> None:
        assert "an object with Parameters and Resources" in refusal(text)

    @pytest.mark.parametrize("where", ["Parameters", "Resources"])
    def test_members_that_are_no_objects(self, where: str) -> None:
        value: dict[str, Any] = json.loads(body())
        value[where]["x"] = "String"
        assert "each of Parameters and Resources must be an object" in refusal(json.dumps(value))

    def test_no_certificate(self) -> None:
        said = refusal(json.dumps({"Resources": {"thing": {"Type": "AWS::IoT::Thing"}}}))
        assert "no resource of the type AWS::IoT::Certificate" in said
        assert f'{{"Ref": "{CERTIFICATE_ID}"}}' in said

    @pytest.mark.parametrize(
        "properties",
        [
            {},
            {"CertificateSigningRequest": {"Ref": "CSR"}},
            {"CertificateId": {"Ref": "CSR"}},
            {"CertificateId": "a" * 64},
            {"CertificatePem": "x", "CertificateId": {"Ref": CERTIFICATE_ID}},
            None,
        ],
    )
    def test_another_certificate(self, properties: object) -> None:
        """It would be that one which becomes the thing's, and active, whoever has its key."""
        resource = {"Type": "AWS::IoT::Certificate", "Properties": properties}
        said = refusal(json.dumps({"Parameters": {"CSR": TEXT}, "Resources": {"certificate": resource}}), {"CSR": "x"})
        assert "certificate is not the chip's certificate" in said
        assert f'"CertificateId": {{"Ref": "{CERTIFICATE_ID}"}}' in said

    def test_without_parameters(self) -> None:
        assert load(json.dumps({"Resources": {"certificate": CERTIFICATE}})).wanted == frozenset()

    def test_the_size(self) -> None:
        text = body()
        load(text + " " * (MAX_SIZE - len(text)))
        assert "the template has 10241 characters, but AWS accepts at most 10240" in refusal(
            text + " " * (MAX_SIZE - len(text) + 1)
        )

    def test_not_utf_8(self) -> None:
        Path("lamp.json").write_bytes(body().encode("utf-16"))
        with pytest.raises(ConfigurationError, match=r"the provisioning template lamp\.json is not UTF-8"):
            load_fleet_template("lamp.json", cast("Registry", KnownTemplates()), {}, has_thing=False)


class TestThings:
    """Which thing a template attaches a chip to, as far as that can be told beforehand."""

    @pytest.mark.parametrize(
        ("name", "things"),
        [
            ("lamp", ("lamp",)),
            ({"Ref": "ThingName"}, ("mine",)),
            ({"Ref": "SerialNumber"}, ("ab",)),
            ({"Ref": "Site"}, ("hall",)),
            ({"Ref": "Own"}, ("given_ab",)),
            ({"Fn::Join": ["-", ["x", {"Ref": "SerialNumber"}, {"Ref": "Site"}]]}, ("x-ab-hall",)),
            ({"Fn::Join": ["-", ["x", {"Ref": "AWS::IoT::Certificate::Id"}]]}, ()),
            ({"Ref": "Unknown"}, ()),
            ({"Ref": ["list"]}, ()),
            ({"Fn::Join": "text"}, ()),
            ({"Fn::Join": ["-", "text"]}, ()),
            ({"Fn::Other": ["-", ["x"]]}, ()),
            ({"Ref": "Site", "Fn::Join": ["", []]}, ()),
            ("a b", ()),
            (5, ()),
            (None, ()),
        ],
    )
    def test_its_name(self, name: object, things: tuple[str, ...]) -> None:
        declared = {"ThingName": {}, "SerialNumber": {}, "Site": {"Default": "hall"}, "Own": {}}
        body = {
            "Parameters": declared,
            "Resources": {
                "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": name}},
                "other": {"Type": "AWS::IoT::Policy", "Properties": {"ThingName": "no"}},
                "bare": {"Type": "AWS::IoT::Thing"},
            },
        }
        template = FleetTemplate("it", json.dumps(body), {"Own": "given_{uid}"}, frozenset(declared))
        assert template.things(uid="ab", thing="mine") == things
