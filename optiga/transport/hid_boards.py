"""The FT260 boards there are, by hidapi: which module reaches them, and what is needed where none does.

On Linux hidapi has two: ``hidraw`` goes through the kernel's hidraw nodes and ``hid`` through libusb, which takes the
board from the kernel while it is open. Elsewhere ``hid`` is the system's own. Releases differ in which name is which,
so a path tells.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from optiga.errors import BoardError, ConfigurationError, Reason
from optiga.link.ft260.codes import PRODUCT, VENDOR
from optiga.naming import pip_install
from optiga.transport.linux_devices import LinuxDevices
from optiga.transport.trace import inform

RULES_FILE = "70-ft260.rules"
"""Where udev looks for the rules: a name below 73, or ``uaccess`` has no effect."""
_MODULES = ("hidraw", "hid")
_NODE = "/dev/hidraw"
_KERNEL_DRIVER = "ft260"
_INTERFACES = (0, -1)
"""What hidapi says of the interface with I2C: older releases do not know it where it is the only one. 1 is the UART."""
_INSTALL = (
    f"Install this tool with its extra, [ft260]; or: {pip_install('hidapi')} (on a 32-bit Raspberry Pi: apt install "
    "python3-hid)"
)
_UNSEEN_HINT = f"{_INSTALL}; a container needs /dev/bus/usb"
_RULE_HINT = "Install the udev rule that 'python -m optiga boards udev' prints, then unplug and replug the board"
_CLOSE_HINT = "Close it, or unplug and replug the board"


class Hid(Protocol):
    """An open HID interface, as hidapi has it. The first byte of every report is its identifier.

    Platforms differ: what is got and read may be padded, or longer than what was sent; what fails raises OSError in
    one call and returns -1 in another.
    """

    def write(self, data: bytes, /) -> int:
        """Send an output report."""
        ...

    def read(self, size: int, timeout_ms: int, /) -> Iterable[int] | int:
        """One input report; nothing where none comes in time. 0 is no end, unless the device never blocks."""
        ...

    def get_feature_report(self, report_id: int, size: int, /) -> Iterable[int] | int:
        """A feature report."""
        ...

    def send_feature_report(self, data: bytes, /) -> int:
        """Set a feature report."""
        ...

    def close(self) -> None:
        """Give the interface back."""
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a board: a path, and the module that opens it.

    :param path: as the module names it.
    :param module: the module of hidapi.
    :param is_readable: whether the module could read what the board is called.
    """

    path: str
    module: Any
    is_readable: bool = True

    @property
    def is_node(self) -> bool:
        """Whether it is a hidraw node, which other programs may have open at the same time."""
        return self.path.startswith(_NODE)


@dataclass(frozen=True, slots=True)
class HidBoard:
    """An FT260 board that is plugged in.

    :param name: what names it among others: its place on USB, or the path to it.
    :param ways: to it, the best first; there may be none.
    :param avoided: paths that lead to it and must not be used: hidraw nodes of the kernel's driver, which fails over a
        read that comes from elsewhere.
    :param i2c_bus: the I2C bus that the kernel's driver has made of it, as in ``/dev/i2c-3``; empty where it has not.
    """

    name: str
    ways: tuple[Way, ...]
    avoided: tuple[str, ...] = ()
    i2c_bus: str = ""

    @property
    def lock(self) -> str:
        """The one name of what may be used by one process at a time, whatever way it takes."""
        return usb_lock(self.name)

    def is_named(self, path: str) -> bool:
        """Whether a path means it: its place on USB, with the interface or without it, or one of its ways."""
        names = (self.name, self.name.partition(":1.")[0], *self.avoided, *(way.path for way in self.ways))
        return path in names or (path.startswith("/") and os.path.realpath(path) in names)


def usb_lock(place: str) -> str:
    """The name to lock a USB board by.

    :param place: its place on USB, or the path to it.
    """
    return f"usb:{place}"


def udev_rules(vendor: int = VENDOR, product: int = PRODUCT) -> str:
    """The rules that let users at the computer, and the group plugdev, open an FT260 by either way."""
    identity = f'{{idVendor}}=="{vendor:04x}", ATTR{{idProduct}}=="{product:04x}"'
    rights = 'MODE="0660", GROUP="plugdev", TAG+="uaccess"'
    return (
        f'SUBSYSTEM=="usb", ATTR{identity}, {rights}\n'
        f'KERNEL=="hidraw*", ATTRS{identity.replace("ATTR{", "ATTRS{")}, {rights}\n'
    )


