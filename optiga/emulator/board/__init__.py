"""What an emulated chip sits on: a bridge's UART, or the bus itself."""

from __future__ import annotations

from optiga.emulator.board.uart import Board

__all__ = ["Board"]
