"""Connections to a chip: drivers that send an APDU and return the answer. Entry point: :func:`open_transport`."""

from optiga.transport.base import Port, Transport
from optiga.transport.registry import is_emulator, open_transport, resolve_port

__all__ = ["Port", "Transport", "is_emulator", "open_transport", "resolve_port"]
