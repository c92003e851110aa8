"""What a CSR asks for beside its subject (RFC 2985, 5.4.2): its attributes, and the extensions in one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from optiga.ca.naming import AskedName
from optiga.ca.request_form import SET, RequestForm, Value, split
from optiga.errors import CertificateError, Reason
from optiga.pki.damage import TITLES, why_not_key_usage
from optiga.pki.public_keys import load_key
from optiga.pki.x509_errors import one_error
from optiga.protocol.der import BIT_STRING, OCTET_STRING, SEQUENCE, encode, encode_oid

if TYPE_CHECKING:
    from cryptography import x509

    from optiga.protocol.public_key import PublicKey

_OID, _BOOLEAN = 0x06, 0x01
_REQUESTS = ("1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14")
"""Attributes that hold extensions: PKCS #9's, and Microsoft's before there was one."""
_TITLES = {
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.7": "challengePassword",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    **TITLES,
}
"""Attributes and extensions that messages call by name."""
_ATTRIBUTES, _EXTENSIONS = "one of its attributes", "its attributes: an extension"
_BASIC_CONSTRAINTS, _KEY_USAGE, _BITS = encode_oid("2.5.29.19"), encode_oid("2.5.29.15"), 8
_USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
"""Bits of keyUsage by RFC 5280's names, by cryptography's."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a CSR asks for beside its subject and key.

    :param alt_names: the subject alternative names, which are not judged yet.
    :param wants_server: whether it asks to be a TLS server, too.
    :param left_out: what no certificate of this CA has: names of RFC 5280, or object identifiers.
    :param unasked_usage: whether it says what the key is for, and digitalSignature is not among that.
    """

    alt_names: tuple[AskedName, ...]
    wants_server: bool
    left_out: tuple[str, ...]
    unasked_usage: bool

    @classmethod
    def read(cls, form: RequestForm, public_key: PublicKey) -> Wishes:
        """What a CSR asks for.

        :raises ValueError: in words, if a part of it is damaged, or stands there twice.
        :raises CertificateError: if it asks for what only a CA has.
        """
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.x509.oid import ExtendedKeyUsageOID

        left_out, lists = _check_attributes(form)
        alt_names: list[AskedName] = []
        wants_server = unasked_usage = False
        for extension in _load(replace(form, attributes=encode(0xA0, lists))):
            value = extension.value
            if isinstance(value, x509.BasicConstraints):
                if value.ca:
                    raise CertificateError(
                        "the CSR asks for a CA's certificate (CA:TRUE), which a device cannot have",
                        hint="To make a CA certified by another CA, use 'python -m optiga ca intermediate'",
                        reason=Reason.REFUSED,
                    )
            elif isinstance(value, x509.SubjectAlternativeName):
                alt_names += [AskedName.of(name) for name in value]
            elif isinstance(value, x509.ExtendedKeyUsage):
                wants_server = ExtendedKeyUsageOID.SERVER_AUTH in value
                granted = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
                left_out += [oid.dotted_string for oid in value if oid not in granted]
            elif isinstance(value, x509.KeyUsage):
                asked = _asked_usages(value)
                unasked_usage = "digitalSignature" not in asked
                is_rsa = isinstance(load_key(public_key), rsa.RSAPublicKey)
                had = ("digitalSignature", "keyEncipherment") if is_rsa else ("digitalSignature",)
                left_out += [usage for usage in asked if usage not in had]
            elif isinstance(value, x509.SubjectKeyIdentifier):
                if value != x509.SubjectKeyIdentifier.from_public_key(load_key(public_key)):
                    left_out.append("subjectKeyIdentifier")
            else:
                left_out.append(extension.oid.dotted_string)
        return cls(tuple(alt_names), wants_server, tuple(dict.fromkeys(left_out)), unasked_usage)


