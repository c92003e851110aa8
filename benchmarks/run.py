"""What a CSR and a certificate write cost, on the line and on the machine, beside Infineon's ``optigatrust``.

    python benchmarks/run.py [RUNS]

Needs the ``test`` extra, on Linux. Both hosts work on the same emulated board in the same run. Each whole process is
run in turn with the others, after one run that is not counted; the medians are printed.
"""

from __future__ import annotations

import compileall
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
from optiga.emulator.timing import RealTiming
from optiga.pki.certificate import load_certificates
from optiga.protocol import tls_identity
from tests.support.counting_board import CountingBoard
from tests.support.interop.infineon_host import copy_library
from tests.support.served_boards import board_on_pty

CONFIG = ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn"
OPTIGA = [sys.executable, str(ROOT / "optiga.py")]
JOB = [sys.executable, str(ROOT / "benchmarks" / "optigatrust_job.py")]
CLICK = "import click"
FOUNDATION = "import click, asn1crypto.csr, sqlite3; from cryptography.hazmat.primitives.asymmetric import ec"
"""What a CSR on the emulated chip stands on, imported and not used."""


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


def take_real_time(runs: int) -> dict[str, list[Cost]]:
    """Costs of a CSR on a board that takes the manual's times, with ours and with Infineon's host in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder, chip = Path(name), EmulatedChip()
        with board_on_pty(Board(RealTiming(chip.execute, delay=chip.take_security_delay_s))) as port:
            copy_library(folder, port)
            ours = [*OPTIGA, "-q", "--port", port, "--csr", str(CONFIG)]
            return take_costs({"CSR, optiga.py": ours, "CSR, optigatrust": [*JOB, "csr"]}, folder, runs)


def cpu_ratio(ours: list[Cost], other: list[Cost]) -> float:
    """Median of the ratios within each turn, which a machine that grows slower or faster meanwhile leaves alone."""
    return statistics.median(mine.cpu / its.cpu for mine, its in zip(ours, other, strict=True))


def count_on_line(board: CountingBoard, folder: Path, port: str) -> None:
    """Print what jobs cost on the line, ours and the other's, each with a new chip, whose objects are full of zeros."""
    csr, certificate = folder / "device.csr", folder / "device.pem"
    run([*OPTIGA, "-q", "ca", "init", "ca", "--no-passphrase", "--organization", "Example", "--country", "DE"], folder)
    ours = [*OPTIGA, "-q", "--port", port]
    jobs = {
        "optiga.py": ([*ours, "--csr", str(CONFIG)], [*ours, "--write", str(certificate)]),
        "optigatrust": ([*JOB, "csr"], [*JOB, "write", str(certificate)]),
    }
    rows: list[tuple[str, ...]] = []
    for tool, (make, write) in jobs.items():
        board.chip, payload = EmulatedChip(), ""
        for job, command in (("CSR", make), ("certificate into a new chip", write), ("the same once more", write)):
            board.clear()
            run(command, folder)
            rows.append((f"{job}, {tool}", str(board.exchanges), str(board.carried), payload))
            if job == "CSR":
                next(folder.glob("*.csr")).rename(csr)
                run([*OPTIGA, "-q", "ca", "sign", str(csr), "--ca", "ca", "--out", str(certificate), "--force"], folder)
                csr.unlink()
                payload = str(len(tls_identity.encode(one.der for one in load_certificates(certificate))))
    print_table(
        "Exchanges with the chip and bytes on the line, both ways",
        [("on the line", "exchanges", "bytes", "certificate"), *rows[0::3], *rows[1::3], *rows[2::3]],
    )


def print_costs(title: str, costs: dict[str, list[Cost]]) -> None:
    """A table of medians."""
    rows = [("process", "CPU ms", "wall ms")]
    for name, taken in costs.items():
        cpu, wall = (statistics.median(figures) for figures in zip(*taken, strict=True))
        rows.append((name, f"{cpu:.0f}", f"{wall:.0f}"))
    print_table(title, rows)


def main(runs: int) -> None:
    compileall.compile_dir(ROOT / "optiga", quiet=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        board = CountingBoard(EmulatedChip())
        with board_on_pty(board) as port:
            copy_library(folder, port)
            count_on_line(board, folder, port)
            costs = take_costs(
                {
                    'python -c "import click"': [sys.executable, "-c", CLICK],
                    "python -c, what a CSR stands on": [sys.executable, "-c", FOUNDATION],
                    "optiga.py --help": [*OPTIGA, "--help"],
                    "CSR, optiga.py on --port emulator": [
                        *OPTIGA,
                        "-q",
                        "--port",
                        "emulator:chip",
                        "--csr",
                        str(CONFIG),
                    ],
                    "CSR, optiga.py on the board": [*OPTIGA, "-q", "--port", port, "--csr", str(CONFIG)],
                    "CSR, optigatrust on the board": [*JOB, "csr"],
                },
                folder,
                runs,
            )
    real_time = take_real_time(runs)
    print_costs(f"Whole processes, medians of {runs} runs", costs)
    print_costs("Whole processes on a board that takes the manual's times", real_time)
    csr = costs["CSR, optiga.py on --port emulator"]
    help_ratio = cpu_ratio(costs["optiga.py --help"], costs['python -c "import click"'])
    foundation_ratio = cpu_ratio(csr, costs["python -c, what a CSR stands on"])
    csr_ratio = cpu_ratio(csr, costs["CSR, optigatrust on the board"])
    pairs = zip(real_time["CSR, optiga.py"], real_time["CSR, optigatrust"], strict=True)
    wall_ratio = statistics.median(ours.wall / its.wall for ours, its in pairs)
    print(f"\nA CSR on that board takes {wall_ratio:.2f} times as long as with optigatrust.")
    print(f"--help takes {help_ratio:.2f} times the CPU time of 'import click'; at most 1.15.")
    print(f"--csr on the emulated chip takes {foundation_ratio:.2f} times that of '{FOUNDATION}'; at most 1.35.")
    print(f"It takes {csr_ratio:.2f} times that of the CSR script of optigatrust; at most 1.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
