"""What a chip is and what its slots hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeAlias

from optiga.chip.abilities import objects_of
from optiga.chip.unusable import find_unusable
from optiga.errors import ChipError
from optiga.files.activity import each
from optiga.objects.firmware import identify_firmware
from optiga.objects.stored import decode_stored, is_empty, read_stored
from optiga.pki.certificate import Certificate
from optiga.protocol.codes import ErrorCode, life_cycle_word
from optiga.protocol.metadata import Tag
from optiga.protocol.models import MARKED_OBJECT, TRUST_M_V3, find_configuration, find_model
from optiga.protocol.objects import (
    LCS_APPLICATION,
    LCS_GLOBAL,
    SECURITY_EVENT_COUNTER,
    SLOTS,
    ObjectKind,
    Slot,
    format_oid,
)
from optiga.protocol.rules.known import is_counted
from optiga.protocol.uid import Uid
from optiga.results import ABSENT, HIDDEN, keyed, named, there_with

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.chip.unusable import Unusable
    from optiga.protocol.metadata import Metadata
    from optiga.protocol.models import Model

_NOT_UPDATED = (ObjectKind.SYSTEM, ObjectKind.SESSION)
_NOT_TO_BE_HAD = (ErrorCode.INVALID_OID, ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)


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
    :param is_ahead: whether it was not valid yet.
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
    is_ahead: bool = field(default=False, metadata=HIDDEN)


@dataclass(frozen=True, slots=True)
class UnreadCertificate:
    """What an object of a slot holds where that is no certificate, or may not be read.

    :param size: bytes of it; None where its metadata do not tell.
    :param error: why there is no certificate, in a few words.
    """

    size: int | None
    error: str


@dataclass(frozen=True, slots=True)
class KeyMatch:
    """Whether a certificate is of the slot's key.

    :param is_match: False if it is of another slot's key; None if the key could not be asked.
    :param text: what was found out, one sentence without the full stop; it names the key.
    """

    is_match: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class SlotInformation:
    """What a slot holds.

    :param key_oid: object of its key, for example ``0xE0F1``.
    :param key: None if there is none yet.
    :param certificate_oid: object of its certificate; None for the slots of RSA keys, which have none.
    :param certificate: None if there is none yet.
    :param key_match: whether the certificate is of the slot's key, or of one that has no certificate object, as in the
        slots five and six; None where there is no certificate, or the key was not asked.
    :param key_note: which key it is of, or why that is not known, one sentence without the full stop.
    """

    key_oid: str
    key: KeyInformation | None
    certificate_oid: str | None = field(default=None, metadata=ABSENT)
    certificate: CertificateInformation | UnreadCertificate | None = field(
        default=None, metadata=there_with("certificate_oid")
    )
    key_match: bool | None = field(default=None, metadata=there_with("certificate_oid"))
    key_note: str | None = field(default=None, metadata=ABSENT)


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
    :param unusable: objects that the chip neither reads nor uses, by their identifiers.
    """

    uid: str
    uid_fields: Uid
    model: str
    firmware: str
    life_cycle: LifeCycleInformation
    security_event_counter: int | None = field(metadata=ABSENT)
    slots: Mapping[str, SlotInformation] = field(metadata=keyed(*(slot.name for slot in SLOTS)))
    unusable: tuple[UnusableObject, ...] = field(default=(), metadata=ABSENT)


Prove: TypeAlias = "Callable[[Slot, Metadata, Certificate], KeyMatch]"
"""Finds out whether a slot's certificate is of its key, whose metadata are given, or of another one on the chip."""


@dataclass(frozen=True, slots=True)
class _Looking:
    """How the slots are looked at.

    :param now: the time that validity is judged at.
    :param unusable: takes the objects that the chip neither reads nor uses.
    """

    chip: Chip
    now: datetime
    see: Callable[[str, Certificate], None]
    prove: Prove | None
    unusable: list[Unusable] = field(default_factory=list)


