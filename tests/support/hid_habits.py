"""Open HID devices with the habits of hidapi on each platform, in front of an emulated FT260."""

from __future__ import annotations

from collections.abc import Callable

from optiga.emulator.board.ft260 import I2C, Ft260Board


class LinuxLibusb:
    """Module ``hid`` on Linux: lengths as sent, no words for what fails.

    :ivar is_gone: whether it is unplugged.
    """

    platform = "linux"

    def __init__(self, board: Ft260Board) -> None:
        self.board = board
        self.is_gone = False
        self.closed = 0
        self._blocks = True

    def set_nonblocking(self, on: int) -> int:
        self._blocks = not on
        return 0

    def write(self, data: bytes) -> int:
        if self.is_gone or not self.board.output(I2C, bytes(data)):
            return -1
        return len(data)

    def read(self, size: int, timeout_ms: int = 0) -> list[int]:
        if self._blocks and timeout_ms == 0:
            raise AssertionError("this blocks for ever")
        if self.is_gone:
            raise OSError("read error")
        return list(self._input(size))

    def get_feature_report(self, report_id: int, size: int) -> list[int]:
        if self.is_gone:
            raise OSError("read error")
        return list((self.board.get_feature(I2C, report_id) or b"")[:size])

    def send_feature_report(self, data: bytes) -> int:
        if self.is_gone or not self.board.set_feature(I2C, bytes(data)):
            return -1
        return len(data)

    def error(self) -> str:
        return "hid_error is not implemented yet"

    def close(self) -> None:
        self.closed += 1

    def _input(self, size: int) -> bytes:
        return (self.board.take_input(I2C) or b"")[:size]


class LinuxHidraw(LinuxLibusb):
    """Module ``hidraw``: errors have words, and reports of others come, too."""

    def __init__(self, board: Ft260Board) -> None:
        super().__init__(board)
        self._of_others = [bytes.fromhex("d00411223344"), bytes.fromhex("b10000000000")]

    def write(self, data: bytes) -> int:
        count = super().write(data)
        if count > 0 and data[0] == 0xC2 and self._of_others and data[3] != 4:
            self.board._inputs[I2C].appendleft(self._of_others.pop())
        return count

    def send_feature_report(self, data: bytes) -> int:
        if self.is_gone:
            raise OSError("ioctl (SFEATURE): No such device")
        return super().send_feature_report(data)

    def error(self) -> str:
        return "No such device" if self.is_gone else "Success"


class Windows(LinuxLibusb):
    """Everything is padded to the longest report; a feature report wants room for it; counts are of what was padded."""

    platform = "win32"

    def write(self, data: bytes) -> int:
        return 64 if super().write(bytes(data).ljust(64, b"\0")) > 0 else -1

    def get_feature_report(self, report_id: int, size: int) -> list[int]:
        if size < 64:
            raise OSError("HidD_GetFeature: (0x0000007A) The data area passed to a system call is too small.")
        report = super().get_feature_report(report_id, size)
        return report + [0] * (64 - len(report))

    def error(self) -> str:
        return "WriteFile: (0x0000048F) The device is not connected." if self.is_gone else ""

    def _input(self, size: int) -> bytes:
        report = super()._input(size)
        return report.ljust(64, b"\0") if report else b""


class MacOs(LinuxLibusb):
    """Lengths as sent; a device that is gone fails in words."""

    platform = "darwin"

    def get_feature_report(self, report_id: int, size: int) -> list[int]:
        if self.is_gone:
            raise OSError("IOHIDDeviceGetReport failed: (0xE00002C0) (iokit/common) no such device")
        return super().get_feature_report(report_id, size)

    def error(self) -> str:
        return "Device is disconnected" if self.is_gone else "Success"


class OnlyFiveCalls:
    """What a program of its own may hand in: no more than it takes, and bytes instead of lists."""

    def __init__(self, board: Ft260Board) -> None:
        self._inner = LinuxLibusb(board)

    @property
    def is_gone(self) -> bool:
        return self._inner.is_gone

    @is_gone.setter
    def is_gone(self, value: bool) -> None:
        self._inner.is_gone = value

    @property
    def closed(self) -> int:
        return self._inner.closed

    def write(self, data: bytes) -> int:
        return self._inner.write(data)

    def read(self, size: int, timeout_ms: int) -> bytes | int:
        return -1 if self.is_gone else bytes(self._inner.read(size, timeout_ms))

    def get_feature_report(self, report_id: int, size: int) -> bytes | int:
        return -1 if self.is_gone else bytes(self._inner.get_feature_report(report_id, size))

    def send_feature_report(self, data: bytes) -> int:
        return self._inner.send_feature_report(data)

    def close(self) -> None:
        self._inner.close()


HABITS: tuple[Callable[[Ft260Board], LinuxLibusb | OnlyFiveCalls], ...] = (
    LinuxLibusb,
    LinuxHidraw,
    Windows,
    MacOs,
    OnlyFiveCalls,
)
