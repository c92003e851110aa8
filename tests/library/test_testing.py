"""``optiga.testing``: chips in the process, boards that are served, faults on the line, snapshots."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import optiga
from optiga import testing
from optiga.emulator.store import SqliteStore
from optiga.testing.boards import check_kind
from tests.support.places import ROOT
from tests.support.sampling import sampled

READ_ONCE = 1
FAULTS: dict[str, tuple[Callable[[testing.Faults], None], int]] = {
    "command lost": (lambda faults: faults.lose_next_command(), READ_ONCE),
    "command damaged": (lambda faults: faults.damage_next_command(), READ_ONCE),
    "answer lost": (lambda faults: faults.lose_next_answer(), READ_ONCE + 1),
    "answer damaged": (lambda faults: faults.damage_next_answer(), READ_ONCE + 1),
    "answer cut": (lambda faults: faults.cut_next_answer(), READ_ONCE + 1),
    "answer repeated": (lambda faults: faults.repeat_next_answer(), READ_ONCE),
    "answer late": (lambda faults: faults.delay_next_answer(milliseconds=200), READ_ONCE),
    "answer late, in seconds": (lambda faults: faults.delay_next_answer(0.2), READ_ONCE),
    "answers lost": (lambda faults: faults.lose_next_answer(times=2), READ_ONCE + 2),
}
"""What is asked for, and how often the chip executes a command that the host repeats until it has its answer."""
READER = """
import os, optiga
with optiga.open_chip(os.environ["OPTIGA_PORT"]) as chip:
    print(chip.read("0xF1D0", length=5).decode())
