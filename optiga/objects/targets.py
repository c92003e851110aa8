"""Which object of the chip a slot or an identifier on the command line means, and whether it may be read or written."""

from __future__ import annotations

from dataclasses import dataclass

from optiga.errors import ConfigurationError
from optiga.protocol.models import ALL_OBJECTS
from optiga.protocol.objects import OBJECTS, SLOTS, ObjectInfo, ObjectKind, Slot, find_slot, format_oid, parse_oid

DEFAULT_SLOT = "second"

_WRITABLE = (ObjectKind.CERTIFICATE, ObjectKind.TRUST_ANCHOR, ObjectKind.DATA)
_UNREADABLE = (ObjectKind.EC_KEY, ObjectKind.RSA_KEY, ObjectKind.SYMMETRIC_KEY, ObjectKind.SESSION)
WHY_NOT_WRITTEN = {
    ObjectKind.SYSTEM: "is the chip's own",
    ObjectKind.COUNTER: "is a counter",
    ObjectKind.SECRET: "is a secret shared with a host, which a file must not hold",
    ObjectKind.EC_KEY: "is a private key, which the chip makes itself",
    ObjectKind.RSA_KEY: "is a private key, which the chip makes itself",
    ObjectKind.SYMMETRIC_KEY: "is a secret key, which the chip makes itself",
    ObjectKind.SESSION: "is a session's secret, which only the chip knows",
}
"""Why a file is not written to objects of a kind."""


@dataclass(frozen=True)
class Target:
    """An object to read or write.

    :param slot: the slot whose certificate the object holds, None for all other objects.
    """

    info: ObjectInfo
    slot: Slot | None

    @property
    def oid(self) -> int:
        return self.info.oid

    @property
    def kind(self) -> ObjectKind:
        return self.info.kind


def resolve_writable(slot: str | None = None, oid: str | None = None) -> Target:
    """The object that ``--slot`` or ``--id`` names; that of the second slot where neither is given.

    :param slot: name of a slot, identifier of its key or of its certificate.
    :param oid: identifier of an object.
    :raises ConfigurationError: if there is no such object, or files are not written to it.
    """
    if slot is not None and oid is not None:
        raise ConfigurationError("--slot and --id both name an object", hint="Give one of them")
    if oid is not None:
        target = _find_object(oid)
    else:
        name = DEFAULT_SLOT if slot is None else slot
        found = find_slot(name)
        target = _find_object(name) if found is None else _certificate_of(found)
    if target.kind not in _WRITABLE:
        raise ConfigurationError(
            f"{target.info.label} cannot be written: it {WHY_NOT_WRITTEN[target.kind]}",
            hint=_slot_hint(target.oid) or f"Files are written to {_list_objects(_WRITABLE)}",
            oid=target.oid,
        )
    return target


def resolve_slot(text: str) -> Slot:
    """The slot of a name or of either of its identifiers.

    :raises ConfigurationError: if there is none.
    """
    found = find_slot(text)
    if found is None:
        names = ", ".join(slot.name for slot in SLOTS)
        raise ConfigurationError(f"{text!r} is not a slot of the chip", hint=f"There are {names}")
    return found


def resolve_readable(text: str) -> Target:
    """The object that ``--read`` names: an object identifier, or a slot for its certificate.

    :raises ConfigurationError: if there is no such object, or nothing is ever read from it.
    """
    found = find_slot(text) if parse_oid(text) is None else None
    target = _find_object(text) if found is None else _certificate_of(found)
    if target.kind in _UNREADABLE:
        raise ConfigurationError(
            f"{target.info.label} cannot be read: {_article(target.kind)} {target.kind.value} never leaves the chip",
            hint=_slot_hint(target.oid)
            or ("'key list' shows what there is to know of it" if target.info.kind.is_key else ""),
            oid=target.oid,
        )
    return target


def resolve_certificate(slot: Slot, oid: str | None) -> Target:
    """The object for the certificate of a slot's key.

    :param oid: its identifier, where it is not the slot's own.
    :raises ConfigurationError: if there is none, or it is none for a device's certificate.
    """
    if oid is None:
        if slot.certificate_oid is None:
            raise ConfigurationError(
                f"slot {slot.name} has a key ({format_oid(slot.key_oid)}) but no object for its certificate",
                hint="Name one with --id: 0xE0E1, 0xE0E2 or 0xE0E3",
                oid=slot.key_oid,
            )
        oid = format_oid(slot.certificate_oid)
    found = resolve_writable(oid=oid)
    if found.kind is not ObjectKind.CERTIFICATE:
        raise ConfigurationError(
            f"{found.info.label} is no object for a device's certificate",
            hint="Those are 0xE0E1, 0xE0E2 and 0xE0E3",
            oid=found.oid,
        )
    return Target(found.info, slot)


def _find_object(text: str) -> Target:
    oid = parse_oid(text)
    info = None if oid is None else ALL_OBJECTS.get(oid)
    if info is None:
        what = "neither a slot nor the identifier of an object" if oid is None else "not an object of the chip"
        slots = ", ".join(slot.name for slot in SLOTS if slot.certificate_oid)
        raise ConfigurationError(
            f"{text!r} is {what}", hint=f"There are the slots {slots}, and the objects {_list_objects(_WRITABLE)}"
        )
    return Target(info, next((slot for slot in SLOTS if slot.certificate_oid == info.oid), None))


def _certificate_of(slot: Slot) -> Target:
    if slot.certificate_oid is None:
        raise ConfigurationError(
            f"slot {slot.name} has a key ({format_oid(slot.key_oid)}) but no object for its certificate",
            hint="Name one by its identifier: 0xE0E1, 0xE0E2, 0xE0E3 or 0xF1E0 (with --write: --id)",
            oid=slot.key_oid,
        )
    return Target(OBJECTS[slot.certificate_oid], slot)


def _slot_hint(oid: int) -> str:
    """Where the certificate of a key lies; empty for what is no key of a slot."""
    slot = next((slot for slot in SLOTS if slot.key_oid == oid), None)
    if slot is None or slot.certificate_oid is None:
        return ""
    return f"The key's certificate lies in {format_oid(slot.certificate_oid)} (slot {slot.name})"


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


def _article(kind: ObjectKind) -> str:
    return "an" if kind in (ObjectKind.EC_KEY, ObjectKind.RSA_KEY) else "a"
