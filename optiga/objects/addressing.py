"""Resolve the name of an object, and check whether an action accepts it: one resolver, one table of reasons.

A name of a slot means its key where an action takes keys, elsewhere the object of its certificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from optiga.errors import ConfigurationError, Reason, naming
from optiga.protocol.models import ALL_OBJECTS
from optiga.protocol.objects import (
    AES,
    OBJECTS,
    SLOTS,
    ObjectInfo,
    ObjectKind,
    ObjectRef,
    Reference,
    Slot,
    SlotPart,
    format_oid,
    parse_oid,
)

DEFAULT_SLOT = "second"

_ALL_BUT_SESSIONS = tuple(kind for kind in ObjectKind if kind is not ObjectKind.SESSION)
_KEYS = tuple(kind for kind in ObjectKind if kind.is_key)
_CERTIFICATES = (ObjectKind.CERTIFICATE, ObjectKind.TRUST_ANCHOR)
_SECRETS = (ObjectKind.DATA, ObjectKind.SECRET)
_FILES = (*_CERTIFICATES, ObjectKind.DATA)

_WHY_NOT_WRITTEN = {
    ObjectKind.SYSTEM: "it belongs to the chip itself",
    ObjectKind.COUNTER: "it is a counter",
    ObjectKind.SECRET: "it is a secret shared with a host, which must not be in a file",
    ObjectKind.EC_KEY: "it is a private key, which only the chip generates",
    ObjectKind.RSA_KEY: "it is a private key, which only the chip generates",
    ObjectKind.SYMMETRIC_KEY: "it is a secret key, which only the chip generates",
    ObjectKind.SESSION: "it is a session's secret, which only the chip knows",
}
_WHY_NOT_READ = {
    ObjectKind.EC_KEY: "an EC key never leaves the chip",
    ObjectKind.RSA_KEY: "an RSA key never leaves the chip",
    ObjectKind.SYMMETRIC_KEY: "a symmetric key never leaves the chip",
    ObjectKind.SESSION: "a session context never leaves the chip",
}
_WHY_NO_SECRET = {ObjectKind.SESSION: "it is a session, which is empty when a command begins"}
_LIST_OBJECTS = naming(
    "Use one of the slots {slots}, or an object that {objects.list_objects} shows",
    slots=", ".join(slot.name for slot in SLOTS if slot.certificate_oid),
)
_LIST_KEYS = naming("To show the properties of the key, use {chip.metadata}")
_SECRET_HINT = "Use a data object of the type pre-shared secret, such as 0xF1D0"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which objects an action takes, and why it takes no others.

    :param kinds: of objects that it takes.
    :param refusal: what is said of another, behind its name.
    :param part: which of a slot's objects the slot's name means; None where names are not taken.
    :param names_slot: whether either identifier of a slot is as good as its name, as where a slot is asked for.
    :param reasons: why those of other kinds are not taken, where more is to be said.
    :param hint: what to name instead; where it is empty, the slots and objects that are taken are listed.
    :param hints: the same for one kind, in place of ``hint``.
    :param tells_certificate: whether somebody who names a slot's key is told where its certificate lies.
    """

    kinds: tuple[ObjectKind, ...]
    refusal: str
    part: SlotPart | None = SlotPart.CERTIFICATE
    names_slot: bool = False
    reasons: Mapping[ObjectKind, str] = field(default_factory=dict)
    hint: str = ""
    hints: Mapping[ObjectKind, str] = field(default_factory=dict)
    tells_certificate: bool = False


ADMINISTERED = Wanted(_ALL_BUT_SESSIONS, "is not an object with data or metadata", hint=_LIST_OBJECTS)
"""What has data or metadata."""

IN_FILE = replace(ADMINISTERED, part=None)
"""What a file with objects of a chip says of: identifiers alone."""

READABLE = Wanted(
    tuple(kind for kind in ObjectKind if kind not in _WHY_NOT_READ),
    "cannot be read",
    reasons=_WHY_NOT_READ,
    hint=_LIST_OBJECTS,
    hints=dict.fromkeys(_KEYS, _LIST_KEYS),
    tells_certificate=True,
)
"""What is read, where its access conditions allow it."""

WRITABLE = Wanted(_FILES, "cannot be written", reasons=_WHY_NOT_WRITTEN, tells_certificate=True)
"""What files are written to."""

DEVICE_CERTIFICATE = Wanted(
    (ObjectKind.CERTIFICATE,),
    "is not an object for a device's certificate",
    hint="Use 0xE0E1, 0xE0E2 or 0xE0E3",
    tells_certificate=True,
)
"""What a device's certificate is written to."""

HOLDS_CERTIFICATE = Wanted(
    _CERTIFICATES,
    "is not an object for a certificate",
    reasons=_WHY_NOT_WRITTEN,
    tells_certificate=True,
)
"""What a certificate or a trust anchor is written to and read from."""