"""


class TestFaults:
    @pytest.mark.parametrize("name", FAULTS)
    def test_the_host_lives_with_it(self, name: str, optiga_bench: testing.Bench) -> None:
        ask, executed = FAULTS[name]
        with optiga_bench.open() as chip:
            chip.write(0xF1D0, b"hello")
            optiga_bench.forget_commands()
            ask(optiga_bench.faults)
            assert optiga_bench.faults
            assert chip.read(0xF1D0) == b"hello"
            assert len(optiga_bench.commands) == executed
            assert not optiga_bench.faults
            assert optiga_bench.errors == []

    def test_in_their_order(self, optiga_bench: testing.Bench) -> None:
        faults = optiga_bench.faults
        with optiga_bench.open() as chip:
            faults.lose_next_command()
            faults.cut_next_answer()
            faults.repeat_next_answer()
            assert len(faults) == 3
            assert "1 of commands, 2 of answers" in repr(faults)
            optiga_bench.forget_commands()
            assert chip.read(0xF1D0, length=1) == b"\0"
            assert len(optiga_bench.commands) == 2
            assert len(faults) == 0

    def test_a_line_that_is_gone(self, optiga_bench: testing.Bench) -> None:
        with optiga_bench.open() as chip:
            optiga_bench.faults.lose_next_answer(times=100)
            with pytest.raises(optiga.BoardError, match="bench"):
                chip.read(0xF1D0)
            optiga_bench.faults.clear()
        with optiga_bench.open() as chip:
            assert chip.read(0xF1D0, length=1) == b"\0"

    def test_what_must_not_be_repeated(self, optiga_bench: testing.Bench) -> None:
        with optiga_bench.open() as chip:
            chip.write(0xE120, bytes.fromhex("0000000100000009"))
            assert chip.uid  # which counting asks for, to know the model
            optiga_bench.forget_commands()
            optiga_bench.faults.lose_next_answer()
            with pytest.raises(optiga.BoardError):
                chip.objects.count(0xE120)
            assert len(optiga_bench.commands) == 1
        with optiga_bench.open() as chip:
            assert chip.read(0xE120).hex() == "0000000200000009"

    @pytest.mark.parametrize("times", [0, -1, 10**9])
    def test_how_often(self, times: int) -> None:
        faults = testing.Faults()
        with pytest.raises(ValueError, match="1 to 10000 times"):
            faults.lose_next_answer(times)
        with pytest.raises(ValueError, match="seconds"):
            faults.delay_next_answer(-1)
        with pytest.raises(ValueError, match="not 'milliseconds'=-1"):
            faults.delay_next_answer(milliseconds=-1)
        for both in ({}, {"seconds": 1.0, "milliseconds": 1.0}):
            with pytest.raises(TypeError, match="'milliseconds'"):
                faults.delay_next_answer(**both)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="milliseconds must be"):
            faults.delay_next_answer(milliseconds="1")  # type: ignore[arg-type]
        assert not faults

    @pytest.mark.parametrize("status", [-5, 0, 99, 600])
    def test_no_status_of_http(self, status: int) -> None:
        for make in (testing.CloudFault.page, lambda one: testing.CloudFault.error("Code", one, "text")):
            with pytest.raises(ValueError, match="200 to 599"):
                make(status)


class TestSnapshots:
    def test_back_to_it(self, optiga_bench: testing.Bench) -> None:
        with optiga_bench.open() as chip:
            uid = chip.uid
            key = chip.generate_key("second")
            chip.write(0xF1D0, b"before")
            snapshot = optiga_bench.snapshot()
            chip.write(0xF1D0, b"after")
            chip.generate_key("second")
            chip.generate_key("third")
            optiga_bench.restore(snapshot)
            with pytest.raises(optiga.ChipError):  # its application is closed
                chip.read(0xF1D0)
        with optiga_bench.open() as chip:
            assert chip.uid == uid
            assert chip.read(0xF1D0) == b"before"
            assert chip.metadata(0xE0F2).algorithm is None
            verify(key, chip.key("second").sign(b"hello"))

    def test_its_copy(self, optiga_bench: testing.Bench) -> None:
        with optiga_bench.open() as chip:
            chip.write(0xF1D0, b"before")
        snapshot = optiga_bench.snapshot()
        for state in (snapshot, snapshot.document):
            with testing.bench(state=state) as copy, copy.open() as chip:
                assert copy.model == snapshot.model == optiga_bench.model
                chip.write(0xF1D0, chip.read(0xF1D0) + b"!")
        with optiga_bench.open() as chip:
            assert chip.read(0xF1D0) == b"before"

    def test_of_another_model(self, optiga_bench: testing.Bench) -> None:
        with testing.bench("trust-x") as other:
            snapshot = other.snapshot()
        with pytest.raises(optiga.ConfigurationError, match="trust-x"):
            optiga_bench.restore(snapshot)
        with pytest.raises(optiga.ConfigurationError, match="trust-x"), testing.bench("trust-m-v1", state=snapshot):
            pass

    def test_in_a_file(self, tmp_path: Path) -> None:
        with testing.bench("trust-m-v1", file=tmp_path / "chip") as bench:
            snapshot = bench.snapshot()
            with bench.open() as chip:
                chip.write(0xF1D0, b"hello")
            bench.restore(snapshot)
        with testing.emulated_chip(file=str(tmp_path / "chip")) as chip:
            assert chip.read(0xF1D0) != b"hello"
            assert chip.model is not None
            assert chip.model.name == "trust-m-v1"


def verify(key: optiga.Key, signature: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    public = load_der_public_key(key.public_key_info)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, b"hello", ec.ECDSA(hashes.SHA256()))


class TestBench:
    def test_each_is_a_chip_of_its_own(self) -> None:
        with testing.emulated_chip() as one, testing.emulated_chip() as other:
            assert one.uid != other.uid

    def test_the_power_of_a_chip(self, optiga_bench: testing.Bench) -> None:
        with optiga_bench.open() as chip:
            optiga_bench.power_cycle()
            with pytest.raises(optiga.ChipError, match="reset"):
                chip.read(0xF1D0)

    def test_real_timing_is_the_chips(self) -> None:
        with testing.bench(real_timing=True) as bench, bench.open() as chip:
            assert chip.read(0xF1D0, length=1) == b"\0"

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"model": "trust-me"}, optiga.ConfigurationError),
            ({"model": 5}, TypeError),
            ({"state": {}}, optiga.ConfigurationError),
            ({"state": "chip.json"}, TypeError),
            ({"state": {}, "file": "chip"}, optiga.ConfigurationError),
            ({"file": "none/chip"}, optiga.BoardError),
        ],
    )
    def test_mistakes(
        self, options: dict[str, Any], error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(error), testing.bench(**options):
            pass
        with pytest.raises(error), testing.served_board("tcp", **options):
            pass
        assert list(tmp_path.iterdir()) == []

    def test_the_file_of_a_chip(self, optiga_chip_file: Path) -> None:
        with optiga.open_chip(f"emulator:{optiga_chip_file}") as chip:
            assert chip.read(0xF1D0, length=1) == b"\0"

    def test_a_store_that_fails(self, optiga_chip_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise optiga.BoardError("the disk is full")

        with testing.bench(file=optiga_chip_file) as bench, bench.open() as chip:
            monkeypatch.setattr(SqliteStore, "save", fail)
            with pytest.raises(optiga.BoardError):
                chip.write(0xF1D0, b"hello")
            assert "the disk is full" in {error.message for error in bench.errors}


class TestServedBoard:
    @pytest.mark.parametrize("optiga_board_kind", sampled(["uart", "tcp"], keep=1))
    def test_whoever_opens_it(self, optiga_board: testing.Board, optiga_board_kind: str) -> None:
        assert optiga_board.kind == optiga_board_kind
        assert optiga_board.port in repr(optiga_board)
        assert optiga_board.environment["OPTIGA_PORT"] == optiga_board.port
        assert "OPTIGA_PORT" not in os.environ
        with optiga.open_chip(optiga_board.port) as chip:
            chip.write(0xF1D0, b"hello")
            optiga_board.faults.damage_next_command()
            assert chip.read(0xF1D0) == b"hello"
        with optiga_board.open() as chip:
            assert chip.read(0xF1D0) == b"hello"

    def test_it_ends_with_its_context(self) -> None:
        before = {*threading.enumerate()}
        with testing.served_board("tcp") as board:
            assert len({*threading.enumerate()} - before) == 1
        assert {*threading.enumerate()} <= before
        with pytest.raises(optiga.BoardError, match="nothing answers"):
            optiga.open_chip(board.port)

    def test_no_such_kind(self) -> None:
        for kind in ("usb", ""):
            with (
                pytest.raises(optiga.ConfigurationError, match="uart, pty, tcp, i2c, ft260"),
                testing.served_board(kind),
            ):
                pass

    def test_what_a_kind_needs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "win32")
        for kind in ("pty", "i2c", "ft260"):
            with pytest.raises(optiga.ConfigurationError):
                check_kind(kind)
        for kind in ("uart", "tcp"):
            check_kind(kind)

    @pytest.mark.parametrize("optiga_board_kind", sampled(["ft260", "i2c"], keep=1))
    def test_on_a_bus(self, optiga_board: testing.Board) -> None:
        with optiga_board.open() as chip:
            chip.write(0xF1D0, b"hello")
        snapshot = optiga_board.snapshot()
        for name in ("command damaged", "answer cut"):
            FAULTS[name][0](optiga_board.faults)
            self.read_by_a_program(optiga_board)
            assert not optiga_board.faults
        with optiga_board.open() as chip:
            chip.write(0xF1D0, b"other")
        optiga_board.restore(snapshot)
        optiga_board.power_cycle()
        self.read_by_a_program(optiga_board)

    def read_by_a_program(self, board: testing.Board) -> None:
        done = subprocess.run(
            [sys.executable, "-c", READER],
            env={**board.environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "hello\n"


def test_nobody_else_knows_it() -> None:
    """Not even in a function: who uses a chip must not load what is for tests."""
    package = ROOT / "optiga"
    for path in package.rglob("*.py"):
        if package / "testing" not in path.parents:
            assert not re.search(r"import pytest|(?<!'python -m )optiga\.testing", path.read_text(encoding="utf-8")), (
                path
            )
