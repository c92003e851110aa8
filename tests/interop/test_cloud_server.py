"""The stand-in for AWS IoT behaves as AWS documents, so that nobody trusts a fake that is wrong."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError
from cloud_server import Cloud, Fault
from cloud_x509 import AWS_ISSUER
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from makers import TestKey, make_certificate, make_key
from processes import LIMIT_S, run_process

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})
OTHER_POLICY = POLICY.replace("Allow", "Deny")


@pytest.fixture
def iot(cloud: Cloud) -> Any:
    """A client as the product has one: from the environment, counted, and open to faults."""
    return boto3.client("iot")


def make_csr(key: Any = None, *, name: str | None = "device") -> str:
    """A CSR in PEM.

    :param name: common name; None leaves the subject empty.
    """
    attributes = [] if name is None else [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    return _text(builder.sign(key or make_key().private, hashes.SHA256()).public_bytes(Encoding.PEM))


def make_ca(name: str, key: TestKey) -> str:
    """A CA's certificate in PEM, signed by itself."""
    return _issue(name, key, name, key, ca=True)


def issue(name: str, issuer: str, issuer_key: TestKey) -> str:
    """A certificate in PEM for a fresh key."""
    return _issue(name, make_key(), issuer, issuer_key)


def _issue(name: str, key: TestKey, issuer: str, issuer_key: TestKey, *, ca: bool = False) -> str:
    template = x509.load_pem_x509_certificate(make_certificate(key, ca=ca))
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(template.not_valid_before_utc)
        .not_valid_after(template.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    return _text(builder.sign(issuer_key.private, hashes.SHA256()).public_bytes(Encoding.PEM))


def _text(pem: bytes) -> str:
    return pem.decode()


def der_id(pem: str) -> str:
    return hashlib.sha256(x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)).hexdigest()


def refusal(call: Callable[..., Any], **asked: Any) -> str:
    """The code of the error that a call ends in."""
    with pytest.raises(ClientError) as raised:
        call(**asked)
    return str(raised.value.response["Error"]["Code"])


def certify(iot: Any, **asked: Any) -> dict[str, Any]:
    """A certificate for a fresh key."""
    made: dict[str, Any] = iot.create_certificate_from_csr(certificateSigningRequest=make_csr(), **asked)
    return made


def status(iot: Any, certificate_id: str) -> str:
    return str(iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]["status"])


