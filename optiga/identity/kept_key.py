"""A CSR for a key that is in its slot already: no key is made, and nothing on the chip changes.

A chip tells a public key only when it makes the pair. Later it is taken from the slot's certificate, or given; that it
is the key's is proven by the CSR itself, whose signature it has to verify.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from optiga.chip.unusable import find_unusable
from optiga.errors import CertificateError, ChipError, ConfigurationError, Reason, naming
from optiga.identity.configuration import CAN_SIGN
from optiga.identity.csr import Csr, sign_csr
from optiga.objects.access import check_counted
from optiga.objects.stored import read_certificates
from optiga.pki.certificate import Certificate
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.conditions import NEVER
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import format_oid
from optiga.protocol.rules.known import access_now
from optiga.results import OID

if TYPE_CHECKING:
    from optiga.chip import Chip, Key
    from optiga.identity.configuration import Configuration
    from optiga.protocol.codes import KeyUsage
    from optiga.protocol.objects import Slot
    from optiga.protocol.public_key import PublicKey


class KnownKey(NamedTuple):
    """A public key, and where it is from.

    :param source: for messages, for example ``the certificate in 0xE0E1``.
    """

    public_key: PublicKey
    source: str


@dataclass(frozen=True, slots=True)
class KeptKeyRehearsal:
    """What ``--csr --keep-key`` would do.

    :param slot: name of the slot, for example ``second``.
    :param key_oid: the object of its key.
    :param algorithm: of the key, for example ``secp256r1``.
    :param usage: what the key may be used for: ``authentication``, ``signature`` …
    :param public_key_source: what the public key would be taken from.
    """

    slot: str
    key_oid: int = field(metadata=OID)
    algorithm: str
    usage: tuple[str, ...]
    public_key_source: str


def check_kept_key(known: KnownKey, configuration: Configuration) -> None:
    """Refuse a public key that is of another algorithm than a configuration asks for. No exchange.

    :raises CertificateError: if it is.
    """
    public_key, wanted = known.public_key, configuration.algorithm
    if public_key.algorithm is not wanted:
        raise CertificateError(
            f"{known.source} has a key {public_key.title}, but the configuration asks for {wanted.title}",
            hint="Change the configuration, or give the right key",
            reason=Reason.MISMATCH,
        )


def create_csr_of_kept_key(chip: Chip, configuration: Configuration, known: KnownKey | None = None) -> Csr:
    """Have the key in the configured slot sign a request for itself.

    Two exchanges, and those that read the slot's certificate where no public key is given; one more where the UID
    stands in the request. The configuration's usage of the key does not count: the key has one.

    :param known: the public key, if the slot's certificate does not tell it.
    :raises ConfigurationError: if the chip's model lacks what but the configuration asks for, or the key has another
        algorithm or cannot sign.
    :raises ChipError: if there is no key, or the chip refuses.
    :raises CertificateError: if the slot has no certificate, or the public key is not that of the key.
    """
    key, found, _ = _find(chip, configuration, known)
    uid = chip.uid.hex if configuration.needs_uid else ""
    key.public_key = found.public_key.bit_string
    try:
        return sign_csr(key, configuration, uid)
    except CertificateError as error:
        if error.reason is not Reason.BAD_SIGNATURE:
            raise
        raise CertificateError(
            f"{found.source} is not the public key of {format_oid(key.oid)}: it does not verify the key's signature",
            hint=naming("{give}. No CSR was written", give=_give(key.oid)),
            oid=key.oid,
            reason=Reason.MISMATCH,
        ) from None


def rehearse_kept_key(chip: Chip, configuration: Configuration, known: KnownKey | None = None) -> KeptKeyRehearsal:
    """Look at what :func:`create_csr_of_kept_key` would do; the key does not sign.

    :raises OptigaError: as :func:`create_csr_of_kept_key` does, but that the public key does not belong to it is
    not found.
    """
    key, found, usage = _find(chip, configuration, known)
    return KeptKeyRehearsal(
        configuration.slot.name, key.oid, configuration.algorithm.title, tuple(usage.words), found.source
    )


def _find(chip: Chip, configuration: Configuration, known: KnownKey | None) -> tuple[Key, KnownKey, KeyUsage]:
    """The key, its public key, and what it may be used for, once all is known that can be without a signature."""
    slot, algorithm = configuration.slot, configuration.algorithm
    chip.require(CommandCode.CALC_SIGN, algorithm.scheme(configuration.hash_name))
    usage = _check_key(chip, configuration)
    found = known or _certified(chip, slot)
    check_kept_key(found, configuration)
    return chip.key(slot.key_oid, algorithm), found, usage


def _check_key(chip: Chip, configuration: Configuration) -> KeyUsage:
    """What a slot's key may be used for; refuses one that cannot sign what but the configuration asks for."""
    oid, wanted = configuration.slot.key_oid, configuration.algorithm
    metadata = chip.objects.metadata(oid)
    label = f"{format_oid(oid)} (slot {configuration.slot.name})"
    if unusable := find_unusable(oid, metadata):
        raise unusable.error(chip.port)
    if metadata.algorithm is None:
        raise ChipError(
            f"{label} has no key yet",
            hint=naming("To generate a key, omit {keep_key}"),
            port=chip.port,
            oid=oid,
            reason=Reason.NOT_FOUND,
        )
    if metadata.algorithm is not wanted:
        raise ConfigurationError(
            f"the key in {label} is {metadata.algorithm.title}, but the configuration asks for {wanted.title}",
            hint="Change the configuration, or use another slot",
            oid=oid,
            reason=Reason.MISMATCH,
        )
    if not metadata.key_usage & CAN_SIGN:
        words = ", ".join(metadata.key_usage.words) or "nothing"
        raise ConfigurationError(
            f"the key in {label} cannot sign a CSR: its usage is {words}, without authentication and signature",
            hint="Use another slot",
            oid=oid,
            reason=Reason.DENIED,
        )
    if access_now(metadata, Tag.EXECUTE) == NEVER:
        raise ConfigurationError(
            f"the key in {label} cannot be used: its metadata have execute: never",
            hint="Use another slot",
            oid=oid,
            reason=Reason.DENIED,
        )
    check_counted(chip, oid, metadata, Tag.EXECUTE, uses=1)
    return metadata.key_usage


def _certified(chip: Chip, slot: Slot) -> KnownKey:
    """The public key in the certificate of a slot, the leaf where there is a chain."""
    oid = slot.certificate_oid
    if oid is None:
        raise CertificateError(
            f"slot {slot.name} has no object for a certificate, so its public key is unknown",
            hint=_give(slot.key_oid),
            oid=slot.key_oid,
            reason=Reason.MISSING,
        )
    try:
        stored = read_certificates(chip, oid, hint=_give(slot.key_oid), parse=Certificate.parse_leniently)
    except ChipError as error:
        if error.code == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            error.advise(_give(slot.key_oid), first=True)
        raise
    except CertificateError as error:
        error.hint = error.hint or _give(slot.key_oid)
        raise
    return KnownKey(stored[0].public_key, f"the certificate in {format_oid(oid)}")


def _give(oid: int) -> str:
    """What to do where the chip does not tell a public key."""
    return naming("Give the public key of {key_oid} with {public_key=FILE}", key_oid=format_oid(oid))
