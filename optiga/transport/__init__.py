"""How an APDU reaches a chip and its answer comes back. One door: :func:`open_transport`."""

from optiga.transport.base import Transport
from optiga.transport.ports import EmulatorPort, Port, is_emulator, open_transport, resolve_port

__all__ = ["EmulatorPort", "Port", "Transport", "is_emulator", "open_transport", "resolve_port"]
