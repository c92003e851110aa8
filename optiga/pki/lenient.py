"""Certificates that break a rule of X.509, read for what is needed of them: key, dates, basic constraints, names.

Chips, OpenSSL and Java take many certificates that the cryptography library refuses: a ``_`` in a PrintableString,
FALSE written out, extensions with odd values. They can be written, read and shown. Nothing that is to be trusted is
read by this module: see :meth:`optiga.pki.certificate.Certificate.parse`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from optiga.pki.name_parts import component_name, escape, printable
from optiga.protocol import der

_BOOLEAN, _OID, _SET = 0x01, 0x06, 0x31
_VERSION, _ISSUER_ID, _SUBJECT_ID, _EXTENSIONS = 0xA0, (0x81, 0xA1), (0x82, 0xA2), 0xA3
_TIMES = {0x17: r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", 0x18: r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)"}
_SECONDS_AND_ZONE = r"(\d\d)?(?:[.,]\d+)?(Z|[+-]\d{4})?"
_CENTURY, _TURN = 100, 50
"""Two digits of a year below 50 are of this century (RFC 5280, 4.1.2.5.1)."""
_TEXTS = {0x0C: "utf-8", 0x12: "latin-1", 0x13: "latin-1", 0x14: "latin-1", 0x16: "latin-1", 0x1A: "latin-1"}
_WIDE_TEXTS = {0x1B: "latin-1", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
_VISIBLE, _BMP = 0x1A, 0x1E
_SURROGATE, _TOP_BITS = 0xD8, 0xF8
"""First bytes of the two halves in which UTF-16, and no BMPString, has a character beyond the first 65,536."""
_BASIC_CONSTRAINTS = "2.5.29.19"
_ALT_NAMES = "2.5.29.17"
_VERSION_3 = 3
_KEY_USAGE = "2.5.29.15"
_MOST_BYTES_OF_AN_ARC = 16


class Part(NamedTuple):
    """A DER value.

    :param whole: all of its bytes, with the header.
    """

    tag: int
    content: bytes
    whole: bytes


class Extension(NamedTuple):
    """An extension of a certificate.

    :param oid: dotted.
    :param value: what is in its OCTET STRING.
    """

    oid: str
    value: bytes


class Fields(NamedTuple):
    """What is needed of a certificate.

    :param version: 1, 2 or 3, or whatever it says.
    :param issuer: the name in DER.
    :param subject: the name in DER.
    :param not_before: with its time zone, UTC.
    :param key_info: SubjectPublicKeyInfo as it stands there.
    :param extensions: those that can be told apart.
    :param signed: what the signature is over.
    :param algorithm: of the signature, dotted.
    :param has_one_algorithm: whether the algorithm in what is signed is that of the signature.
    """

    version: int
    serial: int
    issuer: bytes
    subject: bytes
    not_before: datetime
    not_after: datetime
    key_info: bytes
    extensions: tuple[Extension, ...]
    signed: bytes
    algorithm: str
    signature: bytes
    has_one_algorithm: bool

    def extension(self, oid: str) -> bytes | None:
        """The value of an extension; None if it has none."""
        return next((one.value for one in self.extensions if one.oid == oid), None)

    @property
    def is_ca(self) -> bool:
        """What its basic constraints say.

        :raises ValueError: if they say nothing.
        """
        value = self.extension(_BASIC_CONSTRAINTS)
        if value is None:
            return False
        try:
            constraints = only(value)
            parts = list(parts_of(constraints.content))
        except ValueError:
            raise ValueError("its basicConstraints are not valid") from None
        if constraints.tag != der.SEQUENCE or any(part.tag not in (_BOOLEAN, der.INTEGER) for part in parts):
            raise ValueError("its basicConstraints are not valid")
        return any(part.tag == _BOOLEAN and part.content.strip(b"\x00") for part in parts)

    @property
    def has_issuer(self) -> bool:
        """Whether its issuer's name has anything in it."""
        return bool(only(self.issuer).content)

    @property
    def has_subject(self) -> bool:
        """Whether its subject has anything in it."""
        return bool(only(self.subject).content)

    @property
    def breaches(self) -> list[str]:
        """Rules that it breaks though every part of it parses (RFC 5280, 4.1), each a clause with "it" or "its"."""
        found = []
        if self.version < _VERSION_3 and self.extensions:
            said = self.version if self.version > 0 else "not valid"
            found.append(f"it has extensions, which need version 3, but its version is {said}")
        if not self.has_one_algorithm:
            found.append("it names one algorithm for its signature, and is signed with another")
        if self.serial <= 0:
            found.append("its serial number is not positive")
        for name, title in ((self.issuer, "its issuer's name"), (self.subject, "its subject")):
            if what := _no_directory_string(name):
                found.append(f"{title} has {what}, which OpenSSL does not load")
        if not self.has_issuer:
            found.append("its issuer has no name")
        if not self.has_subject and (self.extension(_ALT_NAMES) is None or self._is_ca):
            found.append("its subject has no name")
        return found

    @property
    def _is_ca(self) -> bool:
        try:
            return self.is_ca
        except ValueError:
            return False

    @property
    def size_of_serial(self) -> int:
        """Bytes of its serial number, as the shortest INTEGER in DER holds it."""
        number = self.serial if self.serial >= 0 else ~self.serial
        return number.bit_length() // 8 + 1

    @property
    def first_byte_of_key(self) -> int | None:
        """The first byte of its public key, behind the count of unused bits; of a point, the kind of its form."""
        *_, key = parts_of(only(self.key_info).content)
        return key.content[1] if len(key.content) > 1 else None

    @property
    def key_usage(self) -> frozenset[int] | None:
        """Numbers of the bits of its key usage (RFC 5280, 4.2.1.3); None if it does not say."""
        value = self.extension(_KEY_USAGE)
        try:
            usage = None if value is None else only(value)
        except ValueError:
            return None
        if usage is None or usage.tag != der.BIT_STRING or not usage.content:
            return None
        octets = usage.content[1:]
        return frozenset(bit for bit in range(8 * len(octets)) if octets[bit // 8] & 0x80 >> bit % 8)


def read_fields(data: bytes) -> Fields:
    """The fields of a certificate that is whole and alone.

    :param data: its DER; lengths in more bytes than they need are taken.
    :raises ValueError: if key, dates or the structure around them do not parse, and which of them.
    """
    body, algorithm, signature = _take_outer(data)
    parts = list(parts_of(body.content))
    version = 1
    if parts and parts[0].tag == _VERSION:
        version = _number(only(parts.pop(0).content).content) + 1
    if len(parts) < 6 or [part.tag for part in parts[:6]] != [der.INTEGER, *[der.SEQUENCE] * 5]:
        raise ValueError("it does not have the structure of a certificate")
    serial, inner, issuer, validity, subject, key = parts[:6]
    dates = list(parts_of(validity.content))
    if len(dates) != 2:
        raise ValueError("its dates are not valid")
    extensions = next((part for part in parts[6:] if part.tag == _EXTENSIONS), None)
    return Fields(
        version,
        _number(serial.content),
        issuer.whole,
        subject.whole,
        _time(dates[0]),
        _time(dates[1]),
        key.whole,
        tuple(_extensions(extensions)) if extensions else (),
        body.whole,
        _algorithm(algorithm),
        signature.content[1:],
        inner.whole == algorithm.whole,
    )


def name_of(data: bytes) -> str:
    """A name in DER as people write it; a value that is no text in hex. What does not parse is said to be so."""
    try:
        relative = [list(parts_of(one.content)) for one in parts_of(only(data).content)]
        texts = [_attribute(attribute) for attributes in relative for attribute in attributes]
    except ValueError:
        return "a name that cannot be read"
    return printable(", ".join(texts)) or "nobody"


def name_values(data: bytes) -> list[str]:
    """The texts in a name in DER; none where it does not parse."""
    values = []
    try:
        for relative in parts_of(only(data).content):
            for attribute in parts_of(relative.content):
                _, value = parts_of(attribute.content)
                values.append(text_of(value) or "")
    except ValueError:
        pass
    return values


def _no_directory_string(name: bytes) -> str:
    """The first text in a name that is no ``DirectoryString`` (RFC 5280, appendix A.1); empty for none.

    :param name: in DER; one that does not parse is none of this function's.
    """
    try:
        pairs = [pair for relative in parts_of(only(name).content) for pair in parts_of(relative.content)]
        values = [value for pair in pairs for value in parts_of(pair.content)]
    except ValueError:
        return ""
    for value in values:
        if value.tag == _VISIBLE:
            return "a VisibleString"
        if value.tag == _BMP and _SURROGATE in {first & _TOP_BITS for first in value.content[::2]}:
            return "a BMPString with a character beyond the first 65,536"
    return ""


def parts_of(data: bytes) -> Iterator[Part]:
    """The values that stand one behind another.

    :raises ValueError: if one of them is cut off, or has a length that is not definite.
    """
    while data:
        tag = data[0]
        if tag & 0x1F == 0x1F or len(data) < 2:
            raise ValueError("the length of a value does not fit")
        width = data[1] & 0x7F if data[1] & 0x80 else 0
        start = 2 + width
        if data[1] == 0x80 or width > 4 or len(data) < start:
            raise ValueError("the length of a value does not fit")
        end = start + (int.from_bytes(data[2:start], "big") if width else data[1])
        if len(data) < end:
            raise ValueError("the length of a value does not fit")
        yield Part(tag, data[start:end], data[:end])
        data = data[end:]


def dotted(content: bytes) -> str:
    """An object identifier from the content of its DER value.

    :raises ValueError: if it is none.
    """
    if not content or content[-1] & 0x80:
        raise ValueError("an object identifier is cut off")
    arcs, value, length = [], 0, 0
    for octet in content:
        value, length = value << 7 | octet & 0x7F, length + 1
        if length > _MOST_BYTES_OF_AN_ARC:
            raise ValueError("an object identifier is too long")
        if not octet & 0x80:
            arcs.append(value)
            value = length = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


def _take_outer(data: bytes) -> tuple[Part, Part, Part]:
    outer = only(data)
    parts = list(parts_of(outer.content)) if outer.tag == der.SEQUENCE else []
    if [part.tag for part in parts] != [der.SEQUENCE, der.SEQUENCE, der.BIT_STRING]:
        raise ValueError("it does not have the structure of a certificate")
    return parts[0], parts[1], parts[2]


def only(data: bytes) -> Part:
    """The one value that data are.

    :raises ValueError: if they are none, or several.
    """
    parts = list(parts_of(data))
    if len(parts) != 1:
        raise ValueError("it does not have the structure of a certificate")
    return parts[0]


def _number(content: bytes) -> int:
    return int.from_bytes(content, "big", signed=True)


def _algorithm(part: Part) -> str:
    """Dotted; empty if it is none."""
    try:
        first = next(parts_of(part.content), None)
        return dotted(first.content) if first and first.tag == _OID else ""
    except ValueError:
        return ""


def _time(part: Part) -> datetime:
    pattern = _TIMES.get(part.tag)
    text = part.content.decode("latin-1")
    found = re.fullmatch(pattern + _SECONDS_AND_ZONE, text, re.ASCII) if pattern else None
    if found is None:
        raise ValueError("its dates are not valid")
    year, month, day, hour, minute = (int(digits) for digits in found.groups()[:5])
    second, zone = int(found[6] or 0), found[7] or "Z"
    if len(found[1]) == 2:
        year += 2000 if year < _TURN else 2000 - _CENTURY
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
        if zone == "Z":
            return moment
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
        return moment - offset if zone[0] == "+" else moment + offset
    except (ValueError, OverflowError):
        raise ValueError("its dates are not valid") from None


def _extensions(part: Part) -> Iterator[Extension]:
    """Those that can be told apart; the rest of a list that does not parse is left out."""
    try:
        for extension in parts_of(only(part.content).content):
            fields = list(parts_of(extension.content))
            if fields and fields[0].tag == _OID and fields[-1].tag == der.OCTET_STRING:
                yield Extension(dotted(fields[0].content), fields[-1].content)
    except ValueError:
        return


def _attribute(part: Part) -> str:
    fields = list(parts_of(part.content))
    if len(fields) != 2 or fields[0].tag != _OID:
        raise ValueError("a component of a name is not valid")
    text = text_of(fields[1])
    return f"{component_name(dotted(fields[0].content))}={fields[1].whole.hex() if text is None else escape(text)}"


def text_of(part: Part) -> str | None:
    """The text of a value; None if it is none."""
    encoding = _TEXTS.get(part.tag) or _WIDE_TEXTS.get(part.tag)
    if encoding is None:
        return None
    try:
        return part.content.decode(encoding)
    except UnicodeDecodeError:
        return part.content.decode("latin-1") if part.tag in _TEXTS else None
