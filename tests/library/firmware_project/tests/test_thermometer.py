"""The thermometer on an emulated board: what it does, and what it makes of a bad line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import thermometer
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

import optiga
from optiga.testing import Bench, Board, Faults, emulated_chip, served_board

Verify = Callable[[bytes, bytes], None]


@pytest.fixture
def verify(optiga_board: Board) -> Verify:
    """What the factory does: a key in the third slot. Raises InvalidSignature for what it has not signed."""
    with optiga_board.open() as chip:
        key = load_der_public_key(chip.generate_key("third", "secp256r1").public_key_info)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    optiga_board.forget_commands()
    return lambda signature, text: key.verify(signature, text, ec.ECDSA(hashes.SHA256()))


@pytest.fixture
def device(optiga_board: Board, verify: Verify) -> Iterator[thermometer.Thermometer]:
    made = thermometer.Thermometer(optiga_board.port)
    yield made
    made.close()


@pytest.mark.parametrize("optiga_board_kind", ["tcp", "uart"])
def test_a_measurement_is_signed(device: thermometer.Thermometer, verify: Verify, optiga_board: Board) -> None:
    verify(device.sign(21.5), b"21.5")
    with pytest.raises(InvalidSignature):
        verify(device.sign(21.5), b"99.9")
    with optiga_board.open() as chip:
        assert chip.read("0xF1D0") == b"21.5"


@pytest.mark.parametrize("optiga_model", ["trust-m-v1", "trust-x"])
def test_on_older_chips(
    device: thermometer.Thermometer, verify: Verify, optiga_model: str, optiga_board: Board
) -> None:
    assert optiga_board.model == optiga_model
    verify(device.sign(-3.0), b"-3.0")


@pytest.mark.parametrize(
    "disturb",
    [
        lambda faults: faults.lose_next_command(),
        lambda faults: faults.damage_next_command(),
        lambda faults: faults.lose_next_answer(),
        lambda faults: faults.damage_next_answer(),
        lambda faults: faults.cut_next_answer(),
        lambda faults: faults.repeat_next_answer(),
        lambda faults: faults.delay_next_answer(0.2),
    ],
    ids=["lost command", "damaged command", "lost answer", "damaged answer", "half an answer", "twice", "late"],
)
def test_a_bad_line(
    disturb: Callable[[Faults], None], device: thermometer.Thermometer, verify: Verify, optiga_board: Board
) -> None:
    disturb(optiga_board.faults)
    verify(device.sign(21.5), b"21.5")
    assert not optiga_board.faults


def test_no_line(optiga_board: Board) -> None:
    optiga_board.faults.lose_next_command(times=thermometer.ATTEMPTS)
    with pytest.raises(thermometer.LineError):
        thermometer.Thermometer(optiga_board.port, patience_s=0.1)
    assert optiga_board.commands == ()


def test_a_chip_that_has_lost_its_power(device: thermometer.Thermometer, optiga_board: Board) -> None:
    optiga_board.power_cycle()
    with pytest.raises(thermometer.RefusedError):
        device.uid()


def test_what_was_written_is_undone(device: thermometer.Thermometer, optiga_board: Board) -> None:
    before = optiga_board.snapshot()
    device.sign(21.5)
    optiga_board.restore(before)
    with optiga_board.open() as chip:
        assert chip.read("0xF1D0") != b"21.5"
    with served_board("tcp", state=before) as another:
        other = thermometer.Thermometer(another.port)
        uid = other.uid()
        other.close()
        with another.open() as chip:
            assert chip.uid.hex == uid


def test_a_key_that_is_not_there(optiga_board: Board) -> None:
    device = thermometer.Thermometer(optiga_board.port)
    with pytest.raises(thermometer.RefusedError, match="b1"):
        device.sign(21.5)
    device.close()


def test_as_a_program(optiga_board: Board, verify: Verify) -> None:
    done = subprocess.run(
        [sys.executable, thermometer.__file__, optiga_board.port, "21.5"],
        env=optiga_board.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    uid, signature = done.stdout.split()
    verify(bytes.fromhex(signature), b"21.5")
    with optiga_board.open() as chip:
        assert chip.uid.hex == uid


READER = """
import os, optiga
with optiga.open_chip(os.environ["OPTIGA_PORT"]) as chip:
    print(chip.read("0xF1D0", length=5).decode())
"""


@pytest.mark.parametrize("optiga_board_kind", ["i2c", "ft260"])
def test_a_program_on_a_bus(optiga_board: Board) -> None:
    with optiga_board.open() as chip:
        chip.write("0xF1D0", b"hello")
    optiga_board.faults.lose_next_answer()
    optiga_board.faults.delay_next_answer(0.1)
    done = subprocess.run(
        [sys.executable, "-c", READER], env=optiga_board.environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "hello\n"
    assert not optiga_board.faults


def test_a_program_with_a_chip_of_its_own(optiga_chip_file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READER],
        env={**os.environ, "OPTIGA_PORT": f"emulator:{optiga_chip_file}"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == bytes(5) + os.linesep.encode()


def test_in_this_process(optiga_chip: optiga.Chip, optiga_bench: Bench) -> None:
    key = optiga_chip.generate_key("second")
    optiga_bench.faults.lose_next_answer()
    assert key.sign(b"hello")
    with emulated_chip() as another:
        assert another.uid != optiga_chip.uid
