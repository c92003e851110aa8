"""The object map of an OPTIGA Trust M V3, the slots, and the names of objects for people.

Source: SRM, tables 46 to 48 ("Common data objects", "Common key objects", "Authentication application").
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, TypeAlias

from optiga.suggestions import suggest
from optiga.values import Value, frozen

LCS_GLOBAL = 0xE0C0
SECURITY_STATUS_GLOBAL = 0xE0C1
UID = 0xE0C2
SLEEP_DELAY = 0xE0C3
CURRENT_LIMIT = 0xE0C4
SECURITY_EVENT_COUNTER = 0xE0C5
BUFFER_SIZE = 0xE0C6
SECURITY_MONITOR = 0xE0C9
INFINEON_CERTIFICATE = 0xE0E0
INFINEON_KEY = 0xE0F0
"""What a chip has from its factory: its own certificate and key, which are locked."""
PLATFORM_BINDING_SECRET = 0xE140
FACTORY_SECRET = bytes(range(1, 65))
"""The platform binding secret that every fresh chip holds. It is public."""
AUTHORIZATION_REFERENCE = 0xF1D0
"""Of chips that come with one: an Express, an MTR. On others it is an arbitrary data object."""
SESSIONS = range(0xE100, 0xE104)
"""Every session context."""
SYMMETRIC_KEY = 0xE200
LCS_APPLICATION = 0xF1C0
SECURITY_STATUS_APPLICATION = 0xF1C1
LAST_ERROR_CODE = 0xF1C2

RANGES = {SLEEP_DELAY: range(20, 256), CURRENT_LIMIT: range(6, 16)}
"""What their one byte can say, in ms and mA. SRM, table "Common data structures"."""

LIFE_CYCLES = (LCS_GLOBAL, LCS_APPLICATION)
"""Objects whose one byte is a life cycle state, of the whole chip and of the application."""

CERTIFICATE_SIZE = 1728
"""Bytes of a certificate object."""
TRUST_ANCHOR_SIZE = 1200
"""Bytes of a trust anchor object."""
COUNTER_SIZE = 8
"""Bytes of a counter: its value and its threshold, four each."""
MAX_OID = 0xFFFF


class ObjectKind(Enum):
    """What an object is for, which decides how a certificate lies in it and what may be done to it."""

    SYSTEM = "system"
    CERTIFICATE = "certificate"
    TRUST_ANCHOR = "trust anchor"
    COUNTER = "counter"
    SECRET = "secret"
    DATA = "data"
    EC_KEY = "EC key"
    RSA_KEY = "RSA key"
    SYMMETRIC_KEY = "symmetric key"
    SESSION = "session context"

    @property
    def is_key(self) -> bool:
        return self in (ObjectKind.EC_KEY, ObjectKind.RSA_KEY, ObjectKind.SYMMETRIC_KEY)


class ObjectInfo(NamedTuple):
    """One object of the map.

    :param size: most bytes of data it holds; 0 for keys and sessions, whose data are never seen.
    """

    oid: int
    name: str
    kind: ObjectKind
    size: int = 0

    @property
    def room(self) -> str:
        """How much data it holds, a sentence; empty for an object whose data are never seen."""
        return f"{self.label} has room for {self.size} bytes" if self.size else ""

    @property
    def label(self) -> str:
        """The identifier as people write it, for example ``0xE0F1``."""
        return format_oid(self.oid)


def _objects() -> dict[int, ObjectInfo]:
    kind = ObjectKind
    infos = [
        ObjectInfo(LCS_GLOBAL, "global life cycle state", kind.SYSTEM, 1),
        ObjectInfo(SECURITY_STATUS_GLOBAL, "global security status", kind.SYSTEM, 1),
        ObjectInfo(UID, "coprocessor UID", kind.SYSTEM, 27),
        ObjectInfo(SLEEP_DELAY, "sleep mode activation delay", kind.SYSTEM, 1),
        ObjectInfo(CURRENT_LIMIT, "current limitation", kind.SYSTEM, 1),
        ObjectInfo(SECURITY_EVENT_COUNTER, "security event counter", kind.SYSTEM, 1),
        ObjectInfo(BUFFER_SIZE, "maximum communication buffer size", kind.SYSTEM, 2),
        ObjectInfo(SECURITY_MONITOR, "security monitor configuration", kind.SYSTEM, 8),
        ObjectInfo(LCS_APPLICATION, "application life cycle state", kind.SYSTEM, 1),
        ObjectInfo(SECURITY_STATUS_APPLICATION, "application security status", kind.SYSTEM, 1),
        ObjectInfo(LAST_ERROR_CODE, "last error code", kind.SYSTEM, 1),
        ObjectInfo(PLATFORM_BINDING_SECRET, "platform binding secret", kind.SECRET, 64),
        ObjectInfo(SYMMETRIC_KEY, "device symmetric key", kind.SYMMETRIC_KEY),
    ]
    infos += [
        ObjectInfo(INFINEON_CERTIFICATE + i, f"public key certificate {i + 1}", kind.CERTIFICATE, CERTIFICATE_SIZE)
        for i in range(4)
    ]
    infos += [
        ObjectInfo(oid, f"trust anchor {number}", kind.TRUST_ANCHOR, TRUST_ANCHOR_SIZE)
        for oid, number in ((0xE0E8, 1), (0xE0E9, 2), (0xE0EF, 8))
    ]
    infos += [ObjectInfo(INFINEON_KEY + i, f"device private EC key {i + 1}", kind.EC_KEY) for i in range(4)]
    infos += [ObjectInfo(0xE0FC + i, f"device private RSA key {i + 1}", kind.RSA_KEY) for i in range(2)]
    infos += [ObjectInfo(oid, f"session context {i}", kind.SESSION) for i, oid in enumerate(SESSIONS, 1)]
    infos += [ObjectInfo(0xE120 + i, f"monotonic counter {i + 1}", kind.COUNTER, COUNTER_SIZE) for i in range(4)]
    infos += [ObjectInfo(0xF1D0 + i, f"arbitrary data type 3, {i + 1}", kind.DATA, 140) for i in range(12)]
    infos += [ObjectInfo(0xF1E0 + i, f"arbitrary data type 2, {i + 1}", kind.DATA, 1500) for i in range(2)]
    return {info.oid: info for info in sorted(infos, key=lambda info: info.oid)}


OBJECTS = _objects()
"""Every object of the map by its identifier."""


def may_be_secret(oid: int) -> bool:
    """Whether the data of an object may be a secret, as those of an arbitrary data object may: only its metadata tell.

    So may those of an object that is not in the map: other models have some.
    """
    info = OBJECTS.get(oid)
    return info is None or info.kind in (ObjectKind.SECRET, ObjectKind.DATA)


def key_title_of(oid: int) -> str:
    """What the key is that an object is for, in a text; empty if it is for no key."""
    info = OBJECTS.get(oid)
    if info is None or not info.kind.is_key:
        return ""
    return "secret key" if info.kind is ObjectKind.SYMMETRIC_KEY else "private key"


class Slot(NamedTuple):
    """A slot: a key with its certificate.

    :param certificate_oid: OID of the certificate's object; None if the key has no such object.
    :param other_names: other names of the slot, above all its number, counted from 1.
    """

    name: str
    key_oid: int
    certificate_oid: int | None
    other_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        certificate = "none" if self.certificate_oid is None else format_oid(self.certificate_oid)
        return f"<Slot {self.name}: key {format_oid(self.key_oid)}, certificate {certificate}>"


SLOTS = (
    Slot("first", INFINEON_KEY, INFINEON_CERTIFICATE, ("1", "1st", "one", "slot1")),
    Slot("second", 0xE0F1, 0xE0E1, ("2", "2nd", "two", "slot2")),
    Slot("third", 0xE0F2, 0xE0E2, ("3", "3rd", "three", "slot3")),
    Slot("fourth", 0xE0F3, 0xE0E3, ("4", "4th", "four", "slot4")),
    Slot("five", 0xE0FC, None, ("5", "5th", "fifth", "slot5")),
    Slot("six", 0xE0FD, None, ("6", "6th", "sixth", "slot6")),
)


AES = "aes"
"""What the place of the symmetric key is called, beside the names of the slots."""


def slots_for_new_keys(*, is_rsa: bool) -> tuple[Slot, ...]:
    """The slots in which a chip makes a key pair, EC or RSA: the first is Infineon's own identity, which is locked."""
    return tuple(slot for slot in SLOTS[1:] if (slot.certificate_oid is None) == is_rsa)


