"""OpenApplication, CloseApplication, and the last error code (SRM, tables 17 to 19)."""

from __future__ import annotations

import pytest

from optiga.emulator import chip as chip_module
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.objects import StoredObject
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode
from tests.support.emulator.emulated import UNWRITTEN, Probe, command, key_target, to_sign, two

OPEN, CLOSE = CommandCode.OPEN_APPLICATION, CommandCode.CLOSE_APPLICATION
GET, SET, RANDOM = CommandCode.GET_DATA_OBJECT, CommandCode.SET_DATA_OBJECT, CommandCode.GET_RANDOM
FAILED = bytes.fromhex("ff000000")


@pytest.mark.parametrize(
    ("code", "param", "data"),
    [(GET, 0, two(0xE0C2)), (SET, 0, bytes.fromhex("f1d0000001")), (RANDOM, 0, two(16)), (CLOSE, 0, b"")],
)
def test_nothing_works_before_the_application_is_open(code: int, param: int, data: bytes) -> None:
    assert Probe(opened=False).refused(code, param, data) is ErrorCode.COMMAND_NOT_AVAILABLE


def test_a_closed_application_can_be_opened_again(probe: Probe) -> None:
    assert probe.ok(CLOSE, 0) == b""
    assert probe.refused(RANDOM, 0, two(16)) is ErrorCode.COMMAND_NOT_AVAILABLE
    assert probe.ok(OPEN, 0, APPLICATION_ID) == b""
    assert len(probe.ok(RANDOM, 0, two(16))) == 16


@pytest.mark.parametrize(
    ("param", "data", "code"),
    [
        (0, APPLICATION_ID[:-1], ErrorCode.INVALID_LENGTH),
        (0, APPLICATION_ID + b"x", ErrorCode.INVALID_LENGTH),
        (0, APPLICATION_ID[:-1] + b"x", ErrorCode.INVALID_DATA),
        (1, APPLICATION_ID, ErrorCode.INVALID_LENGTH),
        (2, APPLICATION_ID, ErrorCode.INVALID_PARAM),
    ],
)
def test_opening_takes_the_one_application(param: int, data: bytes, code: ErrorCode) -> None:
    probe = Probe(opened=False)
    assert probe.refused(OPEN, param, data) is code
    assert probe.refused(RANDOM, 0, two(16)) is ErrorCode.COMMAND_NOT_AVAILABLE


def test_restoring_with_a_wrong_handle_flushes_the_context(probe: Probe) -> None:
    assert probe.refused(OPEN, 1, APPLICATION_ID + bytes(8)) is ErrorCode.INVALID_DATA
    assert probe.refused(RANDOM, 0, two(16)) is ErrorCode.COMMAND_NOT_AVAILABLE


def test_opening_again_starts_with_a_clean_context(probe: Probe) -> None:
    probe.ok(CommandCode.GEN_KEY_PAIR, 0x03, key_target(0xE100))
    probe.ok(CommandCode.CALC_HASH, 0xE2, bytes.fromhex("000001") + b"a")
    probe.write(0xF1C1, b"\x00")
    probe.ok(OPEN, 0, APPLICATION_ID)
    assert probe.read(0xF1C1) == b"\x20"
    assert probe.refused(CommandCode.CALC_SIGN, 0x11, to_sign(0xE100, bytes(32)))
    assert probe.refused(CommandCode.CALC_HASH, 0xE2, bytes.fromhex("030000")) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


@pytest.mark.parametrize(
    ("param", "data", "code"),
    [(2, b"", ErrorCode.INVALID_PARAM), (0, b"x", ErrorCode.INVALID_LENGTH), (1, b"x", ErrorCode.INVALID_LENGTH)],
)
def test_closing_that_is_refused_closes_nothing(probe: Probe, param: int, data: bytes, code: ErrorCode) -> None:
    assert probe.refused(CLOSE, param, data) is code
    assert len(probe.ok(RANDOM, 0, two(16))) == 16


@pytest.mark.parametrize(
    "apdu", ["", "81", "8100", "810000", "81000001", "8100000200", "8c0000030010", "8c000002001000"]
)
def test_lengths_that_do_not_agree(probe: Probe, apdu: str) -> None:
    assert probe.chip.execute(bytes.fromhex(apdu)) == FAILED
    assert probe.last_error() == ErrorCode.INVALID_LENGTH


def test_more_data_than_the_buffer_holds(probe: Probe) -> None:
    assert probe.refused(SET, 0, bytes.fromhex("f1e00000") + bytes(1550)) is ErrorCode.INVALID_LENGTH


