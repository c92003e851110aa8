"""Signatures of files: made by a key of the chip, checked by the chip, and the forms they are written in."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.chip.key import cut_digest
from optiga.errors import CertificateError, ChipError, Reason
from optiga.identity.keys_on_chip import stored_certificate
from optiga.objects.addressing import READABLE, Target, resolve
from optiga.pki.public_key_files import load_public_key
from optiga.pki.public_keys import require_chip_key
from optiga.protocol import der
from optiga.protocol.algorithms import CURVES, HASH_SIZES, RSA_KEY_BITS, KeyAlgorithm
from optiga.protocol.codes import ErrorCode
from optiga.protocol.objects import AES, ObjectKind, ObjectRef, Slot

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.protocol.public_key import PublicKey

_CERTIFIED = replace(READABLE, names_slot=True)
_LONGEST_IN_DER = 150
_NO_PARSER = (ErrorCode.INVALID_CERTIFICATE_FORMAT, ErrorCode.UNSUPPORTED_CERTIFICATE)


def digests_of(pieces: Iterable[bytes], hash_name: str | None) -> dict[str, bytes]:
    """Digests of a message by the name of the hash: the one asked for, or all three where the key will tell which.

    :param pieces: of the message, in their order.
    """
    running = {name: hashlib.new(name) for name in ([hash_name] if hash_name else HASH_SIZES)}
    for piece in pieces:
        for one in running.values():
            one.update(piece)
    return {name: one.digest() for name, one in running.items()}


@dataclass(frozen=True)
class Signature:
    """A signature.

    :param content: for EC an ECDSA-Sig-Value in DER, for RSA the signature as it is (RFC 8017, 8.2).
    """

    algorithm: KeyAlgorithm
    hash_name: str
    content: bytes

    @property
    def raw(self) -> bytes:
        """For EC r and s, each as long as a coordinate; for RSA the same as ``content``."""
        if self.algorithm.is_rsa:
            return self.content
        size = CURVES[self.algorithm].coordinate_size
        r, rest = der.take_integer(der.content_of(der.SEQUENCE, self.content))
        return r.to_bytes(size, "big") + der.take_integer(rest)[0].to_bytes(size, "big")

    def encoded(self, form: str) -> bytes:
        """In the form ``der``, ``raw``, or as a line of text of the first in ``hex`` or ``base64``."""
        if form == "raw":
            return self.raw
        if form == "hex":
            return self.content.hex().encode("ascii") + b"\n"
        return base64.b64encode(self.content) + b"\n" if form == "base64" else self.content


def sign_digest(chip: Chip, slot: Slot, digests: Mapping[str, bytes]) -> Signature:
    """Have a slot's key sign. Two exchanges.

    :param digests: of the message, by the name of the hash: one, or all for that of the key.
    :raises ChipError: if the slot holds no key, or the chip refuses.
    """
    key = chip.crypto.key(slot.key_oid)
    name = key.default_hash if len(digests) > 1 else next(iter(digests))
    return Signature(key.algorithm, name, key.sign_digest(digests[name], name))


@dataclass(frozen=True)
class Verifier:
    """Whose signature is to be checked: an object of the chip that holds a certificate, or a key from a file.

    :param name: as the user has named it.
    """

    name: str
    target: Target | None
    key: PublicKey | None


def find_verifier(text: str) -> Verifier:
    """The object or file that a text means: a slot or an object's identifier counts before a file of that name.

    :raises ConfigurationError: if there is no such file or object, or nothing is known of its public key.
    :raises CertificateError: if the file holds neither a public key nor a certificate.
    """
    ref = ObjectRef.find(text)
    if ref is None or text.strip().lower() == AES:  # which has no certificate, so that it names a file
        key = load_public_key(Path(text))
        require_chip_key(key, text)
        return Verifier(text, None, key)
    return Verifier(text, resolve(ref, _CERTIFIED), None)


def verify_on_chip(
    chip: Chip, verifier: Verifier, signature: bytes, digests: Mapping[str, bytes]
) -> tuple[KeyAlgorithm, str]:
    """Have the chip check a signature. One exchange, and two more to read a certificate of its own.

    The chip itself takes the key from an object with one certificate in plain DER, such as a trust anchor. It does not
    parse a TLS identity, which is what a slot mostly holds, nor look into an object for other data: then it is given
    the certificate's key.

    :param signature: in any form that :meth:`Signature.encoded` writes.
    :param digests: as :func:`sign_digest` takes them.
    :returns: algorithm of the key, name of the hash.
    :raises CertificateError: if the signature does not verify or is none of such a key; or there is no certificate.
    :raises ConfigurationError: if the chip knows no such keys.
    :raises ChipError: if the chip refuses for another reason, for example the certificate's key usage.
    """
    key, given = _take_key(chip, verifier)
    algorithm = key.algorithm
    assert algorithm is not None  # noqa: S101 - require_chip_key has refused it
    name = algorithm.hash_name if len(digests) > 1 else next(iter(digests))
    try:
        wire_form = _wire_form(signature, algorithm)
        chip.crypto.verify_digest(cut_digest(digests[name], algorithm), wire_form, given, algorithm.scheme(name))
    except ChipError as error:
        if error.code == ErrorCode.SIGNATURE_VERIFICATION_FAILURE:
            raise CertificateError(
                f"the signature is not valid for the key of {verifier.name} ({algorithm.title}, {name})",
                hint="Use the file, key and hash algorithm of the signer",
                reason=Reason.BAD_SIGNATURE,
            ) from None
        if error.code in _NO_PARSER:
            error.hint = (
                "The chip accepts certificates of at most 1300 bytes with key usage digital signature or cert sign"
            )
        raise
    return algorithm, name


def _take_key(chip: Chip, verifier: Verifier) -> tuple[PublicKey, PublicKey | int]:
    """The public key, and what the command carries of it."""
    if verifier.target is None:
        assert verifier.key is not None  # noqa: S101
        return verifier.key, require_chip_key(verifier.key, verifier.name)
    target = verifier.target
    key = stored_certificate(chip, target).public_key
    given = require_chip_key(key, f"the certificate in {target.info.label}")
    is_apart = target.kind is ObjectKind.DATA
    if target.kind is ObjectKind.CERTIFICATE:
        is_apart = chip.objects.read(target.oid, length=1) != bytes([der.SEQUENCE])
    return key, given if is_apart else target.oid


def _wire_form(signature: bytes, algorithm: KeyAlgorithm) -> bytes:
    """A signature as VerifySign takes it.

    :raises CertificateError: if it is none of such a key in any form.
    """
    for candidate in _readings(signature):
        if algorithm.is_rsa:
            if len(candidate) * 8 == RSA_KEY_BITS[algorithm]:
                return candidate
            continue
        size = CURVES[algorithm].coordinate_size
        try:
            content = der.content_of(der.SEQUENCE, candidate)
            if not der.take_integer(der.take_integer(content)[1])[1]:
                return content
        except ValueError:
            pass
        if len(candidate) == 2 * size:
            numbers = (int.from_bytes(half, "big") for half in (candidate[:size], candidate[size:]))
            return b"".join(map(der.encode_integer, numbers))
    raise CertificateError(
        f"not a signature by a key of type {algorithm.title}",
        hint="The signature may be DER, raw, hex or base64",
        parameter="signature",
    )


def _readings(signature: bytes) -> Iterable[bytes]:
    """What a file with a signature may say: its bytes, or what they are in hex or base64."""
    yield signature
    text = b"".join(signature.split())
    for read in (bytes.fromhex, lambda line: base64.b64decode(line, validate=True)):
        try:
            yield read(text.decode("ascii"))
        except (ValueError, binascii.Error):
            continue


def is_signature_in_der(content: bytes) -> bool:
    """Whether the content of a file is a signature by an EC key in DER."""
    if len(content) > _LONGEST_IN_DER:
        return False
    try:
        _, rest = der.take_integer(der.content_of(der.SEQUENCE, content))
        return not der.take_integer(rest)[1]
    except ValueError:
        return False