class SlotPart(Enum):
    """One of the two objects of a slot."""

    KEY = "key"
    CERTIFICATE = "certificate"


@frozen
class ObjectRef(Value):
    """A reference to an object: an OID, or a slot, which has two objects.

    :param named: an OID, or a slot.
    :raises ValueError: if the OID does not have two bytes, or the slot is not one of :data:`SLOTS`.
    :raises TypeError: if it is neither; a text is for :meth:`parse`.
    """

    named: int | Slot

    def __post_init__(self) -> None:
        if isinstance(self.named, bool) or not isinstance(self.named, (int, Slot)):
            given = type(self.named).__name__
            raise TypeError(f"ObjectRef: named must be int or Slot, not {given}. For a text, use ObjectRef.parse")
        if isinstance(self.named, Slot):
            if self.named not in SLOTS:
                raise ValueError(f"{self.named.name!r} is not a slot of the chip")
        elif not 0 <= self.named <= MAX_OID:
            raise ValueError(f"{self.named:#x} is not an OID, which has two bytes")

    @classmethod
    def parse(cls, text: Reference) -> ObjectRef:
        """Parse a reference. It is not checked whether the chip has the object.

        :param text: an OID as a number or as text (``0xE0E1`` or ``e0e1``), the name of a slot or its number as text
            (``2``), or ``aes``, in any letter case and with white space around it; a slot; or a reference, which is
            returned unchanged.
        :raises ValueError: if the text or number is not one of these.
        :raises TypeError: if the value has another type.
        """
        found = cls.find(text)
        if found is None:
            raise ValueError(f"{text!r} is neither a slot nor an OID{suggest_slot(str(text))}")
        return found

    @classmethod
    def find(cls, text: Reference) -> ObjectRef | None:
        """Like :meth:`parse`, but returns None if the text is not a reference."""
        if isinstance(text, ObjectRef):
            return text
        if isinstance(text, Slot) or (isinstance(text, int) and not isinstance(text, bool)):
            return cls(text)
        if not isinstance(text, str):
            raise TypeError(
                f"an object must be given as a number, a text, a slot or a reference, not as {type(text).__name__}"
            )
        word = text.strip().lower()
        if word == AES:
            return cls(SYMMETRIC_KEY)
        slot = next((slot for slot in SLOTS if word in (slot.name, *slot.other_names)), None)
        named = parse_oid(word) if slot is None else slot
        return None if named is None else cls(named)

    @property
    def oid(self) -> int | None:
        """The OID; None for a slot."""
        return None if isinstance(self.named, Slot) else self.named

    @property
    def slot(self) -> Slot | None:
        """The slot, or the slot of the object; None if the object belongs to no slot."""
        if isinstance(self.named, Slot):
            return self.named
        return next((slot for slot in SLOTS if self.named in (slot.key_oid, slot.certificate_oid)), None)

    @property
    def label(self) -> str:
        """The reference as text, for example ``0xE0F1`` or ``second``."""
        return self.named.name if isinstance(self.named, Slot) else format_oid(self.named)

    def oid_as(self, part: SlotPart) -> int:
        """The OID of the object.

        :param part: which of the two objects a slot refers to: key or certificate.
        :raises ValueError: if the slot has no object for a certificate.
        """
        if not isinstance(part, SlotPart):
            raise TypeError(f"ObjectRef.oid_as: part must be SlotPart, not {type(part).__name__}")
        if not isinstance(self.named, Slot):
            return self.named
        oid = self.named.key_oid if part is SlotPart.KEY else self.named.certificate_oid
        if oid is None:
            key = format_oid(self.named.key_oid)
            raise ValueError(f"slot {self.named.name} has a key ({key}) but no object for its certificate")
        return oid

    def __str__(self) -> str:
        return self.label

    def __repr__(self) -> str:
        return f"ObjectRef.parse({self.label!r})"


Reference: TypeAlias = "int | str | Slot | ObjectRef"
"""What is taken where an object is wanted: see :meth:`ObjectRef.parse`."""


def suggest_slot(text: str) -> str:
    """Which slot was probably meant, to stand behind the text in a message; empty where none is near."""
    return suggest(text.strip()[:16], [slot.name for slot in SLOTS], {})


def parse_oid(text: str) -> int | None:
    """An object identifier written as ``0xE0E1`` or ``e0e1``; None if the text is not one (whether or not the chip
    has such an object).
    """
    digits = text.strip().lower().removeprefix("0x")
    if len(digits) != 4 or any(character not in "0123456789abcdef" for character in digits):
        return None
    return int(digits, 16)


def format_oid(oid: int) -> str:
    """An object identifier as people write it, for example ``0xE0F1``."""
    return f"0x{oid:04X}"
