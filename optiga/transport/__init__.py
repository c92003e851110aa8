"""How an APDU reaches a chip and its answer comes back. One door: :func:`open_transport`."""

from optiga.transport.base import Port, Transport
from optiga.transport.registry import is_emulator, open_transport, resolve_port

__all__ = ["Port", "Transport", "is_emulator", "open_transport", "resolve_port"]
