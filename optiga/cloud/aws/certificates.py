"""Certificates in AWS IoT: issue from a CSR or register, find, activate, delete; and registration of your own CA."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from optiga.cloud.aws import answers
from optiga.cloud.aws.errors import (
    ALREADY_EXISTS,
    CONFLICT,
    NOT_FOUND,
    THROTTLED,
    AwsError,
    ask_again,
    asking,
    ignoring,
)

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import RegisterCACertificateRequestTypeDef, UpdateCACertificateRequestTypeDef

    from optiga.cloud.aws.connection import Aws
    from optiga.pki.certificate import Certificate

ACTIVE: Final = "ACTIVE"
INACTIVE: Final = "INACTIVE"
REVOKED: Final = "REVOKED"
_CLOCKS_APART = timedelta(minutes=15)
"""How far this computer's clock may be from AWS's; AWS refuses requests that are further off."""

_PAGE_SIZE = 250
"""Certificates that AWS lists at once, at most."""


class CloudCertificate(NamedTuple):
    """A certificate as AWS IoT has it.

    :param certificate_id: SHA-256 of the certificate's DER, 64 hex digits in lower case.
    :param arn: of this partition, region and account, with that identifier.
    :param status: ``ACTIVE``, ``INACTIVE``, ``REVOKED`` …
    """

    certificate_id: str
    arn: str
    certificate: Certificate
    status: str


class CloudCa(NamedTuple):
    """A CA of one's own as AWS IoT has it.

    :param certificate: the CA's, under which AWS has it: a renewed one is another CA there.
    :param mode: ``DEFAULT``, or ``SNI_ONLY`` for a CA that several accounts may have.
    :param auto_registration: whether devices' certificates are registered when they first connect.
    """

    ca_id: str
    arn: str
    status: str
    mode: str
    auto_registration: bool
    certificate: Certificate


class Certificates:
    """The certificates of an account in a region.

    Each method raises :class:`AwsError` where AWS refuses or fails, and :class:`~optiga.errors.CloudError` where an
    answer is not what it must be (:mod:`.answers`).
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def create(self, csr_pem: str) -> CloudCertificate:
        """Have AWS issue a certificate, inactive.

        Asked once only, as AWS makes another certificate each time: where the answer is lost, :meth:`find` finds what
        was made. Asked again where AWS has said that it did not even look at it.

        :raises CertificateError: if what AWS issues is no certificate.
        """
        action = "iot:CreateCertificateFromCsr"

        def create() -> tuple[object, object, object]:
            with asking("iot:CreateCertificateFromCsr"):
                answer = self._aws.iot_once.create_certificate_from_csr(
                    certificateSigningRequest=csr_pem, setAsActive=False
                )
                return answer["certificateId"], answer["certificateArn"], answer["certificatePem"]

        certificate_id, arn, pem = ask_again(create, THROTTLED, self._aws.attempts, self._aws.notice)
        certificate = answers.pem(pem, action, "the new certificate")
        return CloudCertificate(
            *answers.certificate(self._aws, certificate_id, arn, certificate, action), certificate, INACTIVE
        )

    def find(self, key_info: bytes, since: datetime) -> CloudCertificate | None:
        """The newest inactive certificate of a public key.

        :param key_info: SubjectPublicKeyInfo in DER.
        :param since: when it was asked for, at the earliest, with its time zone.
        """
        for certificate_id in self._inactive(since - _CLOCKS_APART):
            found = self.describe(certificate_id)
            if found is not None and found.certificate.public_key.info == key_info:
                return found
        return None

    def _inactive(self, since: datetime) -> Iterator[str]:
        """Identifiers of inactive certificates, the newest first."""
        action = "iot:ListCertificates"
        with asking("iot:ListCertificates"):
            pages = self._aws.iot.get_paginator("list_certificates").paginate(
                ascendingOrder=False, PaginationConfig={"PageSize": _PAGE_SIZE}
            )
            for page in pages:
                for entry in page["certificates"]:
                    if answers.moment(entry["creationDate"], action, "creationDate") < since:
                        return
                    if answers.status(entry["status"], action) == INACTIVE:
                        yield answers.identifier(entry["certificateId"], action)

    def describe(self, certificate_id: str) -> CloudCertificate | None:
        """What AWS has under an identifier, None if nothing; it is the certificate of that SHA-256.

        :raises CertificateError: if that is no certificate.
        """
        action = "iot:DescribeCertificate"
        with ignoring(NOT_FOUND), asking("iot:DescribeCertificate", f"certificate {certificate_id}"):
            answer = self._aws.iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
            certificate = answers.pem(answer["certificatePem"], action, certificate_id)
            named = answer["certificateId"], answer["certificateArn"]
            checked = answers.certificate(self._aws, *named, certificate, action, asked=certificate_id)
            return CloudCertificate(*checked, certificate, answers.status(answer["status"], action))
        return None

    def arn_of(self, certificate_id: str) -> str:
        """The ARN that a certificate of an identifier has here, whether it is there or not."""
        return f"{answers.prefix(self._aws)}cert/{certificate_id}"

    def register(self, certificate: Certificate, ca: Certificate | None) -> CloudCertificate:
        """Register a certificate that somebody else has issued, inactive; one that is registered stays as it is.

        :param ca: its issuer, registered here; None registers without one.
        """
        action = "iot:RegisterCertificate" if ca is not None else "iot:RegisterCertificateWithoutCA"
        certificate_id: object
        arn: object
        try:
            if ca is not None:
                with asking("iot:RegisterCertificate"):
                    registered = self._aws.iot.register_certificate(
                        certificatePem=certificate.pem, caCertificatePem=ca.pem, status=INACTIVE
                    )
                    certificate_id, arn = registered["certificateId"], registered["certificateArn"]
            else:
                with asking("iot:RegisterCertificateWithoutCA"):
                    answer = self._aws.iot.register_certificate_without_ca(
                        certificatePem=certificate.pem, status=INACTIVE
                    )
                    certificate_id, arn = answer["certificateId"], answer["certificateArn"]
        except AwsError as error:
            if error.code != ALREADY_EXISTS:
                raise
            found = self.describe(certificate.fingerprint)  # whatever AWS says that it is
            if found is None:
                raise
            return found
        checked = answers.certificate(self._aws, certificate_id, arn, certificate, action)
        return CloudCertificate(*checked, certificate, INACTIVE)

    def activate(self, certificate_id: str) -> None:
        """Let devices connect with a certificate."""
        with asking("iot:UpdateCertificate", f"certificate {certificate_id}"):
            self._aws.iot.update_certificate(certificateId=certificate_id, newStatus=ACTIVE)

    def deactivate(self, certificate_id: str) -> None:
        """Let no device connect with a certificate any more; does nothing if it is not there."""
        with ignoring(NOT_FOUND), asking("iot:UpdateCertificate", f"certificate {certificate_id}"):
            self._aws.iot.update_certificate(certificateId=certificate_id, newStatus=INACTIVE)

    def delete(self, certificate_id: str) -> None:
        """Remove a certificate that is inactive and attached to nothing; does nothing if it is not there.

        What was detached a moment ago may be attached still: AWS takes its time, so it is asked again.
        """

        def delete() -> None:
            with ignoring(NOT_FOUND), asking("iot:DeleteCertificate", f"certificate {certificate_id}"):
                self._aws.iot.delete_certificate(certificateId=certificate_id)

        ask_again(delete, {CONFLICT}, self._aws.attempts, self._aws.notice)

    def find_ca(self, certificate: Certificate) -> CloudCa | None:
        """The CA of this certificate as it is registered here, None if it is not."""
        return next((one for one in self.find_cas(certificate) if one.certificate.der == certificate.der), None)

    def find_cas(self, certificate: Certificate) -> list[CloudCa]:
        """The CA of a name and a key as it is registered here: once for each certificate that it has had.

        :param certificate: the CA's; where this very one is registered, there is no other in the answer.
        """
        with asking("iot:ListCACertificates"):
            known = [
                answers.identifier(entry["certificateId"], "iot:ListCACertificates")
                for page in self._aws.iot.get_paginator("list_ca_certificates").paginate()
                for entry in page["certificates"]
            ]
        action, found = "iot:DescribeCACertificate", []
        for ca_id in known:
            with asking("iot:DescribeCACertificate", f"CA {ca_id}"):
                answer = self._aws.iot.describe_ca_certificate(certificateId=ca_id)["certificateDescription"]
                held = answers.pem(answer["certificatePem"], action, ca_id)
                if not held.is_of_same(certificate):
                    continue
                ca = CloudCa(
                    ca_id,
                    answers.resource(self._aws, answer["certificateArn"], "cacert", ca_id, action, "certificateArn"),
                    answers.status(answer["status"], action, ca=True),
                    answers.mode(answer.get("certificateMode"), action),
                    answer.get("autoRegistrationStatus") == "ENABLE",
                    held,
                )
                if held.der == certificate.der:
                    return [ca]
                found.append(ca)
        return found

    def registration_code(self) -> str:
        """What AWS wants to see certified by a CA that is to be registered."""
        with asking("iot:GetRegistrationCode"):
            code = self._aws.iot.get_registration_code()["registrationCode"]
            return answers.registration_code(code, "iot:GetRegistrationCode")

    def register_ca(
        self, ca: Certificate, verification: Certificate | None, *, auto_registration: bool, template: str | None
    ) -> None:
        """Register a CA, active.

        :param verification: a certificate that it has issued for the registration code; None for a CA that several
            accounts may register (``SNI_ONLY``).
        :param auto_registration: have devices' certificates registered when they first connect.
        :param template: name of a provisioning template for them.
        """
        wishes: RegisterCACertificateRequestTypeDef = {
            "caCertificate": ca.pem,
            "setAsActive": True,
            "allowAutoRegistration": auto_registration,
        }
        if verification is None:
            wishes["certificateMode"] = "SNI_ONLY"
        else:
            wishes["verificationCertificate"] = verification.pem
        if template is not None:
            wishes["registrationConfig"] = {"templateName": template}
        with asking("iot:RegisterCACertificate"):
            self._aws.iot.register_ca_certificate(**wishes)

    def update_ca(self, ca: CloudCa, *, auto_registration: bool, template: str | None) -> None:
        """Activate a CA that is registered already, and have devices registered by themselves or not."""
        wishes: UpdateCACertificateRequestTypeDef = {
            "certificateId": ca.ca_id,
            "newStatus": ACTIVE,
            "newAutoRegistrationStatus": "ENABLE" if auto_registration else "DISABLE",
        }
        if template is not None:
            wishes["registrationConfig"] = {"templateName": template}
        with asking("iot:UpdateCACertificate", f"CA {ca.ca_id}"):
            self._aws.iot.update_ca_certificate(**wishes)
