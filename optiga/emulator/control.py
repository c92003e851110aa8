"""Control of an emulated chip that another process serves, beside the way on which its host talks to it.

The server listens on a Unix socket that only its user can open; on Windows, where there is none, on a TCP port of the
same computer. A request is a line of JSON, ``{"verb": "power"}``; so is its answer: ``{"ok": true}`` with what was
asked for, or ``{"error": {"family": …, "message": …, "hint": …, "reason": …}}``. ``events`` with ``"follow": true`` is
answered with a line for each event, until one of the two closes the connection.
"""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from optiga.arguments import takes
from optiga.emulator.control_notes import find_control
from optiga.emulator.events import Event
from optiga.errors import BoardError, ClosedError, ConfigurationError, OptigaError, Reason, naming

MOST_LINE = 1 << 20
"""Most bytes of a line, in both directions: many times what the whole state of a chip takes."""
CLEAR = "clear"
"""What takes back all faults that have not happened."""
FAULT_KINDS = ("lose", "damage", "delay", "repeat", CLEAR)
"""What can happen to answers of the chip, and what takes it back."""
LONGEST_MS = 3_600_000
"""How much later an answer comes, at most, in milliseconds."""
_LONGEST_WAIT_S = 60.0
"""How long the server may take for an answer, in seconds: a chip finishes the command that it works on first."""
_CHUNK = 1 << 16
_FAMILIES: dict[str, type[OptigaError]] = {"configuration": ConfigurationError, "board": BoardError}


class Address(NamedTuple):
    """Where a server of controls is.

    :param path: of its Unix socket; None if it is on a port.
    :param port: TCP port of this computer.
    """

    path: Path | None
    port: int = 0

    def __str__(self) -> str:
        return f"{_LOOPBACK}:{self.port}" if self.path is None else str(self.path)


_LOOPBACK = "127.0.0.1"


def parse_address(text: str, *, is_tcp: bool = os.name == "nt") -> Address:
    """What a user has named: the path of a socket, on Windows ``127.0.0.1:PORT``.

    :raises ConfigurationError: if it is not such a port.
    """
    if not is_tcp:
        return Address(Path(text))
    host, _, port = text.rpartition(":")
    if host not in (_LOOPBACK, "") or not (port.isascii() and port.isdigit()) or len(port) > 5 or int(port) > 0xFFFF:
        raise ConfigurationError(
            f"{text!r} is not an address for the control of a chip", hint=f"On Windows, use {_LOOPBACK}:PORT"
        )
    return Address(None, int(port))


def find_address(text: str) -> Address:
    """What a user has named: a control itself, as :func:`parse_address` takes it, or the port or the file of its chip.

    :raises ConfigurationError: if it cannot be either.
    :raises BoardError: if it is a chip's, which offers no control.
    """
    if found := find_control(text):
        return parse_address(found)
    if _names_chip(text):
        raise BoardError(
            "no control of this chip is known",
            hint=naming("As the same user, serve the chip with 'python -m optiga emulator serve {control=SOCKET}'"),
            port=text,
            reason=Reason.NOT_FOUND,
        )
    return parse_address(text)


def _names_chip(text: str) -> bool:
    """Whether a text is a port or a file that is there, not the socket of a control."""
    if "://" in text or text.startswith("emulator:"):
        return True
    try:
        return not stat.S_ISSOCK(Path(text).stat().st_mode)
    except (OSError, ValueError):
        return False


