"""Which object and which algorithm a program means, however it names them."""

from __future__ import annotations

import binascii
import re
from typing import Protocol, TypeAlias

from optiga.errors import ConfigurationError, Reason
from optiga.protocol import objects
from optiga.protocol.algorithms import ALGORITHM_NAMES, KeyAlgorithm
from optiga.protocol.objects import Reference
from optiga.protocol.public_key import PublicKey
from optiga.suggestions import suggest

_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----(.*)-----END PUBLIC KEY-----", re.DOTALL)


class HasPublicKey(Protocol):
    """What has a public key, as a :class:`~optiga.Certificate` does."""

    @property
    def public_key(self) -> PublicKey: ...


class HasPublicKeyInfo(Protocol):
    """What has a public key as SubjectPublicKeyInfo in DER, as a generated :class:`~optiga.chip.Key` does."""

    @property
    def public_key_info(self) -> bytes: ...


PublicKeySource: TypeAlias = "PublicKey | HasPublicKey | HasPublicKeyInfo | bytes | str"
"""A public key, what has one, or its SubjectPublicKeyInfo: DER, or PEM as text or bytes."""


def public_key_of(source: PublicKeySource, whose: str, oid: int | None = None) -> PublicKey:
    """The public key meant.

    :param whose: what to call the key in messages.
    :param oid: the object that it is given for.
    :raises ConfigurationError: if it is damaged, or of an algorithm that the chip does not support.
    :raises TypeError: if it is of a type that has none.
    """
    if isinstance(source, PublicKey):
        return source
    if not isinstance(source, (bytes, str)):
        held = getattr(source, "public_key", None)
        if isinstance(held, PublicKey):
            return held
        info = getattr(source, "public_key_info", None)
        if isinstance(info, bytes):
            return public_key_of(info, whose, oid)
        kind = "None" if source is None else type(source).__name__
        raise TypeError(f"{whose} must be a PublicKey, a Certificate, PEM or DER, not {kind}")
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    try:
        pem = _PEM.search(data)
        return PublicKey.from_info(data if pem is None else binascii.a2b_base64(pem[1]))
    except ValueError as error:
        raise ConfigurationError(
            f"{whose}: {error}",
            hint="Give SubjectPublicKeyInfo in DER or PEM (-----BEGIN PUBLIC KEY-----), or a Certificate",
            oid=oid,
        ) from None


def oid_of(reference: Reference) -> int:
    """The object meant, of a slot that of its certificate; an integer is taken as it is, for the chip to judge.

    :raises ConfigurationError: if a text or number names no object, or the slot has none for a certificate.
    :raises TypeError: if it is of a type that names none.
    """
    if type(reference) is int and 0 <= reference <= objects.MAX_OID:  # what the tool itself gives, by the thousand
        return reference
    try:
        return objects.ObjectRef.parse(reference).oid_as(objects.SlotPart.CERTIFICATE)
    except ValueError as error:
        raise ConfigurationError(str(error), hint="Use an OID, such as 0xE0E1") from None


def key_oid_of(reference: Reference) -> int:
    """The key or session meant, of a slot its key; an integer that is none of a slot is taken, for the chip to judge.

    :raises ConfigurationError: if a text names none.
    :raises TypeError: if it is of a type that names none.
    """
    try:
        found = objects.ObjectRef.find(reference)
    except ValueError:
        found = None
    if found and found.slot:
        return found.slot.key_oid
    if type(reference) is int and 0 <= reference <= objects.MAX_OID:
        return reference
    info = objects.OBJECTS.get(found.oid) if found and found.oid is not None else None
    if info is None or not (info.kind.is_key or info.kind is objects.ObjectKind.SESSION):
        names = ", ".join(known.name for known in objects.SLOTS)
        raise ConfigurationError(
            f"{str(reference)!r} is not a slot of the chip{objects.suggest_slot(str(reference))}",
            hint=f"Use one of {names}",
            reason=Reason.NOT_FOUND,
        )
    return info.oid


def algorithm_of(algorithm: KeyAlgorithm | str) -> KeyAlgorithm:
    """The algorithm meant, by its name as in a configuration, ``secp384r1``, ``rsa2048``, or another that it has.

    :raises ConfigurationError: if the chip has no such keys.
    """
    if isinstance(algorithm, KeyAlgorithm):
        return algorithm
    found = KeyAlgorithm.find(algorithm)
    if found is None:
        names = [known.title for known in KeyAlgorithm if known.is_ec or known.is_rsa]
        raise ConfigurationError(
            f"{algorithm!r} is not a key algorithm of the chip{suggest(algorithm, names, ALGORITHM_NAMES)}",
            hint=f"Use one of {', '.join(names)}",
            reason=Reason.UNSUPPORTED,
        )
    return found