def _check_attributes(form: RequestForm) -> tuple[list[str], bytes]:
    """The titles of the attributes that hold no extensions, which no certificate has; and the one that does, in DER.

    :raises ValueError: in words, if one is damaged, or extensions are asked for in two places.
    """
    others, requests, lists = [], 0, b""
    for attribute in split(split(form.attributes)[0].contents, _ATTRIBUTES) if form.attributes else []:
        parts = split(attribute.contents, _ATTRIBUTES) if attribute.tag == SEQUENCE else []
        if [part.tag for part in parts] != [_OID, SET]:
            raise ValueError("its attributes: an attribute is not a type and its values")
        kind, values = _dotted(parts[0].raw), split(parts[1].contents, _ATTRIBUTES)
        if kind not in _REQUESTS:
            others.append(_TITLES.get(kind, kind))
            continue
        requests += 1
        if not values:
            raise ValueError("its attributes: extensionRequest has no value")
        if requests > 1 or len(values) != 1:
            raise ValueError("its attributes: there are several lists of extensions, not one")
        if values[0].tag != SEQUENCE:
            raise ValueError("its attributes: extensionRequest is not a SEQUENCE of extensions")
        if not values[0].contents:
            continue  # it asks for nothing
        _check_extensions(values[0].contents)
        extensions = b"".join(_tidy(extension) for extension in split(values[0].contents, _EXTENSIONS))
        lists = encode(SEQUENCE, parts[0].raw + encode(SET, encode(values[0].tag, extensions)))
    return others, lists


def _check_extensions(contents: bytes) -> None:
    """Refuse what stands in a list of extensions twice."""
    kinds = [_kind_of(extension) for extension in split(contents, _EXTENSIONS)]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise ValueError(f"its attributes: {_title(kind)} is given twice")


def _tidy(extension: Value) -> bytes:
    """An extension as DER has it, where a CSR has what means the same: only its certificate has to be in DER.

    FALSE is left out, TRUE is 0xFF (X.690, 11.1 and 11.5), and a keyUsage has no zeros behind its last bit (11.2.2).
    Infineon's tools write such zeros: mbed TLS takes a keyUsage for seven bits.
    """
    kind, *rest = split(extension.contents, _EXTENSIONS)
    if len(rest) == len((_BOOLEAN, OCTET_STRING)) and rest[0].tag == _BOOLEAN:
        critical = _tidy_boolean(rest.pop(0))
    else:
        critical = b""
    if [part.tag for part in rest] != [OCTET_STRING]:  # it does not load, and that is said of it then
        return extension.raw
    tidy = _TIDY.get(kind.raw)
    try:
        value = tidy(split(rest[0].contents)) if tidy else b""
    except ValueError:
        value = b""
    octets = encode(OCTET_STRING, value) if value else rest[0].raw
    return encode(SEQUENCE, kind.raw + critical + octets)


def _tidy_boolean(value: Value) -> bytes:
    if len(value.contents) != 1:
        return value.raw
    return encode(_BOOLEAN, b"\xff") if value.contents != b"\x00" else b""


def _tidy_basic_constraints(values: list[Value]) -> bytes:
    """The value of a basicConstraints; empty if it is none."""
    if [value.tag for value in values] != [SEQUENCE]:
        return b""
    parts = split(values[0].contents)
    return encode(SEQUENCE, b"".join(_tidy_boolean(part) if part.tag == _BOOLEAN else part.raw for part in parts))


def _tidy_key_usage(values: list[Value]) -> bytes:
    """The value of a keyUsage; empty if it is none."""
    if [value.tag for value in values] != [BIT_STRING] or not values[0].contents[1:].strip(b"\x00"):
        return b""
    said, octets = values[0].contents[0], values[0].contents[1:]
    if said >= _BITS or octets[-1] & (1 << said) - 1:  # what is not a BIT STRING stays none
        return b""
    octets = octets.rstrip(b"\x00")
    unused = (octets[-1] & -octets[-1]).bit_length() - 1
    return encode(BIT_STRING, bytes([unused]) + octets)


