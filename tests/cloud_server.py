"""AWS IoT and STS over real HTTP on this machine: moto's server, put right where AWS does otherwise.

Moto keeps what is stored and answers all that it answers as AWS does. :class:`_Iot` stands before it with what moto
lacks or has otherwise; each of its public methods is an operation. AWS's own model of the service (botocore's) says
how an operation is asked for, which names it takes, and which status an error has. :class:`Cloud` stands before both:
it knows what was asked for, and fails where a test wants it to.

Nothing of moto is imported before :func:`serve_cloud`, so that a test module may import this one freely.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Condition, Lock, Thread
from typing import Any, ClassVar, NamedTuple, NoReturn, cast
from unittest.mock import patch
from urllib.parse import unquote
from urllib.request import ProxyHandler, build_opener
from uuid import uuid4
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

REGION = "eu-central-1"
AWS_ISSUER = "Amazon Web Services O=Amazon.com Inc. L=Seattle ST=Washington C=US"
"""The one attribute, an organizational unit, of the name that AWS IoT's own certificates bear for their issuer."""

_ACCESS_KEY, _SECRET_KEY = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
_OWN = "tests-own-client"
"""In the user agent of :attr:`Cloud.iot`."""
_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_CLOCK_SKEW = timedelta(minutes=2)
_LAST_DAY = datetime(2049, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
_ATTRIBUTES_WITHOUT_TYPE = 3
_PAGE_SIZE = 25
_SETTLE = "/settle"
_LIMIT_S = 60

Asked = dict[str, Any]
"""What an operation is asked with, by AWS's own names."""
Answer = dict[str, Any]
Hook = Callable[[str, str], None]


@dataclass(frozen=True)
class Fault:
    """A way for a call to fail. An operation is carried out only with :attr:`BREAK_AFTER`."""

    code: str = ""
    status: int = 200
    message: str = ""
    breaks: bool = False
    is_carried_out: bool = False

    THROTTLE: ClassVar[Fault]
    """AWS asks to be called less often."""
    BREAK_BEFORE: ClassVar[Fault]
    """The connection is closed without an answer, and nothing was done."""
    BREAK_AFTER: ClassVar[Fault]
    """The operation is carried out, and then the connection closed without an answer."""
    GARBAGE: ClassVar[Fault]
    """Status 200 with a page of HTML, as from a network that wants its user to log in first."""

    @classmethod
    def error(cls, code: str, status: int, message: str) -> Fault:
        """An error as AWS sends it.

        :param code: as ``AccessDeniedException``.
        :param status: of HTTP.
        """
        return cls(code, status, message)


Fault.THROTTLE = Fault.error("ThrottlingException", 400, "Rate exceeded")
Fault.BREAK_BEFORE = Fault(breaks=True)
Fault.BREAK_AFTER = Fault(breaks=True, is_carried_out=True)
Fault.GARBAGE = Fault()


@dataclass
class _Plan:
    fault: Fault
    skip: int
    times: int | None

    def strikes(self) -> bool:
        """Whether the fault strikes this call; counts it."""
        if self.skip:
            self.skip -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class AwsError(Exception):
    """An error of AWS IoT.

    :param code: as AWS's model has it, which knows its status.
    :param members: what the error holds besides its message.
    """

    def __init__(self, code: str, message: str, **members: str) -> None:
        super().__init__(message)
        self.code, self.message, self.members = code, message, members


class _Call(NamedTuple):
    """One request.

    :param uri: the values in its path, by AWS's names on the wire.
    """

    service: str
    region: str
    operation: str
    uri: dict[str, str]


class _UnderWay:
    """How many requests are under way."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = Condition()

    def change(self, by: int) -> None:
        with self._changed:
            self._count += by
            self._changed.notify_all()

    def wait_for_end(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._count == 0, _LIMIT_S), "a request does not end"


class Cloud:
    """The server, for tests. :func:`serve_cloud` makes one.

    :ivar url: ``http://127.0.0.1:PORT``.
    :ivar environment: what points boto3 and the ``aws`` command here, and away from the user's own settings.
    :ivar account: the account's id, 12 digits.
    :ivar calls: names of the operations that were asked for, in their order, those included that a fault has struck.
    :ivar certify_other_key: certify a key that is not the CSR's, which AWS never does.
    :ivar iot: a client of boto3's whose calls are not in ``calls`` and meet neither faults nor hooks.
    """

    def __init__(self, port: int, folder: Path, under_way: _UnderWay) -> None:
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self.url = f"http://127.0.0.1:{port}"
        self.account: str = DEFAULT_ACCOUNT_ID
        self.region = REGION
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_MAX_ATTEMPTS": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._under_way = under_way
        with _no_settings():
            self.iot = _own_client(self.url)
            _find_store(self.account, REGION)  # moto keeps the session of boto3's that it makes for this
        self._noting, self._doing = Lock(), Lock()
        self.model = _Model()
        self._forget()

    def fail(self, operation: str, fault: Fault, *, times: int | None = None, skip: int = 0) -> None:
        """Let an operation fail.

        :param times: how often; every time if it is None.
        :param skip: how many calls succeed before.
        """
        with self._noting:
            self._plans.setdefault(operation, []).append(_Plan(fault, skip, times))

    def before(self, hook: Hook) -> None:
        """Call a hook for each call that is not :attr:`iot`'s own, in the thread that serves it.

        :param hook: takes the operation's name and ``"before"``, or ``"after"`` if it was carried out but not answered.
        """
        self._hooks.append(hook)

    def settle(self) -> None:
        """Wait until all is done that was asked for before, by clients too that were killed since.

        :raises AssertionError: if a request does not end.
        """
        # Connections are accepted in their order: when this one is answered, those before it are all counted.
        with build_opener(ProxyHandler({})).open(f"{self.url}{_SETTLE}", timeout=_LIMIT_S) as answer:
            answer.read()
        self._under_way.wait_for_end()

    def reset(self) -> None:
        """Forget all: what is stored, the calls, the faults, the hooks. What is under way comes to its end first."""
        from moto.core.base_backend import BackendDict

        self.settle()
        with self._doing:
            BackendDict.reset()
            self._forget()

    def _forget(self) -> None:
        self.calls: list[str] = []
        self.certify_other_key = False
        self._plans: dict[str, list[_Plan]] = {}
        self._hooks: list[Hook] = []
        self._regions: dict[str, _Iot] = {}

    def answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request (WSGI)."""
        from werkzeug.exceptions import ClientDisconnected
        from werkzeug.wrappers import Request, Response

        request = Request(environ)
        if request.path == _SETTLE:
            return Response()(environ, start_response)
        try:
            environ["wsgi.input"] = io.BytesIO(request.get_data())
        except ClientDisconnected as error:
            raise ConnectionAbortedError from error
        call = self.model.read_call(request)
        if _OWN in request.headers.get("User-Agent", ""):
            response: Any = self._carry_out(call, request)
        else:
            response = self._answer_client(call, request)
        return cast("Iterable[bytes]", response(environ, start_response))

    def _answer_client(self, call: _Call, request: Any) -> Any:
        with self._noting:
            self.calls.append(call.operation)
            fault = next((plan.fault for plan in self._plans.get(call.operation, ()) if plan.strikes()), None)
        self._tell(call.operation, "before")
        response = None
        if fault is None or fault.is_carried_out:
            response = self._carry_out(call, request)
            self._tell(call.operation, "after")
        if fault is None:
            return response
        if fault.breaks:
            _hang_up(request.environ["werkzeug.socket"])
        return _send_fault(call.service, fault)

    def _tell(self, operation: str, moment: str) -> None:
        for hook in list(self._hooks):
            hook(operation, moment)

    def _carry_out(self, call: _Call, request: Any) -> Any:
        from werkzeug.exceptions import HTTPException
        from werkzeug.wrappers import Response

        with self._doing:
            try:
                if call.service == "iot":
                    region = self._regions.setdefault(call.region, _Iot(self, call.region))
                    answer = region.carry_out(call.operation, self.model.read_asked(call, request))
                    if answer is not None:
                        return _send_json(answer)
                return Response.from_app(self._moto, request.environ, buffered=True)
            except AwsError as error:
                return _send_json(
                    {"message": error.message, **error.members}, self.model.status(error.code), error.code
                )
            except HTTPException as error:  # moto's own errors
                return Response(error.get_body(), error.code, error.get_headers())
            except NotImplementedError as error:
                return _send_json({"message": str(error)}, 501, "NotImplementedByMoto")


class _Model:
    """AWS's own description of the service, from botocore."""

    def __init__(self) -> None:
        from botocore.loaders import Loader
        from botocore.model import ServiceModel
        from werkzeug.routing import Map, Rule

        self._service = ServiceModel(Loader().load_service_model("iot", "service-2"), "iot")
        rules = []
        for name in self._service.operation_names:
            http = self._service.operation_model(name).http
            path = re.sub(r"\{(\w+)\}", r"<\1>", re.sub(r"\{(\w+)\+\}", r"<path:\1>", http["requestUri"]))
            rules.append(Rule(path, methods=[http["method"]], endpoint=name))
        self._paths = Map(rules, strict_slashes=False, merge_slashes=False).bind("localhost")

    def status(self, code: str) -> int:
        return int(self._service.shape_for(code).metadata["error"]["httpStatusCode"])

    def read_call(self, request: Any) -> _Call:
        """Whom a request is for, and for what."""
        from werkzeug.exceptions import HTTPException

        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        region, service = scope.groups() if scope else ("", "")
        if service == "iot":
            # The path as it was sent: in the decoded one an ARN's slash looks like the path's own.
            path = request.environ.get("RAW_URI", request.path).partition("?")[0]
            with suppress(HTTPException):
                operation, uri = self._paths.match(path, method=request.method)
                return _Call(service, region, operation, {name: unquote(value) for name, value in uri.items()})
        named = re.search(r"(?:^|&)Action=(\w+)", request.get_data(as_text=True))
        return _Call(service, region, named.group(1) if named else request.path, {})

    def read_asked(self, call: _Call, request: Any) -> Asked:
        """What an operation is asked with.

        :raises AwsError: if AWS would not take a name or a length.
        """
        if call.operation not in self._service.operation_names:
            return {}
        body = json.loads(request.get_data() or b"{}")
        places: dict[str, Any] = {"uri": call.uri, "querystring": request.args, "header": request.headers}
        asked: Asked = {}
        shape: Any = self._service.operation_model(call.operation).input_shape
        for name, member in shape.members.items():
            place = places.get(member.serialization.get("location"), body)
            wire = member.serialization.get("name", name)
            if wire in place:
                asked[name] = _typed(place[wire], member.type_name)
        self.check(call.operation, asked)
        return asked

    def check(self, operation: str, asked: Asked) -> None:
        """Hold what an operation is asked with against AWS's rules for names and lengths.

        :raises AwsError: if it breaks one.
        """
        self._check(self._service.operation_model(operation).input_shape, asked, "")

    def _check(self, shape: Any, value: Any, name: str) -> None:
        if shape.type_name == "structure":
            for inner in shape.members.keys() & value.keys():
                self._check(shape.members[inner], value[inner], inner)
        elif shape.type_name == "map":
            for key, inner in value.items():
                self._check(shape.key, key, name)
                self._check(shape.value, inner, name)
        elif shape.type_name == "string":
            _check_string(shape.metadata, value, name)


def _typed(value: Any, kind: str) -> Any:
    if isinstance(value, str) and kind == "boolean":
        return value == "true"
    return int(value) if kind == "integer" else value


def _check_string(rules: dict[str, Any], value: str, name: str) -> None:
    broken = ""
    if len(value) < rules.get("min", 0):
        broken = f"have length greater than or equal to {rules['min']}"
    elif len(value) > rules.get("max", len(value)):
        broken = f"have length less than or equal to {rules['max']}"
    elif "enum" in rules and value not in rules["enum"]:
        broken = f"satisfy enum value set: [{', '.join(rules['enum'])}]"
    else:
        pattern = rules.get("pattern", "")
        # Python's re has no classes like Java's \p{Graph}; they only stand in descriptions.
        if pattern and r"\p" not in pattern and not re.fullmatch(pattern, value, re.ASCII):
            broken = f"satisfy regular expression pattern: {pattern}"
    if broken:
        found = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint"
        _refuse(f"{found}: Member must {broken}")


def _refuse(message: str, code: str = "InvalidRequestException") -> NoReturn:
    raise AwsError(code, message)


class _Iot:
    """AWS IoT of one region, where moto lacks it or has it otherwise.

    A method that is an operation returns its answer, or None where moto's own is right.
    """

    def __init__(self, cloud: Cloud, region: str) -> None:
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
        return _find_store(self._cloud.account, self._region)

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
        request = _read_csr(asked["certificateSigningRequest"])
        public = ec.generate_private_key(ec.SECP256R1()).public_key() if self._cloud.certify_other_key else None
        certificate = _certify(request.subject, public or request.public_key())
        entry = self._keep(certificate, "ACTIVE" if asked.get("setAsActive") else "INACTIVE")
        return {**_named(entry), "certificatePem": entry.certificate_pem}

    def register_certificate(self, asked: Asked) -> Answer:
        certificate = _read_certificate(asked["certificatePem"])
        ca = self._find_ca(certificate, asked.get("caCertificatePem"))
        if ca.status != "ACTIVE":
            _refuse("The CA certificate is not active", "CertificateStateException")
        return _named(self._keep(certificate, _status_asked(asked), ca.certificate_id))

    def register_certificate_without_ca(self, asked: Asked) -> Answer:
        entry = self._keep(_read_certificate(asked["certificatePem"]), _status_asked(asked))
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
            _refuse(f"A certificate cannot be set to {asked['newStatus']}")
        entry.last_modified_date = _now()

    def delete_certificate(self, asked: Asked) -> Answer:
        moto = self._moto
        entry = moto.describe_certificate(asked["certificateId"])
        if entry.status == "ACTIVE":
            _refuse(
                f"Certificate must be deactivated (not ACTIVE) before deletion. certId={entry.certificate_id}",
                "CertificateStateException",
            )
        if any(principal == entry.arn for principal, _ in moto.principal_things):
            _refuse(f"Things must be detached before deletion (arn: {entry.arn})", "DeleteConflictException")
        attached = [key for key in moto.principal_policies if key[0] == entry.arn]
        if attached and not asked.get("forceDelete"):
            _refuse(
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

        entry = FakeCertificate(_pem(certificate), status, self._cloud.account, self._region, ca_id)
        _refuse_known(entry, self._moto.certificates, "certificate")
        self._moto.certificates[entry.certificate_id] = entry
        self._modes[entry.certificate_id] = self._modes.get(ca_id or "", "DEFAULT")
        return entry

    def _describe(self, entry: Any) -> Answer:
        certificate = _read_certificate(entry.certificate_pem)
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
            _refuse("Invalid page size or marker")
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

        certificate = _read_certificate(asked["caCertificate"])
        mode = asked.get("certificateMode", "DEFAULT")
        verification = asked.get("verificationCertificate")
        if (verification is None) is (mode == "DEFAULT"):
            _refuse(f"A verification certificate must {'not ' * (mode == 'SNI_ONLY')}be given in mode {mode}")
        if not _is_ca(certificate):
            _refuse("The certificate is not that of a CA", "CertificateValidationException")
        if verification is not None:
            self._check_verification(_read_certificate(verification), certificate)
        entry = FakeCaCertificate(
            _pem(certificate),
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
        entry.last_modified_date = _now()
        return {}

    def delete_ca_certificate(self, asked: Asked) -> Answer:
        entry = self._moto.describe_ca_certificate(asked["certificateId"])
        if entry.status == "ACTIVE":
            _refuse("The CA certificate must be deactivated before deletion", "CertificateStateException")
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
            _refuse("The common name is not the registration code", "RegistrationCodeValidationException")
        if not _is_issued_by(verification, ca):
            _refuse("The CA has not signed the verification certificate", "CertificateValidationException")

    def _find_ca(self, certificate: x509.Certificate, ca_pem: str | None) -> Any:
        """The registered CA that has signed a certificate.

        :raises AwsError: if there is none, or more than one in question.
        """
        known = [(entry, _read_certificate(entry.certificate_pem)) for entry in self._moto.ca_certificates.values()]
        if ca_pem is not None:
            given = _read_certificate(ca_pem)
            known = [(entry, ca) for entry, ca in known if ca == given]
        elif len([ca for _, ca in known if ca.subject == certificate.issuer]) > 1:
            _refuse("More than one registered CA bears the issuer's name", "CertificateConflictException")
        signers = [entry for entry, ca in known if _is_issued_by(certificate, ca)]
        if not signers:
            _refuse("The certificate is not signed by a registered CA", "CertificateValidationException")
        return signers[0]

    # Things, policies, endpoints

    def describe_endpoint(self, asked: Asked) -> Answer:
        """The account's own address, the same each time."""
        kinds = {"iot:Data": "", "iot:Data-ATS": "-ats", "iot:CredentialProvider": ".credentials", "iot:Jobs": ".jobs"}
        kind = asked.get("endpointType", "iot:Data")
        if kind not in kinds:
            _refuse(f"Endpoint type {kind} is not known")
        return {"endpointAddress": f"{self._identifier}{kinds[kind]}.iot.{self._region}.amazonaws.com"}

    def create_thing(self, asked: Asked) -> Answer | None:
        attributes = asked.get("attributePayload", {}).get("attributes", {})
        if len(attributes) > _ATTRIBUTES_WITHOUT_TYPE and "thingTypeName" not in asked:
            _refuse(f"A thing without a type has no more than {_ATTRIBUTES_WITHOUT_TYPE} attributes")
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
            _refuse(f"Provisioning template {name} exists already", "ResourceAlreadyExistsException")
        _read_json(asked["templateBody"], "templateBody")
        self._templates[name] = {
            "templateArn": f"arn:aws:iot:{self._region}:{self._cloud.account}:provisioningtemplate/{name}",
            "templateName": name,
            "creationDate": _now(),
            "lastModifiedDate": _now(),
            "defaultVersionId": 1,
            "enabled": False,
            "type": "FLEET_PROVISIONING",
            **{key: value for key, value in asked.items() if key != "tags"},
        }
        return {key: self._templates[name][key] for key in ("templateArn", "templateName", "defaultVersionId")}

    def describe_provisioning_template(self, asked: Asked) -> Answer:
        if asked["templateName"] not in self._templates:
            _refuse("The template does not exist", "ResourceNotFoundException")
        return self._templates[asked["templateName"]]

    def register_thing(self, asked: Asked) -> Answer:
        from werkzeug.exceptions import HTTPException

        try:
            return self._provision(asked)
        except HTTPException as error:  # moto's own errors
            raise AwsError("ResourceRegistrationFailureException", str(error.description)) from error

    def _provision(self, asked: Asked) -> Answer:
        pseudo = {"AWS::Region": self._region, "AWS::AccountId": self._cloud.account}
        template = _Template(asked["templateBody"], {**pseudo, **asked.get("parameters", {})})
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

    def _provision_thing(self, resource: _Resource) -> tuple[str, Any]:
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

    def _provision_certificate(self, resource: _Resource) -> tuple[str, Any]:
        properties = resource.properties
        status = properties.get("Status", "ACTIVE")
        if status not in ("ACTIVE", "INACTIVE", "PENDING_ACTIVATION"):
            _refuse(f"{status} is no status for a certificate")
        if "CertificateSigningRequest" in properties:
            request = _read_csr(properties["CertificateSigningRequest"])
            return resource.name, self._keep(_certify(request.subject, request.public_key()), status)
        entry = self._moto.certificates.get(resource.needs("CertificateId"))
        if entry is None:
            _refuse("The certificate does not exist", "ResourceRegistrationFailureException")
        if resource.replaces("Status", entry.status, status, unsaid="REPLACE"):
            entry.status, entry.last_modified_date = status, _now()
        return resource.name, entry

    def _provision_policy(self, resource: _Resource) -> tuple[str, Any]:
        document = resource.properties.get("PolicyDocument")
        if document is None:
            policy = self._moto.policies.get(resource.needs("PolicyName"))
            if policy is None:
                _refuse("The policy does not exist", "ResourceRegistrationFailureException")
            return resource.name, policy
        text = document if isinstance(document, str) else json.dumps(document)
        _check_policy(text)
        name = resource.properties.get("PolicyName", hashlib.sha1(text.encode()).hexdigest().upper())
        return resource.name, self._moto.policies.get(name) or self._moto.create_policy(name, text)


@dataclass
class _Resource:
    """A resource of a template.

    :param name: its logical name.
    """

    name: str
    properties: dict[str, Any]
    overrides: dict[str, str] = field(default_factory=dict)

    def needs(self, key: str) -> str:
        """A property that must be there.

        :raises AwsError: if it is not.
        """
        if not isinstance(self.properties.get(key), str):
            _refuse(f"Resource {self.name} has no {key}")
        return str(self.properties[key])

    def replaces(self, key: str, there: object, wanted: object, *, unsaid: str = "DO_NOTHING") -> bool:
        """Whether what is there already gives way to what the template says.

        :raises AwsError: if the template wants that to fail.
        """
        override = self.overrides.get(key, unsaid)
        if override == "FAIL" and there != wanted:
            _refuse(f"Resource {self.name} exists with another {key}", "ConflictingResourceUpdateException")
        return override in ("REPLACE", "MERGE")


class _Template:
    """A provisioning template.

    :param parameters: their values, those of the pseudo parameters included.
    :raises AwsError: if it is no template.
    """

    def __init__(self, body: str, parameters: dict[str, str]) -> None:
        self._body = _read_json(body, "templateBody")
        declared = self._body.get("Parameters", {})
        defaults = {name: one["Default"] for name, one in declared.items() if "Default" in one}
        self._values = {**defaults, **parameters}
        if not isinstance(self._body.get("Resources"), dict):
            _refuse("The template has no Resources")

    def resources(self, kind: str) -> Iterator[_Resource]:
        """The resources of a type, with values for references.

        :raises AwsError: if a value is missing.
        """
        for name, resource in self._body["Resources"].items():
            if resource.get("Type") == kind:
                properties = self._resolve(resource.get("Properties", {}))
                yield _Resource(name, properties, resource.get("OverrideSettings", {}))

    def _resolve(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._resolve(inner) for inner in node]
        if not isinstance(node, dict):
            return node
        if node.keys() == {"Ref"}:
            if node["Ref"] not in self._values:
                _refuse(f"Parameter {node['Ref']} has no value")
            return self._values[node["Ref"]]
        if node.keys() == {"Fn::Join"}:
            separator, parts = node["Fn::Join"]
            return separator.join(self._resolve(parts))
        for key in node:
            if key.startswith("Fn::"):
                _refuse(f"{key} is not supported")
        return {key: self._resolve(inner) for key, inner in node.items()}


def _find_store(account: str, region: str) -> Any:
    from moto.iot.models import iot_backends

    return iot_backends[account][region]


def _now() -> datetime:
    return datetime.now(timezone.utc)


@cache
def _issuer_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certify(subject: x509.Name, public: Any) -> x509.Certificate:
    """A certificate with the names, times and extensions of AWS IoT's own."""
    key = _issuer_key()
    unsaid = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AWS IoT Certificate")])
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject if len(subject) else unsaid)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, AWS_ISSUER)]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - _CLOCK_SKEW)
        .not_valid_after(_LAST_DAY)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )


