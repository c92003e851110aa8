"""The USB side of an emulated FT260: descriptors, control transfers and interrupt endpoints, in packets.

One request is one packet, one reply is one packet; numbers are little endian. A reply is a status (``i32``, 0 or a
libusb error number) and a payload.

========================================= ==========================================================
``D``                                     device descriptor
``C``                                     configuration descriptor, all of it
``X`` setup[8] data                       control transfer
``O`` endpoint[1] data                    interrupt OUT; the payload is the count, ``u32``
``I`` endpoint[1] timeout_ms[4] max[4]    interrupt IN
``K`` text                                a note for a log
``H`` interface[1]                        no reply: from here on bare reports, as of a hidraw node
========================================= ==========================================================
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from optiga.emulator.board.ft260 import UART, Ft260Board
from optiga.link.ft260.codes import (
    CHIP_VERSION,
    FIRST_DATA,
    GPIO,
    I2C_STATUS,
    LAST_DATA,
    PRODUCT,
    READ_REQUEST,
    REPORT_SIZE,
    SYSTEM,
    UART_ONLY,
    VENDOR,
)

OK, PARAMETER, TIMEOUT, STALL = 0, -2, -7, -9
"""libusb's error numbers."""
MOST_PACKET = 4200
_STRINGS = {1: "FTDI", 2: "FT260"}
_GET_DESCRIPTOR, _GET_REPORT, _SET_REPORT = (0x80, 6), (0xA1, 1), (0x21, 9)
_GET_HID_DESCRIPTOR = (0x81, 6)
_SET_IDLE, _SET_PROTOCOL, _SET_CONFIGURATION, _SET_INTERFACE = (0x21, 10), (0x21, 11), (0x00, 9), (0x01, 11)
_OUTPUT_REPORT, _FEATURE_REPORT = 2, 3
_DEVICE, _CONFIGURATION, _STRING, _HID_REPORT = 1, 2, 3, 0x22
_INPUT_ITEM, _OUTPUT_ITEM, _FEATURE_ITEM = 0x81, 0x91, 0xB1
_SETUP = struct.Struct("<BBHHH")
_WAIT = struct.Struct("<BII")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An interrupt IN transfer that waits for its report.

    :param interface: whose reports are wanted.
    :param wait_s: how long, in seconds.
    :param size: the most bytes of it.
    """

    interface: int
    wait_s: float
    size: int


def reply(status: int, payload: bytes = b"") -> bytes:
    """A reply packet."""
    return struct.pack("<i", status) + payload


class Ft260Usb:
    """A board on USB: takes packets, gives replies.

    :param board: what is behind them.
    """

    def __init__(self, board: Ft260Board) -> None:
        self.board = board

    def node_of(self, packet: bytes) -> int | None:
        """The interface whose bare reports a client wants from here on; None if the packet is another."""
        if packet[:1] != b"H" or len(packet) != 2 or packet[1] not in self.board.interfaces:
            return None
        return packet[1]

    def wanted_by(self, packet: bytes) -> Wanted | None:
        """What a client waits for; None if the packet is another."""
        if packet[:1] != b"I" or len(packet) != 1 + _WAIT.size:
            return None
        endpoint, wait_ms, size = _WAIT.unpack(packet[1:])
        interface = (endpoint & 0x7F) // 2
        if not endpoint & 0x80 or interface not in self.board.interfaces:
            return None
        return Wanted(interface, wait_ms / 1000, size)

    def answer(self, packet: bytes) -> bytes:
        """The reply to any other packet."""
        kind, rest = packet[:1], packet[1:]
        if kind == b"D":
            return reply(OK, self._device())
        if kind == b"C":
            return reply(OK, self._configuration())
        if kind == b"K":
            return reply(OK)
        if kind == b"O" and len(rest) > 1:
            interface = rest[0] // 2 - 1
            if interface not in self.board.interfaces or not self.board.output(interface, rest[1:]):
                return reply(STALL)
            return reply(OK, struct.pack("<I", len(rest) - 1))
        if kind == b"X" and len(rest) >= _SETUP.size:
            answer = self._control(rest[: _SETUP.size], rest[_SETUP.size :])
            return reply(STALL) if answer is None else reply(OK, answer)
        return reply(PARAMETER)

    def _control(self, setup: bytes, data: bytes) -> bytes | None:
        """What a control transfer brings; None where it stalls."""
        kind, request, value, index, length = _SETUP.unpack(setup)
        asked = (kind, request)
        report_type, report_id = value >> 8, value & 0xFF
        answer: bytes | None = None
        if asked == _GET_DESCRIPTOR:
            answer = self._descriptor(report_type, report_id)
        elif asked in (_SET_IDLE, _SET_PROTOCOL, _SET_CONFIGURATION, _SET_INTERFACE):
            answer = b""
        elif index not in self.board.interfaces:
            return None
        elif asked == _GET_HID_DESCRIPTOR and report_type == _HID_REPORT:
            answer = self._report_descriptor(index)
        elif asked == _GET_REPORT and report_type == _FEATURE_REPORT:
            answer = self.board.get_feature(index, report_id)
        elif asked == _SET_REPORT and data[:1] == bytes((report_id,)):
            put = {_FEATURE_REPORT: self.board.set_feature, _OUTPUT_REPORT: self.board.output}.get(report_type)
            answer = b"" if put is not None and put(index, data) else None
        return None if answer is None else answer[:length]

    def _descriptor(self, kind: int, number: int) -> bytes | None:
        if kind == _DEVICE:
            return self._device()
        if kind == _CONFIGURATION:
            return self._configuration()
        if kind == _STRING and number == 0:
            return bytes.fromhex("04030904")
        if kind == _STRING and number in _STRINGS:
            text = _STRINGS[number].encode("utf-16-le")
            return bytes((2 + len(text), _STRING)) + text
        return None

    @staticmethod
    def _device() -> bytes:
        """The device descriptor, without a serial number, as delivered."""
        return struct.pack("<BBHBBBBHHHBBBB", 18, _DEVICE, 0x0200, 0, 0, 0, 64, VENDOR, PRODUCT, 0x2200, 1, 2, 0, 1)

    def _configuration(self) -> bytes:
        body = b""
        for number in self.board.interfaces:
            size = len(self._report_descriptor(number))
            body += bytes((9, 4, number, 0, 2, 3, 0, 0, 0))
            body += struct.pack("<BBHBBBH", 9, 0x21, 0x0111, 0, 1, _HID_REPORT, size)
            for endpoint in (0x81 + 2 * number, 0x02 + 2 * number):  # IN first, as Infineon's library needs it
                body += struct.pack("<BBBBHB", 7, 5, endpoint, 3, REPORT_SIZE, 1)
        head = struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), len(self.board.interfaces), 1, 0, 0xA0, 50)
        return head + body

    def _report_descriptor(self, interface: int) -> bytes:
        """Which reports an interface has, and how long they are behind their identifier."""
        items = [(CHIP_VERSION, _FEATURE_ITEM, 12), (SYSTEM, _FEATURE_ITEM, 25), (GPIO, _FEATURE_ITEM, 4)]
        if interface == UART or self.board.chip_mode == UART_ONLY:
            items += [(0xB1, _INPUT_ITEM, 4), (0xE0, _FEATURE_ITEM, 9), (0xE2, _FEATURE_ITEM, 9)]
            for number in range(0xF0, 0xFF):
                items += [(number, kind, 4 * (number - 0xEF) + 1) for kind in (_INPUT_ITEM, _OUTPUT_ITEM)]
        else:
            items += [(I2C_STATUS, _FEATURE_ITEM, 4), (READ_REQUEST, _OUTPUT_ITEM, 4)]
            for number in range(FIRST_DATA, LAST_DATA + 1):
                room = 4 * (number - FIRST_DATA + 1)
                items += [(number, _INPUT_ITEM, room + 1), (number, _OUTPUT_ITEM, room + 3)]
        described = bytes.fromhex("0600ff 0901 a101 1500 26ff00 7508")  # a vendor's page; bytes of 0 to 255
        for report_id, kind, size in items:
            described += bytes((0x85, report_id, 0x95, size, 0x09, 0x01, kind, 0x02))
        return described + b"\xc0"