def chip_information(
    chip: Chip,
    *,
    now: datetime | None = None,
    see: Callable[[str, Certificate], None] = lambda _slot, _leaf: None,
    prove: Prove | None = None,
    slots: Collection[str] | None = None,
) -> ChipInformation:
    """Identity, life cycle and slots of a chip. About fifty exchanges; without slots five.

    Objects that the chip's model does not have are left out. A certificate whose reading a counter limits is not read.

    :param now: the time that validity is judged at.
    :param prove: finds out for each slot with a certificate whether that is of its key; None to leave it open.
    :param see: called with the name of each slot that holds a certificate, and with that certificate.
    :param slots: names of the slots that are looked at; None for all, and for all other objects.
    :raises ChipError: if the chip refuses for other reasons.
    """
    uid = chip.uid
    firmware = identify_firmware(uid.firmware_build)
    model = find_model(uid.firmware_build)
    title = _configuration(chip, model) or firmware.model
    states = LifeCycleInformation(_life_cycle(chip, LCS_GLOBAL), _life_cycle(chip, LCS_APPLICATION))
    counter = _read(chip, SECURITY_EVENT_COUNTER)
    there = [slot for slot in SLOTS if model is None or slot.key_oid in model.objects]
    there = [slot for slot in there if slots is None or slot.name in slots]
    looking = _Looking(chip, now or datetime.now(timezone.utc), see, prove)
    parts: list[Slot | int] = [*there, *(_others(chip) if slots is None else ())]
    described: list[tuple[str, SlotInformation | None]] = []
    for part in each("Reading slots and objects", parts):
        if isinstance(part, Slot):
            described.append((part.name, _describe_slot(looking, part)))
        else:
            _look_at(looking, part)
    unusable = sorted(looking.unusable, key=lambda one: one.oid)
    return ChipInformation(
        uid=uid.hex,
        uid_fields=uid,
        model=title,
        firmware=firmware.version,
        life_cycle=states,
        security_event_counter=counter[0] if counter else None,
        slots={name: slot for name, slot in described if slot},
        unusable=tuple(UnusableObject(format_oid(one.oid), one.problem, one.ways_out) for one in unusable),
    )


def _others(chip: Chip) -> list[int]:
    """Objects outside of slots that can have become unusable."""
    of_slots = {oid for slot in SLOTS for oid in (slot.key_oid, slot.certificate_oid)}
    return [oid for oid, info in objects_of(chip).items() if oid not in of_slots and info.kind not in _NOT_UPDATED]


def _look_at(looking: _Looking, oid: int) -> None:
    """See whether the chip neither reads nor uses an object. One exchange."""
    metadata = _metadata(looking.chip, oid)
    if metadata is not None and (found := find_unusable(oid, metadata)):
        looking.unusable.append(found)


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


def _describe_slot(looking: _Looking, slot: Slot) -> SlotInformation | None:
    """What a slot holds; None if the chip does not have it."""
    metadata = _metadata(looking.chip, slot.key_oid)
    if metadata is None:
        return None
    if found := find_unusable(slot.key_oid, metadata):
        looking.unusable.append(found)
    key_oid, key = format_oid(slot.key_oid), _describe_key(metadata)
    held = None if slot.certificate_oid is None else _metadata(looking.chip, slot.certificate_oid)
    if slot.certificate_oid is None or held is None:
        return SlotInformation(key_oid, key)
    label = format_oid(slot.certificate_oid)
    data = _read_certificate(looking, slot.certificate_oid, held)
    if isinstance(data, UnreadCertificate):
        return SlotInformation(key_oid, key, label, data)
    if is_empty(data):
        return SlotInformation(key_oid, key, label, None)
    try:
        chain = decode_stored(data, Certificate.parse_leniently)
    except ValueError as error:
        return SlotInformation(key_oid, key, label, UnreadCertificate(len(data), str(error)))
    looking.see(slot.name, chain[0])
    match = KeyMatch(None, "") if looking.prove is None else looking.prove(slot, metadata, chain[0])
    certificate = _describe_certificate(chain, len(data), looking.now)
    return SlotInformation(key_oid, key, label, certificate, match.is_match, match.text or None)


def _metadata(chip: Chip, oid: int) -> Metadata | None:
    """Metadata of an object; None if the chip does not have it."""
    try:
        return chip.objects.metadata(oid)
    except ChipError as error:
        if error.code in _NOT_TO_BE_HAD:
            return None
        raise


def _read_certificate(looking: _Looking, oid: int, metadata: Metadata) -> bytes | UnreadCertificate:
    """Data of a slot's certificate, of one that holds none a part; or why they are not read."""
    if found := find_unusable(oid, metadata):
        looking.unusable.append(found)
        return UnreadCertificate(metadata.used_size, found.state)
    if metadata.used_size == 0:
        return b""
    condition = metadata.in_words().get("read", "never")
    if is_counted(metadata, Tag.READ):
        return UnreadCertificate(
            metadata.used_size,
            f"not read, because a counter would count the read: its read access condition is {condition}",
        )
    try:
        return read_stored(looking.chip, oid)
    except ChipError as error:
        if error.code not in _NOT_TO_BE_HAD:
            raise
        return UnreadCertificate(metadata.used_size, f"not readable: its read access condition is {condition}")


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


def _describe_certificate(chain: list[Certificate], size: int, now: datetime) -> CertificateInformation:
    """The certificate of a slot.

    :param chain: leaf first.
    :param size: bytes of all that the object holds.
    """
    leaf = chain[0]
    return CertificateInformation(
        size=size,
        chain=len(chain),
        subject=leaf.subject,
        issuer=leaf.issuer,
        serial=leaf.serial_text,
        public_key=leaf.public_key.title,
        not_before=leaf.not_before,
        not_after=leaf.not_after,
        expired=now > leaf.not_after,
        is_ahead=now < leaf.not_before,
    )