class TestCertificates:
    @pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
    def test_certifies_the_key_and_the_subject_of_the_csr(self, iot: Any, curve: ec.EllipticCurve) -> None:
        csr = make_csr(ec.generate_private_key(curve))
        made = iot.create_certificate_from_csr(certificateSigningRequest=csr)
        certificate = x509.load_pem_x509_certificate(made["certificatePem"].encode())
        request = x509.load_pem_x509_csr(csr.encode())
        assert certificate.public_key() == request.public_key()
        assert certificate.subject == request.subject

    def test_certificate_looks_like_aws_own(self, iot: Any) -> None:
        """As the one that the predecessor's documents show."""
        certificate = x509.load_pem_x509_certificate(certify(iot)["certificatePem"].encode())
        (issuer,) = certificate.issuer
        assert (issuer.oid, issuer.value) == (NameOID.ORGANIZATIONAL_UNIT_NAME, AWS_ISSUER)
        assert certificate.not_valid_after_utc.isoformat() == "2049-12-31T23:59:59+00:00"
        assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
        assert [(extension.oid._name, extension.critical) for extension in certificate.extensions] == [
            ("authorityKeyIdentifier", False),
            ("subjectKeyIdentifier", False),
            ("basicConstraints", True),
            ("keyUsage", True),
        ]

    def test_empty_subject(self, iot: Any) -> None:
        made = iot.create_certificate_from_csr(certificateSigningRequest=make_csr(name=None))
        certificate = x509.load_pem_x509_certificate(made["certificatePem"].encode())
        assert certificate.subject.rfc4514_string() == "CN=AWS IoT Certificate"

    def test_id_is_the_hash_of_the_certificate(self, iot: Any, cloud: Cloud) -> None:
        made = certify(iot)
        assert made["certificateId"] == der_id(made["certificatePem"])
        assert made["certificateArn"] == f"arn:aws:iot:{cloud.region}:{cloud.account}:cert/{made['certificateId']}"

    def test_the_same_csr_again_makes_another_certificate(self, iot: Any) -> None:
        csr = make_csr()
        made = [iot.create_certificate_from_csr(certificateSigningRequest=csr)["certificateId"] for _ in range(2)]
        assert made[0] != made[1]

    @pytest.mark.parametrize(("asked", "expected"), [({}, "INACTIVE"), ({"setAsActive": False}, "INACTIVE")])
    def test_inactive_unless_asked(self, iot: Any, asked: dict[str, bool], expected: str) -> None:
        assert status(iot, certify(iot, **asked)["certificateId"]) == expected

    def test_active_when_asked(self, iot: Any) -> None:
        assert status(iot, certify(iot, setAsActive=True)["certificateId"]) == "ACTIVE"

    def test_csr_with_a_wrong_signature(self, iot: Any) -> None:
        request = bytearray(x509.load_pem_x509_csr(make_csr().encode()).public_bytes(Encoding.DER))
        request[request.index(b"device")] ^= 1
        forged = _text(x509.load_der_x509_csr(bytes(request)).public_bytes(Encoding.PEM))
        refused = refusal(iot.create_certificate_from_csr, certificateSigningRequest=forged)
        assert (refused, iot.list_certificates()["certificates"]) == ("InvalidRequestException", [])

    @pytest.mark.parametrize(
        "make",
        [
            lambda: "no CSR",
            lambda: make_csr(ec.generate_private_key(ec.BrainpoolP256R1())),
            lambda: make_csr(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        ],
        ids=["text", "brainpool", "rsa1024"],
    )
    def test_csr_that_aws_does_not_take(self, iot: Any, make: Callable[[], str]) -> None:
        refused = refusal(iot.create_certificate_from_csr, certificateSigningRequest=make())
        assert refused == "InvalidRequestException"

    def test_another_key_is_certified_when_a_test_wants_it(self, iot: Any, cloud: Cloud) -> None:
        cloud.certify_other_key = True
        csr = make_csr()
        made = iot.create_certificate_from_csr(certificateSigningRequest=csr)
        certificate = x509.load_pem_x509_certificate(made["certificatePem"].encode())
        assert certificate.public_key() != x509.load_pem_x509_csr(csr.encode()).public_key()

    def test_description(self, iot: Any, cloud: Cloud) -> None:
        made = certify(iot)
        shown = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        certificate = x509.load_pem_x509_certificate(made["certificatePem"].encode())
        assert (shown["certificatePem"], shown["ownedBy"]) == (made["certificatePem"], cloud.account)
        assert (shown["certificateMode"], "caCertificateId" in shown) == ("DEFAULT", False)
        assert shown["validity"]["notAfter"] == certificate.not_valid_after_utc
        assert shown["creationDate"] >= shown["validity"]["notBefore"]

    def test_status_of_an_unknown_certificate(self, iot: Any) -> None:
        refused = refusal(iot.update_certificate, certificateId="0" * 64, newStatus="ACTIVE")
        assert refused == "ResourceNotFoundException"

    def test_status_that_is_aws_own(self, iot: Any) -> None:
        made = certify(iot)
        for wanted in ("PENDING_TRANSFER", "PENDING_ACTIVATION"):
            refused = refusal(iot.update_certificate, certificateId=made["certificateId"], newStatus=wanted)
            assert refused == "InvalidRequestException"

    def test_id_of_the_wrong_length(self, iot: Any) -> None:
        refused = refusal(iot.describe_certificate, certificateId="0" * 65)
        assert refused == "InvalidRequestException"


class TestLists:
    def test_newest_first_unless_asked(self, iot: Any) -> None:
        made = [certify(iot)["certificateId"] for _ in range(3)]
        assert _ids(iot.list_certificates()) == made[::-1]
        assert _ids(iot.list_certificates(ascendingOrder=True)) == made

    @pytest.mark.parametrize("ascending", [True, False])
    def test_pages(self, iot: Any, ascending: bool) -> None:
        made = [certify(iot)["certificateId"] for _ in range(5)]
        pages = iot.get_paginator("list_certificates").paginate(
            ascendingOrder=ascending, PaginationConfig={"PageSize": 2}
        )
        listed = [_ids(page) for page in pages]
        assert [len(page) for page in listed] == [2, 2, 1]
        assert list(chain(*listed)) == (made if ascending else made[::-1])

    def test_pages_of_25_unless_asked(self, iot: Any) -> None:
        for _ in range(26):
            certify(iot)
        first = iot.list_certificates()
        assert len(first["certificates"]) == 25
        assert len(iot.list_certificates(marker=first["nextMarker"])["certificates"]) == 1

    def test_a_certificate_that_is_deleted_between_pages(self, iot: Any) -> None:
        made = [certify(iot)["certificateId"] for _ in range(3)]
        first = iot.list_certificates(ascendingOrder=True, pageSize=1)
        iot.delete_certificate(certificateId=made[0])
        second = iot.list_certificates(ascendingOrder=True, pageSize=1, marker=first["nextMarker"])
        assert _ids(second) == [made[1]]

    @pytest.mark.parametrize("size", [0, 251])
    def test_page_of_the_wrong_size(self, cloud: Cloud, size: int) -> None:
        lax = boto3.client("iot", config=Config(parameter_validation=False))
        assert refusal(lax.list_certificates, pageSize=size) == "InvalidRequestException"


def _ids(page: dict[str, Any]) -> list[str]:
    return [shown["certificateId"] for shown in page["certificates"]]


class TestDeletion:
    def test_active_certificate(self, iot: Any) -> None:
        made = certify(iot, setAsActive=True)
        assert refusal(iot.delete_certificate, certificateId=made["certificateId"]) == "CertificateStateException"

    def test_certificate_with_a_policy(self, iot: Any) -> None:
        made = certify(iot)
        iot.create_policy(policyName="policy", policyDocument=POLICY)
        iot.attach_policy(policyName="policy", target=made["certificateArn"])
        assert refusal(iot.delete_certificate, certificateId=made["certificateId"]) == "DeleteConflictException"
        assert refusal(iot.delete_policy, policyName="policy") == "DeleteConflictException"
        iot.detach_policy(policyName="policy", target=made["certificateArn"])
        iot.delete_policy(policyName="policy")
        iot.delete_certificate(certificateId=made["certificateId"])
        assert iot.list_certificates()["certificates"] == []

    def test_force_takes_the_policy_along_but_no_thing(self, iot: Any) -> None:
        made = certify(iot)
        iot.create_policy(policyName="policy", policyDocument=POLICY)
        iot.attach_policy(policyName="policy", target=made["certificateArn"])
        iot.create_thing(thingName="thing")
        iot.attach_thing_principal(thingName="thing", principal=made["certificateArn"])
        forced = {"certificateId": made["certificateId"], "forceDelete": True}
        assert refusal(iot.delete_certificate, **forced) == "DeleteConflictException"
        iot.detach_thing_principal(thingName="thing", principal=made["certificateArn"])
        iot.delete_certificate(**forced)
        iot.delete_policy(policyName="policy")

    def test_thing_with_a_certificate(self, iot: Any) -> None:
        made = certify(iot)
        iot.create_thing(thingName="thing")
        iot.attach_thing_principal(thingName="thing", principal=made["certificateArn"])
        assert refusal(iot.delete_thing, thingName="thing") == "InvalidRequestException"
        iot.detach_thing_principal(thingName="thing", principal=made["certificateArn"])
        iot.delete_thing(thingName="thing")
        assert refusal(iot.describe_thing, thingName="thing") == "ResourceNotFoundException"

    def test_things_and_certificates_that_are_not_there(self, iot: Any) -> None:
        iot.delete_thing(thingName="thing")
        assert refusal(iot.delete_certificate, certificateId="0" * 64) == "ResourceNotFoundException"
        assert refusal(iot.delete_policy, policyName="policy") == "ResourceNotFoundException"


class TestThingsAndPolicies:
    def test_the_same_thing_again(self, iot: Any) -> None:
        asked = {"thingName": "thing", "attributePayload": {"attributes": {"uid": "cd16"}}}
        first, second = iot.create_thing(**asked), iot.create_thing(**asked)
        assert first["thingId"] == second["thingId"]

    def test_another_thing_of_the_same_name(self, iot: Any) -> None:
        made = iot.create_thing(thingName="thing")
        with pytest.raises(iot.exceptions.ResourceAlreadyExistsException) as raised:
            iot.create_thing(thingName="thing", attributePayload={"attributes": {"uid": "cd16"}})
        assert raised.value.response["resourceArn"] == made["thingArn"]

    def test_type_that_is_not_there(self, iot: Any) -> None:
        refused = refusal(iot.create_thing, thingName="thing", thingTypeName="type")
        assert refused == "ResourceNotFoundException"

    def test_attributes_of_a_thing_without_a_type(self, iot: Any) -> None:
        four = {"attributes": dict.fromkeys("abcd", "value")}
        assert refusal(iot.create_thing, thingName="thing", attributePayload=four) == "InvalidRequestException"
        iot.create_thing_type(thingTypeName="type")
        iot.create_thing(thingName="thing", thingTypeName="type", attributePayload=four)

    @pytest.mark.parametrize(
        "asked",
        [
            {"thingName": "a thing"},
            {"thingName": "a" * 129},
            {"thingName": "thing", "attributePayload": {"attributes": {"uid": "a b"}}},
        ],
    )
    def test_names_that_aws_does_not_take(self, iot: Any, asked: dict[str, Any]) -> None:
        assert refusal(iot.create_thing, **asked) == "InvalidRequestException"

    def test_policy_that_exists(self, iot: Any) -> None:
        made = iot.create_policy(policyName="policy", policyDocument=POLICY)
        for document in (POLICY, OTHER_POLICY):
            with pytest.raises(iot.exceptions.ResourceAlreadyExistsException) as raised:
                iot.create_policy(policyName="policy", policyDocument=document)
            assert raised.value.response["resourceArn"] == made["policyArn"]
        assert iot.get_policy(policyName="policy")["policyDocument"] == POLICY

    @pytest.mark.parametrize("document", ["no JSON", "{}", '{"Statement": [{"Effect": "Allow"}]}'])
    def test_policy_that_is_none(self, iot: Any, document: str) -> None:
        assert refusal(iot.create_policy, policyName="policy", policyDocument=document) == "MalformedPolicyException"

    def test_the_deprecated_way_to_attach_a_policy(self, iot: Any) -> None:
        made = certify(iot)
        iot.create_policy(policyName="policy", policyDocument=POLICY)
        iot.attach_principal_policy(policyName="policy", principal=made["certificateArn"])
        attached = iot.list_attached_policies(target=made["certificateArn"])["policies"]
        assert [policy["policyName"] for policy in attached] == ["policy"]
        assert iot.list_targets_for_policy(policyName="policy")["targets"] == [made["certificateArn"]]

    def test_attaching_what_is_not_there(self, iot: Any) -> None:
        made = certify(iot)
        nobody = made["certificateArn"].replace(made["certificateId"], "0" * 64)
        iot.create_thing(thingName="thing")
        iot.create_policy(policyName="policy", policyDocument=POLICY)
        assert refusal(iot.attach_policy, policyName="policy", target=nobody) == "ResourceNotFoundException"
        assert refusal(iot.attach_thing_principal, thingName="thing", principal=nobody) == "ResourceNotFoundException"
        arn = made["certificateArn"]
        assert refusal(iot.attach_policy, policyName="other", target=arn) == "ResourceNotFoundException"
        assert refusal(iot.attach_thing_principal, thingName="other", principal=arn) == "ResourceNotFoundException"

    def test_attaching_again(self, iot: Any) -> None:
        made = certify(iot)
        iot.create_thing(thingName="thing")
        for _ in range(2):
            iot.attach_thing_principal(thingName="thing", principal=made["certificateArn"])
        assert iot.list_thing_principals(thingName="thing")["principals"] == [made["certificateArn"]]

    def test_endpoint_stays_the_same(self, iot: Any, cloud: Cloud) -> None:
        found = [iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"] for _ in range(2)]
        assert found[0] == found[1]
        assert found[0].endswith(f"-ats.iot.{cloud.region}.amazonaws.com")

    def test_regions_know_nothing_of_each_other(self, iot: Any) -> None:
        certify(iot)
        assert boto3.client("iot", region_name="us-west-2").list_certificates()["certificates"] == []

    def test_caller(self, cloud: Cloud) -> None:
        assert boto3.client("sts").get_caller_identity()["Account"] == cloud.account


class Registered:
    """A CA of one's own that AWS knows."""

    def __init__(self, iot: Any, **asked: Any) -> None:
        self.key = make_key()
        self.pem = make_ca("my CA", self.key)
        code = iot.get_registration_code()["registrationCode"]
        self.asked = {
            "caCertificate": self.pem,
            "verificationCertificate": issue(code, "my CA", self.key),
            "setAsActive": True,
            **asked,
        }
        self.id = iot.register_ca_certificate(**self.asked)["certificateId"]

    def issue(self) -> str:
        return issue("device", "my CA", self.key)


class TestRegisteringACa:
    def test_registered(self, iot: Any) -> None:
        ca = Registered(iot)
        shown = iot.describe_ca_certificate(certificateId=ca.id)["certificateDescription"]
        assert ca.id == der_id(ca.pem)
        assert (shown["status"], shown["autoRegistrationStatus"], shown["certificateMode"]) == (
            "ACTIVE",
            "DISABLE",
            "DEFAULT",
        )
        assert shown["certificatePem"] == ca.pem
        assert _ids(iot.list_ca_certificates()) == [ca.id]

    def test_automatic_registration(self, iot: Any) -> None:
        config = {"roleArn": "arn:aws:iam::123456789012:role/provisioning", "templateBody": "{}"}
        ca = Registered(iot, setAsActive=False, allowAutoRegistration=True, registrationConfig=config)
        shown = iot.describe_ca_certificate(certificateId=ca.id)
        assert shown["registrationConfig"] == config
        assert shown["certificateDescription"]["status"] == "INACTIVE"
        assert shown["certificateDescription"]["autoRegistrationStatus"] == "ENABLE"
        iot.update_ca_certificate(certificateId=ca.id, newStatus="ACTIVE", newAutoRegistrationStatus="DISABLE")
        shown = iot.describe_ca_certificate(certificateId=ca.id)["certificateDescription"]
        assert (shown["status"], shown["autoRegistrationStatus"]) == ("ACTIVE", "DISABLE")

    def test_registration_code_stays_the_same(self, iot: Any) -> None:
        codes = {iot.get_registration_code()["registrationCode"] for _ in range(2)}
        assert [len(code) for code in codes] == [64]

    def test_another_registration_code(self, iot: Any) -> None:
        iot.get_registration_code()
        key = make_key()
        refused = refusal(
            iot.register_ca_certificate,
            caCertificate=make_ca("my CA", key),
            verificationCertificate=issue("0" * 64, "my CA", key),
        )
        assert refused == "RegistrationCodeValidationException"

    def test_verification_by_another_key(self, iot: Any) -> None:
        code = iot.get_registration_code()["registrationCode"]
        refused = refusal(
            iot.register_ca_certificate,
            caCertificate=make_ca("my CA", make_key()),
            verificationCertificate=issue(code, "my CA", make_key()),
        )
        assert refused == "CertificateValidationException"

    def test_certificate_that_is_no_ca(self, iot: Any) -> None:
        refused = refusal(
            iot.register_ca_certificate, caCertificate=_text(make_certificate()), certificateMode="SNI_ONLY"
        )
        assert refused == "CertificateValidationException"

    def test_mode_decides_whether_there_is_a_verification(self, iot: Any) -> None:
        key = make_key()
        pem, code = make_ca("my CA", key), iot.get_registration_code()["registrationCode"]
        verification = issue(code, "my CA", key)
        assert refusal(iot.register_ca_certificate, caCertificate=pem) == "InvalidRequestException"
        both = {"caCertificate": pem, "verificationCertificate": verification, "certificateMode": "SNI_ONLY"}
        assert refusal(iot.register_ca_certificate, **both) == "InvalidRequestException"
        made = iot.register_ca_certificate(caCertificate=pem, certificateMode="SNI_ONLY")
        shown = iot.describe_ca_certificate(certificateId=made["certificateId"])["certificateDescription"]
        assert shown["certificateMode"] == "SNI_ONLY"

    def test_the_same_ca_again(self, iot: Any) -> None:
        ca = Registered(iot)
        assert refusal(iot.register_ca_certificate, **ca.asked) == "ResourceAlreadyExistsException"

    def test_deletion(self, iot: Any) -> None:
        ca = Registered(iot)
        assert refusal(iot.delete_ca_certificate, certificateId=ca.id) == "CertificateStateException"
        iot.update_ca_certificate(certificateId=ca.id, newStatus="INACTIVE")
        iot.delete_ca_certificate(certificateId=ca.id)
        assert refusal(iot.describe_ca_certificate, certificateId=ca.id) == "ResourceNotFoundException"


class TestRegisteringACertificate:
    def test_of_a_registered_ca(self, iot: Any) -> None:
        ca = Registered(iot)
        pem = ca.issue()
        made = iot.register_certificate(certificatePem=pem, caCertificatePem=ca.pem, status="ACTIVE")
        shown = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        assert made["certificateId"] == der_id(pem)
        assert (shown["status"], shown["caCertificateId"], shown["certificateMode"]) == ("ACTIVE", ca.id, "DEFAULT")
        assert _ids(iot.list_certificates_by_ca(caCertificateId=ca.id)) == [made["certificateId"]]

    def test_ca_is_found_by_itself(self, iot: Any) -> None:
        ca = Registered(iot)
        made = iot.register_certificate(certificatePem=ca.issue())
        shown = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        assert (shown["status"], shown["caCertificateId"]) == ("INACTIVE", ca.id)

    def test_of_a_ca_that_is_not_registered(self, iot: Any) -> None:
        key = make_key()
        pem = issue("device", "my CA", key)
        for asked in ({}, {"caCertificatePem": make_ca("my CA", key)}):
            refused = refusal(iot.register_certificate, certificatePem=pem, **asked)
            assert refused == "CertificateValidationException"

    def test_of_another_ca_than_it_says(self, iot: Any) -> None:
        ca = Registered(iot)
        pem = issue("device", "my CA", make_key())
        refused = refusal(iot.register_certificate, certificatePem=pem, caCertificatePem=ca.pem)
        assert refused == "CertificateValidationException"

    def test_two_cas_of_the_same_name(self, iot: Any) -> None:
        first, second = Registered(iot), Registered(iot)
        assert refusal(iot.register_certificate, certificatePem=first.issue()) == "CertificateConflictException"
        iot.register_certificate(certificatePem=second.issue(), caCertificatePem=second.pem)

    def test_of_an_inactive_ca(self, iot: Any) -> None:
        ca = Registered(iot, setAsActive=False)
        assert refusal(iot.register_certificate, certificatePem=ca.issue()) == "CertificateStateException"

    def test_mode_is_that_of_the_ca(self, iot: Any) -> None:
        key = make_key()
        iot.register_ca_certificate(caCertificate=make_ca("my CA", key), certificateMode="SNI_ONLY", setAsActive=True)
        made = iot.register_certificate(certificatePem=issue("device", "my CA", key))
        shown = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        assert shown["certificateMode"] == "SNI_ONLY"

    def test_without_ca(self, iot: Any) -> None:
        pem = _text(make_certificate())
        made = iot.register_certificate_without_ca(certificatePem=pem)
        shown = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        assert made["certificateId"] == der_id(pem)
        assert (shown["status"], shown["certificateMode"]) == ("INACTIVE", "SNI_ONLY")

    def test_again(self, iot: Any) -> None:
        pem = _text(make_certificate())
        made = iot.register_certificate_without_ca(certificatePem=pem, status="ACTIVE")
        with pytest.raises(iot.exceptions.ResourceAlreadyExistsException) as raised:
            iot.register_certificate_without_ca(certificatePem=pem, status="ACTIVE")
        response = raised.value.response
        assert (response["resourceId"], response["resourceArn"]) == (made["certificateId"], made["certificateArn"])

    @pytest.mark.parametrize("operation", ["register_certificate", "register_certificate_without_ca"])
    def test_text_that_is_no_certificate(self, iot: Any, operation: str) -> None:
        refused = refusal(getattr(iot, operation), certificatePem="no certificate")
        assert refused == "CertificateValidationException"


TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "ThingName": {"Type": "String"},
        "Place": {"Type": "String", "Default": "Munich"},
        "AWS::IoT::Certificate::Id": {"Type": "String"},
    },
    "Resources": {
        "thing": {
            "Type": "AWS::IoT::Thing",
            "Properties": {
                "ThingName": {"Fn::Join": ["-", ["device", {"Ref": "ThingName"}]]},
                "AttributePayload": {"place": {"Ref": "Place"}},
            },
        },
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}},
        },
        "policy": {
            "Type": "AWS::IoT::Policy",
            "Properties": {
                "PolicyName": "policy",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "iot:Connect",
                            "Resource": {
                                "Fn::Join": [":", ["arn:aws:iot", {"Ref": "AWS::Region"}, {"Ref": "AWS::AccountId"}]]
                            },
                        }
                    ],
                },
            },
        },
    },
}