@pytest.mark.parametrize("code", [0x00, 0x04, 0x2F, 0x35, 0x72, 0x7F])
def test_codes_that_are_no_commands(probe: Probe, code: int) -> None:
    assert probe.refused(code, 0) is ErrorCode.INVALID_COMMAND


def test_the_last_error_is_told_by_the_application_alone_and_cleared_by_that() -> None:
    """SRM, "CloseApplication": no command but OpenApplication is available."""
    probe = Probe(opened=False)
    asked = command(GET, 0, two(0xF1C2))
    for whole in (asked, command(GET, 0, two(0xF1C2) + two(0) + two(1)), command(GET | 0x80, 0, two(0xF1C2)), asked):
        assert probe.chip.execute(whole) == FAILED
    assert probe.chip.execute(command(OPEN, 0, APPLICATION_ID))[0] == 0
    assert probe.chip.execute(asked) == bytes.fromhex("000000010c")
    assert probe.chip.execute(asked) == bytes.fromhex("0000000100")


def test_closing_closes_the_last_error_too(probe: Probe) -> None:
    probe.ok(CLOSE, 0)
    assert probe.chip.execute(command(GET, 0, two(0xF1C2))) == FAILED
    assert probe.chip.execute(command(OPEN | 0x80, 0, APPLICATION_ID))[0] == 0
    assert probe.chip.execute(command(GET, 0, two(0xF1C2))) == bytes.fromhex("0000000100")


def test_of_several_errors_the_highest_is_kept(probe: Probe) -> None:
    for apdu in (command(GET, 0, two(0xBEEF)), command(0x7F, 0), command(GET, 9, two(0xE0C2))):
        assert probe.chip.execute(apdu) == FAILED
    assert probe.last_error() == ErrorCode.INVALID_COMMAND


def test_a_command_that_succeeds_leaves_the_error(probe: Probe) -> None:
    probe.chip.execute(command(GET, 0, two(0xBEEF)))
    probe.ok(RANDOM, 0, two(16))
    assert probe.last_error() == ErrorCode.INVALID_OID


@pytest.mark.parametrize("apdu", [command(RANDOM | 0x80, 0, two(16)), command(GET | 0x80, 1, two(0xE0C2))])
def test_bit_7_of_the_code_clears_the_error(probe: Probe, apdu: bytes) -> None:
    probe.chip.execute(command(0x7F, 0))
    assert probe.chip.execute(apdu)[0] == 0
    assert probe.last_error() == ErrorCode.NO_ERROR


@pytest.mark.parametrize(
    ("apdu", "code"),
    [
        (command(GET | 0x80, 0, two(0xBEEF)), ErrorCode.INVALID_OID),
        (b"\x81", ErrorCode.INVALID_LENGTH),
        (command(GET | 0x80, 9, two(0xE0C2)), ErrorCode.INVALID_PARAM),
    ],
)
def test_bit_7_has_priority_over_whatever_is_wrong(probe: Probe, apdu: bytes, code: ErrorCode) -> None:
    probe.chip.execute(command(0x7F, 0))
    assert probe.chip.execute(apdu) == FAILED
    assert probe.last_error() == code


def test_reading_the_error_with_bit_7_finds_it_cleared(probe: Probe) -> None:
    probe.chip.execute(command(0x7F, 0))
    assert probe.chip.execute(command(GET | 0x80, 0, two(0xF1C2))) == bytes.fromhex("0000000100")


def test_a_part_of_the_error_that_is_not_there_does_not_clear_it(probe: Probe) -> None:
    probe.chip.execute(command(0x7F, 0))
    assert probe.chip.execute(command(GET, 0, two(0xF1C2) + two(1) + two(1))) == FAILED
    assert probe.last_error() == ErrorCode.INVALID_COMMAND


@pytest.mark.parametrize("error", [CommandError(ErrorCode.INVALID_DATA), ZeroDivisionError("a mistake in a command")])
def test_what_a_command_has_changed_before_it_fails_is_dropped(
    probe: Probe, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def change_and_fail(machine: Machine, param: int, data: bytes) -> bytes:
        machine.table.put(0xF1D0, StoredObject(b"half done", machine.object(0xF1D0).metadata))
        assert machine.object(0xF1D0).data == b"half done"
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(chip_module, "find_command", lambda code: change_and_fail)
        assert probe.chip.execute(command(RANDOM, 0, two(16))) == FAILED
    expected = error.code if isinstance(error, CommandError) else ErrorCode.INTERNAL_PROCESS_ERROR
    assert probe.last_error() == expected
    probe.write(0xF1D1, b"the next command")
    assert probe.read(0xF1D0) == UNWRITTEN
