"""What AWS answers, held against what its answers must be; nothing of an answer is used before it has been here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from optiga.cloud.aws.aws_names import is_name
from optiga.errors import CertificateError, CloudError, Reason
from optiga.files.shown import shown
from optiga.pki.certificate import parse_certificates

if TYPE_CHECKING:
    from optiga.cloud.aws.connection import Aws
    from optiga.pki.certificate import Certificate

_STATUSES = ("ACTIVE", "INACTIVE", "REVOKED", "PENDING_TRANSFER", "REGISTER_INACTIVE", "PENDING_ACTIVATION")
_CA_STATUSES = ("ACTIVE", "INACTIVE")
_MODES = ("DEFAULT", "SNI_ONLY")
_ID = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"[0-9a-fA-F]{64}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_IDENTITY = re.compile(r"arn:(aws[a-z-]*):(?:iam|sts)::([0-9]{12}):\S+")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?")
_MAX_HOST = 253
_MAX_SHOWN = 80
_HINT = "Check that the endpoint belongs to AWS. The answer was not used"


def text(value: object, action: str, field: str) -> str:
    """A field that must be a text with something in it.

    :param action: what was asked, as IAM names it.
    :param field: its name in the answer.
    :raises CloudError: if it is none.
    """
    if not isinstance(value, str) or not value:
        raise wrong(action, field, value, "a text")
    return value


def texts(values: object, action: str, field: str) -> list[str]:
    """A list of texts, none of them empty; what is left out is an empty one.

    :raises CloudError: if it is none.
    """
    if values is None:
        return []
    if not isinstance(values, list | tuple):
        raise wrong(action, field, values, "a list")
    return [text(value, action, field) for value in values]


def moment(value: object, action: str, field: str) -> datetime:
    """A time with its zone.

    :raises CloudError: if it is none.
    """
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise wrong(action, field, value, "a time")
    return value


def host(value: object, action: str) -> str:
    """The name of a host, a port behind it or not.

    :raises CloudError: if it is none.
    """
    if not isinstance(value, str) or not _HOST.fullmatch(value) or len(value) > _MAX_HOST:
        raise wrong(action, "endpointAddress", value, "the name of a host")
    return value


def registration_code(value: object, action: str) -> str:
    """What a CA is to certify: 64 hex digits (AWS IoT API Reference, GetRegistrationCode).

    :raises CloudError: if it is anything else.
    """
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise wrong(action, "registrationCode", value, "64 hex digits")
    return value


def identity(account: object, arn: object, action: str) -> tuple[str, str]:
    """Whose credentials these are: account and partition.

    :raises CloudError: if the answer names none, or two.
    """
    if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
        raise wrong(action, "Account", account, "12 digits")
    found = _IDENTITY.fullmatch(arn) if isinstance(arn, str) else None
    if found is None or found[2] != account:
        raise wrong(action, "Arn", arn, f"the ARN of an identity in account {account}")
    return account, found[1]


def status(value: object, action: str, *, ca: bool = False) -> str:
    """The status of a certificate.

    :param ca: of a CA's.
    :raises CloudError: if AWS has none of that name.
    """
    known = _CA_STATUSES if ca else _STATUSES
    if value not in known:
        raise wrong(action, "status", value, f"one of {', '.join(known)}")
    return str(value)


def mode(value: object, action: str) -> str:
    """The mode of a CA; the default where it is left out.

    :raises CloudError: if AWS has none of that name.
    """
    if value is None:
        return _MODES[0]
    if value not in _MODES:
        raise wrong(action, "certificateMode", value, f"one of {', '.join(_MODES)}")
    return str(value)


def name(kind: str, value: object, action: str, field: str) -> str:
    """The name of a thing or a policy.

    :param kind: as :func:`optiga.cloud.aws.aws_names.check_name` takes it.
    :raises CloudError: if AWS would not take it as one.
    """
    if not isinstance(value, str) or not is_name(kind, value):
        raise wrong(action, field, value, f"the name of a {kind}")
    return value


def identifier(value: object, action: str) -> str:
    """A certificate's identifier: 64 hex digits in lower case.

    :raises CloudError: if it is anything else.
    """
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise wrong(action, "certificateId", value, "64 hex digits in lower case")
    return value


def certificate(
    aws: Aws, certificate_id: object, arn: object, parsed: Certificate, action: str, *, asked: str | None = None
) -> tuple[str, str]:
    """Identifier and ARN of a device's certificate: the SHA-256 of its DER, in this partition, region and account.

    :param parsed: the certificate that they must be of.
    :param asked: the identifier that AWS was asked for, if it was.
    :raises CloudError: if they are of another, or AWS has answered with another than the one asked for.
    """
    own = parsed.fingerprint
    if identifier(certificate_id, action) != own:
        raise wrong(action, "certificateId", certificate_id, f"the SHA-256 of the certificate, {own}")
    if asked is not None and asked != own:
        raise wrong(action, "certificateId", certificate_id, f"the identifier asked for, {asked}")
    return own, resource(aws, arn, "cert", own, action, "certificateArn")


def resource(aws: Aws, value: object, kind: str, named: str, action: str, field: str) -> str:
    """The ARN of something of this account and region.

    :param kind: as it stands in ARNs: ``cert``, ``cacert``, ``thing``, ``policy``.
    :param named: its name or identifier.
    :raises CloudError: if it is the ARN of anything else.
    """
    wanted = f"{prefix(aws)}{kind}/{named}"
    if value != wanted:
        raise wrong(action, field, value, wanted)
    return wanted


def prefix(aws: Aws) -> str:
    """What the ARN of everything in AWS IoT begins with, in this partition, region and account."""
    return f"arn:{aws.partition}:iot:{aws.region}:{aws.account}:"


def certificates_among(aws: Aws, principals: Iterable[str], action: str) -> list[str]:
    """The identifiers of the certificates among the principals of a thing; other principals are left out.

    :param principals: ARNs of certificates, and whatever else AWS lets be one.
    :raises CloudError: if a certificate is of another account, region or partition, or has no identifier.
    """
    found = []
    for principal in principals:
        if ":cert/" in principal:
            named = principal.rpartition("/")[2]
            resource(aws, principal, "cert", identifier(named, action), action, "principals")
            found.append(named)
    return found


def pem(value: object, action: str, what: str) -> Certificate:
    """The certificate that AWS gives in PEM.

    :param what: whose it is, for messages.
    :raises CloudError: if it is no text.
    :raises CertificateError: if it holds no certificate.
    """
    encoded = text(value, action, "certificatePem").encode(errors="replace")
    found = parse_certificates(encoded, f"what AWS IoT has as {what}")
    if not found:
        raise CertificateError(f"what AWS IoT has as {what} holds no certificate", reason=Reason.BAD_ANSWER)
    return found[0]


def wrong(action: str, field: str, value: object, expected: str) -> CloudError:
    """The error for an answer that is none."""
    text = shown(value if isinstance(value, str) else repr(value))
    text = f"{text[:_MAX_SHOWN]} …" if len(text) > _MAX_SHOWN else text or "empty"
    return CloudError(
        f"AWS answered {action} with an invalid value: {field} is {text}, not {expected}",
        hint=_HINT,
        reason=Reason.BAD_ANSWER,
    )