def change_template(resource: str, **properties: Any) -> str:
    """The template in JSON, with other properties for a resource; None takes one away."""
    template = json.loads(json.dumps(TEMPLATE))
    target = template["Resources"][resource]
    for name, value in properties.items():
        (target if name == "OverrideSettings" else target["Properties"])[name] = value
    target["Properties"] = {name: value for name, value in target["Properties"].items() if value is not None}
    return json.dumps(template)


class TestProvisioningTemplates:
    @pytest.fixture
    def made(self, iot: Any) -> dict[str, Any]:
        return certify(iot)

    @pytest.fixture
    def parameters(self, made: dict[str, Any]) -> dict[str, str]:
        return {"ThingName": "7", "AWS::IoT::Certificate::Id": made["certificateId"]}

    def test_everything_is_made_and_attached(
        self, iot: Any, cloud: Cloud, made: dict[str, Any], parameters: dict[str, str]
    ) -> None:
        answer = iot.register_thing(templateBody=json.dumps(TEMPLATE), parameters=parameters)
        scope = f"arn:aws:iot:{cloud.region}:{cloud.account}"
        assert answer["certificatePem"] == made["certificatePem"]
        assert answer["resourceArns"] == {
            "thing": f"{scope}:thing/device-7",
            "certificate": made["certificateArn"],
            "policy": f"{scope}:policy/policy",
        }
        assert iot.describe_thing(thingName="device-7")["attributes"] == {"place": "Munich"}
        assert iot.list_thing_principals(thingName="device-7")["principals"] == [made["certificateArn"]]
        attached = iot.list_attached_policies(target=made["certificateArn"])["policies"]
        assert [policy["policyName"] for policy in attached] == ["policy"]
        document = json.loads(iot.get_policy(policyName="policy")["policyDocument"])
        assert document["Statement"][0]["Resource"] == scope
        assert status(iot, made["certificateId"]) == "ACTIVE"

    def test_again(self, iot: Any, parameters: dict[str, str]) -> None:
        answers = [iot.register_thing(templateBody=json.dumps(TEMPLATE), parameters=parameters) for _ in range(2)]
        assert answers[0]["resourceArns"] == answers[1]["resourceArns"]

    def test_status_of_the_template(self, iot: Any, made: dict[str, Any], parameters: dict[str, str]) -> None:
        iot.register_thing(templateBody=change_template("certificate", Status="INACTIVE"), parameters=parameters)
        assert status(iot, made["certificateId"]) == "INACTIVE"

    def test_status_that_stays(self, iot: Any, made: dict[str, Any], parameters: dict[str, str]) -> None:
        body = change_template("certificate", Status="ACTIVE", OverrideSettings={"Status": "DO_NOTHING"})
        iot.register_thing(templateBody=body, parameters=parameters)
        assert status(iot, made["certificateId"]) == "INACTIVE"

    def test_policy_that_exists(self, iot: Any, made: dict[str, Any], parameters: dict[str, str]) -> None:
        body = change_template("policy", PolicyDocument=None)
        refused = refusal(iot.register_thing, templateBody=body, parameters=parameters)
        assert refused == "ResourceRegistrationFailureException"
        iot.create_policy(policyName="policy", policyDocument=POLICY)
        iot.register_thing(templateBody=body, parameters=parameters)
        assert iot.list_targets_for_policy(policyName="policy")["targets"] == [made["certificateArn"]]

    def test_policy_without_a_name(self, iot: Any, parameters: dict[str, str]) -> None:
        body = change_template("policy", PolicyName=None, PolicyDocument=POLICY)
        arn = iot.register_thing(templateBody=body, parameters=parameters)["resourceArns"]["policy"]
        assert arn.endswith(f"/{hashlib.sha1(POLICY.encode()).hexdigest().upper()}")

    def test_certificate_of_a_csr(self, iot: Any, parameters: dict[str, str]) -> None:
        csr = make_csr()
        body = change_template("certificate", CertificateId=None, CertificateSigningRequest=csr)
        pem = iot.register_thing(templateBody=body, parameters=parameters)["certificatePem"]
        made = x509.load_pem_x509_certificate(pem.encode())
        assert made.public_key() == x509.load_pem_x509_csr(csr.encode()).public_key()

    @pytest.mark.parametrize(
        ("override", "expected"),
        [
            ("MERGE", {"uid": "cd16", "place": "Munich"}),
            ("REPLACE", {"place": "Munich"}),
            ("DO_NOTHING", {"uid": "cd16"}),
        ],
    )
    def test_thing_that_exists(
        self, iot: Any, parameters: dict[str, str], override: str, expected: dict[str, str]
    ) -> None:
        iot.create_thing(thingName="device-7", attributePayload={"attributes": {"uid": "cd16"}})
        body = change_template("thing", OverrideSettings={"AttributePayload": override})
        iot.register_thing(templateBody=body, parameters=parameters)
        assert iot.describe_thing(thingName="device-7")["attributes"] == expected

    def test_thing_that_must_not_exist(self, iot: Any, parameters: dict[str, str]) -> None:
        iot.create_thing(thingName="device-7")
        body = change_template("thing", OverrideSettings={"AttributePayload": "FAIL"})
        refused = refusal(iot.register_thing, templateBody=body, parameters=parameters)
        assert refused == "ConflictingResourceUpdateException"

    def test_group(self, iot: Any, parameters: dict[str, str]) -> None:
        body = change_template("thing", ThingGroups=["group"])
        refused = refusal(iot.register_thing, templateBody=body, parameters=parameters)
        assert refused == "ResourceRegistrationFailureException"
        iot.create_thing_group(thingGroupName="group")
        iot.register_thing(templateBody=body, parameters=parameters)
        assert iot.list_things_in_thing_group(thingGroupName="group")["things"] == ["device-7"]

    def test_name_that_aws_does_not_take(self, iot: Any, parameters: dict[str, str]) -> None:
        parameters["ThingName"] = "a thing"
        refused = refusal(iot.register_thing, templateBody=json.dumps(TEMPLATE), parameters=parameters)
        assert refused == "InvalidRequestException"

    def test_missing_parameter(self, iot: Any, parameters: dict[str, str]) -> None:
        del parameters["ThingName"]
        refused = refusal(iot.register_thing, templateBody=json.dumps(TEMPLATE), parameters=parameters)
        assert refused == "InvalidRequestException"

    def test_unknown_certificate(self, iot: Any, parameters: dict[str, str]) -> None:
        parameters["AWS::IoT::Certificate::Id"] = "0" * 64
        refused = refusal(iot.register_thing, templateBody=json.dumps(TEMPLATE), parameters=parameters)
        assert refused == "ResourceRegistrationFailureException"

    @pytest.mark.parametrize("body", ["no JSON", "[]", "{}"])
    def test_text_that_is_no_template(self, iot: Any, body: str) -> None:
        assert refusal(iot.register_thing, templateBody=body) == "InvalidRequestException"

    def test_stored_template(self, iot: Any, cloud: Cloud) -> None:
        role = f"arn:aws:iam::{cloud.account}:role/provisioning"
        asked = {"templateName": "fleet", "templateBody": json.dumps(TEMPLATE), "provisioningRoleArn": role}
        iot.create_provisioning_template(**asked, enabled=True)
        shown = iot.describe_provisioning_template(templateName="fleet")
        assert (shown["templateBody"], shown["enabled"]) == (asked["templateBody"], True)
        assert refusal(iot.create_provisioning_template, **asked) == "ResourceAlreadyExistsException"
        assert refusal(iot.describe_provisioning_template, templateName="other") == "ResourceNotFoundException"


