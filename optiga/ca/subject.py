"""The subject of a CSR, read so that everybody who checks the certificate can load what is made of it.

Bounds are those of RFC 5280, appendix A.1, and X.520. A text of a type that it may not have is kept as UTF8String.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NoReturn

from optiga.ca.naming import is_mailbox
from optiga.ca.request_form import SET, Value, split
from optiga.errors import CertificateError, Reason, counted
from optiga.pki.names import COMPONENTS, find_mistake_in_text
from optiga.pki.x509_errors import no_warnings
from optiga.protocol.der import BIT_STRING, SEQUENCE

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509.name import _ASN1Type

_OID = 0x06
_UTF8, _NUMERIC, _PRINTABLE, _TELETEX, _IA5, _UNIVERSAL, _BMP = 0x0C, 0x12, 0x13, 0x14, 0x16, 0x1C, 0x1E
_TEXTS = {
    _UTF8: ("UTF8String", "utf-8", 1),
    _NUMERIC: ("NumericString", "ascii", 1),
    _PRINTABLE: ("PrintableString", "ascii", 1),
    _TELETEX: ("TeletexString", "latin-1", 1),
    _IA5: ("IA5String", "ascii", 1),
    _UNIVERSAL: ("UniversalString", "utf-32-be", 4),
    _BMP: ("BMPString", "utf-16-be", 2),
}
"""Types of text that names have (RFC 5280, 4.1.2.4), by tag: title, encoding, bytes of a character."""
_UNIQUE_IDENTIFIER = "2.5.4.45"
_NO_BITS = "is not a BIT STRING"
_COUNTRIES = ("2.5.4.6", "1.3.6.1.4.1.311.60.2.1.3")
_PRINTABLE_ONLY = (*_COUNTRIES, "2.5.4.5", "2.5.4.46", "2.5.4.20")
"""Components that are a PrintableString: country, serial number, qualifier, telephone number."""
_IA5_ONLY = ("1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.25")
"""Components that are an IA5String: e-mail address, domain component."""
_PRINTABLE_TEXT = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]*")
_MAILBOXES = ("1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.3")
"""Components that are an e-mail address: PKCS #9's (RFC 5280, 4.1.2.6) and COSINE's (RFC 4524, 2.16)."""
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters, marks and signs that show nothing."""
_MARKS = ("Mn", "Me")
_MOST_MARKS = 4
"""Most marks on one character (Unicode Technical Standard 39, 5.4)."""
_MAX_PARTS = 64
_SUBJECT = "its subject"


def read_subject(der: bytes) -> tuple[x509.Name, tuple[str, ...]]:
    """A subject that verifiers load, from a Name in DER.

    :returns: the subject, and what was changed, a clause each: of what component, from which type to which.
    :raises CertificateError: if a part of it is no text, empty, too long, or holds what nobody can see.
    :raises ValueError: in words, if it is no Name.
    """
    from cryptography import x509

    parts, changes, count = [], list[str](), 0
    for rdn in _inside(split(der, _SUBJECT), SEQUENCE):
        attributes = []
        for pair in _inside([rdn], SET):
            count += 1
            if count > _MAX_PARTS:
                raise CertificateError(f"the CSR's subject has more than {_MAX_PARTS} parts", reason=Reason.REFUSED)
            with no_warnings():
                attribute, change = _read_attribute(_inside([pair], SEQUENCE))
            attributes.append(attribute)
            changes += [change] if change else []
        if not attributes:
            raise ValueError("a part of its subject is empty")
        try:
            parts.append(x509.RelativeDistinguishedName(attributes))
        except ValueError:
            raise ValueError("a part of its subject is given twice") from None
    return x509.Name(parts), tuple(changes)


def find_mailboxes(subject: x509.Name) -> tuple[str, ...]:
    """The e-mail addresses in a subject."""
    return tuple(str(one.value) for one in subject if one.oid.dotted_string in _MAILBOXES)


def _inside(values: list[Value], tag: int) -> list[Value]:
    if len(values) != 1 or values[0].tag != tag:
        raise ValueError("its subject is not a name")
    return split(values[0].contents, _SUBJECT)


def _read_attribute(pair: list[Value]) -> tuple[x509.NameAttribute[str | bytes], str]:
    """A component that verifiers load, and what was changed for that, empty for nothing."""
    from asn1crypto import core
    from cryptography import x509
    from cryptography.x509.name import _ASN1Type

    if len(pair) != 2 or pair[0].tag != _OID:
        raise ValueError("a part of its subject is not a component and its value")
    try:
        dotted, value = core.ObjectIdentifier.load(pair[0].raw).dotted, pair[1]
        oid = x509.ObjectIdentifier(dotted)
        is_exact = core.ObjectIdentifier(dotted).dump() == pair[0].raw  # it reads damaged ones as others
    except (ValueError, TypeError, IndexError):
        is_exact = False
    if not is_exact:
        raise ValueError("a component of its subject is not an object identifier")
    if dotted == _UNIQUE_IDENTIFIER and value.tag == BIT_STRING:
        if not value.contents or value.contents[0] > 7 or (value.contents[0] and len(value.contents) < 2):
            _refuse(oid, _NO_BITS)
        return x509.NameAttribute(oid, value.contents, _ASN1Type.BitString), ""
    if dotted == _UNIQUE_IDENTIFIER:
        _refuse(oid, _NO_BITS)
    text = _decode(oid, value)
    _check_text(oid, text)
    kind = _choose_type(dotted, text, value.tag)
    if kind.value == value.tag:
        return x509.NameAttribute(oid, text, kind, _validate=False), ""
    change = f"{label_of(oid)} is a {kind.name}, not the {_TEXTS[value.tag][0]} of the CSR"
    return x509.NameAttribute(oid, text, kind, _validate=False), change


def _decode(oid: x509.ObjectIdentifier, value: Value) -> str:
    """The text of a value, if it is one and has only what its type has."""
    if value.tag not in _TEXTS:
        _refuse(oid, "has a type that is not text in names")
    title, encoding, width = _TEXTS[value.tag]
    try:
        text = value.contents.decode(encoding)
    except UnicodeDecodeError:
        if len(value.contents) % width:
            _refuse(oid, f"is not a valid {title}: {counted(len(value.contents), 'byte', 'are')} not whole characters")
        _refuse(oid, f"is not a valid {title}: it contains bytes that are not characters of this type")
    if value.tag == _NUMERIC and not re.fullmatch(r"[0-9 ]*", text):
        _refuse(oid, f"is not a valid {title}: only digits and spaces are allowed")
    return text


def _check_text(oid: x509.ObjectIdentifier, text: str) -> None:
    from asn1crypto.x509 import NameType

    component = COMPONENTS.get(NameType.map(oid.dotted_string))
    if component is not None and len(text) > component.bound:
        _refuse(oid, f"of {len(text)} characters, but at most {component.bound} are allowed")
    if mistake := find_mistake_in_text(text):
        _refuse(oid, mistake)
    marks = _MOST_MARKS  # nothing is there yet that a mark could stand on
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        if marks > _MOST_MARKS:
            _refuse(
                oid,
                f"has the combining mark U+{ord(character):04X} without a base character, or after "
                "too many other marks",
            )
        if unicodedata.category(character) == "Cf" or character in _FILLERS or _is_selector(character):
            _refuse(oid, f"contains the invisible character U+{ord(character):04X}")
        if unicodedata.category(character) in ("Co", "Cn"):
            _refuse(oid, f"contains U+{ord(character):04X}, which is not a character")
    if oid.dotted_string in _COUNTRIES and not re.fullmatch(r"[A-Za-z]{2}", text):
        _refuse(oid, "is not a country's two letters")
    if oid.dotted_string in _IA5_ONLY and not text.isascii():
        _refuse(oid, "contains characters beyond ASCII")
    if oid.dotted_string in _MAILBOXES and not is_mailbox(text):
        _refuse(oid, f"is not an e-mail address: {text[:80]!a}")


def _is_selector(character: str) -> bool:
    """Whether it only chooses how the character before it looks."""
    return "\ufe00" <= character <= "\ufe0f" or "\u180b" <= character <= "\u180f" or character >= "\U000e0100"


def _choose_type(dotted: str, text: str, tag: int) -> _ASN1Type:
    """The type of text that a component has: its own, or that of the CSR where there is a choice."""
    from cryptography.x509.name import _ASN1Type

    if dotted in _IA5_ONLY:
        return _ASN1Type.IA5String
    is_printable = _PRINTABLE_TEXT.fullmatch(text) is not None
    if is_printable and (dotted in _PRINTABLE_ONLY or tag == _PRINTABLE):
        return _ASN1Type.PrintableString
    return _ASN1Type.UTF8String


def label_of(oid: x509.ObjectIdentifier) -> str:
    """What people call a component: ``CN``, ``serial number``; its dotted object identifier if it has no name."""
    from asn1crypto.x509 import NameType
    from cryptography import x509

    short = x509.NameAttribute(oid, "x" * 2, _validate=False).rfc4514_attribute_name
    known = NameType.map(oid.dotted_string)
    return known.replace("_", " ") if short == oid.dotted_string and known in COMPONENTS else short


def _refuse(oid: x509.ObjectIdentifier, mistake: str) -> NoReturn:
    raise CertificateError(
        f"the CSR's subject is not one that a certificate may have: {label_of(oid)} {mistake}", reason=Reason.REFUSED
    )
