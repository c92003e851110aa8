"""The parts of a CSR (RFC 2986, 4): strict about the DER structure, and tolerant of the content."""

from __future__ import annotations

from dataclasses import dataclass

from optiga.errors import counted
from optiga.protocol.der import BIT_STRING, INTEGER, NULL, OBJECT_IDENTIFIER, SEQUENCE, encode, size_of

SET = 0x31
_ATTRIBUTES = 0xA0
_MAX_SIZE = 1 << 16
_LONGEST_HEADER = 6
_VERSION_1 = b"\x00"
_ECDSA = bytes.fromhex("2a8648ce3d0403")
"""What the object identifiers of ECDSA with a hash of the SHA-2 family begin with."""


@dataclass(frozen=True, slots=True)
class Value:
    """A DER value.

    :param tag: its first byte: class, form and number.
    :param raw: all of it, header and contents.
    """

    tag: int
    contents: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class RequestForm:
    """The parts of a CSR, each in DER.

    :param signed: what the signature is over, byte for byte.
    :param attributes: empty if there are none; the field may be missing.
    :param algorithm: the signature's AlgorithmIdentifier.
    """

    signed: bytes
    subject: bytes
    key_info: bytes
    attributes: bytes
    algorithm: bytes
    signature: bytes

    @classmethod
    def read(cls, der: bytes) -> RequestForm:
        """Take a CSR apart.

        :raises ValueError: in words, if it is none, or has more or less than its parts.
        """
        if len(der) > _MAX_SIZE:
            raise ValueError(f"it has {len(der)} bytes, but at most {_MAX_SIZE} are allowed")
        size = size_of(der)
        if der[:1] != bytes([SEQUENCE]):
            raise ValueError("it is not one SEQUENCE")
        if size is None and len(der) > _LONGEST_HEADER:
            raise ValueError("a part of it is not DER")
        if size is None or size > len(der):
            raise ValueError("it is cut off")
        if size < len(der):
            raise ValueError(f"it has {counted(len(der) - size, 'byte')} after its end")
        outer = split(der)
        if [value.tag for value in outer] != [SEQUENCE]:
            raise ValueError("it is not one SEQUENCE")
        parts = split(outer[0].contents)
        if [value.tag for value in parts] != [SEQUENCE, SEQUENCE, BIT_STRING]:
            raise ValueError("it does not consist of CertificationRequestInfo, signatureAlgorithm and signature")
        info, algorithm, signature = parts
        fields = split(info.contents, "its CertificationRequestInfo")
        tags = [value.tag for value in fields]
        if tags not in ([INTEGER, SEQUENCE, SEQUENCE], [INTEGER, SEQUENCE, SEQUENCE, _ATTRIBUTES]):
            raise ValueError("its CertificationRequestInfo does not consist of version, subject, key and attributes")
        if fields[0].contents != _VERSION_1:
            number = int.from_bytes(fields[0].contents, "big", signed=True)
            is_number = len(fields[0].contents) == 1 and number >= 0
            raise ValueError(f"its version is {number + 1}, not 1" if is_number else "its version is not a number")
        if not signature.contents[1:]:
            raise ValueError("its signature is empty")
        if signature.contents[:1] != b"\x00":
            raise ValueError("its signature does not consist of whole bytes")
        attributes = fields[3].raw if len(fields) == 4 else b""
        return cls(info.raw, fields[1].raw, fields[2].raw, attributes, algorithm.raw, signature.contents[1:])

    @property
    def without_subject(self) -> bytes:
        """A CSR of the same key and attributes with an empty subject, for a library that refuses some subjects.

        ECDSA has no NULL behind it (RFC 5758, 3.2), which the library insists on and Infineon's tools do not heed.
        """
        info = encode(INTEGER, _VERSION_1) + encode(SEQUENCE, b"") + self.key_info
        info += self.attributes or encode(_ATTRIBUTES, b"")
        algorithm = self.algorithm
        parts = split(split(algorithm)[0].contents)
        if [part.tag for part in parts] == [OBJECT_IDENTIFIER, NULL] and parts[0].contents.startswith(_ECDSA):
            algorithm = encode(SEQUENCE, parts[0].raw)
        return encode(SEQUENCE, encode(SEQUENCE, info) + algorithm + encode(BIT_STRING, b"\x00" + self.signature))


def split(data: bytes, where: str = "a part of it") -> list[Value]:
    """The DER values that data consist of.

    :param where: what to call the data in messages.
    :raises ValueError: in words, if one is cut off or its length is not written as DER has it.
    """
    from asn1crypto import parser

    values = []
    while data:
        try:
            size = parser.peek(data)
        except ValueError:
            raise ValueError(f"{where} is cut off") from None
        raw, data = data[:size], data[size:]
        contents = parser.parse(raw, strict=True)[4]
        if raw[0] & 0x1F == 0x1F or encode(raw[0], contents) != raw:
            raise ValueError(f"{where} is not DER")
        values.append(Value(raw[0], contents, raw))
    return values