TRUST_ANCHOR = Wanted(_FILES, "does not hold a trust anchor", hint="Use 0xE0E8, 0xE0E9 or 0xE0EF")
"""What holds the certificate of an update's signer."""

SHARED_SECRET = Wanted(_SECRETS, "holds no shared secret", reasons=_WHY_NO_SECRET, hint=_SECRET_HINT)
"""What holds a secret to derive from or to authenticate with; whether its type is the right one, the chip says."""

UPDATE_SECRET = replace(SHARED_SECRET, refusal="does not hold a secret")
"""What holds the secret that an update is encrypted with."""

AUTHORIZATION_REFERENCE = Wanted(
    (ObjectKind.DATA,), "holds no authorization reference", hint="Use a data object, such as 0xF1D0"
)
"""What holds the secret of the condition ``auto``."""

COUNTER = Wanted(
    (ObjectKind.COUNTER, ObjectKind.DATA),
    "is not a counter",
    hint="Use 0xE120 to 0xE123, or a data object of the type up_counter",
)
"""The chip's counters, and data objects, which can be made some."""

KEY = Wanted(
    _KEYS,
    "holds no key",
    SlotPart.KEY,
    hint=f"Use one of {', '.join(slot.name for slot in SLOTS)} and {AES}",
)
"""What holds a key, the AES key among them."""

KEY_PAIR = Wanted(
    (ObjectKind.EC_KEY, ObjectKind.RSA_KEY),
    "is neither a key nor a certificate object of a slot",
    SlotPart.KEY,
    names_slot=True,
    hint=f"Use one of the slots {', '.join(slot.name for slot in SLOTS)}",
)
"""The key of a slot."""


@dataclass(frozen=True, slots=True)
class Target:
    """An object that an action is for.

    :param slot: the slot whose key or certificate the object holds, None for all other objects.
    :param is_slot: whether the slot was chosen, and with it the object; not the object by its OID.
    """

    info: ObjectInfo
    slot: Slot | None
    is_slot: bool = field(default=False, compare=False)

    @property
    def oid(self) -> int:
        return self.info.oid

    @property
    def kind(self) -> ObjectKind:
        return self.info.kind


def resolve(reference: Reference, wanted: Wanted) -> Target:
    """The object that is meant, if an action takes it. No exchange: whether the chip's model has it is asked later.

    :param reference: a text, a number, a slot or an :class:`ObjectRef`: see :meth:`ObjectRef.parse`.
    :param wanted: what the action takes.
    :raises ConfigurationError: if no chip has such an object, or the action does not take it.
    """
    ref = _parse(reference, wanted)
    slot = ref.slot
    if wanted.names_slot and slot is not None:
        ref = ObjectRef(slot)
    try:
        oid = ref.oid_as(wanted.part or SlotPart.KEY)
    except ValueError as error:
        assert slot is not None  # noqa: S101 - only names of slots mean no object
        raise _no_certificate_object(str(error), slot, wanted) from None
    info = ALL_OBJECTS.get(oid)
    if info is None:
        raise _no_object(reference if isinstance(reference, str) else ref.label, wanted, oid)
    target = Target(info, slot, is_slot=ref.oid is None)
    if info.kind not in wanted.kinds:
        raise ConfigurationError(
            _refusal(ref, target, wanted), hint=_what_else(target, wanted), oid=oid, reason=Reason.WRONG_TYPE
        )
    return target


def resolve_slot(reference: Reference) -> Slot:
    """The slot of a name or of either of its identifiers.

    :raises ConfigurationError: if there is none.
    """
    slot = resolve(reference, KEY_PAIR).slot
    assert slot is not None  # noqa: S101 - every key pair of the map is in one
    return slot


def resolve_writable(slot: Reference | None = None, oid: Reference | None = None) -> Target:
    """The object that a file is written to; that of the second slot's certificate where neither is given.

    :param slot: name of a slot, identifier of its key or of its certificate.
    :param oid: the object itself, if it is not a slot's.
    :raises ConfigurationError: if there is no such object, or files are not written to it.
    """
    if oid is None:
        return resolve(DEFAULT_SLOT if slot is None else slot, replace(WRITABLE, names_slot=True))
    if slot is not None:
        raise ConfigurationError("slot and oid are both given", hint="Give one of them", reason=Reason.CONFLICT)
    return resolve(oid, WRITABLE)


def resolve_certificate(slot: Slot, oid: Reference | None) -> Target:
    """The object for the certificate of a slot's key.

    :param oid: the object, where it is not the slot's own.
    :raises ConfigurationError: if there is none, or it is none for a device's certificate.
    """
    return Target(resolve(slot if oid is None else oid, DEVICE_CERTIFICATE).info, slot)


