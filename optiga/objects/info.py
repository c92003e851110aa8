"""What a chip is and what its slots hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from optiga.chip.unusable import find_unusable
from optiga.errors import ChipError
from optiga.objects.firmware import identify_firmware
from optiga.objects.stored import decode_stored, is_empty, read_stored
from optiga.pki.certificate import Certificate
from optiga.protocol.codes import ErrorCode, life_cycle_word
from optiga.protocol.models import MARKED_OBJECT, TRUST_M_V3, find_configuration, find_model
from optiga.protocol.objects import LCS_APPLICATION, LCS_GLOBAL, SECURITY_EVENT_COUNTER, SLOTS, Slot, format_oid
from optiga.protocol.uid import Uid
from optiga.results import ABSENT, keyed, named, there_with

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.chip.unusable import Unusable
    from optiga.protocol.metadata import Metadata
    from optiga.protocol.models import Model

_NOT_TO_BE_HAD = (ErrorCode.INVALID_OID, ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
_MAY_BE_UNUSABLE = (ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED, ErrorCode.INVALID_METADATA)


@dataclass(frozen=True, slots=True)
class KeyInformation:
    """The key in a slot. SRM, tables "Metadata associated with data and key objects" and "Key usage identifier".

    :param algorithm: for example ``secp256r1``.
    :param usage: what it may be used for: ``authentication``, ``encryption``, ``signature``, ``key_agreement``.
    :param life_cycle: of its object: ``creation``, ``initialization``, ``operational``, ``termination``.
    """

    algorithm: str
    usage: tuple[str, ...]
    life_cycle: str


@dataclass(frozen=True, slots=True)
class CertificateInformation:
    """The certificate that an object of a slot holds; of a chain the leaf.

    :param size: bytes of all that the object holds.
    :param chain: number of certificates there.
    :param subject: as RFC 4514 has it, and so is ``issuer``.
    :param serial: in hex, whole bytes.
    :param public_key: its algorithm, for example ``secp256r1``.
    :param not_before: from when on it is valid, UTC, and so is ``not_after``, until when.
    :param expired: whether it was no longer valid at the time that was asked for.
    """

    size: int
    chain: int
    subject: str
    issuer: str
    serial: str
    public_key: str
    not_before: datetime
    not_after: datetime
    expired: bool


@dataclass(frozen=True, slots=True)
class UnreadCertificate:
    """What an object of a slot holds where that is no certificate, or is not to be read.

    :param size: bytes of it; None where its metadata do not tell.
    :param error: why there is no certificate, in a few words.
    """

    size: int | None
    error: str


@dataclass(frozen=True, slots=True)
class SlotInformation:
    """What a slot holds.

    :param key_oid: object of its key, for example ``0xE0F1``.
    :param key: None if there is none yet.
    :param certificate_oid: object of its certificate; None for the slots of RSA keys, which have none.
    :param certificate: None if there is none yet.
    """

    key_oid: str
    key: KeyInformation | None
    certificate_oid: str | None = field(default=None, metadata=ABSENT)
    certificate: CertificateInformation | UnreadCertificate | None = field(
        default=None, metadata=there_with("certificate_oid")
    )


@dataclass(frozen=True, slots=True)
class LifeCycleInformation:
    """Life cycle states of the chip (0xE0C0) and of its application (0xF1C0); None where that does not tell."""

    global_: str | None = field(default=None, metadata=named("global") | ABSENT)
    application: str | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, slots=True)
class UnusableObject:
    """An object that the chip neither reads nor uses, whatever its access conditions say.

    :param problem: why, one sentence without the full stop.
    :param ways_out: what to do, one sentence without the full stop.
    """

    oid: str
    problem: str
    ways_out: str


@dataclass(frozen=True, slots=True)
class ChipInformation:
    """Identity, life cycle and slots of a chip.

    :param uid: its 27 bytes in hex (SRM, "Coprocessor UID"), and in ``uid_fields`` what they say.
    :param model: for example ``OPTIGA Trust M V3``.
    :param firmware: its version and build, for example ``3.02.2564``.
    :param security_event_counter: its value, 0 to 255 (SRM, "Security event counter"); None where it does not tell.
    :param slots: those that it has, by their names, in their order.
    :param unusable: objects of slots that the chip neither reads nor uses.
    """

    uid: str
    uid_fields: Uid
    model: str
    firmware: str
    life_cycle: LifeCycleInformation
    security_event_counter: int | None = field(metadata=ABSENT)
    slots: Mapping[str, SlotInformation] = field(metadata=keyed(*(slot.name for slot in SLOTS)))
    unusable: tuple[UnusableObject, ...] = field(default=(), metadata=ABSENT)


def chip_information(
    chip: Chip, *, now: datetime | None = None, see: Callable[[str, Certificate], None] = lambda _slot, _leaf: None
) -> ChipInformation:
    """Identity, life cycle and slots of a chip. About twenty exchanges.

    Objects that the chip's model does not have, or does not let be read, are left out.

    :param now: the time that validity is judged at.
    :param see: called with the name of each slot that holds a certificate, and with that certificate.
    :raises ChipError: if the chip refuses for other reasons.
    """
    uid = chip.uid
    firmware = identify_firmware(uid.firmware_build)
    model = find_model(uid.firmware_build)
    title = _configuration(chip, model) or firmware.model
    states = LifeCycleInformation(_life_cycle(chip, LCS_GLOBAL), _life_cycle(chip, LCS_APPLICATION))
    counter = _read(chip, SECURITY_EVENT_COUNTER)
    moment = now or datetime.now(timezone.utc)
    there = (slot for slot in SLOTS if model is None or slot.key_oid in model.objects)
    unusable: list[Unusable] = []
    slots = ((slot.name, _describe_slot(chip, slot, moment, see, unusable)) for slot in there)
    return ChipInformation(
        uid=uid.hex,
        uid_fields=uid,
        model=title,
        firmware=firmware.version,
        life_cycle=states,
        security_event_counter=counter[0] if counter else None,
        slots={name: slot for name, slot in slots if slot},
        unusable=tuple(UnusableObject(format_oid(one.oid), one.problem, one.ways_out) for one in unusable),
    )


def _configuration(chip: Chip, model: Model | None) -> str | None:
    """Title of the configuration that a Trust M V3 has from Infineon; None if it has none. One exchange for a V3."""
    if model is not TRUST_M_V3:
        return None
    try:
        configuration = find_configuration(chip.objects.metadata(MARKED_OBJECT))
    except ChipError as error:
        if error.code in _NOT_TO_BE_HAD:
            return None
        raise
    return configuration.title if configuration else None


def _life_cycle(chip: Chip, oid: int) -> str | None:
    """The word for a life cycle state; None if the chip does not tell it."""
    state = _read(chip, oid)
    return life_cycle_word(state[0]) if state else None


def _describe_slot(
    chip: Chip, slot: Slot, now: datetime, see: Callable[[str, Certificate], None], unusable: list[Unusable]
) -> SlotInformation | None:
    """What a slot holds; None if the chip does not have it.

    :param unusable: takes the objects of it that the chip neither reads nor uses.
    """
    try:
        metadata = chip.objects.metadata(slot.key_oid)
    except ChipError as error:
        if error.code in _NOT_TO_BE_HAD:
            return None
        raise
    if found := find_unusable(slot.key_oid, metadata):
        unusable.append(found)
    key_oid, key = format_oid(slot.key_oid), _describe_key(metadata)
    if slot.certificate_oid is None:
        return SlotInformation(key_oid, key)
    certificate = _describe_certificate(chip, slot.certificate_oid, now, partial(see, slot.name), unusable)
    return SlotInformation(key_oid, key, format_oid(slot.certificate_oid), certificate)


def _describe_certificate(
    chip: Chip, oid: int, now: datetime, see: Callable[[Certificate], None], unusable: list[Unusable]
) -> CertificateInformation | UnreadCertificate | None:
    """A slot's certificate; None if there is none."""
    try:
        return _describe_stored(read_stored(chip, oid), now, see)
    except ChipError as error:
        if error.code == ErrorCode.INVALID_OID:
            return None
        if error.code not in _MAY_BE_UNUSABLE:
            raise
        metadata = chip.objects.metadata(oid)
        if found := find_unusable(oid, metadata):
            unusable.append(found)
            return UnreadCertificate(metadata.used_size, found.state)
        if error.code not in _NOT_TO_BE_HAD:
            raise
        condition = metadata.in_words().get("read", "never")
        return UnreadCertificate(metadata.used_size, f"not readable, its read access condition is {condition}")


