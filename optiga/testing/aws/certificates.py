"""AWS IoT's certificates, those of devices and those of CAs, where moto lacks them or has them otherwise."""

from __future__ import annotations

import secrets
from itertools import count
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from optiga.testing.aws.terms import Answer, Asked, AwsError, now, refuse
from optiga.testing.aws.x509 import certify, has_good_key, is_ca, is_issued_by, pem_of, read_certificate, read_csr

_PAGE_SIZE = 25
_MAX_REQUEST = 4096
"""Characters of a CSR (CreateCertificateFromCsr, certificateSigningRequest)."""


class Account(Protocol):
    """Whose region it is.

    :ivar certify_other_key: certify a key that is not the CSR's.
    """

    account: str
    certify_other_key: bool


class Certificates:
    """Those of one region; each public method is an operation and returns its answer."""

    def __init__(self, cloud: Account, region: str) -> None:
        self._cloud, self._account, self._region = cloud, cloud.account, region
        self._registration_code = ""
        self._modes: dict[str, str] = {}
        self._auto_registration: dict[str, bool] = {}
        self._numbers: dict[str, int] = {}
        self._counter = count(1)

    @property
    def _moto(self) -> Any:
        """Moto's store, which is another one after each reset."""
        return find_store(self._account, self._region)

    # Devices' certificates

    def create_certificate_from_csr(self, asked: Asked) -> Answer:
        if len(pem := asked["certificateSigningRequest"]) > _MAX_REQUEST:
            refuse(
                f"1 validation error detected: Value '{pem}' at 'certificateSigningRequest' failed to satisfy "
                f"constraint: Member must have length less than or equal to {_MAX_REQUEST}"
            )
        request = read_csr(pem)
        public = ec.generate_private_key(ec.SECP256R1()).public_key() if self._cloud.certify_other_key else None
        certificate = certify(request.subject, public or request.public_key())
        entry = self._keep(certificate, "ACTIVE" if asked.get("setAsActive") else "INACTIVE")
        return {**_named(entry), "certificatePem": entry.certificate_pem}

    def register_certificate(self, asked: Asked) -> Answer:
        certificate = read_certificate(asked["certificatePem"])
        ca = self._find_ca(certificate, asked.get("caCertificatePem"))
        if ca.status != "ACTIVE":
            refuse("The CA certificate is not active", "CertificateStateException")
        return _named(self._keep(certificate, _status_asked(asked), ca.certificate_id))

    def register_certificate_without_ca(self, asked: Asked) -> Answer:
        entry = self._keep(read_certificate(asked["certificatePem"]), _status_asked(asked))
        self._modes[entry.certificate_id] = "SNI_ONLY"
        return _named(entry)

    def describe_certificate(self, asked: Asked) -> Answer:
        entry = self._moto.describe_certificate(asked["certificateId"])
        description = self._describe(entry)
        if entry.ca_certificate_id:
            description["caCertificateId"] = entry.ca_certificate_id
        return {"certificateDescription": description}

    def list_certificates(self, asked: Asked) -> Answer:
        return self._page(self._moto.certificates, asked)

    def update_certificate(self, asked: Asked) -> None:
        entry = self._moto.describe_certificate(asked["certificateId"])
        if asked["newStatus"] not in ("ACTIVE", "INACTIVE", "REVOKED"):
            refuse(f"A certificate cannot be set to {asked['newStatus']}")
        if entry.status == "REVOKED" != asked["newStatus"]:
            refuse("A certificate that is revoked stays so", "CertificateStateException")
        entry.last_modified_date = now()

    def delete_certificate(self, asked: Asked) -> Answer:
        moto = self._moto
        entry = moto.describe_certificate(asked["certificateId"])
        if entry.status == "ACTIVE":
            refuse(
                f"Certificate must be deactivated (not ACTIVE) before deletion. certId={entry.certificate_id}",
                "CertificateStateException",
            )
        if any(principal == entry.arn for principal, _ in moto.principal_things):
            refuse(f"Things must be detached before deletion (arn: {entry.arn})", "DeleteConflictException")
        attached = [key for key in moto.principal_policies if key[0] == entry.arn]
        if attached and not asked.get("forceDelete"):
            refuse(
                f"Certificate policies must be detached before deletion (arn: {entry.arn})", "DeleteConflictException"
            )
        for key in attached:
            del moto.principal_policies[key]
        del moto.certificates[entry.certificate_id]
        self._numbers.pop(entry.certificate_id, None)
        return {}

    def _keep(self, certificate: x509.Certificate, status: str, ca_id: str | None = None) -> Any:
        """Store a certificate.

        :raises AwsError: if it is there already.
        """
        from moto.iot.models import FakeCertificate

        if not has_good_key(certificate.public_key()):
            refuse("The certificate's key is not supported", "CertificateValidationException")
        entry = FakeCertificate(pem_of(certificate), status, self._account, self._region, ca_id)
        _refuse_known(entry, self._moto.certificates, "certificate")
        self._moto.certificates[entry.certificate_id] = entry
        self._modes[entry.certificate_id] = self._modes.get(ca_id or "", "DEFAULT")
        return entry

    def _describe(self, entry: Any) -> Answer:
        certificate = read_certificate(entry.certificate_pem)
        return {
            **_named(entry),
            "status": entry.status,
            "certificatePem": entry.certificate_pem,
            "ownedBy": entry.owner,
            "creationDate": entry.creation_date,
            "lastModifiedDate": entry.last_modified_date,
            "customerVersion": 1,
            "generationId": entry.certificate_id[:32],
            "certificateMode": self._modes.get(entry.certificate_id, "DEFAULT"),
            "validity": {"notBefore": certificate.not_valid_before_utc, "notAfter": certificate.not_valid_after_utc},
        }

    def _page(self, entries: dict[str, Any], asked: Asked) -> Answer:
        """One page of certificates in the order of their creation; the newest comes first if nothing is said."""
        for key in entries:
            if key not in self._numbers:
                self._numbers[key] = next(self._counter)
        ascending = asked.get("ascendingOrder", False)
        size, marker = asked.get("pageSize", _PAGE_SIZE), asked.get("marker")
        if not 1 <= size <= 250 or (marker is not None and not marker.isdigit()):
            refuse("Invalid page size or marker")
        listed = sorted(entries.values(), key=self._number, reverse=not ascending)
        if marker is not None:
            last = int(marker)
            listed = [
                entry for entry in listed if self._number(entry) != last and (self._number(entry) > last) is ascending
            ]
        page = [
            {
                **_named(entry),
                "status": entry.status,
                "certificateMode": self._modes.get(entry.certificate_id, "DEFAULT"),
                "creationDate": entry.creation_date,
            }
            for entry in listed[:size]
        ]
        more = {"nextMarker": str(self._number(listed[size - 1]))} if len(listed) > size else {}
        return {"certificates": page, **more}

    def _number(self, entry: Any) -> int:
        return self._numbers[entry.certificate_id]

    # CA certificates

    def get_registration_code(self, asked: Asked) -> Answer:  # noqa: ARG002 - as any operation
        self._registration_code = self._registration_code or secrets.token_hex(32)
        return {"registrationCode": self._registration_code}

    def register_ca_certificate(self, asked: Asked) -> Answer:
        from moto.iot.models import FakeCaCertificate

        certificate = read_certificate(asked["caCertificate"])
        mode = asked.get("certificateMode", "DEFAULT")
        verification = asked.get("verificationCertificate")
        if (verification is None) is (mode == "DEFAULT"):
            refuse(f"A verification certificate must {'not ' * (mode == 'SNI_ONLY')}be given in mode {mode}")
        if not is_ca(certificate):
            refuse("The certificate is not that of a CA", "CertificateValidationException")
        if verification is not None:
            self._check_verification(read_certificate(verification), certificate)
        entry = FakeCaCertificate(
            pem_of(certificate),
            "ACTIVE" if asked.get("setAsActive") else "INACTIVE",
            self._account,
            self._region,
            asked.get("registrationConfig", {}),
        )
        entry.arn = entry.arn.replace(":cert/", ":cacert/")
        _refuse_known(entry, self._moto.ca_certificates, "CA certificate")
        self._moto.ca_certificates[entry.certificate_id] = entry
        self._modes[entry.certificate_id] = mode
        self._auto_registration[entry.certificate_id] = bool(asked.get("allowAutoRegistration"))
        return _named(entry)

    def describe_ca_certificate(self, asked: Asked) -> Answer:
        entry = self._moto.describe_ca_certificate(asked["certificateId"])
        automatic = "ENABLE" if self._auto_registration[entry.certificate_id] else "DISABLE"
        return {
            "certificateDescription": {**self._describe(entry), "autoRegistrationStatus": automatic},
            "registrationConfig": entry.registration_config,
        }

    def update_ca_certificate(self, asked: Asked) -> Answer:
        entry = self._moto.describe_ca_certificate(asked["certificateId"])
        entry.status = asked.get("newStatus", entry.status)
        if "newAutoRegistrationStatus" in asked:
            self._auto_registration[entry.certificate_id] = asked["newAutoRegistrationStatus"] == "ENABLE"
        entry.registration_config = asked.get("registrationConfig", entry.registration_config)
        entry.last_modified_date = now()
        return {}

    def list_ca_certificates(self, asked: Asked) -> Answer:
        page = self._page(self._moto.ca_certificates, asked)
        for shown in page["certificates"]:
            del shown["certificateMode"]
        return page

    def _check_verification(self, verification: x509.Certificate, ca: x509.Certificate) -> None:
        names = verification.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        if not self._registration_code or [name.value for name in names] != [self._registration_code]:
            refuse("The common name is not the registration code", "RegistrationCodeValidationException")
        if not is_issued_by(verification, ca):
            refuse("The CA has not signed the verification certificate", "CertificateValidationException")

    def _find_ca(self, certificate: x509.Certificate, ca_pem: str | None) -> Any:
        """The registered CA that has signed a certificate.

        :raises AwsError: if there is none, or more than one in question.
        """
        known = [(entry, read_certificate(entry.certificate_pem)) for entry in self._moto.ca_certificates.values()]
        if ca_pem is not None:
            given = read_certificate(ca_pem)
            known = [(entry, ca) for entry, ca in known if ca == given]
        elif len([ca for _, ca in known if ca.subject == certificate.issuer]) > 1:
            refuse("More than one registered CA bears the issuer's name", "CertificateConflictException")
        signers = [entry for entry, ca in known if is_issued_by(certificate, ca)]
        if not signers:
            refuse("The certificate is not signed by a registered CA", "CertificateValidationException")
        return signers[0]


