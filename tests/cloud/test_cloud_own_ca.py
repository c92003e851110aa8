"""The stand-in for AWS IoT registers CAs and their certificates as AWS documents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cloud.asking import der_id, ids_of, issue, make_ca, refusal
from tests.support.makers import make_certificate, make_key


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
        assert ids_of(iot.list_ca_certificates()) == [ca.id]

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
            iot.register_ca_certificate, caCertificate=make_certificate().decode(), certificateMode="SNI_ONLY"
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


class TestRegisteringACertificate:
    def test_of_a_registered_ca(self, iot: Any) -> None:
        ca = Registered(iot)
        pem = ca.issue()
        made = iot.register_certificate(certificatePem=pem, caCertificatePem=ca.pem, status="ACTIVE")
        shown = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        assert made["certificateId"] == der_id(pem)
        assert (shown["status"], shown["caCertificateId"], shown["certificateMode"]) == ("ACTIVE", ca.id, "DEFAULT")

    @pytest.mark.long
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
        pem = make_certificate().decode()
        made = iot.register_certificate_without_ca(certificatePem=pem)
        shown = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        assert made["certificateId"] == der_id(pem)
        assert (shown["status"], shown["certificateMode"]) == ("INACTIVE", "SNI_ONLY")

    def test_again(self, iot: Any) -> None:
        pem = make_certificate().decode()
        made = iot.register_certificate_without_ca(certificatePem=pem, status="ACTIVE")
        with pytest.raises(iot.exceptions.ResourceAlreadyExistsException) as raised:
            iot.register_certificate_without_ca(certificatePem=pem, status="ACTIVE")
        response = raised.value.response
        assert (response["resourceId"], response["resourceArn"]) == (made["certificateId"], made["certificateArn"])

    @pytest.mark.parametrize("operation", ["register_certificate", "register_certificate_without_ca"])
    def test_text_that_is_no_certificate(self, iot: Any, operation: str) -> None:
        refused = refusal(getattr(iot, operation), certificatePem="no certificate")
        assert refused == "CertificateValidationException"
