"""What a CSR costs on an I2C bus, in transactions and bytes, beside Infineon's ``optigatrust`` on the same bus.

    python benchmarks/i2c.py

Needs the ``test`` extra and a C compiler, on Linux. Bytes are counted with each transaction's address byte.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from tables import print_table

from optiga.emulator import EmulatedChip
from optiga.emulator.board.bus_server import serve_i2c
from optiga.emulator.board.i2c_slave import Acknowledges, I2cSlave
from optiga.emulator.boards import i2c_place
from optiga.emulator.server import Stop
from optiga.emulator.timing import work_on_i2c_s

CONFIG = ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn"
CLIENTS = {
    "optiga.py": [sys.executable, str(ROOT / "optiga.py"), "-q", "--port", "/dev/i2c-1", "--csr", str(CONFIG)],
    "optigatrust": [sys.executable, str(ROOT / "benchmarks" / "optigatrust_job.py"), "csr"],
}


class CountingSlave:
    """A chip on a bus that counts what is done there."""

    def __init__(self, slave: I2cSlave) -> None:
        self._slave = slave
        self.transactions = self.bytes = 0

    def write(self, data: bytes) -> bool:
        self._count(len(data))
        return self._slave.write(data)

    def read(self, size: int) -> bytes | None:
        self._count(size)
        return self._slave.read(size)

    def _count(self, size: int) -> None:
        self.transactions += 1
        self.bytes += 1 + size


def count(command: list[str], acknowledges: Acknowledges) -> tuple[int, int]:
    """Transactions and bytes of a whole process that makes a CSR, start-up included."""
    with tempfile.TemporaryDirectory() as name:
        folder, stop, ready = Path(name), Stop(), threading.Event()
        slave = CountingSlave(I2cSlave(EmulatedChip(), acknowledges=acknowledges, work_s=work_on_i2c_s))
        server = threading.Thread(
            target=serve_i2c, args=(slave, folder / "bus"), kwargs={"announce": lambda _: ready.set(), "stop": stop}
        )
        server.start()
        try:
            ready.wait()
            variables = {
                **os.environ,
                **i2c_place(str(folder / "bus")).variables,
                "OPTIGATRUST_INTERFACE": "i2c",
                "XDG_STATE_HOME": name,
            }
            subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True)
        finally:
            stop()
            server.join()
            stop.close()
    return slave.transactions, slave.bytes


def main() -> None:
    rows: list[tuple[str, ...]] = [("CSR over I2C", "acknowledged", "transactions", "bytes")]
    for name, command in CLIENTS.items():
        for acknowledges in (Acknowledges.APART, Acknowledges.INSIDE):
            transactions, carried = count(command, acknowledges)
            rows.append((name, acknowledges.value, str(transactions), str(carried)))
    print_table("A whole process on an emulated bus, in the manual's times", rows)


if __name__ == "__main__":
    main()
