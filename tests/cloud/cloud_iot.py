"""AWS IoT of one region, where moto lacks it or has it otherwise."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from itertools import count
from typing import Any, Protocol

from cloud_templates import Resource, Template
from cloud_terms import Answer, Asked, AwsError, now, read_json, refuse
from cloud_x509 import certify, is_ca, is_issued_by, pem_of, read_certificate, read_csr
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_ATTRIBUTES_WITHOUT_TYPE = 3
_PAGE_SIZE = 25


class Account(Protocol):
    """Whose region it is.

    :ivar certify_other_key: certify a key that is not the CSR's.
    """

    account: str
    certify_other_key: bool


class Iot:
    """AWS IoT of one region, where moto lacks it or has it otherwise.

    A method that is an operation returns its answer, or None where moto's own is right.
    """

    def __init__(self, cloud: Account, region: str) -> None:
        self._cloud, self._region = cloud, region
        self._identifier = f"a{secrets.token_hex(6)}"
        self._registration_code = ""
        self._modes: dict[str, str] = {}
        self._auto_registration: dict[str, bool] = {}
        self._templates: dict[str, Answer] = {}
        self._numbers: dict[str, int] = {}
        self._counter = count(1)

    @property
    def _moto(self) -> Any:
        """Moto's store, which is another one after each reset."""
        return find_store(self._cloud.account, self._region)

    def carry_out(self, operation: str, asked: Asked) -> Answer | None:
        """Carry an operation out.

        :returns: None if it is left to moto.
        :raises AwsError: if AWS refuses it.
        """
        from botocore import xform_name

        if operation.startswith("/"):
            return None
        carried_out: Callable[[Asked], Answer | None] = getattr(self, xform_name(operation), lambda _: None)
        return carried_out(asked)

    # Certificates

    def create_certificate_from_csr(self, asked: Asked) -> Answer:
        request = read_csr(asked["certificateSigningRequest"])
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
        return self._page(self._moto.certificates, lambda _: True, asked)

    def list_certificates_by_ca(self, asked: Asked) -> Answer:
        return self._page(
            self._moto.certificates, lambda entry: entry.ca_certificate_id == asked["caCertificateId"], asked
        )

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

        entry = FakeCertificate(pem_of(certificate), status, self._cloud.account, self._region, ca_id)
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

    def _page(self, entries: dict[str, Any], wanted: Callable[[Any], bool], asked: Asked) -> Answer:
        """One page of certificates in the order of their creation; the newest comes first if nothing is said."""
        for key in entries:
            if key not in self._numbers:
                self._numbers[key] = next(self._counter)
        ascending = asked.get("ascendingOrder", False)
        size, marker = asked.get("pageSize", _PAGE_SIZE), asked.get("marker")
        if not 1 <= size <= 250 or (marker is not None and not marker.isdigit()):
            refuse("Invalid page size or marker")
        listed = sorted(filter(wanted, entries.values()), key=self._number, reverse=not ascending)
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

    def get_registration_code(self, asked: Asked) -> Answer:
        self._registration_code = self._registration_code or secrets.token_hex(32)
        return {"registrationCode": self._registration_code}

    def delete_registration_code(self, asked: Asked) -> Answer:
        self._registration_code = ""
        return {}

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
            self._cloud.account,
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
        if asked.get("removeAutoRegistration"):
            entry.registration_config = {}
            self._auto_registration[entry.certificate_id] = False
        entry.last_modified_date = now()
        return {}

    def delete_ca_certificate(self, asked: Asked) -> Answer:
        entry = self._moto.describe_ca_certificate(asked["certificateId"])
        if entry.status == "ACTIVE":
            refuse("The CA certificate must be deactivated before deletion", "CertificateStateException")
        del self._moto.ca_certificates[entry.certificate_id]
        self._numbers.pop(entry.certificate_id, None)
        return {}

    def list_ca_certificates(self, asked: Asked) -> Answer:
        page = self._page(self._moto.ca_certificates, lambda _: True, asked)
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

    # Things, policies, endpoints

    def describe_endpoint(self, asked: Asked) -> Answer:
        """The account's own address, the same each time."""
        kinds = {"iot:Data": "", "iot:Data-ATS": "-ats", "iot:CredentialProvider": ".credentials", "iot:Jobs": ".jobs"}
        kind = asked.get("endpointType", "iot:Data")
        if kind not in kinds:
            refuse(f"Endpoint type {kind} is not known")
        return {"endpointAddress": f"{self._identifier}{kinds[kind]}.iot.{self._region}.amazonaws.com"}

    def create_thing(self, asked: Asked) -> Answer | None:
        attributes = asked.get("attributePayload", {}).get("attributes", {})
        if len(attributes) > _ATTRIBUTES_WITHOUT_TYPE and "thingTypeName" not in asked:
            refuse(f"A thing without a type has no more than {_ATTRIBUTES_WITHOUT_TYPE} attributes")
        thing = self._find_thing(asked["thingName"])
        if thing is None:
            return None
        kind = thing.thing_type.thing_type_name if thing.thing_type else None
        if (kind, thing.attributes) != (asked.get("thingTypeName"), attributes):
            raise AwsError(
                "ResourceAlreadyExistsException",
                f"Thing {thing.thing_name} already exists in account with different attributes",
                resourceId=thing.thing_id,
                resourceArn=thing.arn,
            )
        return {"thingName": thing.thing_name, "thingArn": thing.arn, "thingId": thing.thing_id}

    def delete_thing(self, asked: Asked) -> Answer | None:
        return {} if self._find_thing(asked["thingName"]) is None else None

    def create_policy(self, asked: Asked) -> None:
        _check_policy(asked["policyDocument"])

    def create_policy_version(self, asked: Asked) -> None:
        _check_policy(asked["policyDocument"])

    def _find_thing(self, name: str) -> Any:
        return next((thing for thing in self._moto.things.values() if thing.thing_name == name), None)

    # Provisioning templates

    def create_provisioning_template(self, asked: Asked) -> Answer:
        name = asked["templateName"]
        if name in self._templates:
            refuse(f"Provisioning template {name} exists already", "ResourceAlreadyExistsException")
        read_json(asked["templateBody"], "templateBody")
        self._templates[name] = {
            "templateArn": f"arn:aws:iot:{self._region}:{self._cloud.account}:provisioningtemplate/{name}",
            "templateName": name,
            "creationDate": now(),
            "lastModifiedDate": now(),
            "defaultVersionId": 1,
            "enabled": False,
            "type": "FLEET_PROVISIONING",
            **{key: value for key, value in asked.items() if key != "tags"},
        }
        return {key: self._templates[name][key] for key in ("templateArn", "templateName", "defaultVersionId")}

    def describe_provisioning_template(self, asked: Asked) -> Answer:
        if asked["templateName"] not in self._templates:
            refuse("The template does not exist", "ResourceNotFoundException")
        return self._templates[asked["templateName"]]

    def register_thing(self, asked: Asked) -> Answer:
        from werkzeug.exceptions import HTTPException

        try:
            return self._provision(asked)
        except HTTPException as error:  # moto's own errors
            raise AwsError("ResourceRegistrationFailureException", str(error.description)) from error

    def _provision(self, asked: Asked) -> Answer:
        pseudo = {"AWS::Region": self._region, "AWS::AccountId": self._cloud.account}
        template = Template(asked["templateBody"], {**pseudo, **asked.get("parameters", {})})
        things = [self._provision_thing(thing) for thing in template.resources("AWS::IoT::Thing")]
        certificates = [self._provision_certificate(one) for one in template.resources("AWS::IoT::Certificate")]
        policies = [self._provision_policy(policy) for policy in template.resources("AWS::IoT::Policy")]
        for _, certificate in certificates:
            for _, thing in things:
                self._moto.attach_thing_principal(thing.thing_name, certificate.arn)
            for _, policy in policies:
                self._moto.attach_policy(policy.name, certificate.arn)
        answer: Answer = {"resourceArns": {name: made.arn for name, made in [*things, *certificates, *policies]}}
        if certificates:
            answer["certificatePem"] = certificates[0][1].certificate_pem
        return answer

    def _provision_thing(self, resource: Resource) -> tuple[str, Any]:
        name = resource.needs("ThingName")
        attributes = resource.properties.get("AttributePayload", {})
        kind = resource.properties.get("ThingTypeName")
        thing = self._find_thing(name)
        if thing is None:
            asked = {"thingName": name, "attributePayload": {"attributes": attributes}}
            asked |= {"thingTypeName": kind} if kind else {}
            self._cloud.model.check("CreateThing", asked)
            self.create_thing(asked)
            thing = self._moto.create_thing(name, kind, asked["attributePayload"])
        elif resource.replaces("AttributePayload", thing.attributes, attributes):
            merges = resource.overrides.get("AttributePayload") == "MERGE"
            thing.attributes = {**thing.attributes, **attributes} if merges else attributes
        for group in resource.properties.get("ThingGroups", []):
            self._moto.add_thing_to_thing_group(group, None, name, None)
        return resource.name, thing

    def _provision_certificate(self, resource: Resource) -> tuple[str, Any]:
        properties = resource.properties
        status = properties.get("Status", "ACTIVE")
        if status not in ("ACTIVE", "INACTIVE", "PENDING_ACTIVATION"):
            refuse(f"{status} is no status for a certificate")
        if "CertificateSigningRequest" in properties:
            request = read_csr(properties["CertificateSigningRequest"])
            return resource.name, self._keep(certify(request.subject, request.public_key()), status)
        entry = self._moto.certificates.get(resource.needs("CertificateId"))
        if entry is None:
            refuse("The certificate does not exist", "ResourceRegistrationFailureException")
        if resource.replaces("Status", entry.status, status, unsaid="REPLACE"):
            entry.status, entry.last_modified_date = status, now()
        return resource.name, entry

    def _provision_policy(self, resource: Resource) -> tuple[str, Any]:
        document = resource.properties.get("PolicyDocument")
        if document is None:
            policy = self._moto.policies.get(resource.needs("PolicyName"))
            if policy is None:
                refuse("The policy does not exist", "ResourceRegistrationFailureException")
            return resource.name, policy
        text = document if isinstance(document, str) else json.dumps(document)
        _check_policy(text)
        name = resource.properties.get("PolicyName", hashlib.sha1(text.encode()).hexdigest().upper())
        return resource.name, self._moto.policies.get(name) or self._moto.create_policy(name, text)


def find_store(account: str, region: str) -> Any:
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


def _check_policy(text: str) -> None:
    try:
        document = json.loads(text)
        statements = document["Statement"]
    except (ValueError, KeyError, TypeError):
        refuse("Policy document is malformed", "MalformedPolicyException")
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or not {"Effect", "Action", "Resource"} <= statement.keys():
            refuse("Policy document is malformed", "MalformedPolicyException")
