"""What in a certificate is not as X.509 has it: the part, and how, where the cryptography library says little.

Sources: RFC 5280, 4; X.690, 8 and 10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from optiga.pki.lenient import Part, dotted, only, parts_of
from optiga.pki.x509_errors import MALFORMED, NOT_BY_THE_RULES, one_error
from optiga.protocol import der

TITLES = {
    "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
    "1.3.6.1.5.5.7.1.11": "subjectInfoAccess",
    "1.3.6.1.5.5.7.1.24": "TLS feature",
    "1.3.6.1.4.1.11129.2.4.2": "list of certificate timestamps",
    "2.5.29.9": "subjectDirectoryAttributes",
    "2.5.29.14": "subjectKeyIdentifier",
    "2.5.29.15": "keyUsage",
    "2.5.29.16": "privateKeyUsagePeriod",
    "2.5.29.17": "subjectAltName",
    "2.5.29.18": "issuerAltName",
    "2.5.29.19": "basicConstraints",
    "2.5.29.30": "nameConstraints",
    "2.5.29.31": "cRLDistributionPoints",
    "2.5.29.32": "certificatePolicies",
    "2.5.29.33": "policyMappings",
    "2.5.29.35": "authorityKeyIdentifier",
    "2.5.29.36": "policyConstraints",
    "2.5.29.37": "extendedKeyUsage",
    "2.5.29.46": "freshestCRL",
    "2.5.29.54": "inhibitAnyPolicy",
}
"""Extensions that messages call by name (RFC 5280, 4.2)."""
_OF_A_NAME = ("a name is a PrintableString", "a component of a name")
_TWICE = re.compile(r"the extension ([0-9.]+) is given twice")
_BOOLEAN, _SET, _VERSION, _EXTENSIONS = 0x01, 0x31, 0xA0, 0xA3
_BEHIND_THE_KEY = (0x81, 0xA1, 0x82, 0xA2, _EXTENSIONS)
_CONSTRUCTED, _LONG_TAG, _INDEFINITE = 0x20, 0x1F, 0x80
_MOST_NESTED = 12
_ECDSA = ("1.2.840.10045.4.1", *(f"1.2.840.10045.4.3.{number}" for number in range(1, 5)))
_ECDSA_SHA256 = der.encode(der.SEQUENCE, der.encode_oid("1.2.840.10045.4.3.2"))
_EMPTY_NAME = der.encode(der.SEQUENCE, b"")
_KEY_USAGE = "2.5.29.15"
_BITS = 8
_DIGITS_OF_DATES = {0x17: 12, 0x18: 14}
"""Year, month, day, hour, minute and second, by the type (RFC 5280, 4.1.2.5)."""
_TEXTS = {
    der.UTF8_STRING: ("UTF8String", "utf-8"),
    0x12: ("NumericString", "ascii"),
    der.PRINTABLE_STRING: ("PrintableString", "ascii"),
    0x14: ("TeletexString", "ascii"),
    der.IA5_STRING: ("IA5String", "ascii"),
    0x1A: ("VisibleString", "ascii"),
    0x1C: ("UniversalString", "utf-32-be"),
    0x1E: ("BMPString", "utf-16-be"),
}
_PRINTABLE = re.compile(rb"[A-Za-z0-9 '()+,\-./:=?]*")


def explained(data: bytes, error: str) -> str:
    """An error of the cryptography library about a certificate, with the part that is wrong if the error lacks it.

    :param data: the certificate in DER.
    :param error: in words.
    """
    if twice := _TWICE.fullmatch(error):
        return f"the extension {TITLES.get(twice[1], twice[1])} is given twice"
    if error != MALFORMED and not error.endswith(NOT_BY_THE_RULES) and not error.startswith(_OF_A_NAME):
        return error
    with suppress(ValueError, IndexError):  # where parts of it are missing, no other is looked at
        return next(_mistakes(data), error)
    return error


def title_of_extension(oid: str) -> str:
    """What people call an extension.

    :param oid: dotted.
    """
    return TITLES.get(oid, f"the extension {oid}")


def why_not_key_usage(value: bytes) -> str:
    """What is wrong with the value of a keyUsage; empty if it is a BIT STRING with a bit in it.

    :param value: its DER.
    """
    if not value:
        return "has no value"
    try:
        bits = only(value)
    except ValueError:
        return "is cut off, or goes on behind its end"
    if bits.tag != der.BIT_STRING:
        return "is not a BIT STRING"
    if not bits.content or bits.content[0] >= _BITS or (bits.content[0] and len(bits.content) == 1):
        return "has a wrong number of unused bits"
    if not bits.content[1:].strip(b"\x00"):
        return "has no bit that is set"
    if bits.content[-1] & ((1 << bits.content[0]) - 1):
        return "has unused bits that are not zero"
    return ""


def _mistakes(data: bytes) -> Iterator[str]:
    """What is wrong, the first first."""
    yield from _of_lengths(data, 0)
    body, algorithm, _ = parts_of(only(data).content)
    parts = list(parts_of(body.content))
    first = 1 if parts[0].tag == _VERSION else 0
    serial, inner, issuer, validity, subject, key = parts[first : first + 6]
    if first and only(parts[0].content).content == b"\x00":
        yield "its version 1 is written out, which DER leaves out"
    yield from _of_serial(serial.content)
    yield from _of_algorithm(algorithm)
    yield from _of_algorithm(inner)
    yield from _of_name(issuer, "its issuer's name")
    yield from _of_dates(validity)
    yield from _of_name(subject, "its subject")
    behind = parts[first + 6 :]
    places = [_BEHIND_THE_KEY.index(part.tag) for part in behind if part.tag in _BEHIND_THE_KEY]
    if len(places) < len(behind) or places != sorted(set(places)):
        yield "what is signed has a value that does not belong there"
    for part in behind:
        if part.tag == _EXTENSIONS:
            yield from _of_extensions(part, key)


def _of_lengths(data: bytes, depth: int) -> Iterator[str]:
    for part in parts_of(data):
        if part.tag & _LONG_TAG != _LONG_TAG and der.encode(part.tag, part.content) != part.whole:
            yield "the length of a value in it is written in more bytes than it needs"
        if part.tag & _CONSTRUCTED and depth < _MOST_NESTED:
            with suppress(ValueError):
                yield from _of_lengths(part.content, depth + 1)


def _of_serial(content: bytes) -> Iterator[str]:
    if not content:
        yield "its serial number has no bytes"
    elif len(content) > 1 and (content[0], content[1] >> 7) in ((0, 0), (0xFF, 1)):
        yield "its serial number has a byte too many in front"


def _of_dates(validity: Part) -> Iterator[str]:
    for title, date in zip(("notBefore", "notAfter"), parts_of(validity.content), strict=True):
        digits = _DIGITS_OF_DATES.get(date.tag)
        if digits is None:
            yield f"its {title} is neither a UTCTime nor a GeneralizedTime"
        elif not re.fullmatch(rb"[0-9]{%d}Z" % digits, date.content):
            yield f"its {title} is not written as {digits} digits and Z"


def _of_algorithm(algorithm: Part) -> Iterator[str]:
    values = list(parts_of(algorithm.content))
    if not values or values[0].tag != der.OBJECT_IDENTIFIER:
        yield "the algorithm of its signature is not an object identifier"
    elif len(values) > 1 and dotted(values[0].content) in _ECDSA:
        what = "NULL as parameters" if values[1].tag == der.NULL else "parameters"
        yield f"the algorithm of its signature is ECDSA with {what}, but ECDSA has no parameters"


def _of_name(name: Part, title: str) -> Iterator[str]:
    for relative in parts_of(name.content):
        pairs = list(parts_of(relative.content)) if relative.tag == _SET else []
        if not pairs:
            yield f"{title} has a component that is empty"
        for pair in pairs:
            values = list(parts_of(pair.content))
            if len(values) != 2 or values[0].tag != der.OBJECT_IDENTIFIER:
                yield f"{title} has a component that is not a type and its value"
            try:
                dotted(values[0].content)
            except ValueError:
                yield f"{title} has a component whose type is not an object identifier"
            if mistake := _why_no_text(values[1]):
                yield f"{title} {mistake}"


def _why_no_text(value: Part) -> str:
    if value.tag not in _TEXTS:
        return f"has a value of the ASN.1 type 0x{value.tag:02x}, which is no text"
    title, encoding = _TEXTS[value.tag]
    article = "an" if title.startswith("I") else "a"
    try:
        value.content.decode(encoding)
    except UnicodeDecodeError:
        beyond = "characters beyond ASCII" if encoding == "ascii" else "bytes that are no characters"
        return f"has {article} {title} with {beyond}"
    if value.tag == der.PRINTABLE_STRING and not _PRINTABLE.fullmatch(value.content):
        return f"has {article} {title} with a character that is not allowed"
    return ""


def _of_extensions(part: Part, key: Part) -> Iterator[str]:
    for extension in parts_of(only(part.content).content):
        fields = list(parts_of(extension.content)) if extension.tag == der.SEQUENCE else []
        if not fields or fields[0].tag != der.OBJECT_IDENTIFIER:
            yield "one of its extensions does not begin with an object identifier"
            continue
        title = title_of_extension(dotted(fields[0].content))
        its = title if title.startswith("the ") else f"its {title}"
        tags = [field.tag for field in fields[1:]]
        if tags not in ([der.OCTET_STRING], [_BOOLEAN, der.OCTET_STRING]):
            yield f"{its} is not made of an object identifier, a criticality, and a value"
        elif tags[0] == _BOOLEAN and fields[1].content == b"\x00":
            yield f"{its} says that it is not critical, which DER leaves out"
        elif tags[0] == _BOOLEAN and fields[1].content != b"\xff":
            yield f"{its} has a criticality that is neither TRUE nor FALSE"
        elif not _loads(extension, key):
            how = why_not_key_usage(fields[-1].content) if title == TITLES[_KEY_USAGE] else ""
            yield f"{its} {how}" if how else f"{its} is malformed"


def _loads(extension: Part, key: Part) -> bool:
    """Whether the library takes an extension in a certificate that has nothing else of interest."""
    from cryptography import x509

    dates = der.encode(der.SEQUENCE, der.encode(0x17, b"250101000000Z") * 2)
    version = der.encode(_VERSION, der.encode_integer(2))
    extensions = der.encode(_EXTENSIONS, der.encode(der.SEQUENCE, extension.whole))
    parts = (version, der.encode_integer(1), _ECDSA_SHA256, _EMPTY_NAME, dates, _EMPTY_NAME, key.whole, extensions)
    signed = der.encode(der.SEQUENCE, b"".join(parts))
    whole = der.encode(der.SEQUENCE, signed + _ECDSA_SHA256 + der.encode(der.BIT_STRING, b"\x00"))
    try:
        with one_error():
            _ = x509.load_der_x509_certificate(whole).extensions
    except ValueError:
        return False
    return True