def _parse(reference: Reference, wanted: Wanted) -> ObjectRef:
    """What is referred to, where an action takes such references."""
    if wanted.part is None and isinstance(reference, str) and parse_oid(reference) is None:
        raise _no_object(reference, wanted)
    try:
        ref = ObjectRef.parse(reference)
    except ValueError as error:
        raise ConfigurationError(str(error), hint=_what_is_taken(wanted), reason=Reason.NOT_FOUND) from None
    if wanted.part is None and ref.oid is None:
        raise _no_object(ref.label, wanted)
    return ref


def _no_object(name: str, wanted: Wanted, oid: int | None = None) -> ConfigurationError:
    return ConfigurationError(
        f"{name!r} is not an OID of the chip",
        hint=_what_is_taken(wanted),
        oid=oid,
        reason=Reason.NOT_FOUND,
    )


def _refusal(ref: ObjectRef, target: Target, wanted: Wanted) -> str:
    """What an object is, and that it is not taken."""
    reason = wanted.reasons.get(target.kind, "")
    name = f" ({target.info.name})" if not reason else ""
    if ref.oid is None:
        name = f" ({wanted.part.value if wanted.part else ''} of slot {ref.label})"
    return f"{target.info.label}{name} {wanted.refusal}" + (f": {reason}" if reason else "")


def _what_else(target: Target, wanted: Wanted) -> str:
    """What to name in place of an object that is not taken."""
    slot = target.slot
    if wanted.tells_certificate and slot is not None and slot.certificate_oid is not None:
        return f"The key's certificate is in {format_oid(slot.certificate_oid)} (slot {slot.name})"
    return wanted.hints.get(target.kind) or _what_is_taken(wanted)


def _no_certificate_object(message: str, slot: Slot, wanted: Wanted) -> ConfigurationError:
    """The error for a slot that has a key alone, where its name means the certificate."""
    key = ALL_OBJECTS[slot.key_oid]
    if ObjectKind.CERTIFICATE not in wanted.kinds:
        return ConfigurationError(
            f"slot {slot.name} {wanted.refusal}", hint=_what_is_taken(wanted), oid=key.oid, reason=Reason.WRONG_TYPE
        )
    if key.kind in wanted.kinds:
        hint = f"Give the key by its OID: {key.label}"
    else:
        others = ", 0xE0E3 or 0xF1E0" if ObjectKind.DATA in wanted.kinds else " or 0xE0E3"
        hint = f"Give an object by its OID: 0xE0E1, 0xE0E2{others}"
    return ConfigurationError(message, hint=hint, oid=key.oid, parameter="oid", reason=Reason.WRONG_TYPE)


def _what_is_taken(wanted: Wanted) -> str:
    """The slots and objects that an action takes."""
    if wanted.hint:
        return wanted.hint
    slots = ", ".join(slot.name for slot in SLOTS if wanted.part is SlotPart.KEY or slot.certificate_oid)
    return f"Use one of the slots {slots}, or one of the objects {_list_objects(wanted.kinds)}"


def _list_objects(kinds: tuple[ObjectKind, ...]) -> str:
    """The objects of some kinds as people write them, runs of identifiers as ranges."""
    runs: list[list[int]] = []
    for info in OBJECTS.values():
        if info.kind in kinds:
            if runs and runs[-1][-1] == info.oid - 1 and OBJECTS[runs[-1][-1]].kind is info.kind:
                runs[-1].append(info.oid)
            else:
                runs.append([info.oid])
    return ", ".join(format_oid(run[0]) + (f"-{format_oid(run[-1])}" if len(run) > 1 else "") for run in runs)


def missing_on_new_chip(oid: int | None, missing: str = "") -> str:
    """What a new chip has not in an object for a key or a certificate, but those of the first slot: ``no key in
    0xE0F1``; empty for any other.

    :param missing: what it is of which that is known otherwise, for example ``no secret``.
    """
    if missing:
        return missing if oid is None else f"{missing} in {format_oid(oid)}"
    info = None if oid is None else OBJECTS.get(oid)
    if info is None or info.oid in (SLOTS[0].key_oid, SLOTS[0].certificate_oid):
        return ""
    if info.kind.is_key:
        return f"no key in {info.label}"
    return f"no certificate in {info.label}" if info.kind in _CERTIFICATES else ""


def may_mean(text: str, oid: int) -> bool:
    """Whether a text refers to an object: by its OID, or as the slot that it belongs to."""
    ref = ObjectRef.find(text)
    slot = ref.slot if ref else None
    return oid in (slot.key_oid, slot.certificate_oid) if slot else ref is not None and ref.oid == oid


def is_reference(text: str) -> bool:
    """Whether a text is the name of a slot or the identifier of an object, of any kind."""
    return ObjectRef.find(text) is not None
