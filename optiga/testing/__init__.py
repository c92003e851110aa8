"""Emulated chips and a stand-in for AWS IoT, for the tests of programs that use them.

A chip is opened in this process, or served on a board. AWS IoT is served over HTTP.

With pytest, at the top of ``conftest.py``: ``pytest_plugins = ["optiga.testing.pytest_plugin"]``. Without::

    from optiga import testing

    with testing.emulated_chip() as chip:
        chip.write(0xF1D0, b"hello")
    with testing.served_board() as board:
        board.faults.lose_next_answer()
        subprocess.run(["my-program", board.port], env=board.environment, check=True)
    with testing.served_aws() as cloud:
        subprocess.run(["my-program"], env=cloud.environment, check=True)
        assert "CreateThing" in cloud.calls

No part of optiga imports this package.
"""

from optiga.emulator.faults import Faults
from optiga.testing.aws.cloud import Cloud
from optiga.testing.aws.faults import CloudFault
from optiga.testing.aws.server import served_aws
from optiga.testing.benches import Bench, Snapshot, bench, emulated_chip
from optiga.testing.boards import BOARD_KINDS, Board, served_board

__all__ = [
    "BOARD_KINDS",
    "Bench",
    "Board",
    "Cloud",
    "CloudFault",
    "Faults",
    "Snapshot",
    "bench",
    "emulated_chip",
    "served_aws",
    "served_board",
]