def _read_csr(pem: str) -> x509.CertificateSigningRequest:
    """A CSR that AWS certifies.

    :raises AwsError: if its signature or its key is not good.
    """
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        public = request.public_key()
        is_signed = request.is_signature_valid
    except Exception:  # whatever it is that cryptography does not take
        _refuse("CSR violates constraints")
    is_rsa = isinstance(public, rsa.RSAPublicKey) and public.key_size >= 2048
    is_ec = isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _CURVES
    if not is_signed or not (is_rsa or is_ec):
        _refuse("CSR violates constraints")
    return request


def _read_certificate(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        _refuse("The certificate could not be parsed", "CertificateValidationException")


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _is_issued_by(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _named(entry: Any) -> Answer:
    return {"certificateArn": entry.arn, "certificateId": entry.certificate_id}


def _status_asked(asked: Asked) -> str:
    status = "ACTIVE" if asked.get("setAsActive") else asked.get("status", "INACTIVE")
    if status not in ("ACTIVE", "INACTIVE", "REVOKED"):
        _refuse(f"A certificate cannot be registered as {status}")
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
        _refuse("Policy document is malformed", "MalformedPolicyException")
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or not {"Effect", "Action", "Resource"} <= statement.keys():
            _refuse("Policy document is malformed", "MalformedPolicyException")


def _read_json(text: str, name: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        _refuse(f"{name} is no JSON object")
    return read


def _send_json(answer: Answer, status: int = 200, error: str = "") -> Any:
    from werkzeug.wrappers import Response

    headers = {"x-amzn-RequestId": str(uuid4()), **({"x-amzn-ErrorType": error} if error else {})}
    return Response(json.dumps(answer, default=_seconds), status, headers, content_type="application/json")


def _seconds(moment: datetime) -> float:
    """A time as AWS sends it; moto's own have no zone and are UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _send_fault(service: str, fault: Fault) -> Any:
    from werkzeug.wrappers import Response

    if not fault.code:
        return Response("<!DOCTYPE html><title>Log in</title>", 200, content_type="text/html")
    if service == "sts":
        body = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            f"<Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message></Error>"
            f"<RequestId>{uuid4()}</RequestId></ErrorResponse>"
        )
        return Response(body, fault.status, content_type="text/xml")
    return _send_json({"message": fault.message}, fault.status, fault.code)


def _hang_up(connection: socket.socket) -> NoReturn:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def _own_client(url: str) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(user_agent_extra=_OWN, proxies={}, retries={"total_max_attempts": 1})
    session = boto3.Session(_ACCESS_KEY, _SECRET_KEY, region_name=REGION)
    return session.client("iot", endpoint_url=url, config=config)


@contextmanager
def _no_settings() -> Iterator[None]:
    """No setting of the user's own; a profile that is not there would stop boto3 even in moto."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with patch.dict(os.environ, kept, clear=True):
        yield


@contextmanager
def serve_cloud() -> Iterator[Cloud]:
    """AWS IoT and STS on a free port of 127.0.0.1, in threads of this process, as long as the context lasts."""
    from moto.core.config import default_user_config
    from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

    class Handler(WSGIRequestHandler):
        def log(self, type: str, message: str, *arguments: Any) -> None:
            """Say nothing."""

    class Server(ThreadedWSGIServer):
        """Counts what is under way from where it is accepted, so that nothing is ever between two counts."""

        def process_request(self, request: Any, client_address: Any) -> None:
            under_way.change(1)
            super().process_request(request, client_address)

        def process_request_thread(self, request: Any, client_address: Any) -> None:
            try:
                super().process_request_thread(request, client_address)
            finally:
                under_way.change(-1)

    under_way = _UnderWay()
    server = Server("127.0.0.1", 0, None, Handler)  # type: ignore[arg-type]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    valid_ids = patch.dict(default_user_config, {"iot": {"use_valid_cert": True}})
    with TemporaryDirectory() as folder, valid_ids:
        cloud = Cloud(server.server_port, Path(folder), under_way)
        server.app = cloud.answer
        thread.start()
        try:
            yield cloud
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
