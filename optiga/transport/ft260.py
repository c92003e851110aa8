"""A chip's I2C bus behind an FT260 USB board: what carries its reports, over any object with hidapi's five calls."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import NoReturn, TypeVar

from optiga.errors import BoardError, Reason
from optiga.files.interruptions import Uninterrupted
from optiga.link.ft260.bridge import HidBridge
from optiga.link.ft260.codes import FIRST_DATA, LAST_DATA, PRODUCT, REPORT_SIZE, VENDOR
from optiga.link.ft260.steps import AwaitInput, GetFeature, HidConversation, HidStep, Output, Pause, SetFeature
from optiga.link.steps import Heard, Note
from optiga.transport.carrying import carry
from optiga.transport.hid_boards import Hid, choose_board, open_hid
from optiga.transport.trace import inform, is_traced, trace

T = TypeVar("T")

FRAME_LIMIT = 55
"""Bytes of the longest frame (DATA_REG_LEN) that passes in one report each way, its register's number written before
it: what Infineon's library sets, and what costs the least time."""


class Ft260Bus:
    """An I2C bus behind an FT260, as :class:`~optiga.transport.i2c_bus.Bus` has it.

    :param device: the open HID interface 0; closed with this.
    :param port: how the user names the board, for messages.
    :param address: the chip's I2C address, 7 bits.
    :param clock: the time, in seconds.
    :param sleep: does nothing for a time, in seconds.
    :raises BoardError: if it is no FT260, or its bus cannot be used.
    """

    def __init__(
        self,
        device: Hid,
        *,
        port: str,
        address: int = 0x30,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._device: Hid | None = device
        self._port = port
        self._clock = clock
        self._sleep = sleep
        self._shortest_wait_ms = 0 if _never_blocks(device) else 1
        self._bridge = HidBridge(port=port, address=address)
        try:
            self._carry(self._bridge.start(self.now()))
        except BaseException:
            self.close()
            raise

    def write(self, data: bytes) -> bool:
        """Write bytes in one transaction; whether they were acknowledged.

        :raises BoardError: if the bus is stuck, or the board is gone.
        """
        return self._carry(self._bridge.write(data, self.now()))

    def read(self, size: int) -> bytes | None:
        """Read bytes in one transaction; None if the address was not acknowledged.

        :raises BoardError: as :meth:`write`.
        """
        return self._carry(self._bridge.read(size, self.now()))

    def reset_chip(self) -> None:
        """Reset the chip by the board's GPIOF, which is its RST pin on Infineon's board and may lead nowhere on others.

        :raises BoardError: as :meth:`write`, or if the line stays low.
        """
        with Uninterrupted():  # whoever ends the run must not leave the line low
            self._carry(self._bridge.reset_chip(self.now()))

    def wait(self, seconds: float) -> None:
        self._sleep(seconds)

    def now(self) -> float:
        return self._clock()

    def close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            try:
                device.close()
            except (OSError, ValueError):  # it is gone already
                return
            inform("%s: closed", self._port)

    def _carry(self, conversation: HidConversation[T]) -> T:
        return carry(conversation, self._do_timed)

    def _do_timed(self, step: HidStep) -> Heard:
        return Heard(self.now(), self._do(step))

    def _do(self, step: HidStep) -> bytes:
        if isinstance(step, Note):
            inform("%s: %s", self._port, step.text)
            return b""
        if isinstance(step, Pause):
            self._sleep(step.seconds)
            return b""
        if self._device is None:
            raise BoardError("the board is closed", hint="Open it again", port=self._port, reason=Reason.DISCONNECTED)
        try:
            return self._pass(step, self._device)
        except (
            OSError,
            ValueError,
            TypeError,
        ) as error:  # ValueError: closed by somebody else; TypeError: -1 for bytes
            self._lose(error)

    def _pass(self, step: GetFeature | SetFeature | Output | AwaitInput, device: Hid) -> bytes:
        """Have the device do a step."""
        if isinstance(step, GetFeature):
            # Windows needs room for the longest report; all platforms take it.
            data = _bytes_of(device.get_feature_report(step.report_id, REPORT_SIZE))
            self._trace("got", data)
            return data
        if isinstance(step, AwaitInput):
            wait_ms = max(self._shortest_wait_ms, math.ceil(step.seconds * 1000))
            data = _bytes_of(device.read(REPORT_SIZE, wait_ms))
            if data:
                self._trace("<", data)
            return data
        self._trace("set" if isinstance(step, SetFeature) else ">", step.report)
        count = device.send_feature_report(step.report) if isinstance(step, SetFeature) else device.write(step.report)
        if not isinstance(count, int) or count <= 0:  # more than was sent is padding
            raise OSError(_last_error(device) or "the board does not accept reports")
        return b""

    def _lose(self, error: Exception) -> NoReturn:
        raise BoardError(
            f"the connection broke: {error}",
            hint="Check whether the board was unplugged, or another program uses it",
            port=self._port,
            reason=Reason.DISCONNECTED,
        ) from error

    def _trace(self, direction: str, report: bytes) -> None:
        """Log a report; of one with data its size, for what is a secret among them only their sender knows."""
        if is_traced():
            has_data = FIRST_DATA <= report[:1][0] <= LAST_DATA if report else False
            shown = f"{report[0]:02x}, with data" if has_data else report[:8].hex()
            trace("%s %s %s", self._port, direction, shown)


def open_ft260(
    path: str = "", *, port: str = "ft260", address: int = 0x30, vendor: int = VENDOR, product: int = PRODUCT
) -> Ft260Bus:
    """Open the I2C bus behind an FT260 board. Takes no lock.

    :param path: as hidapi names it, or its place on USB; empty for the only one that is plugged in.
    :param port: how the user names the board, for messages.
    :param vendor: USB vendor, where it is not FTDI's.
    :param product: USB product, where it is not the FT260's.
    :raises BoardError: if there is none, more than one, or it cannot be opened or used.
    :raises ConfigurationError: if hidapi is not installed.
    """
    board = choose_board(path, port=port, vendor=vendor, product=product)
    return Ft260Bus(open_hid(board, port=port), port=port, address=address)


def _never_blocks(device: Hid) -> bool:
    """Have a device return at once from a read without a time, where it can."""
    switch = getattr(device, "set_nonblocking", None)
    try:
        return switch is not None and bool(switch(1) == 0)
    except (OSError, ValueError):
        return False


def _bytes_of(report: Iterable[int] | int) -> bytes:
    """The bytes of a report.

    :raises OSError: if there are none, but a number that says so.
    """
    if isinstance(report, int):
        raise OSError("the board does not send reports")
    return bytes(report)


def _last_error(device: Hid) -> str:
    """What the platform says of a call that failed; nothing where it says nothing."""
    say = getattr(device, "error", None)
    try:
        text = str(say()) if say is not None else ""
    except (OSError, ValueError):
        return ""
    return "" if "not implemented" in text or text == "Success" else text
