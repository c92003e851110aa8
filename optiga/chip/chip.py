"""One open chip: how commands reach it, and what it says of those it refuses."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from threading import RLock
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from optiga.arguments import explains_arguments, takes
from optiga.chip.commands.base import Command
from optiga.chip.commands.open_application import OpenApplication
from optiga.chip.threads import one_at_a_time, refuse_elsewhere
from optiga.chip.watched import exchange
from optiga.errors import ChipError, ClosedError, ConfigurationError, OptigaError, Reason, naming
from optiga.files.interruptions import place_interruption
from optiga.protocol import apdu, objects
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands.params import ON_EVERY_MODEL
from optiga.protocol.uid import Uid
from optiga.transport.base import Transport
from optiga.values import NotCopied

if TYPE_CHECKING:
    from optiga.chip.key import Key
    from optiga.chip.sessions.crypto import Crypto
    from optiga.chip.sessions.objects import Objects
    from optiga.chip.sessions.updates import Updates
    from optiga.protocol.codes import KeyUsage
    from optiga.protocol.metadata import Metadata
    from optiga.protocol.models import Model
    from optiga.protocol.objects import Reference

T = TypeVar("T")

_GENERAL_HINTS = {
    ErrorCode.INVALID_OID: "The chip has no such object",
    ErrorCode.INVALID_COMMAND: "This chip does not support the command",
    ErrorCode.INVALID_METADATA: "A protected update of the object was interrupted",
}
_MAY_BE_UNUSABLE = (ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED, ErrorCode.INVALID_METADATA)


@explains_arguments
@one_at_a_time
class Chip(NotCopied):
    """An open OPTIGA Trust chip.

    The constructor opens the chip's application (one exchange). Use the chip in a ``with`` statement, which closes the
    transport at the end. An :class:`~optiga.errors.OptigaError` that leaves the ``with`` block gets the port and UID of
    the chip. If the chip refuses access to an object, the error names the access condition that does not hold, or says
    that the object is in termination or its update was interrupted (one more exchange).

    Several threads may use the chip: each function waits until those of other threads have ended. A process that is
    forked opens the chip again.

    All functions are in three sessions: :attr:`objects`, :attr:`crypto` and :attr:`updates`. The most common ones are
    here, too. Name an object with its OID, a text such as ``0xE0E1`` or ``second``, or an :class:`~optiga.ObjectRef`.
    The name of a slot means its key if the function needs a key, otherwise its certificate.

    :param transport: anything with ``exchange(request) -> bytes`` (command to response APDU) and ``close()``.
    :param port: name of the port in messages.
    :param handle: handle of a context that the chip has saved (:meth:`hibernate`); empty for a new context.
    :param meanwhile: as for :meth:`do_meanwhile`.
    :raises BoardError: if the chip cannot be reached.
    :raises ChipError: if the chip refuses.
    """

    @takes
    def __init__(
        self,
        transport: Transport,
        *,
        port: str = "",
        handle: bytes = b"",
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        self._transport = transport
        self.turn: RLock = RLock()
        """Held by the thread that uses the chip; ``with chip.turn:`` keeps it for several functions."""
        self.port = port
        self._process = os.getpid()
        self.authorized: set[int] = set()
        """Objects whose secrets have been proven to the chip: their Auto(X) holds until the application ends."""
        self._meanwhile = meanwhile
        self._is_closed = self._is_given_back = False
        self._uid: Uid | None = None
        self._model: Model | None = None
        self._refused: tuple[Command[Any], str] | None = None
        """The last command that the chip refused, and the hint of its error code."""
        self.execute(OpenApplication(handle))

    def __enter__(self) -> Chip:
        refuse_elsewhere(self)
        self._refuse_given_back()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, OptigaError):
            refused = self._refused  # asking for the metadata may be refused, too
            if isinstance(error, ChipError) and error.oid is not None and error.code in _MAY_BE_UNUSABLE:
                from optiga.chip.refusals import explain_refusal

                with suppress(OptigaError):
                    metadata = self.objects.metadata(error.oid)
                    explain_refusal(error, error.oid, metadata, refused, self.authorized, shielded=self.is_shielded)
            error.port = error.port or self.port
            error.uid = error.uid or ("" if self._uid is None else self._uid.hex)
        elif isinstance(error, KeyboardInterrupt):
            place_interruption(error, self.port, "" if self._uid is None else self._uid.hex)
        self.close()

    def __repr__(self) -> str:
        """The port, and what is known of the chip by now: nothing is asked for it."""
        known = ["closed"] if self._is_closed else []
        if self._model is not None:
            known.append(self._model.title)
        if self._uid is not None:
            known.append(f"UID {self._uid.hex}")
        return f"<{', '.join([f'Chip at {self.port or self._transport!r}', *known])}>"

    def close(self) -> None:
        """Close the transport. The chip's application stays open until it is opened again.

        In a process that was forked, this changes nothing for the process that has opened the chip.
        """
        self._is_closed = self._is_given_back = True
        if self._process == os.getpid():
            self._transport.close()

    def close_application(self) -> None:
        """Close the chip's application. To use the chip again, make a new :class:`Chip`."""
        self.execute(_endings().CloseApplication())
        self._is_closed = True

    def hibernate(self) -> bytes:
        """Close the chip's application and save its context on the chip: sessions, authorizations, security status.

        :returns: the handle (8 bytes), with which a new :class:`Chip` restores the context once. Keep it secret: it
            gives access to the context.
        :raises ConfigurationError: if the chip's model cannot save a context.
        :raises ChipError: if the chip refuses, for example while its security event counter is not 0.
        """
        handle: bytes = self.perform(_endings().Hibernate())
        self._is_closed = True
        return handle

    def do_meanwhile(self, work: Callable[[], object]) -> None:
        """Run a function while the chip works on the next command, if the transport has time for it.

        :param work: an optional task that saves time later, for example loading a module.
        """
        self._meanwhile = work

    def execute(self, command: Command[T]) -> T:
        """Send a command and return its result. One exchange; if the chip refuses, a second exchange reads the error
        code.

        :raises ConfigurationError: if the arguments do not fit the command.
        :raises ChipError: if the chip refuses the command, or its answer does not follow the manual.
        :raises ClosedError: if the chip was closed, or opened in another process; the command is not sent then.
        :raises BoardError: if the line fails.
        """
        self._refuse_given_back()
        try:
            request = command.request()
            if self._meanwhile is not None:
                request, self._meanwhile = replace(request, meanwhile=self._meanwhile), None
        except OverflowError:  # Python's words are about its own integers
            said = f"{command.code.title}: a number is negative, or too large for the command"
            raise ConfigurationError(said, oid=command.target, reason=Reason.BAD_VALUE) from None
        except ValueError as error:
            raise ConfigurationError(f"{command.code.title}: {error}", oid=command.target) from None
        try:
            answer = apdu.decode_answer(exchange(command, request, self._transport.exchange, self.port))
            if answer.ok:
                return command.parse(answer.data)
        except ValueError as error:
            raise ChipError(
                f"{command.code.title}: the chip's answer does not follow the manual: {error}",
                hint="Check that the board's firmware is for this chip",
                port=self.port,
                oid=command.target,
                reason=Reason.BAD_ANSWER,
            ) from error
        raise self._refusal(command)

    def perform(self, command: Command[T]) -> T:
        """Like :meth:`execute`, but refuse a function that the chip's model does not have before sending the
        command.
        """
        self.require(command.code, command.param)
        return self.execute(command)

    def require(self, code: CommandCode, param: int) -> None:
        """Make sure that the chip's model has a command with a value of its Param field.

        No exchange if every model has it; otherwise one exchange for the UID, once.

        :raises ConfigurationError: if the model does not have it; the command is not sent then.
        """
        if param not in ON_EVERY_MODEL.get(code, ()):
            _abilities().require(self, code, param)

    @property
    def uid(self) -> Uid:
        """UID of the chip. One exchange the first time."""
        if self._uid is None:
            data = self.objects.read(objects.UID)
            try:
                self._uid = Uid.parse(data)
            except ValueError as error:
                raise ChipError(
                    f"object 0xE0C2: {error}", port=self.port, oid=objects.UID, reason=Reason.BAD_ANSWER
                ) from error
        return self._uid

    @property
    def model(self) -> Model | None:
        """Model of the chip, from the firmware build in its UID; None if the firmware is unknown.

        Trust M Express and MTR have the firmware of Trust M V3; the locked metadata of 0xE0E1 distinguish them. At
        most two exchanges the first time.

        :raises ChipError: if the chip does not output its UID.
        """
        if self._model is None:
            self._model = _abilities().model_of(self)
        return self._model

    @property
    def is_shielded(self) -> bool | None:
        """Whether the connection is shielded with the platform binding secret; None where the board sees to that."""
        shielded: bool | None = getattr(self._transport, "is_shielded", None)
        return shielded

    @property
    def objects(self) -> Objects:
        """The objects of the chip: their data and metadata."""
        from optiga.chip.sessions.objects import Objects

        return Objects(self)

    @property
    def crypto(self) -> Crypto:
        """The cryptographic functions of the chip: keys, signatures, random bytes, hashes, ciphers, MACs, secrets."""
        from optiga.chip.sessions.crypto import Crypto

        return Crypto(self)

    @property
    def updates(self) -> Updates:
        """The chip's protected updates."""
        from optiga.chip.sessions.updates import Updates

        return Updates(self)

    # What nearly every program does, in fewer words

    def read(self, oid: Reference, offset: int = 0, length: int | None = None) -> bytes:
        """As :meth:`Objects.read <optiga.chip.sessions.objects.Objects.read>`."""
        return self.objects.read(oid, offset, length)

    def write(self, oid: Reference, data: bytes, *, offset: int = 0, erase: bool = True) -> None:
        """As :meth:`Objects.write <optiga.chip.sessions.objects.Objects.write>`."""
        self.objects.write(oid, data, offset=offset, erase=erase)

    def metadata(self, oid: Reference) -> Metadata:
        """As :meth:`Objects.metadata <optiga.chip.sessions.objects.Objects.metadata>`."""
        return self.objects.metadata(oid)

    def write_metadata(self, oid: Reference, changes: Metadata) -> None:
        """As :meth:`Objects.write_metadata <optiga.chip.sessions.objects.Objects.write_metadata>`.

        :param changes: for example ``optiga.protocol.metadata_words.parse_metadata_words(["change: always"])``.
        """
        self.objects.write_metadata(oid, changes)

    def random(
        self, size: int, *, deterministic: bool = False, session: int | None = None, prepended: bytes = b""
    ) -> bytes:
        """As :meth:`Crypto.random <optiga.chip.sessions.crypto.Crypto.random>`."""
        return self.crypto.random(size, deterministic=deterministic, session=session, prepended=prepended)

    def key(self, slot: Reference, algorithm: KeyAlgorithm | str | None = None) -> Key:
        """An existing key on the chip, as :func:`optiga.chip.key.find_key`."""
        found: Key = _keys().find_key(self, slot, algorithm)
        return found

    def generate_key(
        self, slot: Reference, algorithm: KeyAlgorithm | str | None = None, usage: KeyUsage | None = None
    ) -> Key:
        """Generate a key pair on the chip, as :func:`optiga.chip.key.generate_key`. The old key in the slot is lost."""
        made: Key = _keys().generate_key(self, slot, algorithm, usage)
        return made

    def _refuse_given_back(self) -> None:
        if self._is_given_back:
            raise ClosedError("the chip is closed", hint="Open it again", port=self.port)

    def _refusal(self, command: Command[T]) -> ChipError:
        """The error that says why the chip refused a command."""
        code = self._last_error_code()
        # A chip whose application is closed tells no cause, and it was open.
        was_reset = code is None and command.code != CommandCode.OPEN_APPLICATION
        code = code or 0
        try:
            known = ErrorCode(code)
        except ValueError:
            name, hint = "an error that the manual does not list", ""
        else:
            name = known.title if code else "no reason given"
            hint = command.hint(known) or _GENERAL_HINTS.get(known, "")
        said = f"the chip returned error 0x{code:02X}, {name}"
        is_closed = was_reset or (code == ErrorCode.COMMAND_NOT_AVAILABLE and not hint)
        if is_closed:
            reset = "the chip was reset in the meantime, so its application is closed"
            said = "the chip's application was closed before" if self._is_closed else reset
            hint = naming("To continue, {again.open}")
        self._refused = command, hint
        about = f" {objects.format_oid(command.target)}" if command.target is not None else ""
        return ChipError(
            f"{command.code.title}{about}: {said}",
            code=code,
            name=name,
            hint=hint,
            port=self.port,
            oid=command.target,
            reason=Reason.DISCONNECTED if is_closed else None,
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


def _endings() -> ModuleType:
    """What ends the application, as few programs do."""
    from optiga.chip.commands import close_application

    return close_application


def _keys() -> ModuleType:
    """What keys need; a board's chip can begin without it."""
    from optiga.chip import key

    return key


def _abilities() -> ModuleType:
    """What tells models apart; most commands are on every one."""
    from optiga.chip import abilities

    return abilities