class TestFaults:
    def test_calls_are_written_down(self, iot: Any, cloud: Cloud) -> None:
        boto3.client("sts").get_caller_identity()
        certify(iot)
        cloud.fail("DescribeEndpoint", Fault.BREAK_BEFORE)
        with pytest.raises(BotoCoreError):
            iot.describe_endpoint()
        cloud.iot.list_things()
        assert cloud.calls == ["GetCallerIdentity", "CreateCertificateFromCsr", "DescribeEndpoint"]

    def test_error(self, iot: Any, cloud: Cloud) -> None:
        cloud.fail("CreateThing", Fault.error("AccessDeniedException", 403, "not authorized"))
        with pytest.raises(ClientError, match=r"AccessDeniedException.*not authorized") as raised:
            iot.create_thing(thingName="thing")
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert cloud.iot.list_things()["things"] == []

    def test_error_of_sts(self, cloud: Cloud) -> None:
        cloud.fail("GetCallerIdentity", Fault.error("ExpiredToken", 403, "expired & gone"))
        with pytest.raises(ClientError, match=r"ExpiredToken.*expired & gone"):
            boto3.client("sts").get_caller_identity()

    def test_throttle(self, iot: Any, cloud: Cloud) -> None:
        cloud.fail("CreateThing", Fault.THROTTLE)
        assert refusal(iot.create_thing, thingName="thing") == "ThrottlingException"

    @pytest.mark.parametrize(("fault", "things"), [(Fault.BREAK_BEFORE, 0), (Fault.BREAK_AFTER, 1)])
    def test_break(self, iot: Any, cloud: Cloud, fault: Fault, things: int, capfd: pytest.CaptureFixture[str]) -> None:
        """The server says nothing of it."""
        cloud.fail("CreateThing", fault)
        with pytest.raises(ConnectionClosedError):
            iot.create_thing(thingName="thing")
        assert len(cloud.iot.list_things()["things"]) == things
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_killed_client(self, cloud: Cloud, when: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """What it has asked for is carried out all the same, and the server says nothing of it."""
        program = "import boto3; boto3.client('iot').create_thing(thingName='thing')"
        started = Event()
        clients: list[subprocess.Popen[bytes]] = []

        def kill(_: str, moment: str) -> None:
            started.wait(LIMIT_S)
            if moment == when:
                clients[0].kill()
                clients[0].wait()

        cloud.before(kill)
        clients.append(subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path))
        started.set()
        assert clients[0].wait(LIMIT_S) != 0
        cloud.settle()
        assert len(cloud.iot.list_things()["things"]) == 1
        assert capfd.readouterr() == ("", "")

    def test_client_that_leaves_in_the_middle(self, cloud: Cloud, capfd: pytest.CaptureFixture[str]) -> None:
        """Nothing is carried out, and the server says nothing of it."""
        place = urlsplit(cloud.url)
        with socket.create_connection((place.hostname, place.port)) as connection:
            connection.sendall(b"POST /things/thing HTTP/1.1\r\nHost: iot\r\nContent-Length: 20\r\n\r\n{")
        cloud.settle()
        assert (cloud.calls, cloud.iot.list_things()["things"]) == ([], [])
        assert capfd.readouterr() == ("", "")

    def test_garbage(self, iot: Any, cloud: Cloud) -> None:
        """Boto3 lets it pass for an answer with nothing in it."""
        cloud.fail("DescribeEndpoint", Fault.GARBAGE)
        assert "endpointAddress" not in iot.describe_endpoint()

    def test_a_number_of_times(self, iot: Any, cloud: Cloud) -> None:
        cloud.fail("DescribeEndpoint", Fault.THROTTLE, skip=1, times=2)
        cloud.fail("DescribeEndpoint", Fault.error("InternalFailureException", 500, ""), skip=1, times=1)
        found = []
        for _ in range(5):
            try:
                iot.describe_endpoint()
                found.append("")
            except ClientError as error:
                found.append(error.response["Error"]["Code"])
        assert found == ["", "ThrottlingException", "ThrottlingException", "InternalFailureException", ""]

    def test_retries(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        """A client that retries gets through."""
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
        cloud.fail("DescribeEndpoint", Fault.BREAK_BEFORE, times=1)
        assert boto3.client("iot").describe_endpoint()["endpointAddress"]
        assert cloud.calls == ["DescribeEndpoint"] * 2

    def test_own_client_meets_no_fault(self, cloud: Cloud) -> None:
        cloud.fail("ListThings", Fault.THROTTLE)
        assert cloud.iot.list_things()["things"] == []

    def test_hooks(self, iot: Any, cloud: Cloud) -> None:
        seen: list[tuple[str, str, int]] = []

        def look(operation: str, moment: str) -> None:
            seen.append((operation, moment, len(cloud.iot.list_things()["things"])))

        cloud.before(look)
        iot.create_thing(thingName="thing")
        assert seen == [("CreateThing", "before", 0), ("CreateThing", "after", 1)]

    def test_hook_sees_that_nothing_was_carried_out(self, iot: Any, cloud: Cloud) -> None:
        seen: list[str] = []
        cloud.before(lambda _, moment: seen.append(moment))
        cloud.fail("CreateThing", Fault.THROTTLE)
        refusal(iot.create_thing, thingName="thing")
        assert seen == ["before"]

    def test_reset(self, iot: Any, cloud: Cloud) -> None:
        certify(iot)
        cloud.fail("ListCertificates", Fault.THROTTLE)
        cloud.certify_other_key = True
        cloud.reset()
        assert (cloud.calls, cloud.certify_other_key) == ([], False)
        assert iot.list_certificates()["certificates"] == []

    def test_operation_that_moto_does_not_know(self, iot: Any) -> None:
        assert refusal(iot.list_audit_tasks, startTime=0, endTime=1) == "NotImplementedByMoto"

    def test_test_modules_may_import_it_freely(self, tmp_path: Path) -> None:
        program = "import sys, cloud_server; sys.exit(any(name in sys.modules for name in ('moto', 'boto3')))"
        done = run_process(
            [sys.executable, "-c", program], tmp_path, {"PYTHONPATH": str(Path(__file__).parents[1] / "cloud")}
        )
        assert done.returncode == 0, done.stderr
