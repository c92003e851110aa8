"""One open chip: its commands as methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from optiga.chip.commands.base import Command
from optiga.chip.commands.open_application import OpenApplication
from optiga.chip.key import Key, check_usage
from optiga.chip.references import algorithm_of, key_oid_of, oid_of
from optiga.errors import ChipError, ConfigurationError, OptigaError
from optiga.protocol import apdu, objects
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import CommandCode, ErrorCode, KeyUsage
from optiga.protocol.commands.params import ON_EVERY_MODEL

if TYPE_CHECKING:
    from optiga.chip.toolbox import Toolbox
    from optiga.chip.unusable import Unusable
    from optiga.protocol.metadata import Metadata
    from optiga.protocol.objects import Reference
    from optiga.protocol.uid import Uid
    from optiga.transport import Transport

T = TypeVar("T")

_GENERAL_HINTS = {
    ErrorCode.INVALID_OID: "The chip has no such object",
    ErrorCode.COMMAND_NOT_AVAILABLE: "The chip was reset meanwhile, so its application is not available: run the "
    "command again",
    ErrorCode.INVALID_COMMAND: "This chip does not have the command",
    ErrorCode.INVALID_METADATA: "A protected update of the object was interrupted",
}
_MAY_BE_UNUSABLE = (ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED, ErrorCode.INVALID_METADATA)


class Chip:
    """An OPTIGA Trust chip at the other end of a transport.

    Making one opens the chip's application, which is one exchange. A context manager: leaving it closes the transport,
    and an :class:`~optiga.errors.OptigaError` on its way out learns which port and chip it is about; so does a refusal
    that the object is in termination, or its update was interrupted, for which one more exchange asks.

    An object is an identifier, a text such as ``0xE0E1`` or ``second``, or an :class:`~optiga.ObjectRef`. Where a key
    is wanted the name of a slot means its key, elsewhere the object of its certificate.

    :param transport: anything with ``exchange(request) -> bytes``, command to answer APDU, and ``close()``.
    :param port: how the user names the transport, for messages.
    :param handle: of a context that :meth:`hibernate` has had the chip keep; empty begins afresh.
    :param meanwhile: as for :meth:`do_meanwhile`.
    :raises BoardError: if the chip cannot be reached.
    :raises ChipError: if it refuses.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        port: str = "",
        handle: bytes = b"",
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        self._transport = transport
        self.port = port
        self._meanwhile = meanwhile
        self._uid: Uid | None = None
        self._refusal_hint = ""
        """Of the last command that the chip refused."""
        self.execute(OpenApplication(handle))

    def __enter__(self) -> Chip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, OptigaError):
            if isinstance(error, ChipError) and error.oid is not None and error.code in _MAY_BE_UNUSABLE:
                from optiga.chip.unusable import explain

                with suppress(OptigaError):
                    explain(error, self.find_unusable(error.oid), self._refusal_hint)
            error.port = error.port or self.port
            error.uid = error.uid or ("" if self._uid is None else self._uid.hex)
        self.close()

    def close(self) -> None:
        """Close the transport. The chip's application stays open until the next one opens it afresh."""
        self._transport.close()

    def close_application(self) -> None:
        """End the chip's application; nothing but a new :class:`Chip` can use it afterwards."""
        from optiga.chip.commands.close_application import CloseApplication

        self.execute(CloseApplication())

    def hibernate(self) -> bytes:
        """End the chip's application and have the chip keep its context: sessions, authorizations, security status.

        :returns: the handle, 8 bytes, with which a new :class:`Chip` goes on there, once. It is as good as the context.
        :raises ConfigurationError: if the chip's model keeps none.
        :raises ChipError: if the chip refuses, for example while its security event counter is not 0.
        """
        from optiga.chip.commands.close_application import Hibernate

        return self.perform(Hibernate())

    def do_meanwhile(self, work: Callable[[], object]) -> None:
        """Have something done while the chip works on the next command, where there is time for it on the way.

        :param work: what would take its time later, and may as well not be done: to load a module, for example.
        """
        self._meanwhile = work

    def execute(self, command: Command[T]) -> T:
        """Send a command and return its result. One exchange; on an error of the chip a second one asks for the cause.

        :raises ConfigurationError: if its arguments fit no command.
        :raises ChipError: if the chip refuses the command or answers against the manual.
        :raises BoardError: if the line fails.
        """
        try:
            request = command.request()
            if self._meanwhile is not None:
                request, self._meanwhile = request._replace(meanwhile=self._meanwhile), None
        except (ValueError, OverflowError) as error:
            raise ConfigurationError(f"{command.code.title}: {error}", oid=command.target) from None
        try:
            answer = apdu.decode_answer(self._transport.exchange(request))
            if answer.ok:
                return command.parse(answer.data)
        except ValueError as error:
            raise ChipError(
                f"{command.code.title}: the chip's answer is not what the manual says: {error}",
                hint="Is the board's firmware the one for this chip?",
                port=self.port,
                oid=command.target,
            ) from error
        raise self._refusal(command)

    def perform(self, command: Command[T]) -> T:
        """Like :meth:`execute`, but what the chip's model does not have is refused by name before the chip is asked."""
        self.require(command.code, command.param)
        return self.execute(command)

    def require(self, code: CommandCode, param: int) -> None:
        """Make sure that the chip's model has a command with a value of its Param field.

        No exchange where every model has it; otherwise one for the UID, once.

        :raises ConfigurationError: if it does not have it; the chip is not asked then.
        """
        if param not in ON_EVERY_MODEL.get(code, ()):
            from optiga.chip.abilities import require

            require(self, code, param)

    @property
    def uid(self) -> Uid:
        """The chip's unique identifier. One exchange the first time."""
        from optiga.protocol.uid import Uid

        if self._uid is None:
            data = self.read(objects.UID)
            try:
                self._uid = Uid.parse(data)
            except ValueError as error:
                raise ChipError(f"object 0xE0C2: {error}", port=self.port, oid=objects.UID) from error
        return self._uid

    def read(self, oid: Reference, offset: int = 0, length: int | None = None) -> bytes:
        """Data of an object, from an offset to its used size or for ``length`` bytes, in as few exchanges as it takes.

        :raises ChipError: if the chip refuses, or the offset lies behind the object's used size.
        """
        from optiga.chip.commands.get_data_object import GetData

        oid, data = oid_of(oid), b""
        while length is None or len(data) < length:
            wanted = apdu.MAX_DATA if length is None else min(apdu.MAX_DATA, length - len(data))
            try:
                part = self.execute(GetData(oid, offset + len(data), wanted))
            except ChipError as error:
                if (data or not offset) and error.code == ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED:
                    break  # the part before ended exactly where the object does, or the object is empty
                raise
            data += part
            if len(part) < wanted:
                break
        return data

    def read_if_allowed(self, oid: Reference, offset: int = 0, length: int | None = None) -> bytes | None:
        """Like :meth:`read`; None if the object's access conditions do not let it be read.

        :raises ChipError: if the chip refuses for another reason.
        """
        try:
            return self.read(oid, offset, length)
        except ChipError as error:
            if error.code == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
                return None
            raise

    def write(self, oid: Reference, data: bytes, *, offset: int = 0, erase: bool = True) -> None:
        """Write data into an object, in as few exchanges as the chip's buffer allows.

        :param erase: whether the object holds nothing but these data afterwards.
        :raises ConfigurationError: if they are more than the object has room for; nothing is written then.
        :raises ChipError: if the chip refuses.
        """
        from optiga.chip.abilities import require_room
        from optiga.chip.commands.set_data_object import SetData
        from optiga.protocol.commands.set_data_object import MAX_FRAGMENT

        oid = oid_of(oid)
        require_room(self, oid, offset + len(data))
        for start in range(0, max(len(data), 1), MAX_FRAGMENT):
            fragment = data[start : start + MAX_FRAGMENT]
            self.execute(SetData(oid, offset + start, fragment, erase=erase and start == 0))

    def metadata(self, oid: Reference) -> Metadata:
        """Metadata of an object. One exchange."""
        from optiga.chip.commands.get_data_object import GetMetadata

        return self.execute(GetMetadata(oid_of(oid)))

    def find_unusable(self, oid: Reference) -> Unusable | None:
        """Why the chip neither reads nor uses an object, whatever its access conditions; None if it does. One exchange.

        :raises ChipError: if the chip has no such object.
        """
        from optiga.chip.unusable import find_unusable

        return find_unusable(oid_of(oid), self.metadata(oid))

    def write_metadata(self, oid: Reference, changes: Metadata) -> None:
        """Change the metadata tags given, and no others. One exchange. May lock the object for ever."""
        from optiga.chip.commands.set_data_object import SetMetadata

        self.execute(SetMetadata(oid_of(oid), changes))

    def count(self, oid: Reference, step: int = 1) -> None:
        """Advance a counter, 1 to 255; one that reaches its threshold stays there. One exchange.

        :raises ConfigurationError: if the chip's model has no counters.
        :raises ChipError: if it is at its threshold already, or is no counter.
        """
        from optiga.chip.commands.set_data_object import Count

        self.perform(Count(oid_of(oid), step))

    def protected_update(self, oid: int, manifest: bytes, fragments: Sequence[bytes]) -> None:
        """Change an object as somebody who is not here has signed it. One exchange for the manifest, one a fragment.

        :param oid: the object that is updated, for messages; the chip takes it from the manifest.
        :param manifest: bytes of the signed manifest, a COSE_Sign1 in CBOR.
        :param fragments: at least one, in their order: 640 bytes each, the last one to 640.
        :raises ConfigurationError: if there is none, or the chip's model has no protected updates.
        :raises ChipError: if the chip refuses. Behind the first fragment data may be written in part, and count as
            invalid until the same update is sent once more, whole.
        """
        from optiga.chip.commands.set_object_protected import SetObjectProtected
        from optiga.protocol.commands.set_object_protected import UpdateStep

        if not fragments:
            raise ConfigurationError("an update without a fragment", hint="It has at least one", oid=oid)
        self.perform(SetObjectProtected(UpdateStep.START, manifest, oid))
        for fragment in fragments[:-1]:
            self.execute(SetObjectProtected(UpdateStep.CONTINUE, fragment, oid))
        self.execute(SetObjectProtected(UpdateStep.FINAL, fragments[-1], oid))

    def random(
        self, size: int, *, deterministic: bool = False, session: int | None = None, prepended: bytes = b""
    ) -> bytes:
        """Random bytes, 8 to 256 of them, from the chip's true random number generator. One exchange.

        :param deterministic: from its deterministic one instead.
        :param session: a session that keeps ``prepended`` and these bytes, at most 66 together.
        :raises ConfigurationError: if the chip's model keeps none in sessions.
        """
        from optiga.chip.commands.get_random import GetRandom

        if session is not None:
            from optiga.chip.abilities import require_stored_random

            require_stored_random(self, session)
        return self.execute(GetRandom(size, deterministic, session, prepended))

    @property
    def toolbox(self) -> Toolbox:
        """What the chip calculates for its host: hashes, ciphers, MACs, secrets."""
        from optiga.chip.toolbox import Toolbox

        return Toolbox(self)

    def key(self, oid: Reference, algorithm: KeyAlgorithm | None = None) -> Key:
        """A key that is already on the chip.

        :param algorithm: its algorithm where it is known; otherwise one exchange asks the key's metadata.
        :raises ChipError: if the object holds no key yet.
        """
        oid = key_oid_of(oid)
        known = algorithm or self.metadata(oid).algorithm
        if known is None:
            raise ChipError(
                f"{objects.format_oid(oid)} holds no key yet", hint="Make one first", port=self.port, oid=oid
            )
        return Key(self, oid, known)

    def generate_key(
        self, slot: Reference, algorithm: KeyAlgorithm | str = KeyAlgorithm.SECP256R1, usage: KeyUsage | None = None
    ) -> Key:
        """Have the chip make a key pair; what the slot held before is lost. One exchange.

        :param slot: a slot by its name or either of its identifiers, or the object of its key.
        :param algorithm: as in a configuration, for example ``secp384r1`` or ``rsa2048``.
        :param usage: what the key may be used for; authentication and key agreement by default, for RSA encryption too.
        :raises ConfigurationError: if slot or algorithm is unknown, or nothing could use such a key for the usage; the
            chip is not asked then.
        :raises ChipError: if the chip refuses.
        """
        from optiga.chip.commands.gen_key_pair import GenKeyPair

        oid = key_oid_of(slot)
        chosen = algorithm_of(algorithm)
        if usage is None:
            usage = KeyUsage.AUTHENTICATION | KeyUsage.KEY_AGREEMENT
            if chosen.is_rsa:
                usage |= KeyUsage.ENCRYPTION
        check_usage(oid, chosen, usage)
        public_key = self.perform(GenKeyPair(oid, chosen, usage))
        return Key(self, oid, chosen, public_key)

    def _refusal(self, command: Command[T]) -> ChipError:
        """The error that says why the chip refused a command."""
        code = self._last_error_code()
        # A chip whose application is closed tells no cause, and it was open.
        was_reset = code is None and command.code != CommandCode.OPEN_APPLICATION
        code = code or 0
        try:
            known = ErrorCode(code)
        except ValueError:
            name, hint = "an error the manual does not list", ""
        else:
            name = known.title if code else "no cause given"
            hint = command.hint(known) or _GENERAL_HINTS.get(known, "")
        if was_reset:
            hint = _GENERAL_HINTS[ErrorCode.COMMAND_NOT_AVAILABLE]
        self._refusal_hint = hint
        about = f" {objects.format_oid(command.target)}" if command.target is not None else ""
        return ChipError(
            f"{command.code.title}{about}: the chip says 0x{code:02X}, {name}",
            code=code,
            name=name,
            hint=hint,
            port=self.port,
            oid=command.target,
        )

    def _last_error_code(self) -> int | None:
        """Value of object 0xF1C2, which reading clears; 0 if it holds none, None if the chip refuses to be asked."""
        from optiga.chip.commands.get_data_object import GetLastError

        question = GetLastError()
        try:
            answer = apdu.decode_answer(self._transport.exchange(question.request()))
        except ValueError:
            return 0
        return question.parse(answer.data) if answer.ok else None
