"""How an object holds what is written to it: that follows its type, and only without one the object itself.

SRM, "Data Object Types" and "Certificate Parser Details".
"""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING

from optiga.errors import CertificateError, ConfigurationError, Reason, naming
from optiga.pki.certificate_files import FoundCertificates, NoCertificateError, find_certificates
from optiga.pki.chains import why_broken
from optiga.pki.kinds import PRIVATE_KEY, PUBLIC_KEY, REQUEST
from optiga.pki.other_content import OtherContentError
from optiga.pki.paths import one_path
from optiga.protocol.codes import ObjectType
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import ObjectInfo, ObjectKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optiga.pki.certificate import Certificate

MOST_PARSED = 1300
"""Most bytes of a certificate that the chip parses."""
_MOST_OF_SERIAL = 20
_DIGITAL_SIGNATURE, _KEY_CERT_SIGN = 0, 5
_VERSION, _VERSIONS = 3, range(1, 4)
_UNCOMPRESSED = 0x04


class Form(Enum):
    """What the bytes of an object are."""

    DATA = "data"
    DEVICE_CERTIFICATE = "device certificate"
    TRUST_ANCHOR = "trust anchor"


_OF_KIND = {ObjectKind.CERTIFICATE: Form.DEVICE_CERTIFICATE, ObjectKind.TRUST_ANCHOR: Form.TRUST_ANCHOR}
_OF_TYPE = {ObjectType.DEVICE_CERTIFICATE: Form.DEVICE_CERTIFICATE, ObjectType.TRUST_ANCHOR: Form.TRUST_ANCHOR}
_HINTS = {
    REQUEST: "Have a CA sign the CSR first, and write the certificate that the CA returns",
    PRIVATE_KEY: "The chip generates its own key: write the certificate",
}
"""What to do with something else than the certificate of a device."""
_HINTS_OF_ANCHORS = dict.fromkeys((REQUEST, PRIVATE_KEY, PUBLIC_KEY), "Write the certificate of the trusted CA")
_TYPED = (ObjectKind.CERTIFICATE, ObjectKind.TRUST_ANCHOR, ObjectKind.DATA)


def may_have_type(info: ObjectInfo) -> bool:
    """Whether the form of what an object holds follows its type."""
    return info.kind in _TYPED


def form_of(info: ObjectInfo, metadata: Metadata | None = None) -> Form:
    """The form of what an object holds.

    :param metadata: the object's; None where they are not known: its form is then the usual one.
    """
    usual = _OF_KIND.get(info.kind, Form.DATA)
    value = None if metadata is None or not may_have_type(info) else metadata.get(Tag.TYPE)
    if value is None:
        return usual
    return next((form for kind, form in _OF_TYPE.items() if value == bytes([kind])), usual)


def form_of_type(info: ObjectInfo, name: str | None) -> Form:
    """The form of what an object holds that is going to have a type.

    :param name: of the type, as ``trust_anchor``; None for the usual one.
    """
    if name is None:
        return form_of(info)
    return _OF_TYPE.get(ObjectType[name.upper()], Form.DATA)


def warnings_about_anchor(certificate: Certificate) -> list[str]:
    """Why the chip will not use a certificate as a trust anchor, one sentence each."""
    subject = certificate.subject
    return [
        f"the chip cannot use the certificate of {subject} as a trust anchor: {reason}"
        for reason in _objections(certificate)
    ]


def _objections(certificate: Certificate) -> list[str]:
    found = []
    if len(certificate.der) > MOST_PARSED:
        found.append(f"it has {len(certificate.der)} bytes, but the chip parses at most {MOST_PARSED}")
    try:
        fields = certificate.fields
    except ValueError:
        return found
    usage = fields.key_usage
    if usage is None:
        found.append("it has no keyUsage")
    elif usage.isdisjoint((_DIGITAL_SIGNATURE, _KEY_CERT_SIGN)):
        found.append("its keyUsage has neither digitalSignature nor keyCertSign")
    if certificate.public_key.algorithm is None:
        found.append(f"the chip does not support {certificate.public_key.title} keys")
    elif certificate.public_key.algorithm.is_ec and fields.first_byte_of_key != _UNCOMPRESSED:
        found.append("its public key is not an uncompressed point")
    if fields.version != _VERSION:
        said = fields.version if fields.version in _VERSIONS else "not valid"
        found.append(f"its version must be {_VERSION}: it is {said}")
    if fields.size_of_serial > _MOST_OF_SERIAL:
        found.append(f"its serial number has {fields.size_of_serial} bytes, but may have at most {_MOST_OF_SERIAL}")
    if not fields.has_issuer:
        found.append("its issuer has no name")
    return found


def check_chain(chain: Sequence[Certificate], oid: int) -> None:
    """Refuse a chain that is none: its first certificate may not be the device's, and then no key has it either.

    :param oid: where it is to be written.
    :raises CertificateError: if a certificate in it is not issued by the next one.
    """
    if problems := why_broken(list(chain)):
        raise CertificateError(
            problems[0],
            hint="Nothing was written. Write the leaf with its issuers only",
            oid=oid,
            reason=Reason.MISMATCH,
        )


def find_for(content: bytes, name: str, info: ObjectInfo, form: Form, now: datetime | None = None) -> FoundCertificates:
    """The certificates in a file, for an object that takes no others; other bytes have a way of their own.

    Of a device's chain with several paths, because CAs are cross-signed, they are those of one path.

    :param name: what to call the file in messages.
    :param now: the time that validity is judged at.
    :raises CertificateError: if it holds anything else, with what to do for this object.
    """
    try:
        found = find_certificates(content, name)
    except NoCertificateError as error:
        error.advise(naming("To write bytes to {label}, use {chip.write}", label=info.label))
        raise
    except OtherContentError as error:
        hints = _HINTS_OF_ANCHORS if form is Form.TRUST_ANCHOR else _HINTS
        error.hint = hints.get(error.held, error.hint)
        raise
    if form is not Form.DEVICE_CERTIFICATE:
        return found
    path = one_path(found.certificates, now or datetime.now(timezone.utc))
    notes = (
        f"the certificate of {one.subject}, issued by {one.issuer}, in {name} is left out: "
        "the chain is complete without it"
        for one in path.omitted
    )
    return FoundCertificates(path.chain, (*found.notes, *notes))


def may_be_certificates(content: bytes, info: ObjectInfo) -> bool:
    """Whether an object has room for certificates in some content, which as PEM may be longer than it takes."""
    try:
        return sum(len(one.der) for one in find_certificates(content, "").certificates) <= info.size
    except (CertificateError, ConfigurationError):  # the latter of a container that is locked
        return False
