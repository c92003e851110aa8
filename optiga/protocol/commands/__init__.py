"""The definitions of the chip's commands: tags, steps, limits and times. One module for each command, with its name.

Both ends take their words from here. How a command is put together stands at the host (:mod:`optiga.chip.commands`),
how it is taken apart at the emulated chip (:mod:`optiga.emulator.commands`), each on its own, so that no mistake of the
one is hidden by the same mistake of the other.

Here is what several commands have. Times are those of the SRM, table "Command Performance Metrics" (I2C at 400 kHz, no
security delay), in milliseconds; where the table has no row, that of the nearest one.
"""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class CommandCode(IntEnum):
    """Command codes without the bit that clears the last error code. SRM, table "Command Codes"."""

    GET_DATA_OBJECT = 0x01
    SET_DATA_OBJECT = 0x02
    SET_OBJECT_PROTECTED = 0x03
    GET_RANDOM = 0x0C
    ENCRYPT_SYM = 0x14
    DECRYPT_SYM = 0x15
    ENCRYPT_ASYM = 0x1E
    DECRYPT_ASYM = 0x1F
    CALC_HASH = 0x30
    CALC_SIGN = 0x31
    VERIFY_SIGN = 0x32
    CALC_SSEC = 0x33
    DERIVE_KEY = 0x34
    GEN_KEY_PAIR = 0x38
    GEN_SYM_KEY = 0x39
    OPEN_APPLICATION = 0x70
    CLOSE_APPLICATION = 0x71

    @property
    def title(self) -> str:
        """The command's name as the manual writes it, for example ``GenKeyPair``."""
        return "CalcSSec" if self is CommandCode.CALC_SSEC else self.name.replace("_", " ").title().replace(" ", "")


TAG_CERTIFICATE_OID = 0x04
"""Tag of the identifier of an object with a certificate, whose public key a command uses."""
TAG_ALGORITHM = 0x05
"""Tag of the algorithm of a public key that is given with a command."""
TAG_PUBLIC_KEY = 0x06
"""Tag of that key."""
TAG_EXPORT = 0x07
"""Tag of the empty TLV in a command that has its result given out, and kept nowhere."""
TAG_SESSION = 0x08
"""Tag of the identifier of a session that takes a new secret, in place of giving it out."""
TAG_DATA = 0x61
"""Tag of a message, in plain or encrypted, in the commands that encrypt and decrypt and in their answers."""