def knows_region(account: str, region: str) -> bool:
    """Whether AWS IoT is in a region."""
    from moto.iot.models import iot_backends

    return region in iot_backends[account]


def empty_stores(account: str) -> None:
    """Delete what moto keeps for AWS IoT and STS of all regions."""
    from moto.iot.models import iot_backends
    from moto.sts.models import sts_backends

    iot_backends[account].reset()
    sts_backends[account].reset()


def find_store(account: str, region: str) -> Any:
    """What moto keeps for AWS IoT of a region."""
    from moto.iot.models import iot_backends

    return iot_backends[account][region]


def _named(entry: Any) -> Answer:
    return {"certificateArn": entry.arn, "certificateId": entry.certificate_id}


def _status_asked(asked: Asked) -> str:
    status = "ACTIVE" if asked.get("setAsActive") else asked.get("status", "INACTIVE")
    if status not in ("ACTIVE", "INACTIVE", "REVOKED"):
        refuse(f"A certificate cannot be registered as {status}")
    return str(status)


def _refuse_known(entry: Any, known: dict[str, Any], what: str) -> None:
    if entry.certificate_id in known:
        raise AwsError(
            "ResourceAlreadyExistsException",
            f"The {what} is already provisioned or registered",
            resourceId=entry.certificate_id,
            resourceArn=known[entry.certificate_id].arn,
        )
