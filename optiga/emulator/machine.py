"""The state of an emulated chip between power-on and power-off, as its commands see and change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from optiga.emulator import keys
from optiga.emulator.access import is_allowed
from optiga.emulator.models import ChipModel
from optiga.emulator.objects import ObjectTable, StoredObject
from optiga.emulator.sessions import Origin, SessionContent, SessionSecret, UsableKey
from optiga.protocol import objects as oids
from optiga.protocol.codes import CommandCode, ErrorCode, ObjectType
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import OBJECTS, ObjectKind

if TYPE_CHECKING:
    import hashlib

BOOT_FLAG = 0x20
"""Security status after a reset and after OpenApplication. SRM, table "Security Status"."""


class CommandError(Exception):
    """A command ends with an error of the manual's table."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.title)
        self.code = code


class Chain(NamedTuple):
    """A command that is sent in several parts, begun and not ended; any other command in between ends it.

    :param state: what the command keeps from part to part.
    """

    code: CommandCode
    state: Any


class Machine:
    """A powered chip.

    :param table: its non-volatile objects; changes are staged there by commands and committed by who runs them.
    """

    def __init__(self, model: ChipModel, table: ObjectTable) -> None:
        self.model = model
        self.table = table
        self.last_error = ErrorCode.NO_ERROR
        self.security_status = {oids.SECURITY_STATUS_GLOBAL: BOOT_FLAG, oids.SECURITY_STATUS_APPLICATION: BOOT_FLAG}
        self.is_open = False
        self.sessions: dict[int, SessionContent] = {}
        self.authorized: set[int] = set()
        """Objects whose authorization reference has been verified: the states Auto(X)."""
        self.verified_anchor: int | None = None
        """While a protected update is carried out: the trust anchor that has verified it, the state Int(X)."""
        self.chain: Chain | None = None
        self.running_hash: hashlib._Hash | None = None
        self._usable_keys: dict[int, tuple[StoredObject, UsableKey]] = {}

    def open_application(self) -> None:
        """Begin with a clean application context."""
        self.is_open = True
        self.security_status[oids.SECURITY_STATUS_APPLICATION] = BOOT_FLAG
        self.sessions.clear()
        self.authorized.clear()
        self.chain = None
        self.running_hash = None

    def close_application(self) -> None:
        """Drop the application context."""
        self.open_application()
        self.is_open = False

    def object(self, oid: int) -> StoredObject:
        """A stored object.

        :raises CommandError: if the chip has none of that identifier.
        """
        found = self.table.get(oid)
        if found is None:
            raise CommandError(ErrorCode.INVALID_OID)
        return found

    def kind(self, oid: int) -> ObjectKind:
        """What an object that is there is for."""
        return OBJECTS[oid].kind

    def data(self, oid: int) -> bytes:
        """Data of an object: those of the moment where they are volatile."""
        if oid == oids.LAST_ERROR_CODE:
            return bytes([self.last_error])
        if oid in self.security_status:
            return bytes([self.security_status[oid]])
        return self.object(oid).data

    def require(self, oid: int, access: Tag) -> None:
        """Let a command act on an object only if the object's access condition holds.

        :raises CommandError: if it does not.
        """
        if not is_allowed(self, self.object(oid).metadata, access):
            raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)

    def note_error(self, code: ErrorCode) -> None:
        """Keep an error for object 0xF1C2; of several the highest-numbered is kept."""
        self.last_error = max(self.last_error, code)

    def secret(self, oid: int, *origins: Origin) -> bytes:
        """The shared secret in a session, or in a data object of the type PRESSEC that may be used.

        :param origins: where one in a session must come from.
        :raises CommandError: if there is none, or the object's execute access condition does not hold.
        """
        if is_session(oid):
            held = self.sessions.get(oid)
            if not isinstance(held, SessionSecret) or held.origin not in origins:
                raise CommandError(ErrorCode.COMMAND_OUT_OF_SEQUENCE)
            return held.value
        stored = self.object(oid)
        if stored.metadata.get(Tag.TYPE) != bytes([ObjectType.PRE_SHARED_SECRET]):
            raise CommandError(ErrorCode.INVALID_OID)
        self.require(oid, Tag.EXECUTE)
        return stored.data

    def keep_secret(self, oid: int, value: bytes, origin: Origin) -> None:
        """Put a secret into a session, in place of what is there.

        :raises CommandError: if the identifier is not that of a session.
        """
        if not is_session(oid):
            raise CommandError(ErrorCode.INVALID_OID)
        self.sessions[oid] = SessionSecret(value, origin)

    def key(self, oid: int) -> UsableKey:
        """The private key in an object or session, for use.

        :raises CommandError: if there is none, or its execute access condition does not hold.
        """
        if is_session(oid):
            held = self.sessions.get(oid)
            if not isinstance(held, UsableKey):
                raise CommandError(ErrorCode.COMMAND_OUT_OF_SEQUENCE)
            return held
        stored = self.object(oid)
        if self.kind(oid) not in (ObjectKind.EC_KEY, ObjectKind.RSA_KEY):
            raise CommandError(ErrorCode.INVALID_OID)
        self.require(oid, Tag.EXECUTE)
        known = self._usable_keys.get(oid)
        if known is not None and known[0] is stored:
            return known[1]
        algorithm = stored.metadata.algorithm
        if algorithm is None or not stored.data:
            # The manual names no error for a key object without a key; this is its error for a private key whose
            # algorithm does not allow the use.
            raise CommandError(ErrorCode.UNSUPPORTED_EXTENSION)
        usable = UsableKey(keys.from_stored(algorithm, stored.data), algorithm, stored.metadata.key_usage)
        self._usable_keys[oid] = (stored, usable)
        return usable


def is_session(oid: int) -> bool:
    """Whether an identifier is that of a session context."""
    return oid in OBJECTS and OBJECTS[oid].kind is ObjectKind.SESSION
