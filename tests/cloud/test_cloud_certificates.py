"""The stand-in for AWS IoT certifies, lists and deletes as AWS documents, so that nobody trusts a wrong fake."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import boto3
import pytest
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from optiga.testing import Cloud
from optiga.testing.aws.x509 import AWS_ISSUER
from tests.support.cloud.asking import POLICY, certify, der_id, ids_of, make_csr, refusal, status


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
        forged = x509.load_der_x509_csr(bytes(request)).public_bytes(Encoding.PEM).decode()
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
        assert ids_of(iot.list_certificates()) == made[::-1]
        assert ids_of(iot.list_certificates(ascendingOrder=True)) == made

    @pytest.mark.parametrize("ascending", [True, False])
    def test_pages(self, iot: Any, ascending: bool) -> None:
        made = [certify(iot)["certificateId"] for _ in range(5)]
        pages = iot.get_paginator("list_certificates").paginate(
            ascendingOrder=ascending, PaginationConfig={"PageSize": 2}
        )
        listed = [ids_of(page) for page in pages]
        assert [len(page) for page in listed] == [2, 2, 1]
        assert list(chain(*listed)) == (made if ascending else made[::-1])

    @pytest.mark.long
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
        assert ids_of(second) == [made[1]]

    @pytest.mark.parametrize("size", [0, 251])
    def test_page_of_the_wrong_size(self, cloud: Cloud, size: int) -> None:
        lax = boto3.client("iot", config=Config(parameter_validation=False))
        assert refusal(lax.list_certificates, pageSize=size) == "InvalidRequestException"


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
