"""How long commands take: what a line waits for, and what an emulated chip with real timing takes.

Times are those of the SRM, table "Command Performance Metrics" (I2C at 400 kHz, no security delay); where the
table has no row, that of the nearest one. All in milliseconds.
"""

from __future__ import annotations

from optiga.protocol import apdu as _apdu
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import CommandCode

LINE_BYTES_PER_MS = 11.52
"""What the board's UART carries: 115200 baud, ten bits a byte."""
SECURITY_DELAY_MS = 5000
"""Longest delay that the chip's security monitor puts on the use of a key (tmax)."""

_TYPICAL_MS: dict[int, float] = {
    CommandCode.OPEN_APPLICATION: 20,
    CommandCode.CLOSE_APPLICATION: 20,
    CommandCode.GET_RANDOM: 30,
    CommandCode.ENCRYPT_SYM: 90,
    CommandCode.DECRYPT_SYM: 90,
    CommandCode.ENCRYPT_ASYM: 40,
    CommandCode.DECRYPT_ASYM: 315,
    CommandCode.VERIFY_SIGN: 85,
    CommandCode.CALC_SSEC: 60,
    CommandCode.DERIVE_KEY: 130,
    CommandCode.GEN_SYM_KEY: 55,
    CommandCode.SET_OBJECT_PROTECTED: 300,
}
_EC_KEY_MS = 55
_RSA_KEY_MS: dict[int, float] = {KeyAlgorithm.RSA1024: 1000, KeyAlgorithm.RSA2048: 2900}
_EC_SIGN_MS = 65
_RSA_SIGN_MS = 310
_ECDSA = 0x11


def typical_ms(command: bytes, answer_size: int = _apdu.BUFFER_SIZE) -> float:
    """How long the chip works on a command APDU when nothing delays it.

    :param answer_size: bytes of the answer APDU where they are known; the most there can be, otherwise.
    """
    code = _apdu.command_code(command)
    param = command[1] if len(command) > 1 else 0
    if code == CommandCode.GET_DATA_OBJECT:
        return 30 * max(1.0, answer_size / 256)
    if code == CommandCode.SET_DATA_OBJECT:
        return 55 * max(1.0, len(command) / 256)
    if code == CommandCode.CALC_HASH:
        return max(20.0, len(command) / 15)
    if code == CommandCode.GEN_KEY_PAIR:
        return _RSA_KEY_MS.get(param, _EC_KEY_MS)
    if code == CommandCode.CALC_SIGN:
        return _EC_SIGN_MS if param == _ECDSA else _RSA_SIGN_MS
    return _TYPICAL_MS.get(code, 100)


def longest_ms(command: bytes) -> float:
    """How long the chip may work on a command APDU before it must be taken for lost.

    Besides the security delay: an RSA key pair is a search for primes, whose time has a long tail.
    """
    code = _apdu.command_code(command)
    if code == CommandCode.GEN_KEY_PAIR and len(command) > 1 and command[1] in _RSA_KEY_MS:
        return 60_000
    return SECURITY_DELAY_MS + 3 * typical_ms(command)
