"""A thermometer with an OPTIGA Trust behind a UART bridge: it knows the wire alone, and has no optiga in it.

Run it with ``thermometer PORT CELSIUS``: it prints the chip's UID and the signature over the temperature, in hex.
"""

from __future__ import annotations

import hashlib
import sys

import serial

START = bytes.fromhex("beefdead")
OPEN_APPLICATION = bytes.fromhex("f0000010d27600000447656e417574684170706c")
READ_UID = bytes.fromhex("81000006e0c20000001b")
KEY, MEASUREMENT = bytes.fromhex("e0f2"), bytes.fromhex("f1d0")
ATTEMPTS = 3


class LineError(Exception):
    """The board does not answer."""


class RefusedError(Exception):
    """The chip refuses a command."""


class Thermometer:
    """One that has its chip's application open."""

    def __init__(self, port: str, patience_s: float = 2.0) -> None:
        self._line = serial.serial_for_url(port, baudrate=115200, timeout=patience_s)
        try:
            self.exchange(OPEN_APPLICATION)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._line.close()

    def uid(self) -> str:
        return self.exchange(READ_UID).hex()

    def sign(self, celsius: float) -> bytes:
        """Keep a temperature in the chip and sign it: an ECDSA signature in DER."""
        text = f"{celsius:.1f}".encode()
        self.exchange(command(0x82, 0x40, MEASUREMENT + b"\0\0" + text))
        digest = hashlib.sha256(text).digest()
        pair = self.exchange(command(0xB1, 0x11, tlv(0x01, digest) + tlv(0x03, KEY)))
        return in_der(pair)

    def exchange(self, apdu: bytes) -> bytes:
        """Send a command, again if nothing good comes back; the data of the chip's answer."""
        for _ in range(ATTEMPTS):
            self._line.reset_input_buffer()
            self._line.write(frame(apdu))
            answer = self._receive()
            if answer is not None:
                if answer[0]:
                    raise RefusedError(f"the chip refuses command {apdu[0]:02x}")
                return answer[4:]
        raise LineError(f"no answer to command {apdu[0]:02x}")

    def _receive(self) -> bytes | None:
        head = self._line.read(6)
        if len(head) < 6 or not head.startswith(START) or head.endswith(b"\xff\xff"):
            return None
        rest = self._line.read(int.from_bytes(head[4:], "big") + 2)
        whole = head + rest
        return rest[:-2] if len(rest) > 5 and whole == frame(rest[:-2]) else None


def command(code: int, param: int, data: bytes) -> bytes:
    return bytes([code, param]) + len(data).to_bytes(2, "big") + data


def tlv(tag: int, value: bytes) -> bytes:
    return bytes([tag]) + len(value).to_bytes(2, "big") + value


def frame(apdu: bytes) -> bytes:
    body = START + len(apdu).to_bytes(2, "big") + apdu
    crc = 0
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return body + crc.to_bytes(2, "big")


def in_der(pair: bytes) -> bytes:
    """Two INTEGERs of a chip as a signature in DER, which has no zeros in front but where the first bit is 1."""
    numbers = b""
    while pair:
        end = 2 + pair[1]
        value = pair[2:end].lstrip(b"\0")
        if not value or value[0] & 0x80:
            value = b"\0" + value
        numbers += bytes([0x02, len(value)]) + value
        pair = pair[end:]
    return bytes([0x30, len(numbers)]) + numbers


def main() -> None:
    thermometer = Thermometer(sys.argv[1])
    try:
        print(thermometer.uid(), thermometer.sign(float(sys.argv[2])).hex())
    finally:
        thermometer.close()


if __name__ == "__main__":
    main()
