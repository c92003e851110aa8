"""What AWS answers is held against what it must be; nothing of an answer that is wrong is used."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from optiga.cloud.aws import answers
from optiga.cloud.aws.certificates import Certificates
from optiga.cloud.aws.connection import Aws, AwsOptions, connect
from optiga.cloud.aws.registry import Registry
from optiga.errors import CloudError
from optiga.pki.certificate import parse_certificates
from optiga.testing import Cloud
from tests.support.cloud.asking import certify, issue, make_ca, make_csr
from tests.support.makers import make_key
from tests.support.sampling import sampled

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})
OTHER_ID = "ab" * 32
Change = Callable[[dict[str, Any]], None]


def setting(field: str, value: object) -> Change:
    """Put a value into a field, which a dot leads down to."""

    def change(answer: dict[str, Any]) -> None:
        *path, last = field.split(".")
        place: Any = answer
        for step in path:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value

    return change


def spelled(field: str, spell: Callable[[str], str]) -> Change:
    """Write a text otherwise."""

    def change(answer: dict[str, Any]) -> None:
        *path, last = field.split(".")
        place: Any = answer
        for step in path:
            place = place[step]
        place[last] = spell(place[last])

    return change


WRONG_IDS = [
    setting("certificateId", OTHER_ID),
    spelled("certificateId", str.upper),
    spelled("certificateId", lambda text: text[:-1]),
    spelled("certificateId", lambda text: f"{text} "),
    setting("certificateId", 5),
    setting("certificateId", None),
    setting("certificateId", ""),
]
WRONG_ARNS = [
    spelled("certificateArn", lambda text: text.replace("arn:aws:", "arn:aws-cn:")),
    spelled("certificateArn", lambda text: text.replace("eu-central-1", "us-east-1")),
    spelled("certificateArn", lambda text: text.replace("123456789012", "210987654321")),
    spelled("certificateArn", lambda text: f"{text.rpartition('/')[0]}/{OTHER_ID}"),
    spelled("certificateArn", lambda text: text.replace(":cert/", ":thing/")),
    spelled("certificateArn", lambda text: f"{text}\n"),
    setting("certificateArn", ["arn"]),
    setting("certificateArn", None),
]


@pytest.fixture(scope="session")
def connections() -> list[Aws]:
    """The connection that all tests here share; the cloud is empty for each."""
    return []


@pytest.fixture
def aws(cloud: Cloud, connections: list[Aws]) -> Aws:
    if not connections:
        connections.append(connect(AwsOptions()))
    return connections[0]


def refusal(call: Callable[..., object], *arguments: object, **named: object) -> str:
    with pytest.raises(CloudError) as raised:
        call(*arguments, **named)
    line = str(raised.value)
    assert "\n" not in line
    assert len(line) < 1000
    return line


@pytest.mark.parametrize("change", sampled([*WRONG_IDS, *WRONG_ARNS], keep=5))
class TestCertificate:
    def test_created(self, cloud: Cloud, aws: Aws, change: Change) -> None:
        cloud.falsify("CreateCertificateFromCsr", change)
        assert "iot:CreateCertificateFromCsr" in refusal(Certificates(aws).create, make_csr())

    def test_registered(self, cloud: Cloud, aws: Aws, change: Change) -> None:
        (certificate,) = parse_certificates(issue("device", "ca", make_key()).encode(), "it")
        cloud.falsify("RegisterCertificateWithoutCA", change)
        assert "iot:RegisterCertificateWithoutCA" in refusal(Certificates(aws).register, certificate, None)

    def test_described(self, cloud: Cloud, aws: Aws, change: Change) -> None:
        known = certify(cloud.iot)["certificateId"]
        cloud.falsify("DescribeCertificate", lambda answer: change(answer["certificateDescription"]))
        assert "iot:DescribeCertificate" in refusal(Certificates(aws).describe, known)


class TestDescribed:
    def test_another_certificate_in_its_place(self, cloud: Cloud, aws: Aws) -> None:
        """Whole and in order, but not the one that was asked for."""
        ours, other = certify(cloud.iot), certify(cloud.iot)
        theirs = cloud.iot.describe_certificate(certificateId=other["certificateId"])["certificateDescription"]
        for fields in (("certificatePem",), ("certificateId", "certificateArn", "certificatePem")):

            def change(answer: dict[str, Any], fields: tuple[str, ...] = fields) -> None:
                answer["certificateDescription"].update({name: theirs[name] for name in fields})

            cloud.falsify("DescribeCertificate", change)
            assert "certificateId" in refusal(Certificates(aws).describe, ours["certificateId"])

    @pytest.mark.parametrize("value", ["active", "WEIRD", "", None, 1, ["ACTIVE"]])
    def test_status(self, cloud: Cloud, aws: Aws, value: object) -> None:
        known = certify(cloud.iot)["certificateId"]
        cloud.falsify("DescribeCertificate", setting("certificateDescription.status", value))
        assert "status" in refusal(Certificates(aws).describe, known)

    def test_what_is_right_is_taken(self, cloud: Cloud, aws: Aws) -> None:
        made = certify(cloud.iot, setAsActive=True)
        found = Certificates(aws).describe(made["certificateId"])
        assert found is not None
        assert (found.certificate_id, found.arn) == (made["certificateId"], made["certificateArn"])
        assert found.certificate.pem == made["certificatePem"]
        assert found.status == "ACTIVE"


def test_one_that_is_there_already_is_looked_for_by_its_own_hash(cloud: Cloud, aws: Aws) -> None:
    """Whatever AWS says which one it is."""
    (certificate,) = parse_certificates(issue("device", "ca", make_key()).encode(), "it")
    certificates = Certificates(aws)
    registered = certificates.register(certificate, None)
    cloud.falsify("RegisterCertificateWithoutCA", setting("resourceId", certify(cloud.iot)["certificateId"]))
    assert certificates.register(certificate, None) == registered


@pytest.mark.parametrize(
    "code", ["", "a" * 63, "a" * 65, "g" * 64, "*.example.com", "a" * 62 + "\r\n", f" {'a' * 63}", 5, None, ["a" * 64]]
)
def test_registration_code(cloud: Cloud, aws: Aws, code: object) -> None:
    cloud.falsify("GetRegistrationCode", setting("registrationCode", code))
    assert "iot:GetRegistrationCode" in refusal(Certificates(aws).registration_code)


@pytest.mark.parametrize(
    "address",
    sampled(
        ["", "a b", "host/path", "https://host", "a\n", "x" * 300, "host:port", "-a.example", 7, None, {"a": 1}], keep=3
    ),
)
def test_endpoint(cloud: Cloud, aws: Aws, address: object) -> None:
    cloud.falsify("DescribeEndpoint", setting("endpointAddress", address))
    assert "iot:DescribeEndpoint" in refusal(aws.endpoint)


class TestThings:
    @pytest.mark.parametrize("operation", ["CreateThing", "DescribeThing"])
    @pytest.mark.parametrize(
        "arn", sampled(["arn:aws:iot:eu-central-1:123456789012:thing/other", "thing/lamp", "", None, 3])
    )
    def test_arn(self, cloud: Cloud, aws: Aws, operation: str, arn: object) -> None:
        if operation == "DescribeThing":
            cloud.iot.create_thing(thingName="lamp")
        cloud.falsify(operation, setting("thingArn", arn))
        assert f"iot:{operation}" in refusal(Registry(aws).ensure_thing, "lamp", None, {})

    @pytest.mark.parametrize(
        "principals",
        sampled(
            [
                [5],
                [""],
                [None],
                ["arn:aws:iot:eu-central-1:123456789012:cert/short"],
                [f"arn:aws:iot:us-east-1:123456789012:cert/{OTHER_ID}"],
                [f"arn:aws:iot:eu-central-1:210987654321:cert/{OTHER_ID}"],
            ],
            keep=2,
        ),
    )
    def test_principals(self, cloud: Cloud, aws: Aws, principals: object) -> None:
        cloud.iot.create_thing(thingName="lamp")
        cloud.falsify("ListThingPrincipals", setting("principals", principals))
        assert "iot:ListThingPrincipals" in refusal(Registry(aws).certificates_of, "lamp")

    def test_principals_of_other_kinds(self, cloud: Cloud, aws: Aws) -> None:
        cloud.iot.create_thing(thingName="lamp")
        one = f"arn:aws:iot:eu-central-1:123456789012:cert/{OTHER_ID}"
        cloud.falsify("ListThingPrincipals", setting("principals", ["eu-central-1:some-identity-of-cognito", one]))
        assert Registry(aws).certificates_of("lamp") == [OTHER_ID]

    def test_no_thing(self, aws: Aws) -> None:
        assert Registry(aws).certificates_of("lamp") == []


@pytest.mark.parametrize(
    "arns",
    sampled(
        [
            {"thing": "arn:aws:iot:us-east-1:123456789012:thing/lamp"},
            {"thing": "arn:aws:iot:eu-central-1:123456789012:thing/"},
            {"thing": "arn:aws:iot:eu-central-1:123456789012:thing/a b"},
            {"policy": "arn:aws:iot:eu-central-1:210987654321:policy/lamp"},
            {"policy": "arn:aws:iot:eu-central-1:123456789012:policy/a\nb"},
            {"thing": 5},
            ["thing"],
            "thing",
        ],
        keep=3,
    ),
)
def test_what_a_template_has_made(cloud: Cloud, aws: Aws, arns: object) -> None:
    body = json.dumps({"Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "lamp"}}}})
    cloud.falsify("RegisterThing", setting("resourceArns", arns))
    assert "iot:RegisterThing" in refusal(Registry(aws).register_thing, body, {})


@pytest.mark.parametrize("value", sampled([5, None, ["a"], {}], keep=2))
def test_texts(cloud: Cloud, aws: Aws, value: object) -> None:
    cloud.iot.create_policy(policyName="all", policyDocument=POLICY)
    cloud.falsify("GetPolicy", setting("policyDocument", value))
    assert "iot:GetPolicy" in refusal(Registry(aws).policy_document, "all")
    body = json.dumps({"Resources": {}})
    cloud.iot.create_provisioning_template(
        templateName="fleet", templateBody=body, provisioningRoleArn="arn:aws:iam::123456789012:role/fleet"
    )
    cloud.falsify("DescribeProvisioningTemplate", setting("templateBody", value))
    assert "iot:DescribeProvisioningTemplate" in refusal(Registry(aws).template_body, "fleet")


class TestCa:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("certificateArn", "arn:aws:iot:eu-central-1:123456789012:cacert/other"),
            ("certificateArn", None),
            ("status", "FINE"),
            ("status", 1),
            ("certificateMode", "OTHER"),
            ("certificatePem", 5),
        ],
    )
    def test_described(self, cloud: Cloud, aws: Aws, field: str, value: object) -> None:
        pem = make_ca("ca", make_key())
        cloud.iot.register_ca_certificate(caCertificate=pem, certificateMode="SNI_ONLY", setAsActive=True)
        (ca,) = parse_certificates(pem.encode(), "it")
        assert Certificates(aws).find_ca(ca) is not None
        cloud.falsify("DescribeCACertificate", setting(f"certificateDescription.{field}", value))
        assert "iot:DescribeCACertificate" in refusal(Certificates(aws).find_ca, ca)


class TestIdentity:
    """Whose credentials these are; account and partition of everything that is checked afterwards."""

    @pytest.mark.parametrize(
        ("arn", "partition"),
        [
            ("arn:aws:iam::123456789012:root", "aws"),
            ("arn:aws-us-gov:iam::123456789012:user/a/b", "aws-us-gov"),
            ("arn:aws-cn:sts::123456789012:assumed-role/factory/session@example", "aws-cn"),
        ],
    )
    def test_known(self, arn: str, partition: str) -> None:
        assert answers.identity("123456789012", arn, "sts:GetCallerIdentity") == ("123456789012", partition)

    @pytest.mark.parametrize(
        ("account", "arn"),
        [
            ("123456789012", "arn:aws:iam::210987654321:root"),
            ("12345678901", "arn:aws:iam::12345678901:root"),
            ("123456789012", "arn:evil:iam::123456789012:root"),
            ("123456789012", "arn:aws:iot::123456789012:root"),
            ("123456789012", "text"),
            ("123456789012", None),
            (None, "arn:aws:iam::123456789012:root"),
            (123456789012, "arn:aws:iam::123456789012:root"),
            ("123456789012\n", "arn:aws:iam::123456789012:root"),
        ],
    )
    def test_wrong(self, account: object, arn: object) -> None:
        assert "sts:GetCallerIdentity" in refusal(answers.identity, account, arn, "sts:GetCallerIdentity")


@pytest.mark.parametrize("value", ["a\x1b[31mb", "x" * 500, "ä\u202e", "a\nb", ["\x07"]])
def test_what_is_wrong_is_shown_on_one_line(value: object) -> None:
    """Nothing of a false answer reaches the terminal but what can be read."""
    line = str(answers.wrong("iot:CreateThing", "thingArn", value, "an ARN"))
    assert line.isprintable()
    assert len(line) < 300
