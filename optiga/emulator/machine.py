"""The state of an emulated chip between power-on and power-off, as its commands see and change it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from optiga.emulator import keys
from optiga.emulator.circumstances import Circumstances
from optiga.emulator.models import ChipModel
from optiga.emulator.objects import ObjectTable, StoredObject
from optiga.emulator.security_monitor import SecurityMonitor
from optiga.emulator.sessions import Origin, SessionContent, SessionSecret, UsableKey
from optiga.protocol import objects as oids
from optiga.protocol.codes import SECRET_TYPES, CommandCode, ErrorCode, KeyUsage, ObjectType
from optiga.protocol.conditions import Condition
from optiga.protocol.metadata import MAX_SIZE, Metadata, Tag
from optiga.protocol.objects import OBJECTS, ObjectInfo, ObjectKind
from optiga.protocol.request import Protection
from optiga.protocol.rules.access import error_of_use, find_alternative
from optiga.values import Value, frozen

if TYPE_CHECKING:
    from optiga.emulator.sha256 import RunningSha256

_ALWAYS = bytes([Condition.ALWAYS])
_KEY_OIDS = frozenset(info.oid for info in OBJECTS.values() if info.kind.is_key)
_SESSIONS = frozenset(info.oid for info in OBJECTS.values() if info.kind is ObjectKind.SESSION)
_SECRET_TYPES = frozenset(bytes([kind]) for kind in SECRET_TYPES)
_FAILURES_OF_USE = frozenset(
    (
        ErrorCode.SIGNATURE_VERIFICATION_FAILURE,
        ErrorCode.INTEGRITY_VALIDATION_FAILURE,
        ErrorCode.DECRYPTION_FAILURE,
        ErrorCode.AUTHORIZATION_FAILURE,
    )
)
"""Errors that a command ends with only after it has used what it was to use."""


class CommandError(Exception):
    """A command ends with an error of the manual's table.

    :param is_use: whether a key was used before it failed, as it is for the errors that only a use can end with.
    """

    def __init__(self, code: ErrorCode, *, is_use: bool = False) -> None:
        super().__init__(code.title)
        self.code = code
        self.is_use: bool = is_use or code in _FAILURES_OF_USE


@frozen
class _KnownKey(Value):
    """A key that was used, as it is as long as its object is the same.

    :param is_free: whether it can be used always, so that no condition need be looked at again.
    """

    stored: StoredObject
    key: UsableKey
    is_free: bool


@frozen
class Chain(Value):
    """A command that is sent in several parts, begun and not ended; any other command in between ends it.

    :param state: what the command keeps from part to part.
    """

    code: CommandCode
    state: Any


class Machine:
    """A powered chip.

    :param table: its non-volatile objects; changes are staged there by commands and committed by who runs them.
    :param clock: seconds, from any beginning.
    """

    def __init__(self, model: ChipModel, table: ObjectTable, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.model = model
        self.table = table
        self.last_error: ErrorCode = ErrorCode.NO_ERROR
        self.security_status: dict[int, int] = {
            oids.SECURITY_STATUS_GLOBAL: model.boot_flag,
            oids.SECURITY_STATUS_APPLICATION: model.boot_flag,
        }
        self.is_open: bool = False
        self.sessions: dict[int, SessionContent] = {}
        self.authorized: set[int] = set()
        """Objects whose authorization reference has been verified: the states Auto(X)."""
        self.protection = Protection.NONE
        """What of the running command goes over a shielded connection, which is there if 0xE140 holds a secret."""
        self.chain: Chain | None = None
        self.running_hash: RunningSha256 | None = None
        self.monitor: SecurityMonitor = SecurityMonitor(table, clock)
        self._has_event = False
        """Whether the running command has used a key or secret that the security monitor watches."""
        self._counted: set[tuple[int, Tag]] = set()
        """Accesses of the running command for which linked counters have been advanced."""
        self._usable_keys: dict[int, _KnownKey] = {}

    def open_application(self) -> None:
        """Begin with a clean application context."""
        self.is_open = True
        self.security_status[oids.SECURITY_STATUS_APPLICATION] = self.model.boot_flag
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
        return self.info(oid).kind

    def info(self, oid: int) -> ObjectInfo:
        """What the map says of an object that is there."""
        return self.model.kind.objects[oid]

    def put(self, oid: int, changed: StoredObject) -> None:
        """Stage an object's new content.

        :raises CommandError: if there is no room for its metadata.
        """
        check_room(changed.metadata)
        self.table.put(oid, changed)

    def data(self, oid: int) -> bytes:
        """Data of an object: those of the moment where they are volatile."""
        if oid == oids.LAST_ERROR_CODE:
            return bytes([self.last_error])
        if oid in self.security_status:
            return bytes([self.security_status[oid]])
        if oid == oids.SECURITY_EVENT_COUNTER:
            return bytes([self.monitor.value])
        return self.object(oid).data

    def require(self, oid: int, access: Tag) -> None:
        """Let a command act on an object only if the object's access condition holds.

        Counters that the condition names are advanced, and the use of a key or secret is noted for the security
        monitor: once in a command each.

        :raises CommandError: if it does not.
        """
        metadata = self.object(oid).metadata
        if access is not Tag.CHANGE:
            refusal = error_of_use(metadata)
            if refusal is not None:
                raise CommandError(refusal)
        if metadata.get(access) != _ALWAYS:  # what nearly every use of a key meets
            self._require_alternative(oid, access, Circumstances(self, metadata, access))
        if access is Tag.EXECUTE and (oid in _KEY_OIDS or metadata.get(Tag.TYPE) in _SECRET_TYPES):
            self._has_event = True

    def require_update(self, oid: int, access: Tag, anchor_oid: int, secret_oid: int | None) -> None:
        """Let a protected update change an object only if the object's condition names its trust anchor, and holds.

        :param access: change, or metadata update.
        :param secret_oid: object with the secret that the payload is encrypted with, if it is.
        :raises CommandError: if it does not.
        """
        now = Circumstances(self, self.object(oid).metadata, access, anchor_oid, secret_oid)
        self._require_alternative(oid, access, now)

    def _require_alternative(self, oid: int, access: Tag, now: Circumstances) -> None:
        if (oid, access) in self._counted:
            return
        condition = now.metadata.access(access)
        token = find_alternative(condition, now, anchor=now.anchor)
        if token is None:
            now.counters_aside = True
            is_exhausted = find_alternative(condition, now, anchor=now.anchor) is not None
            raise CommandError(
                ErrorCode.COUNTER_THRESHOLD_EXCEEDED if is_exhausted else ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
            )
        counters = {condition.value for condition in token if condition.kind is Condition.LINKED_COUNTER}
        for counter in counters:
            self.table.put(counter, self.object(counter).counted(1), lasting=True)
            self._counted.add((oid, access))

    def is_shielded_by(self, oid: int, access: Tag) -> bool:
        """Whether what an access is about is encrypted and authenticated with a binding secret: Conf(X) and Int(X).

        It is the answer for what is read, and the command for what is written or used. SRM, "Shielded Connection".
        """
        needed = Protection.ANSWER if access is Tag.READ else Protection.COMMAND
        if not self.protection & needed or oid != oids.PLATFORM_BINDING_SECRET:
            return False
        stored = self.table.get(oid)
        if stored is None or not stored.data:
            return False
        return stored.metadata.get(Tag.TYPE) == bytes([ObjectType.PLATFORM_BINDING])

    def end_command(self, error: CommandError | None = None, *, is_update: bool = False) -> None:
        """Make up the accounts of a command that has been carried out, or has failed.

        What a command has staged is dropped if it fails. But if it failed in using a key, secret or certificate, the
        use counts: linked counters stay advanced, and the security monitor learns of it.

        :param is_update: whether it was one of a protected update, whose failed checks are security events.
        """
        if error is not None:
            self.table.discard(keep_lasting=error.is_use)
            self.chain = None
            self.note_error(error.code)
            self._has_event = error.is_use and (self._has_event or is_update)
        if self._has_event:
            self._has_event = False
            self.monitor.notify()
        elif self.table.is_changing(oids.SECURITY_MONITOR):
            self.monitor.work_off()
        if self._counted:
            self._counted.clear()

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
        return self.stored_secret(oid, ObjectType.PRE_SHARED_SECRET)

    def stored_secret(self, oid: int, wanted: ObjectType) -> bytes:
        """The secret in a data object of a type, for use.

        :raises CommandError: if it is of another type or empty, or its execute access condition does not hold.
        """
        stored = self.object(oid)
        if stored.metadata.get(Tag.TYPE) != bytes([wanted]):
            raise CommandError(ErrorCode.INVALID_OID)
        self.require(oid, Tag.EXECUTE)
        if not stored.data:
            # As for a key object without a key: the manual names no error. Nothing may be a secret.
            raise CommandError(ErrorCode.UNSUPPORTED_EXTENSION)
        return stored.data

    def symmetric_key(self, oid: int) -> bytes:
        """The AES key in an object, for use: 16, 24 or 32 bytes.

        :raises CommandError: if there is none, it is not for encryption, or its execute access condition does not hold.
        """
        stored = self.object(oid)
        if self.kind(oid) is not ObjectKind.SYMMETRIC_KEY:
            raise CommandError(ErrorCode.INVALID_OID)
        self.require(oid, Tag.EXECUTE)
        if stored.metadata.algorithm is None or not stored.data:
            raise CommandError(ErrorCode.UNSUPPORTED_EXTENSION)
        if not int(stored.metadata.key_usage) & KeyUsage.ENCRYPTION:
            raise CommandError(ErrorCode.UNSUPPORTED_EXTENSION)
        return stored.data

    @property
    def max_session_secret(self) -> int:
        """Most bytes of a secret in a session. SRM, footnotes to GetRandom, DecryptAsym and DeriveKey."""
        return self.model.kind.max_session_secret

    def keep_secret(self, oid: int, value: bytes, origin: Origin) -> None:
        """Put a secret into a session, in place of what is there.

        :raises CommandError: if the identifier is not that of a session.
        """
        if not is_session(oid):
            raise CommandError(ErrorCode.INVALID_OID)
        self.sessions[oid] = SessionSecret(value, origin)

    def give_secret(self, target: int | None, value: bytes, origin: Origin) -> bytes:
        """Put a secret into a session, or out if there is none; what the command answers."""
        if target is None:
            return value
        self.keep_secret(target, value, origin)
        return b""

    def certificate(self, oid: int) -> bytes:
        """The data of an object with a certificate, for use.

        :raises CommandError: if there can be none, or the object's execute access condition does not hold.
        """
        self.object(oid)
        if self.kind(oid).is_key:
            raise CommandError(ErrorCode.INVALID_OID)
        self.require(oid, Tag.EXECUTE)
        return self.data(oid)

    def key(self, oid: int, *, empty: ErrorCode = ErrorCode.UNSUPPORTED_EXTENSION) -> UsableKey:
        """The private key in an object or session, for use.

        :param empty: the command's error for an object without a key. The manual names none; without another it is
            that for a private key whose algorithm does not allow the use.
        :raises CommandError: if there is none, or its execute access condition does not hold.
        """
        known = self._usable_keys.get(oid)
        if known is not None and known.stored is self.table.get(oid):
            if known.is_free:
                self._has_event = True
            else:
                self.require(oid, Tag.EXECUTE)
            return known.key
        if is_session(oid):
            held = self.sessions.get(oid)
            if not isinstance(held, UsableKey):
                raise CommandError(ErrorCode.COMMAND_OUT_OF_SEQUENCE)
            return held
        stored = self.object(oid)
        if self.kind(oid) not in (ObjectKind.EC_KEY, ObjectKind.RSA_KEY):
            raise CommandError(ErrorCode.INVALID_OID)
        self.require(oid, Tag.EXECUTE)
        algorithm = stored.metadata.algorithm
        if algorithm is None or not stored.data:
            raise CommandError(empty)
        try:
            private = keys.from_stored(algorithm, stored.data)
        except ValueError:
            raise CommandError(ErrorCode.INTERNAL_PROCESS_ERROR) from None  # the store is damaged
        usable = UsableKey(private, algorithm, stored.metadata.key_usage)
        is_free = stored.metadata.get(Tag.EXECUTE) == _ALWAYS and error_of_use(stored.metadata) is None
        self._usable_keys[oid] = _KnownKey(stored, usable, is_free)
        return usable


def check_room(metadata: Metadata) -> None:
    """Refuse metadata that an object has no room for.

    :raises CommandError: if it has none.
    """
    if len(metadata.encode()) > MAX_SIZE:
        raise CommandError(ErrorCode.METADATA_TRUNCATION)


def is_session(oid: int) -> bool:
    """Whether an identifier is that of a session context."""
    return oid in _SESSIONS