_TIDY = {_BASIC_CONSTRAINTS: _tidy_basic_constraints, _KEY_USAGE: _tidy_key_usage}


def _kind_of(extension: Value) -> str:
    """The object identifier of an extension, with dots.

    :raises ValueError: in words, if it has none.
    """
    parts = split(extension.contents, _EXTENSIONS) if extension.tag == SEQUENCE else []
    if not parts or parts[0].tag != _OID:
        raise ValueError("its attributes: an extension does not begin with its type")
    return _dotted(parts[0].raw)


def _load(form: RequestForm) -> x509.Extensions:
    """The extensions; an error names the one that is damaged, in words, for the library's are for programmers."""
    from cryptography import x509

    try:
        with one_error():
            return x509.load_der_x509_csr(form.without_subject).extensions
    except ValueError as error:
        text = _find_damaged(form)
        if isinstance(error.__cause__, x509.UnsupportedGeneralNameType):
            text = "a name in subjectAltName has an unsupported type (x400Address or ediPartyName)"
        if text:
            raise ValueError(f"its attributes: {text}") from None
        if form.attributes and _is_loaded(replace(form, attributes=b"")):
            raise ValueError("its attributes are damaged, or have content that RFC 2986 does not allow") from None
        raise ValueError("its signature algorithm is damaged, or has parameters that are not allowed") from None


def _find_damaged(form: RequestForm) -> str:
    """The first extension that does not load on its own, and how it is wrong; empty if all load."""
    for attribute in split(split(form.attributes)[0].contents) if form.attributes else []:
        kind, values = split(attribute.contents)
        if _dotted(kind.raw) not in _REQUESTS:
            continue
        lists = split(values.contents)
        for extension in split(lists[0].contents) if lists else []:
            alone = encode(SET, encode(SEQUENCE, extension.raw))
            attributes = encode(0xA0, encode(SEQUENCE, kind.raw + alone))
            one = RequestForm(b"", b"", form.key_info, attributes, form.algorithm, form.signature)
            if not _is_loaded(one):
                return f"{_title(_kind_of(extension))} {_why_damaged(extension)}"
    return ""


def _is_loaded(form: RequestForm) -> bool:
    """Whether the library takes a CSR and its extensions."""
    from cryptography import x509

    try:
        with one_error():
            _ = x509.load_der_x509_csr(form.without_subject).extensions
    except ValueError:
        return False
    return True


def _why_damaged(extension: Value) -> str:
    """What is wrong with an extension that does not load."""
    parts = split(extension.contents, _EXTENSIONS)
    tags = [part.tag for part in parts[1:]]
    if tags not in ([OCTET_STRING], [_BOOLEAN, OCTET_STRING]):
        return "is not made of an object identifier, a criticality, and a value"
    if tags[0] == _BOOLEAN and len(parts[1].contents) != 1:
        return "has a criticality that is neither TRUE nor FALSE"
    how = why_not_key_usage(parts[-1].contents) if parts[0].raw == _KEY_USAGE else ""
    return how or "is damaged, or has content that RFC 5280 does not allow"


def _dotted(raw: bytes) -> str:
    """An object identifier, in DER, with dots.

    :raises ValueError: in words, if it is none.
    """
    from asn1crypto.core import ObjectIdentifier

    try:
        return str(ObjectIdentifier.load(raw, strict=True).dotted)
    except (ValueError, TypeError, IndexError):
        raise ValueError("its attributes: a part is not an object identifier") from None


def _title(kind: str) -> str:
    return _TITLES.get(kind, f"the extension {kind}")


def _asked_usages(usage: x509.KeyUsage) -> list[str]:
    asked = [title for name, title in _USAGES.items() if getattr(usage, name)]
    if usage.key_agreement:  # the library knows of these two only then
        asked += ["encipherOnly"] if usage.encipher_only else []
        asked += ["decipherOnly"] if usage.decipher_only else []
    return asked
