"""What Linux tells of USB boards and I2C buses in its file systems, and what a user may do with them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PLACE = re.compile(r"\d+-\d+(\.\d+)*:\d+\.\d+")
_OLD_PLACE = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4}):([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class LinuxDevices:
    """The device files and what the kernel says of them.

    :param sys: where sysfs is mounted.
    :param dev: where device files are.
    :param proc: where procfs is mounted.
    """

    sys: Path = Path("/sys")
    dev: Path = Path("/dev")
    proc: Path = Path("/proc")

    def place_of(self, path: str) -> str:
        """The place on USB of what a path means, as in ``1-1.2:1.0``: a port of a hub, and an interface.

        :param path: of a hidraw node, or libusb's.
        :returns: empty where nobody knows.
        """
        if _PLACE.fullmatch(path):
            return path
        if old := _OLD_PLACE.fullmatch(path):
            bus, address, interface = (int(number, 16) for number in old.groups())
            for device in self._usb_devices():
                if _number(device / "busnum") == bus and _number(device / "devnum") == address:
                    return f"{device.name}:1.{interface}"
            return ""
        return self._place_above(self.sys / "class" / "hidraw" / Path(path).name / "device")

    def hid_driver(self, path: str) -> str:
        """Name of the kernel driver that a hidraw node is bound to; empty where nobody knows."""
        return self._link(self.sys / "class" / "hidraw" / Path(path).name / "device" / "driver")

    def place_of_bus(self, name: str) -> str:
        """The place on USB of the adapter of an I2C bus, ``i2c-3``; empty where it is on no USB."""
        return self._place_above(self.sys / "class" / "i2c-dev" / name / "device")

    def usb_places(self, vendor: int, product: int) -> list[str]:
        """First interface of each USB device with an identity."""
        wanted = (vendor, product)
        return sorted(
            f"{device.name}:1.0"
            for device in self._usb_devices()
            if (_number(device / "idVendor", 16), _number(device / "idProduct", 16)) == wanted
        )

    def usb_node(self, place: str) -> Path | None:
        """The device file of a USB device, by which libusb reaches it; None where nobody knows."""
        device = self.sys / "bus" / "usb" / "devices" / place.partition(":")[0]
        bus, address = _number(device / "busnum"), _number(device / "devnum")
        return None if bus < 0 or address < 0 else self.dev / "bus" / "usb" / f"{bus:03}" / f"{address:03}"

    def i2c_bus_at(self, place: str) -> str:
        """The I2C bus that the kernel's driver has made of a USB interface, ``i2c-3``; empty where it has not."""
        with suppress(OSError):
            for found in sorted((self.sys / "bus" / "usb" / "devices" / place).glob("*/i2c-*")):
                return found.name
        return ""

    def _usb_devices(self) -> Iterator[Path]:
        with suppress(OSError):
            yield from sorted((self.sys / "bus" / "usb" / "devices").iterdir())

    def _place_above(self, path: Path) -> str:
        """The USB interface that a device belongs to."""
        parts = Path(os.path.realpath(path)).parts
        return next((part for part in reversed(parts) if _PLACE.fullmatch(part)), "")

    def _link(self, path: Path) -> str:
        try:
            return path.readlink().name
        except OSError:
            return ""


def text_of(path: Path) -> str:
    """What a file of the kernel's says; empty where it says nothing."""
    try:
        return path.read_bytes().decode("utf-8", "replace").strip("\0 \n")
    except OSError:
        return ""


def _number(path: Path, base: int = 10) -> int:
    """A number that a file of the kernel's has; -1 where it has none."""
    try:
        return int(text_of(path), base)
    except ValueError:
        return -1
