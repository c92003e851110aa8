"""The host's side of a chip: one open chip, its commands as typed values, a key that can sign.

A chip is opened without what its keys need, which is loaded when first used: a board's chip takes its time to begin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from optiga.chip.chip import Chip
from optiga.transport import open_transport, resolve_port

if TYPE_CHECKING:
    from optiga.chip.key import Key
    from optiga.transport import Port

__all__ = ["Chip", "Key", "open_chip"]


def open_chip(port: str | Port | None = None, *, meanwhile: Callable[[], object] | None = None) -> Chip:
    """Open the chip at a port.

    :param port: a device name, a pyserial URL, ``emulator[:PATH]``, or None for the one board that is plugged in; or
        what :func:`optiga.transport.resolve_port` made of it.
    :param meanwhile: what may be done while the chip begins.
    :raises BoardError: if there is no such port, or no chip answers there.
    :raises ConfigurationError: if the port is written wrongly.
    """
    resolved = resolve_port(port)
    transport = open_transport(resolved)
    try:
        return Chip(transport, port=resolved.name, meanwhile=meanwhile)
    except BaseException:
        transport.close()
        raise


def __getattr__(name: str) -> object:
    if name != "Key":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return import_module(f"{__name__}.key").Key
