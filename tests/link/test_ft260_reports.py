"""Reports of an FT260: the bytes of AN_394 and of Infineon's library, and what damaged ones are taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.link.ft260 import reports
from optiga.link.ft260.codes import CHIP_VERSION, GPIO, I2C_STATUS, SYSTEM, Condition, Request, Status
from optiga.link.ft260.reports import ChipVersion, Gpio, I2cStatus, SystemStatus


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (reports.i2c_reset(), "a120"),
        (reports.i2c_clock(400), "a1229001"),
        (reports.system_request(Request.I2C_MODE, b"\x01"), "a10201"),
        (reports.write_request(0x30, Condition.START_STOP, b"\x82"), "de30060182"),
        (reports.write_request(0x30, Condition.START_STOP, bytes.fromhex("810037")), "de300603810037"),
        (reports.read_request(0x30, Condition.START_STOP, 4), "c2300604"),
        (reports.read_request(0x30, Condition.STOP, 0x0115), "c230041501"),
        (Gpio(0, 0, 0x20, 0).with_reset(is_low=True).encode(), "b000000020"),
        (Gpio(0, 0, 0, 0x20).with_reset(is_low=False).encode(), "b000002020"),
    ],
)
def test_what_is_sent(report: bytes, expected: str) -> None:
    assert len(report) == 64
    assert report == bytes.fromhex(expected).ljust(64, b"\0")


def test_who_it_is() -> None:
    assert ChipVersion.parse(bytes.fromhex("a002600200").ljust(13, b"\0")).is_ft260
    assert ChipVersion.parse(bytes.fromhex("a002600200")).revision == b"\x02\x00"
    assert not ChipVersion.parse(bytes.fromhex("a004170200")).is_ft260


def test_how_it_is_set_up() -> None:
    system = SystemStatus.parse(bytes.fromhex("a1 03 02 00 01 01 01 00 00 00 00 00 00 00 01").ljust(26, b"\0"))
    assert system == SystemStatus(3, is_suspended=False, has_i2c=True, saves_power=True)
    off = SystemStatus.parse(bytes.fromhex("a1 02 02 01 01 00").ljust(64, b"\0"))
    assert off == SystemStatus(2, is_suspended=True, has_i2c=False, saves_power=False)
    assert off.is_uart_only
    assert SystemStatus.parse(bytes.fromhex("a10302000101")).saves_power, "unknown is taken as so"


def test_pins() -> None:
    assert Gpio.parse(bytes.fromhex("b000000020")).holds_reset
    assert not Gpio.parse(bytes.fromhex("b000000000")).holds_reset, "an input holds nothing"
    assert not Gpio.parse(bytes.fromhex("b000002020")).holds_reset
    busy = Gpio.parse(bytes.fromhex("b0153aca35"))
    assert busy.with_reset(is_low=True).encode()[:5].hex() == "b0153aca35"
    assert busy.with_reset(is_low=False).encode()[:5].hex() == "b0153aea35", "all others stay"


@pytest.mark.parametrize(
    ("bits", "is_busy", "is_error", "is_nack"),
    [
        (0x41, True, False, False),
        (0x0F, True, False, False),  # busy: all others say nothing
        (0x40, False, False, False),
        (0x20, False, False, False),
        (0x2E, False, True, True),
        (0x26, False, True, True),
        (0x46, False, True, True),
        (0x32, False, True, False),
        (0x36, False, True, False),  # lost arbitration: who did not acknowledge is not known
        (0x22, False, True, False),
    ],
)
def test_status(bits: int, is_busy: bool, is_error: bool, is_nack: bool) -> None:
    status = I2cStatus.parse(bytes((I2C_STATUS, bits, 0x90, 0x01, 0)))
    assert (status.is_busy, status.is_error, status.is_nack) == (is_busy, is_error, is_nack)
    assert status.is_bus_busy == bool(bits & Status.BUS_BUSY)
    assert status.clock_khz == 400


@pytest.mark.parametrize("report_id", [CHIP_VERSION, SYSTEM, GPIO, I2C_STATUS])
def test_a_feature_report_may_be_padded_and_not_cut(report_id: int) -> None:
    assert reports.is_feature(bytes((report_id,)).ljust(64, b"\0"), report_id)
    assert not reports.is_feature(bytes((report_id, 0, 0)), report_id)
    assert not reports.is_feature(bytes((report_id ^ 1,)).ljust(64, b"\0"), report_id)
    assert not reports.is_feature(b"", report_id)


@pytest.mark.parametrize(
    ("report", "data"),
    [
        ("d00408800000", "08800000"),
        ("d00200370000", "0037"),
        ("de01ff" + "00" * 61, "ff"),
        ("d005" + "00" * 62, None),  # more than it has room for
        ("d004088000", None),  # cut
        ("d000", None),
        ("d0", None),
        ("", None),
        ("b1040000000000", None),
        ("f00411223344", None),
    ],
)
def test_data_that_came(report: str, data: str | None) -> None:
    assert reports.data_of(bytes.fromhex(report)) == (None if data is None else bytes.fromhex(data))


@given(st.binary(max_size=80))
def test_any_bytes_are_data_or_none(report: bytes) -> None:
    data = reports.data_of(report)
    assert data is None or (report[0] >= 0xD0 and report[2:].startswith(data) and 0 < len(data) <= 60)


@given(st.binary(min_size=1, max_size=600))
def test_a_message_in_parts(data: bytes) -> None:
    parts = reports.parts_to_write(data)
    assert b"".join(piece for _, piece in parts) == data
    assert all(0 < len(piece) <= 60 for _, piece in parts)
    check_conditions([condition for condition, _ in parts])


@given(st.integers(1, 0xFFFF))
def test_a_read_in_parts(size: int) -> None:
    parts = reports.parts_to_read(size)
    assert sum(part for _, part in parts) == size
    assert 0 < parts[0][1] <= 60, "of a longer one the status would not tell"
    assert all(0 < part <= 180 for _, part in parts)
    check_conditions([condition for condition, _ in parts])


def check_conditions(conditions: list[Condition]) -> None:
    if len(conditions) == 1:
        assert conditions == [Condition.START_STOP]
    else:
        middle = [Condition.NONE] * (len(conditions) - 2)
        assert conditions == [Condition.START, *middle, Condition.STOP]
