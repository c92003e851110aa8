"""The I2C buses of a Linux machine, and which of them may be searched for a chip.

On a PC, 0x30 to 0x37 on the bus of the memory modules is their write protection: whoever asks there unasked can lock
them for good. So a bus is probed only where its adapter is known to be none of these.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from optiga.transport.hid_boards import usb_lock
from optiga.transport.linux_devices import LinuxDevices, text_of

FT260_NAME = "FT260 usb-i2c bridge"
"""How the kernel's driver hid-ft260 names the bus that it makes of a board."""
_GPIO_DRIVER = "i2c-gpio"
_PI_ADAPTERS = ("bcm2835", "Synopsys DesignWare I2C adapter")
_FIRST_OTHER = 10
"""Buses of a Raspberry Pi from this number on are those of its displays and cameras."""
_DEVICE = re.compile(r"i2c-(\d+)")


@dataclass(frozen=True, slots=True)
class I2cAdapter:
    """An I2C bus of this machine.

    :param device: the name to give as a port, as in ``/dev/i2c-1``.
    :param name: what the kernel calls its adapter; empty where it does not say.
    :param may_be_probed: whether it can be asked for a chip without being named by the user.
    :param why: what that judgement rests on.
    :param place: the adapter's place on USB; empty where it is on no USB.
    """

    device: str
    name: str
    may_be_probed: bool
    why: str
    place: str = ""

    @property
    def is_ft260(self) -> bool:
        return self.name.startswith(FT260_NAME)

    @property
    def lock(self) -> str:
        """The one name of what may be used by one process at a time; that of the board, where it is one on USB."""
        return usb_lock(self.place) if self.place else os.path.realpath(self.device)


def list_adapters(devices: LinuxDevices | None = None) -> list[I2cAdapter]:
    """Every I2C bus that programs can open, in the order of their numbers; none on other systems."""
    system = devices or LinuxDevices()
    try:
        names = [path.name for path in (system.sys / "class" / "i2c-dev").iterdir()]
    except OSError:
        return []
    numbers = sorted(int(found[1]) for name in names if (found := _DEVICE.fullmatch(name)))
    return [describe_adapter(f"/dev/i2c-{number}", system) for number in numbers]


def describe_adapter(device: str, devices: LinuxDevices | None = None) -> I2cAdapter:
    """What is known of one bus, whether it can be opened or not.

    :param device: its device file; links are followed.
    """
    system = devices or LinuxDevices()
    found = _DEVICE.fullmatch(Path(os.path.realpath(device)).name)
    if found is None:
        return I2cAdapter(device, "", may_be_probed=False, why="its adapter is not known")
    entry = system.sys / "class" / "i2c-dev" / found[0]
    name = text_of(entry / "name")
    place = system.place_of_bus(found[0])
    why = _reason_to_probe(int(found[1]), name, entry, system)
    return I2cAdapter(
        device,
        name,
        may_be_probed=bool(why),
        why=why or f"its adapter ({name or 'without a name'}) may have other things on it than chips like this",
        place=place,
    )


def _reason_to_probe(number: int, name: str, entry: Path, system: LinuxDevices) -> str:
    """Why a bus may be probed; empty where it may not."""
    if name.startswith(FT260_NAME):
        return "an FT260 board, by the kernel's driver"
    if name.startswith(_GPIO_DRIVER) or _driver_of(entry) == _GPIO_DRIVER:
        return "made of GPIO pins (i2c-gpio)"
    # Laptops have DesignWare adapters, too, of the same name: what makes it the Pi's is the machine around it.
    is_pi = text_of(system.proc / "device-tree" / "model").startswith("Raspberry Pi")
    if is_pi and name.startswith(_PI_ADAPTERS) and number < _FIRST_OTHER:
        return "a bus of a Raspberry Pi's header"
    return ""


def _driver_of(entry: Path) -> str:
    """Name of the driver of the device that a bus belongs to."""
    return Path(os.path.realpath(entry / "device" / ".." / "driver")).name
