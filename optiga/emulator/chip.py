"""An OPTIGA Trust chip in software."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from optiga.emulator.commands import find_command
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.models import DEFAULT_MODEL, ChipModel
from optiga.emulator.objects import ObjectTable, Store
from optiga.emulator.store import MemoryStore
from optiga.errors import BoardError
from optiga.protocol import apdu
from optiga.protocol import objects as oids
from optiga.protocol.codes import CLEAR_LAST_ERROR, CommandCode, ErrorCode, ObjectType
from optiga.protocol.request import Protection


class EmulatedChip:
    """An emulated chip. The constructor powers it on.

    :param store: storage for the objects; by default in memory. An empty store gets a new chip in the factory state.
        The store is closed together with the chip, or if the chip cannot be made.
    :param model: model of a new chip; a chip in a file keeps its model.
    :param clock: time for the security monitor, in seconds from any start.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        model: ChipModel = DEFAULT_MODEL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        store = store or MemoryStore()
        model = store.model or model
        try:
            self._table = ObjectTable(store)
            if not len(self._table):
                self._make(model)
        except BaseException:
            store.close()
            raise
        self._clock = clock
        self._machine = Machine(model, self._table, clock=clock)
        self.is_shielded = False
        """Whether the host is said to speak over a shielded connection where nobody says it of a command.

        A real one is negotiated below the APDUs, with the platform binding secret that the host, too, has; here it is
        only said to be there. As long as 0xE140 holds no secret, it is not. SRM, "Access Conditions (ACs)", Conf.
        """

    def execute(self, command: bytes, protection: Protection | None = None) -> bytes:
        """Execute a command APDU and return the response APDU. Any bytes get a response.

        :param protection: which of command and response use a shielded connection with the secret in 0xE140; None to
            use
            :attr:`is_shielded`.

        A command that fails changes nothing except counters of attempts. A successful command is in the store when this
        method returns.

        :raises BoardError: if the store cannot be written; the command was not executed then.
        """
        if protection is None:
            protection = Protection.BOTH if self.is_shielded else Protection.NONE
        self._machine.protection = protection
        try:
            answer = self._run(command)
        except CommandError as error:
            return self._refuse(command, error)
        except BoardError:
            raise
        except Exception:
            # A real chip would answer, too, whatever is wrong inside it.
            import logging

            logging.getLogger(__name__).exception("command %s", command[:2].hex())
            return self._refuse(command, CommandError(ErrorCode.INTERNAL_PROCESS_ERROR))
        self._machine.end_command()
        try:
            self._table.commit()
        except BoardError:
            self._machine.chain = None  # what it would go on with did not reach the store
            self._machine.monitor.work_off()  # goes back to the configuration that is still there
            self._table.discard()
            raise
        return apdu.encode_answer(answer)

    def use_binding_secret(self) -> bytes:
        """Use the platform binding secret for a handshake, which counts as a use; empty if there is no usable secret.

        :raises BoardError: if the store cannot be written.
        """
        machine = self._machine
        machine.protection = Protection.NONE
        before = machine.last_error
        try:
            secret = machine.stored_secret(oids.PLATFORM_BINDING_SECRET, ObjectType.PLATFORM_BINDING)
        except CommandError as error:
            machine.end_command(error)
            machine.last_error = before  # which commands alone leave
            secret = b""
        else:
            machine.end_command()
        self._table.commit()
        return secret

    def reset(self) -> None:
        """Reset the chip, as with a power cycle: the application is closed, and volatile data are lost."""
        self._rest()
        self._machine = Machine(self._machine.model, self._table, clock=self._clock)

    def _refuse(self, command: bytes, error: CommandError) -> bytes:
        """Undo what a command has begun, and keep why."""
        is_update = bool(command) and command[0] & ~CLEAR_LAST_ERROR == CommandCode.SET_OBJECT_PROTECTED
        self._machine.end_command(error, is_update=is_update)
        self._table.commit()
        return apdu.encode_answer(ok=False)

    def take_security_delay_s(self) -> float:
        """Delay of a real chip since the last call of this method, in seconds.

        A real chip delays commands if keys and secrets are used too often. SRM, "Security Monitor Characteristics".
        """
        return self._machine.monitor.take_delay_s()

    def close(self) -> None:
        """Power off, and close the store."""
        self._rest()
        self._table.close()

    def _rest(self) -> None:
        """Leave the non-volatile memory as a chip without power does."""
        with suppress(BoardError):  # the counter only stays higher than it need be
            self._machine.monitor.work_off()
            self._table.commit()

    def _make(self, model: ChipModel) -> None:
        """Take everything that a new chip holds from the factory."""
        from optiga.emulator.identity import factory_chip

        for oid, stored in factory_chip(model).items():
            self._table.put(oid, stored)
        self._table.commit()

    def _run(self, command: bytes) -> bytes:
        machine = self._machine
        if command and command[0] & CLEAR_LAST_ERROR:
            machine.last_error = ErrorCode.NO_ERROR
        size = len(command) - apdu.HEADER_SIZE
        if not 0 <= size <= apdu.MAX_DATA or size != command[2] << 8 | command[3]:
            raise CommandError(ErrorCode.INVALID_LENGTH)
        code, param, data = command[0], command[1], command[apdu.HEADER_SIZE :]
        chain, machine.chain = machine.chain, None
        code &= ~CLEAR_LAST_ERROR
        function = find_command(code)
        params = machine.model.kind.commands.get(code)
        if function is None or params is None:
            raise CommandError(ErrorCode.INVALID_COMMAND)
        if chain is not None and chain.code == code:
            machine.chain = chain  # which the command takes up, or ends by failing
        if not machine.is_open and code != CommandCode.OPEN_APPLICATION:
            raise CommandError(ErrorCode.COMMAND_NOT_AVAILABLE)
        if param not in params:
            raise CommandError(ErrorCode.INVALID_PARAM)
        answer = function(machine, param, data)
        if len(answer) > apdu.MAX_DATA:
            raise CommandError(ErrorCode.INSUFFICIENT_BUFFER)
        return answer
