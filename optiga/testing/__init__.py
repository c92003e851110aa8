"""Emulated chips for tests of programs that use a chip: opened in the same process, or served on a board.

With pytest, at the top of ``conftest.py``: ``pytest_plugins = ["optiga.testing.pytest_plugin"]``. Without::

    from optiga import testing

    with testing.emulated_chip() as chip:
        chip.write(0xF1D0, b"hello")
    with testing.served_board() as board:
        board.faults.lose_next_answer()
        subprocess.run(["my-program", board.port], env=board.environment, check=True)

No part of optiga imports this package.
"""

from optiga.emulator.faults import Faults
from optiga.testing.benches import Bench, Snapshot, bench, emulated_chip
from optiga.testing.boards import BOARD_KINDS, Board, served_board

__all__ = ["BOARD_KINDS", "Bench", "Board", "Faults", "Snapshot", "bench", "emulated_chip", "served_board"]