def load_modules(platform: str = sys.platform, load: Callable[[str], Any] = import_module) -> list[Any]:
    """The modules of hidapi for a platform.

    :raises ConfigurationError: if there are none.
    """
    modules: list[Any] = []
    problem = ("hidapi is not installed. It is needed for USB boards", _INSTALL)
    for name in _MODULES if platform.startswith("linux") else ("hid",):
        try:
            module = load(name)
        except ModuleNotFoundError:
            continue
        except ImportError as error:  # another package's, without its library; or ours for another system
            problem = (f"the module {name} cannot be loaded: {error}", _INSTALL)
            continue
        if hasattr(module, "device") and hasattr(module, "enumerate"):
            modules.append(module)
        else:
            problem = (
                f"the module {name} belongs to another package, not to hidapi",
                f"pip uninstall hid; {pip_install('hidapi')}",
            )
    if not modules:
        raise ConfigurationError(problem[0], hint=problem[1], reason=Reason.NOT_INSTALLED, parameter="port")
    return modules


def list_boards(
    vendor: int = VENDOR,
    product: int = PRODUCT,
    *,
    modules: list[Any] | None = None,
    platform: str = sys.platform,
    devices: LinuxDevices | None = None,
) -> list[HidBoard]:
    """The FT260 boards that are plugged in.

    :param vendor: USB vendor.
    :param product: USB product.
    :param modules: hidapi's; None to load them. With none of them Linux tells of boards all the same.
    :param devices: what Linux tells of them.
    :raises ConfigurationError: if hidapi is not installed.
    """
    loaded = load_modules(platform) if modules is None else modules
    ways = [way for module in loaded for way in _ways(module, vendor, product)]
    if not platform.startswith("linux"):
        return [HidBoard(way.path, (way,)) for way in ways]
    system = devices or LinuxDevices()
    boards: dict[str, list[Way]] = {place: [] for place in system.usb_places(vendor, product)}
    for way in sorted(ways, key=lambda way: way.is_node):
        place = system.place_of(way.path)
        if not place and len(boards) == 1 and sum(each.is_node for each in ways) == 1:
            place = next(iter(boards))  # where sysfs says nothing: one board can be no other
        boards.setdefault(place or way.path, []).insert(0, way)
    return [_describe(place, ways, system) for place, ways in boards.items()]


def _describe(place: str, ways: list[Way], system: LinuxDevices) -> HidBoard:
    avoided = [way for way in ways if way.is_node and system.hid_driver(way.path) == _KERNEL_DRIVER]
    bus = system.i2c_bus_at(place)
    return HidBoard(
        place,
        tuple(way for way in ways if way not in avoided),
        tuple(way.path for way in avoided),
        f"/dev/{bus}" if bus else "",
    )


def _boards_for_use(vendor: int, product: int) -> list[HidBoard]:
    """Those there are.

    :raises ConfigurationError: if hidapi is not installed; it names the I2C buses that the kernel has made of them.
    """
    try:
        return list_boards(vendor, product)
    except ConfigurationError as error:
        buses = [f"i2c:{board.i2c_bus}" for board in list_boards(vendor, product, modules=[]) if board.i2c_bus]
        if not buses:
            raise
        hint = f"{error.hint}. Or use the I2C bus that the kernel's driver has made for the board: {', '.join(buses)}"
        raise ConfigurationError(error.message, hint=hint, reason=error.reason) from error


def choose_board(
    path: str = "",
    *,
    port: str,
    vendor: int = VENDOR,
    product: int = PRODUCT,
    boards: list[HidBoard] | None = None,
) -> HidBoard:
    """The board of a name, or the only one.

    :param path: its place on USB, or the path to it; empty for the only one.
    :param boards: those there are; None to look for them.
    :raises BoardError: if there is none of that name, or not exactly one.
    :raises ConfigurationError: if hidapi is not installed.
    """
    found = _boards_for_use(vendor, product) if boards is None else boards
    names = ", ".join(board.name for board in found)
    identity = f"{vendor:04x}:{product:04x}"
    if not found:
        raise BoardError(
            f"no FT260 board is plugged in: no USB device is {identity}",
            hint="Connect a board; if its USB identity was changed, give that identity",
            port=port,
            reason=Reason.NO_BOARD,
        )
    if path:
        named = [board for board in found if board.is_named(path)]
        if not named:
            raise BoardError(
                f"no FT260 board is at {path}", hint=f"The boards are {names}", port=port, reason=Reason.NO_BOARD
            )
        found = named
    if len(found) > 1:
        raise BoardError(
            f"more than one FT260 board is plugged in: {names}",
            hint="Choose one of them",
            port=port,
            reason=Reason.AMBIGUOUS,
        )
    ways = sorted(found[0].ways, key=lambda way: way.path != path)  # what is named is tried first
    return replace(found[0], ways=tuple(ways))