def _read(chip: Chip, oid: int) -> bytes | None:
    """Data of an object; None if the chip does not have it or does not let it be read."""
    try:
        return chip.objects.read(oid)
    except ChipError as error:
        if error.code in _NOT_TO_BE_HAD:
            return None
        raise


def _describe_key(metadata: Metadata) -> KeyInformation | None:
    """A slot's key; None if there is none yet."""
    if metadata.algorithm is None:
        return None
    usage = tuple(metadata.key_usage.words)
    return KeyInformation(metadata.algorithm.title, usage, life_cycle_word(metadata.state))


def _describe_stored(
    data: bytes, now: datetime, see: Callable[[Certificate], None]
) -> CertificateInformation | UnreadCertificate | None:
    """The certificate in an object's data; None if there is none."""
    if is_empty(data):
        return None
    try:
        chain = decode_stored(data, Certificate.parse_leniently)
    except ValueError as error:
        return UnreadCertificate(len(data), str(error))
    leaf = chain[0]
    see(leaf)
    return CertificateInformation(
        size=len(data),
        chain=len(chain),
        subject=leaf.subject,
        issuer=leaf.issuer,
        serial=leaf.serial_text,
        public_key=leaf.public_key.title,
        not_before=leaf.not_before,
        not_after=leaf.not_after,
        expired=now > leaf.not_after,
    )
