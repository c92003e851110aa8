"""What people write for a port, and what it opens."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from optiga.errors import ConfigurationError
from optiga.transport.base import Transport
from optiga.transport.urls import is_url, split_url

if TYPE_CHECKING:
    from optiga.files.locks import PortLock
    from optiga.protocol.request import Request
    from optiga.transport.bridge import BridgeTransport

EMULATOR = "emulator"
_EMULATOR_OPTIONS = ("model", "timing", "shielded")


class BoardPort(NamedTuple):
    """A device or a URL, with a board at its end.

    :param name: how the user names it.
    """

    name: str

    @property
    def is_network(self) -> bool:
        """Whether what passes to the chip and back crosses a network, where others may read it."""
        return is_url(self.name)

    def open(self) -> Transport:
        """Open the line and take the lock on it.

        :raises BoardError: if that cannot be.
        """
        from optiga.files.locks import PortLock, lock_path_for_port
        from optiga.transport.bridge import BridgeTransport
        from optiga.transport.line import SerialLine
        from optiga.transport.trace import inform

        lock = PortLock(lock_path_for_port(self._one_name()), port=self.name)
        lock.acquire()
        try:
            began = monotonic()
            line = SerialLine(self.name)
            spent = monotonic() - began
            bridge = BridgeTransport(line, port=self.name, settled=not lock.was_left, spent_s=spent)
        except BaseException:
            lock.release()
            raise
        inform("%s: open", self.name)
        return _LockedBridge(bridge, lock)

    def _one_name(self) -> str:
        """The same name for a device however it is reached: links are followed."""
        if self.is_network:
            return self.name
        return os.path.realpath(self.name)


class EmulatorPort(NamedTuple):
    """An emulated chip in this process.

    :param name: how the user names it.
    :param path: its file; None for the user's own default chip.
    :param model: name of the model to make where the file is new; None for the default.
    :param real_timing: whether exchanges take as long as on a board.
    :param shielded: whether they go over a shielded connection.
    """

    name: str
    path: Path | None = None
    model: str | None = None
    real_timing: bool = False
    shielded: bool = False

    @property
    def is_network(self) -> bool:
        """Never: the chip is in this process."""
        return False

    @property
    def file(self) -> Path:
        """The file that the chip lives in."""
        from optiga.emulator import default_chip_path

        return self.path or default_chip_path()

    def open(self) -> Transport:
        """Open the chip's file, making a new chip where there is none.

        :raises BoardError: if that cannot be.
        """
        from optiga.transport.emulated import open_emulated
        from optiga.transport.trace import inform

        inform("%s: open", self.name)
        return open_emulated(self.file, model=self.model, real_timing=self.real_timing, shielded=self.shielded)


Port = BoardPort | EmulatorPort


def resolve_port(port: str | Port | None) -> Port:
    """What a port as people write it stands for.

    :param port: a device name, ``socket://HOST:PORT``, ``rfc2217://HOST:PORT``,
        ``emulator[:PATH][?model=…&timing=real&shielded=yes]``, or None for the one board that is plugged in; what is
        resolved already stays as it is. Nothing ever stands for an emulated chip but its own name.
    :raises ConfigurationError: if it is written wrongly.
    :raises BoardError: if it is None and there is not exactly one board.
    """
    if isinstance(port, BoardPort | EmulatorPort):
        return port
    if port is None:
        from optiga.transport.boards import find_board

        return BoardPort(find_board())
    text = port.strip()
    if not text:
        raise ConfigurationError("the port is empty", hint="Name a device, a URL or emulator, or leave --port out")
    if is_emulator(text):
        return _parse_emulator(text)
    if is_url(text):
        split_url(text)
    return BoardPort(text)


def is_emulator(name: str) -> bool:
    """Whether the name of a port is an emulated chip's; nothing else ever stands for one."""
    return name.strip().split("?", 1)[0].split(":", 1)[0].lower() == EMULATOR


def open_transport(port: str | Port | None = None) -> Transport:
    """Open a way to a chip; the only place that knows ports.

    :param port: as for :func:`resolve_port`.
    :raises BoardError: if it cannot be opened.
    :raises ConfigurationError: if it is written wrongly.
    """
    return resolve_port(port).open()


def _parse_emulator(text: str) -> EmulatorPort:
    where, _, query = text.partition("?")
    _, colon, path = where.partition(":")
    if colon and not path.strip():
        raise ConfigurationError(
            f"port {text} names no file behind the colon", hint="Name one, or say emulator for your own chip"
        )
    options = dict(parse_qsl(query, keep_blank_values=True))
    for key in options:
        if key not in _EMULATOR_OPTIONS:
            raise ConfigurationError(
                f"port {text}: unknown option {key!r}", hint=f"An emulated chip has {', '.join(_EMULATOR_OPTIONS)}"
            )
    return EmulatorPort(
        text,
        Path(path).expanduser() if path else None,
        options.get("model"),
        real_timing=_is_second(text, options, "timing", ("none", "real")),
        shielded=_is_second(text, options, "shielded", ("no", "yes")),
    )


def _is_second(text: str, options: dict[str, str], name: str, words: tuple[str, str]) -> bool:
    """Whether an option of two words is the second; it is the first where it is left out."""
    word = options.get(name, words[0])
    if word not in words:
        raise ConfigurationError(f"port {text}: {name} {word!r} is unknown", hint=f"It is {' or '.join(words)}")
    return word == words[1]


class _LockedBridge:
    """A bridge that gives its lock back when it is closed, and says whether the board was left at peace."""

    def __init__(self, bridge: BridgeTransport, lock: PortLock) -> None:
        self._bridge = bridge
        self._lock = lock

    def exchange(self, request: Request) -> bytes:
        return self._bridge.exchange(request)

    def close(self) -> None:
        try:
            self._bridge.close()
        finally:
            self._lock.release(done=self._bridge.is_settled)
