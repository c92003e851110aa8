"""How ports on I2C buses and FT260 boards are written, and what is said of mistakes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from optiga import ConfigurationError
from optiga.transport import resolve_port
from optiga.transport.emulator_port import EmulatorPort
from optiga.transport.i2c_ports import Ft260Port, I2cPort
from optiga.transport.serial_port import SerialPort

BUS = "i2c:/dev/i2c-1"

WINDOWS = r"\\?\HID#VID_0403&PID_6030&MI_00#7&2a&0&0000#{4d1e55b2-f16f-11cf-88cb-001111000030}"

posix = pytest.mark.skipif(sys.platform == "win32", reason="owners, permissions and links are POSIX's")


class TestWritten:
    @pytest.mark.parametrize(
        ("text", "device", "rest"),
        [
            (BUS, "/dev/i2c-1", {}),
            ("I2C:/dev/i2c-1", "/dev/i2c-1", {}),
            ("/dev/i2c-1", "/dev/i2c-1", {}),
            ("/dev/i2c-12?address=31", "/dev/i2c-12", {"address": 0x31}),
            ("i2c:/dev/by-name/sensors", "/dev/by-name/sensors", {}),
            (f"{BUS}?address=0x08", "/dev/i2c-1", {"address": 8}),
            (f"{BUS}?address=0X77", "/dev/i2c-1", {"address": 0x77}),
            (f"{BUS}?reset=GPIO17&supply=GPIO27", "/dev/i2c-1", {"reset": 17, "supply": 27}),
            (f"{BUS}?reset=gpio0&supply=57", "/dev/i2c-1", {"reset": 0, "supply": 57}),
            (f"{BUS}?shielded=a/b", "/dev/i2c-1", {"secret": Path("a/b")}),
            (f"{BUS}?shielded=a+b", "/dev/i2c-1", {"secret": Path("a+b")}),
            (f"{BUS}?shielded=a%26b", "/dev/i2c-1", {"secret": Path("a&b")}),
            (f"{BUS}?shielded=a=b", "/dev/i2c-1", {"secret": Path("a=b")}),
            (f"{BUS}?", "/dev/i2c-1", {}),
        ],
    )
    def test_i2c(self, text: str, device: str, rest: dict[str, Any]) -> None:
        port = resolve_port(text)
        assert port == I2cPort(text, device, **rest)
        assert (port.name, port.chip_file, port.is_network) == (text, None, False)

    @pytest.mark.parametrize(
        ("text", "path", "rest"),
        [
            ("ft260", "", {}),
            ("FT260", "", {}),
            ("ft260:1-1:1.0", "1-1:1.0", {}),
            ("ft260:/dev/hidraw3?address=0x31", "/dev/hidraw3", {"address": 0x31}),
            ("ft260?vid=1234&pid=0xABCD", "", {"vendor": 0x1234, "product": 0xABCD}),
            ("ft260:1-1:1.0?vid=0&pid=ffff", "1-1:1.0", {"vendor": 0, "product": 0xFFFF}),
            ("ft260?shielded=a/b+c", "", {"secret": Path("a/b+c")}),
            (f"ft260:{WINDOWS}", WINDOWS, {}),
            (f"ft260:{WINDOWS}?shielded=s&pid=1", WINDOWS, {"secret": Path("s"), "product": 1}),
            ("ft260:DevSrvsID:4294969323", "DevSrvsID:4294969323", {}),
        ],
    )
    def test_ft260(self, text: str, path: str, rest: dict[str, Any]) -> None:
        port = resolve_port(text)
        assert port == Ft260Port(text, path, **rest)
        assert (port.name, port.chip_file, port.is_network) == (text, None, False)

    def test_an_emulated_chip_over_a_real_channel(self) -> None:
        text = "emulator:a?shielded=b+c&timing=real"
        assert resolve_port(text) == EmulatorPort(text, Path("a"), None, True, False, Path("b+c"))

    @pytest.mark.parametrize("text", ["ft2600", "ft260x:1", "/dev/i2c", "/dev/i2c-x", "./ft260", "i2c", "/dev/ft260"])
    def test_others_are_serial_devices(self, text: str) -> None:
        assert resolve_port(text) == SerialPort(text)

    @posix
    def test_a_home(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/me")
        port = resolve_port(f"{BUS}?shielded=~/secret")
        assert isinstance(port, I2cPort)
        assert port.secret == Path("/home/me/secret")

    @pytest.mark.parametrize("text", [BUS, "ft260", "emulator:chip?shielded=yes", "emulator:chip?shielded=other"])
    def test_shielded_with(self, text: str) -> None:
        port = resolve_port(text).shielded_with(Path("mine"))
        assert isinstance(port, I2cPort | Ft260Port | EmulatorPort)
        assert port.secret == Path("mine")
        assert not getattr(port, "shielded", False)

    def test_a_uart_has_none(self) -> None:
        for text in ("COM5", "socket://h:1"):
            with pytest.raises(ConfigurationError, match="cannot make a shielded connection"):
                resolve_port(text).shielded_with(Path("mine"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("i2c:", "no bus"),
        ("i2c: ", "no bus"),
        ("i2c:?address=30", "no bus"),
        ("ft260:", "no board"),
        ("ft260: ?vid=0403", "no board"),
        *(
            (f"{port}?{options}", words)
            for port in ("ft260", BUS, "/dev/i2c-1")
            for options, words in (
                ("speed=400", "unknown option 'speed'"),
                ("Address=30", "unknown option 'Address'"),
                ("=30", "unknown option ''"),
                ("address", "address"),
                ("address=", "address"),
                ("address=0x", "address"),
                ("address=0x7", "address"),
                ("address=78", "address"),
                ("address=-30", "address"),
                ("address=0x30x", "address"),
                ("address=3 0", "address"),
                ("address=GPIO17", "address"),
                ("address=30&address=30", "twice"),
                ("shielded=a&shielded=b", "twice"),
                ("shielded=", "no file"),
                ("shielded", "no file"),
                ("shielded=~nobody-of-that-name/x", "not a home folder"),
            )
        ),
        ("ft260?vid=10000", "vid"),
        ("ft260?pid=", "pid"),
        ("ft260?pid=FTDI", "pid"),
        ("ft260?reset=GPIO17", "unknown option 'reset'"),
        (f"ft260:{WINDOWS}?speed=1", "unknown option 'speed'"),
        (f"{BUS}?vid=0403", "unknown option 'vid'"),
        (f"{BUS}?reset=", "reset"),
        (f"{BUS}?reset=RST", "reset"),
        (f"{BUS}?supply=GPIO58", "supply"),
        (f"{BUS}?supply=GPIO-1", "supply"),
        (f"{BUS}?reset=GPIO17,GPIO27", "reset"),
        (f"{BUS}?reset=GPIO17&supply=17", "GPIO17"),
        ("emulator:a?shielded=", "no file"),
        ("emulator:a?shielded=a&shielded=b", "twice"),
        ("emulator:a?address=30", "unknown option 'address'"),
    ],
)
def test_mistakes(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve_port(text)
    said = str(caught.value)
    assert words in said
    assert text.split("?", maxsplit=1)[0].strip() in said
    assert "\n" not in said
    assert caught.value.hint
