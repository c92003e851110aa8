"""What a CSR and a certificate write cost, on the line and on the machine, beside Infineon's ``optigatrust``.

    python benchmarks/run.py [RUNS]

Needs the ``test`` extra, on Linux. Both hosts work on the same emulated board in the same run. Each whole process is
run in turn with the others, after one run that is not counted; the medians are printed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from tables import print_table

from optiga.emulator import Board, EmulatedChip
from tests.support.interop.infineon_host import copy_library
from tests.support.makers import make_certificate
from tests.support.served_boards import board_on_pty

CONFIG = ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn"
OPTIGA = [sys.executable, str(ROOT / "optiga.py")]
JOB = [sys.executable, str(ROOT / "benchmarks" / "optigatrust_job.py")]


class CountingBoard(Board):
    """A board that counts the exchanges of its chip and the bytes on its line, both ways."""

    def __init__(self, chip: EmulatedChip) -> None:
        super().__init__(self._count)
        self._chip = chip
        self.exchanges = self.carried = 0

    def _count(self, command: bytes) -> bytes:
        self.exchanges += 1
        return self._chip.execute(command)

    def feed(self, data: bytes) -> bytes:
        answer = super().feed(data)
        self.carried += len(data) + len(answer)
        return answer


class Cost(NamedTuple):
    """Of one whole process, in milliseconds."""

    cpu: float
    wall: float


def run(command: list[str], folder: Path, *, again: bool = False) -> Cost:
    """Run a process to its end; Infineon's library once more if it fails, for it has a race (``infineon_host``)."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "XDG_STATE_HOME": str(folder)}
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and command[: len(JOB)] == JOB and not again:
        return run(command, folder, again=True)
    if process.returncode:
        sys.exit(f"{command} failed: {said.decode()}")
    return Cost(1000 * (used.ru_utime + used.ru_stime), 1000 * wall)


def take_costs(commands: dict[str, list[str]], folder: Path, runs: int) -> dict[str, list[Cost]]:
    """Costs of several commands that are run in turn, after one turn that does not count."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            cost = run(command, folder)
            if turn:
                costs[name].append(cost)
    return costs


def cpu_ratio(ours: list[Cost], other: list[Cost]) -> float:
    """Median of the ratios within each turn, which a machine that grows slower or faster meanwhile leaves alone."""
    return statistics.median(mine.cpu / its.cpu for mine, its in zip(ours, other, strict=True))


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificates = [folder / f"certificate{number}.pem" for number in range(2)]
        for path in certificates:
            path.write_bytes(make_certificate())
        board = CountingBoard(EmulatedChip())
        with board_on_pty(board) as port:
            copy_library(folder, port)
            jobs = {
                "CSR, optiga.py": [*OPTIGA, "-q", "--port", port, "--csr", str(CONFIG)],
                "CSR, optigatrust": [*JOB, "csr"],
                "certificate write, optiga.py": [*OPTIGA, "-q", "--port", port, "--write", str(certificates[0])],
                "certificate write, optigatrust": [*JOB, "write", str(certificates[1])],
            }
            rows: list[tuple[str, ...]] = [("on the line", "exchanges", "bytes")]
            for job, command in jobs.items():
                board.exchanges = board.carried = 0
                run(command, folder)
                rows.append((job, str(board.exchanges), str(board.carried)))
            print_table("Exchanges with the chip and bytes on the line, both ways", rows)
            costs = take_costs(
                {
                    'python -c "import click"': [sys.executable, "-c", "import click"],
                    "optiga.py --help": [*OPTIGA, "--help"],
                    "CSR, optiga.py on --port emulator": [
                        *OPTIGA,
                        "-q",
                        "--port",
                        "emulator:chip",
                        "--csr",
                        str(CONFIG),
                    ],
                    "CSR, optiga.py on the board": jobs["CSR, optiga.py"],
                    "CSR, optigatrust on the board": jobs["CSR, optigatrust"],
                },
                folder,
                runs,
            )
    print_table(
        f"Whole processes, medians of {runs} runs",
        [("process", "CPU ms", "wall ms")]
        + [
            (
                name,
                f"{statistics.median(cost.cpu for cost in taken):.0f}",
                f"{statistics.median(cost.wall for cost in taken):.0f}",
            )
            for name, taken in costs.items()
        ],
    )
    help_ratio = cpu_ratio(costs["optiga.py --help"], costs['python -c "import click"'])
    csr_ratio = cpu_ratio(costs["CSR, optiga.py on --port emulator"], costs["CSR, optigatrust on the board"])
    print(f"\n--help at {help_ratio:.2f} times import click; --csr at {csr_ratio:.2f} times optigatrust (CPU).")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
