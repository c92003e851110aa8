"""A chip on an I2C bus of a Linux machine, as of a Raspberry Pi: plain reads and writes on ``/dev/i2c-N``.

One read or write is one transaction, START to STOP, which is all that OPTIGA takes: it knows no repeated START.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Protocol

from optiga.errors import BoardError, ConfigurationError, Reason
from optiga.files.known_documents import chip_hint
from optiga.transport.linux_devices import LinuxDevices
from optiga.transport.permission import permission_hint
from optiga.transport.trace import inform, trace

if sys.platform != "win32":
    from fcntl import ioctl

MOST_BYTES = 8192
"""Bytes of the longest read or write that the kernel takes."""
TROUBLES = 3
"""How many transactions in a row may fail in a way that is no missing acknowledgment."""
_I2C_SLAVE, _I2C_FUNCTIONS = 0x0703, 0x0705
_PLAIN_I2C = 1
_NACKS = (errno.EREMOTEIO if sys.platform == "linux" else 121, errno.ENXIO, errno.EIO)
"""Of a missing acknowledgment: bcm2835 and DesignWare, i2c-gpio, hid-ft260."""
_TROUBLES = (errno.ETIMEDOUT, errno.EAGAIN)
"""Of a bus that hangs, or where arbitration was lost."""
_GONE = (errno.ENODEV, errno.ENOENT, errno.EBADF, getattr(errno, "ESHUTDOWN", 108))
_UNABLE = (errno.EOPNOTSUPP, errno.EINVAL, errno.EMSGSIZE)
_ENABLE = "On a Raspberry Pi switch I2C on: sudo raspi-config, Interface, I2C; elsewhere: sudo modprobe i2c-dev"
_STUCK = "Something holds SDA or SCL low: switch the chip's supply off and on, and check the wiring and the pull-ups"


class Reset(Protocol):
    """Pins that reset a chip."""

    def pulse(self) -> None:
        """Reset the chip, and wait until it has started."""
        ...

    def close(self) -> None:
        """Give the pins back."""
        ...


class I2cDevice:
    """An I2C bus of this machine, as :class:`~optiga.transport.i2c_bus.Bus` has it. Linux only.

    :param path: its device file.
    :param port: how the user names it, for messages; the device file by default.
    :param address: the chip's I2C address, 7 bits.
    :param reset: pins that reset the chip, closed with this; None where none are wired.
    :param devices: what Linux tells of its devices.
    :raises BoardError: if it cannot be opened.
    :raises ConfigurationError: on another system than Linux.
    """

    def __init__(
        self,
        path: str,
        *,
        port: str = "",
        address: int = 0x30,
        reset: Reset | None = None,
        devices: LinuxDevices | None = None,
    ) -> None:
        self._port = port or path
        self._reset = reset
        self._troubles = 0
        self._descriptor: int | None = _open(path, self._port, address, devices or LinuxDevices())
        inform("%s: open", self._port)

    @property
    def can_reset(self) -> bool:
        """Whether pins are wired that reset the chip."""
        return self._reset is not None

    def reset_chip(self) -> None:
        """Reset the chip by its pins. Does nothing where none are wired.

        :raises BoardError: if they cannot be set.
        """
        if self._reset is not None:
            self._reset.pulse()

    def write(self, data: bytes) -> bool:
        """Write bytes in one transaction; whether they were acknowledged.

        :raises BoardError: if the bus is stuck or gone.
        :raises ValueError: if there are none, or too many.
        """
        _check_size(len(data))
        trace("%s > %d bytes", self._port, len(data))
        try:
            count = os.write(self._opened(), data)
        except OSError as error:
            self._judge(error)
            return False
        if count != len(data):
            self._fail(
                f"the bus took {count} of {len(data)} bytes",
                "Its adapter may transfer fewer bytes at a time",
                Reason.UNSUPPORTED,
            )
        self._troubles = 0
        return True

    def read(self, size: int) -> bytes | None:
        """Read bytes in one transaction; None if the address was not acknowledged.

        :raises BoardError: if the bus is stuck or gone.
        :raises ValueError: if the size is none, or too large.
        """
        _check_size(size)
        try:
            data = os.read(self._opened(), size)
        except OSError as error:
            self._judge(error)
            return None
        if len(data) != size:
            self._fail(
                f"the bus gave {len(data)} of {size} bytes",
                "Its adapter may transfer fewer bytes at a time",
                Reason.UNSUPPORTED,
            )
        trace("%s < %d bytes", self._port, size)
        self._troubles = 0
        return data

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def now(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        reset, self._reset = self._reset, None
        try:
            if descriptor is not None:
                with suppress(OSError):
                    os.close(descriptor)
        finally:
            if reset is not None:
                reset.close()

    def _opened(self) -> int:
        if self._descriptor is None:
            self._fail("the bus is closed", "Open it again", Reason.DISCONNECTED)
        return self._descriptor

    def _judge(self, error: OSError) -> None:
        """What became of a transaction: nothing where it was not acknowledged.

        :raises BoardError: if that was not all.
        """
        if error.errno in _NACKS:
            self._troubles = 0
            return
        reason = error.strerror or str(error)
        if error.errno in _GONE:
            self._fail(f"the bus is gone: {reason}", "Check whether its adapter was unplugged", Reason.DISCONNECTED)
        if error.errno in _UNABLE:
            self._fail(
                f"the bus cannot do this: {reason}",
                "Its adapter may transfer fewer bytes at a time, or support only SMBus",
                Reason.UNSUPPORTED,
            )
        if error.errno not in _TROUBLES:
            self._fail(f"the bus failed: {reason}", _STUCK)
        self._troubles += 1
        if self._troubles >= TROUBLES:
            self._troubles = 0
            self._fail(f"the I2C bus is stuck: {reason}", _STUCK)

    def _fail(self, message: str, hint: str, reason: Reason = Reason.DISTURBED) -> NoReturn:
        raise BoardError(message, hint=hint, port=self._port, reason=reason)


def _check_size(size: int) -> None:
    if not 0 < size <= MOST_BYTES:
        raise ValueError(f"one transaction has 1 to {MOST_BYTES} bytes, not {size}")


def _open(path: str, port: str, address: int, devices: LinuxDevices) -> int:
    """A descriptor of a bus, set to an address."""
    if not sys.platform.startswith("linux"):
        raise ConfigurationError(
            f"{port}: I2C buses are opened on Linux only",
            hint="On other systems, use an FT260 board",
            reason=Reason.UNSUPPORTED,
        )
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise _cannot_open(path, port, error, devices) from error
    try:
        ioctl(descriptor, _I2C_SLAVE, address)
        speaks_i2c = _speaks_i2c(descriptor)
    except OSError as error:
        os.close(descriptor)
        raise _cannot_address(path, port, address, error, devices) from error
    if not speaks_i2c:
        os.close(descriptor)
        raise BoardError(
            "its adapter supports only SMBus, not plain I2C",
            hint="To list the ports, use 'python -m optiga boards'",
            port=port,
            reason=Reason.UNSUPPORTED,
        )
    return descriptor


def _speaks_i2c(descriptor: int) -> bool:
    """Whether a bus takes plain messages; taken as so where it does not say."""
    functions = bytearray(8)
    try:
        ioctl(descriptor, _I2C_FUNCTIONS, functions)
    except OSError:
        return True
    return bool(int.from_bytes(functions, sys.byteorder) & _PLAIN_I2C)


def _cannot_open(path: str, port: str, error: OSError, devices: LinuxDevices) -> BoardError:
    """The error that says why a bus did not open."""
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        name = Path(path).name
        if (devices.sys / "bus" / "i2c" / "devices" / name).exists():
            return BoardError(
                "the bus exists, but has no device file",
                hint="Load its module: sudo modprobe i2c-dev",
                port=port,
                reason=Reason.UNSUPPORTED,
            )
        return BoardError(
            "the I2C bus does not exist",
            hint=f"{_ENABLE}. To list the ports, use 'python -m optiga boards'",
            port=port,
            reason=Reason.NO_BOARD,
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return BoardError(
            "no permission to open it", hint=permission_hint(path, group="i2c"), port=port, reason=Reason.DENIED
        )
    if error.errno == errno.EBUSY:
        return BoardError("in use by another program", hint="Close it, then try again", port=port, reason=Reason.BUSY)
    if error.errno in (errno.EISDIR, errno.ENOTDIR):
        return BoardError(
            "not an I2C bus",
            hint="To list the ports, use 'python -m optiga boards'",
            port=port,
            reason=Reason.WRONG_TYPE,
        )
    return BoardError(
        f"cannot be opened: {error.strerror or error}",
        hint="To list the ports, use 'python -m optiga boards'",
        port=port,
        reason=Reason.NO_BOARD,
    )


def _cannot_address(path: str, port: str, address: int, error: OSError, devices: LinuxDevices) -> BoardError:
    """The error that says why a bus takes no address."""
    if error.errno == errno.EBUSY:
        number = Path(os.path.realpath(path)).name.rpartition("-")[2]
        device = devices.sys / "bus" / "i2c" / "devices" / f"{number}-{address:04x}"
        driver = ""
        with suppress(OSError):
            driver = (device / "driver").readlink().name
        which = f"the driver {driver}" if driver else "a driver"
        return BoardError(
            f"address {address:#04x} is in use by {which} of the kernel",
            hint=f"Unload the driver: sudo modprobe -r {driver}"
            if driver
            else f"Look at {device}, and unload that driver",
            port=port,
            reason=Reason.BUSY,
        )
    if error.errno == errno.EINVAL:
        return BoardError(
            f"{address:#x} is not an I2C address",
            hint="Give 7 bits, not shifted, for example 0x30, the factory setting",
            port=port,
            reason=Reason.BAD_VALUE,
        )
    return BoardError(
        "not an I2C bus",
        hint=chip_hint(port.partition(":")[2]) or "To list the ports, use 'python -m optiga boards'",
        port=port,
        reason=Reason.WRONG_TYPE,
    )