class Control:
    """A chip that is served elsewhere, with ``emulator serve`` and a socket for its control; a context manager.

    :param address: of its control: the path of the socket, on Windows ``127.0.0.1:PORT``; or the port or the file of
        the chip, ``socket://127.0.0.1:PORT``.
    :raises ConfigurationError: if that cannot be an address.
    :raises BoardError: if nothing is served there.

    Every method raises :class:`ConfigurationError` if the server refuses what is asked for, and :class:`BoardError` if
    it does not answer, or the file of the chip cannot be written.
    """

    def __init__(self, address: str | os.PathLike[str] | Address) -> None:
        self._address = address if isinstance(address, Address) else find_address(os.fspath(address))
        self._socket = self._connect()
        self._process = os.getpid()
        self._received = bytearray()

    def __repr__(self) -> str:
        return f"<Control at {str(self._address)!r}>"

    @property
    def address(self) -> str:
        """Where the control is: the path of its socket, on Windows ``127.0.0.1:PORT``."""
        return str(self._address)

    def __enter__(self) -> Control:
        self._check_usable()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back; the chip goes on."""
        self._socket.close()

    def power_cycle(self) -> None:
        """Take the chip's power and give it back: its application is closed, what is volatile is gone."""
        self._ask("power")

    @takes
    def fault(self, kind: str, *, times: int | None = None, milliseconds: int | None = None) -> None:
        """Have something happen to the next answers of the chip, after all that was asked for before.

        :param kind: ``lose``, ``damage``, ``delay`` or ``repeat``.
        :param times: to how many answers, one after the other; None for one.
        :param milliseconds: how much later they come; for ``delay``, and only for that.
        :raises ConfigurationError: if ``milliseconds`` are missing, too many, or given for another kind.
        """
        if (milliseconds is None) is (kind == "delay") and kind in FAULT_KINDS:
            what = "are needed for a delay" if milliseconds is None else f"are only for delay, not for {kind}"
            raise ConfigurationError(naming("{milliseconds} {what}", what=what), reason=Reason.CONFLICT)
        if milliseconds is not None and not 0 <= milliseconds <= LONGEST_MS:
            text = naming("{milliseconds} must be 0 to {most}, not {given}", most=LONGEST_MS, given=milliseconds)
            raise ConfigurationError(text)
        numbers = {"times": times, "ms": milliseconds}
        self._ask("fault", kind=kind, **{name: number for name, number in numbers.items() if number is not None})

    def clear_faults(self) -> None:
        """Take back all faults that have not happened."""
        self._ask("fault", kind=CLEAR)

    def set_security_counter(self, value: int) -> None:
        """Have the security event counter, object 0xE0C5, jump; from 128 on the chip delays uses of keys.

        :param value: 0 to 255.
        """
        self._ask("security-counter", value=value)

    def snapshot(self) -> Mapping[str, Any]:
        """What the chip holds, as the document of ``emulator dump``. Its secrets stand in it."""
        state = self._ask("snapshot").get("state")
        if not isinstance(state, dict):
            raise self._no_answer("the answer has no state")
        return state

    def restore(self, document: Mapping[str, Any], *, partial: bool = False) -> None:
        """Have the chip hold what a document says, as after a power cycle; it must be one of the same model.

        :param partial: whether the chip may lose what the document does not contain, which then is as in a new chip.
        """
        self._ask("restore", state=document, **({"partial": True} if partial else {}))

    def events(self) -> list[Event]:
        """The newest commands that the chip has executed, a thousand at most."""
        found = self._ask("events").get("events")
        if not isinstance(found, list):
            raise self._no_answer("the answer has no events")
        return [self._event(one) for one in found]

    def follow(self) -> Iterator[Event]:
        """The same, and all that come, on a connection of their own, until the server ends."""
        with closing(Control(self._address)) as other:
            other._ask("events", follow=True)
            other._socket.settimeout(None)
            while (line := other._line()) is not None:
                yield other._event(other._checked(line))

    def _check_usable(self) -> None:
        """Refuse a connection that is closed, or that a process has opened which has forked this one.

        :raises ClosedError: if it is one.
        """
        said, hint = "the control is closed", "Open it again"
        if self._process != os.getpid():
            said, hint = f"the control was opened in process {self._process}", "Open it again in this process"
        elif self._socket.fileno() >= 0:
            return
        raise ClosedError(said, hint=hint, port=str(self._address))

    def _connect(self) -> socket.socket:
        path = self._address.path
        try:
            connection = socket.socket(socket.AF_INET if path is None else socket.AF_UNIX)
            connection.settimeout(_LONGEST_WAIT_S)
            try:
                connection.connect((_LOOPBACK, self._address.port) if path is None else str(path))
            except BaseException:
                connection.close()
                raise
        except (OSError, ValueError) as error:  # the latter for a null byte
            cause = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise BoardError(
                f"no chip offers control there: {cause}",
                hint=naming("To serve a chip with a control, use 'python -m optiga emulator serve {control=SOCKET}'"),
                port=str(self._address),
                reason=Reason.NOT_FOUND,
            ) from None
        return connection

    def _ask(self, verb: str, **values: object) -> Mapping[str, Any]:
        """Send a request, and take its answer."""
        self._check_usable()
        line = json.dumps({"verb": verb, **values}).encode() + b"\n"
        if len(line) > MOST_LINE:
            raise ConfigurationError(f"more than {MOST_LINE} bytes are not a state of a chip", reason=Reason.TOO_LARGE)
        with suppress(BrokenPipeError, ConnectionResetError):  # the server has said why
            self._socket.sendall(line)
        answer = self._line()
        if answer is None:
            raise self._no_answer("the server has ended")
        return self._checked(answer)

    def _line(self) -> bytes | None:
        """The next line; None if the server has ended."""
        while b"\n" not in self._received:
            if len(self._received) > MOST_LINE:
                raise self._no_answer("the answer has no end")
            try:
                data = self._socket.recv(_CHUNK)
            except TimeoutError:
                raise self._no_answer(f"no answer within {_LONGEST_WAIT_S:.0f} seconds") from None
            except OSError:
                data = b""
            if not data:
                return None
            self._received += data
        line, _, rest = bytes(self._received).partition(b"\n")
        self._received = bytearray(rest)
        return line

    def _checked(self, line: bytes) -> Mapping[str, Any]:
        """What a line says.

        :raises OptigaError: the error that it brings; a board error if it is none of a server's.
        """
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise self._no_answer("something else answers, not the control of a chip")
        error = value.get("error")
        if error is None:
            return value
        parts = error if isinstance(error, dict) else {}
        message, hint = parts.get("message"), parts.get("hint", "")
        if not isinstance(message, str) or not isinstance(hint, str):
            raise self._no_answer("something else answers, not the control of a chip")
        reason = next((one for one in Reason if one.value == parts.get("reason")), None)
        raise _FAMILIES.get(str(parts.get("family")), BoardError)(message, hint=hint, reason=reason)

    def _event(self, value: object) -> Event:
        """An event as a line has it."""
        if isinstance(value, dict):
            command, about, result, milliseconds = map(value.get, ("command", "object", "result", "milliseconds"))
            is_named = isinstance(command, str) and isinstance(result, str) and isinstance(about, (str, type(None)))
            if is_named and isinstance(milliseconds, (int, float)):
                return Event(str(command), about, str(result), float(milliseconds))
        raise self._no_answer("the answer has no event")

    def _no_answer(self, message: str) -> BoardError:
        return BoardError(message, hint="Serve the chip again", port=str(self._address), reason=Reason.BAD_ANSWER)
