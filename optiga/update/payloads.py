"""What an update brings: data, a key, or metadata, each with what its manifest says of it.

SRM, "Format of keys in Payload" and "Metadata update".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import ConfigurationError, Reason, counted
from optiga.pki.public_keys import public_key_of
from optiga.protocol import metadata as md
from optiga.protocol import tlv
from optiga.protocol.algorithms import AES_KEY_SIZES, CURVES, RSA_KEY_BITS
from optiga.protocol.codes import KeyUsage
from optiga.protocol.manifest import (
    EXPONENT_SIZE,
    ContentReset,
    DataUpdate,
    KeyPart,
    KeyUpdate,
    MetadataUpdate,
    UpdateKind,
    WriteType,
)
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.metadata_words import describe_form
from optiga.protocol.rules.updates import check_brought

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


SUPPORTED_KEYS = f"Use a key of the type {', '.join(one.title for one in (*CURVES, *RSA_KEY_BITS))}"
"""What to do about a key that no chip has a use for."""
_AES = {size: algorithm for algorithm, size in AES_KEY_SIZES.items()}


class Payload(NamedTuple):
    """What an update brings.

    :param content: in plain, as the chip wants it; at least one byte.
    """

    kind: UpdateKind
    content: bytes


def data_payload(data: bytes, *, offset: int = 0, write_type: WriteType = WriteType.ERASE_AND_WRITE) -> Payload:
    """Data for an object that holds data.

    :raises ConfigurationError: if there are none.
    """
    if not data:
        raise ConfigurationError("an update without data", hint="Give at least one byte")
    return Payload(DataUpdate(offset, write_type), data)


def metadata_payload(metadata: Metadata, *, reset: ContentReset = ContentReset.AS_METADATA) -> Payload:
    """Metadata for any object: the tags to be changed; none to have only the reset type applied.

    :raises ConfigurationError: if a tag cannot be updated, or a value is none.
    """
    for tag, value in metadata.items():
        if check_brought(None, None, tag, value) is not None:
            (name,) = Metadata({tag: value}).in_words()
            hint = "The version comes from the update itself" if tag == Tag.VERSION else "Omit this tag"
            raise ConfigurationError(
                f"an update cannot change the metadata tag 0x{tag:02X} ({name})", hint=hint, reason=Reason.UNSUPPORTED
            )
        wrong = describe_form(tag, value)
        if wrong:
            raise ConfigurationError(f"metadata tag 0x{tag:02X}: {wrong}", hint="Correct the value, or omit this tag")
    content = metadata.encode()
    if len(content) > md.MAX_SIZE:
        raise ConfigurationError(
            f"metadata of {len(content)} bytes, but a chip stores at most {md.MAX_SIZE}",
            hint="Use fewer tags, or shorter conditions",
            reason=Reason.TOO_LARGE,
        )
    return Payload(MetadataUpdate(reset), content)


def aes_payload(key: bytes, usage: KeyUsage = KeyUsage.ENCRYPTION) -> Payload:
    """An AES key of 16, 24 or 32 bytes.

    :raises ConfigurationError: if it has another size.
    """
    if len(key) not in _AES:
        raise ConfigurationError(f"an AES key of {counted(len(key), 'byte')}", hint="Use 16, 24 or 32 bytes")
    return Payload(KeyUpdate(_AES[len(key)], usage), tlv.encode(KeyPart.SECRET, key))


def key_payload(key: PrivateKey, usage: KeyUsage) -> Payload:
    """A private key on one of the chip's curves, or of RSA-1024 or RSA-2048.

    :raises ConfigurationError: if it is another.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    public = public_key_of(key.public_key())
    algorithm = public.algorithm
    if algorithm is None:
        raise ConfigurationError(
            f"the chip does not support {public.title} keys", hint=SUPPORTED_KEYS, reason=Reason.UNSUPPORTED
        )
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = CURVES[algorithm].coordinate_size
        point = key.public_key().public_numbers()
        both = point.x.to_bytes(size, "big") + point.y.to_bytes(size, "big")
        content = tlv.encode_integer(KeyPart.SECRET, key.private_numbers().private_value, size)
        return Payload(KeyUpdate(algorithm, usage), content + tlv.encode(KeyPart.PUBLIC, both))
    size = RSA_KEY_BITS[algorithm] // 8
    numbers = key.private_numbers()
    try:
        exponent = tlv.encode_integer(KeyPart.EXPONENT, numbers.public_numbers.e, EXPONENT_SIZE)
    except OverflowError:
        raise ConfigurationError(
            "an RSA key whose public exponent is longer than the chip's 4 bytes",
            hint="Use an RSA key with the exponent 65537",
            reason=Reason.UNSUPPORTED,
        ) from None
    content = tlv.encode_integer(KeyPart.SECRET, numbers.d, size)
    return Payload(
        KeyUpdate(algorithm, usage),
        content + tlv.encode_integer(KeyPart.PUBLIC, numbers.public_numbers.n, size) + exponent,
    )