class Obstacle(NamedTuple):
    """What keeps a user from a board, what to do, and what kind of fault it is."""

    message: str
    hint: str
    reason: Reason


def open_hid(board: HidBoard, *, port: str, platform: str = sys.platform, devices: LinuxDevices | None = None) -> Hid:
    """Open a board by the first of its ways that can be.

    :raises BoardError: if none can: why, and what to do.
    """
    reason = ""
    for way in board.ways:
        device = way.module.device()
        try:
            device.open_path(os.fsencode(way.path))
        except (OSError, ValueError) as error:
            reason = str(error)
            inform("%s: %s: %s", port, way.path, error)
            continue
        inform("%s: open, by %s", port, way.path)
        opened: Hid = device
        return opened
    system = (devices or LinuxDevices()) if platform.startswith("linux") else None
    message, hint, kind = _cannot_open(board, system, reason)
    raise BoardError(message, hint=hint, port=port, reason=kind)


def obstacle(board: HidBoard, devices: LinuxDevices | None, *, has_failed: bool = False) -> Obstacle | None:
    """What keeps a user from a board, as far as that can be seen without opening it.

    :param devices: what Linux tells of it; None on other systems, which tell nothing.
    :param has_failed: whether none of its ways could be opened.
    :returns: None where nothing is seen.
    """
    if devices is None:
        return None
    states = [_permission(board, way, devices) for way in board.ways]
    if Permission.GRANTED in states or (Permission.UNKNOWN in states and not has_failed):
        return None
    if board.i2c_bus:
        return Obstacle(
            f"the kernel's driver uses the board as the I2C bus {board.i2c_bus}",
            f"Use that bus as the port (i2c:{board.i2c_bus}). Or else: {_RULE_HINT[0].lower()}{_RULE_HINT[1:]}",
            Reason.BUSY,
        )
    if Permission.REFUSED in states:
        return Obstacle("no permission to open it", _RULE_HINT, Reason.DENIED)
    return None if states else Obstacle("the board is there, but hidapi does not see it", _UNSEEN_HINT, Reason.NO_BOARD)


class Permission(Enum):
    """Whether a user may open a device file."""

    GRANTED = auto()
    REFUSED = auto()
    UNKNOWN = auto()


def _permission(board: HidBoard, way: Way, devices: LinuxDevices) -> Permission:
    node = Path(way.path) if way.is_node else devices.usb_node(board.name)
    if node is not None and node.exists():
        return Permission.GRANTED if os.access(node, os.R_OK | os.W_OK) else Permission.REFUSED
    # libusb finds a board that it may not open, but not what it is called.
    return Permission.UNKNOWN if way.is_node or way.is_readable else Permission.REFUSED


def _cannot_open(board: HidBoard, devices: LinuxDevices | None, reason: str) -> Obstacle:
    """Why a board does not open, and what to do."""
    seen = obstacle(board, devices, has_failed=True)
    if seen is not None:
        return seen
    if devices is not None and Permission.GRANTED in [_permission(board, way, devices) for way in board.ways]:
        return Obstacle(f"in use by another program ({reason})", _CLOSE_HINT, Reason.BUSY)
    return Obstacle(
        f"the board cannot be opened: {reason}", f"Check whether another program uses it. {_CLOSE_HINT}", Reason.BUSY
    )


def _ways(module: Any, vendor: int, product: int) -> Iterator[Way]:
    """Those that a module of hidapi knows to interface 0 of the boards; some systems list an interface twice."""
    seen = set()
    for found in module.enumerate(vendor, product):
        path = os.fsdecode(found["path"])
        if found.get("interface_number", -1) in _INTERFACES and path not in seen:
            seen.add(path)
            yield Way(path, module, bool(found.get("product_string", "")))
