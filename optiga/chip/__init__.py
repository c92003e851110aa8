"""The host side: an open chip, its commands as typed values, its keys.

Code for keys is loaded when it is first used, while a board's chip starts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from optiga.arguments import takes
from optiga.chip.chip import Chip
from optiga.transport import Port, open_transport, resolve_port

if TYPE_CHECKING:
    from optiga.chip.key import Key

__all__ = ["Chip", "Key", "open_chip"]


@takes
def open_chip(port: str | Port | None = None, *, meanwhile: Callable[[], object] | None = None) -> Chip:
    """Open the chip at a port.

    :param port: a device name, a URL, ``emulator[:PATH]``, or the result of :func:`optiga.transport.resolve_port`; None
        if exactly one board is connected. The environment variable ``OPTIGA_PORT`` is not read.
    :param meanwhile: an optional task to run while the chip starts.
    :raises BoardError: if the port does not exist, or no chip answers there.
    :raises ConfigurationError: if the port is not valid.
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
