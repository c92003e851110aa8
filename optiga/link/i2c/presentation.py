"""The presentation layer: a shielded connection with a secret that both ends have. I2C Protocol, section 6.

Messages are sealed with AES-128-CCM and a tag of 8 bytes; their nonces are sequence numbers. Everything here is state
without input and output: a :class:`Channel` is either end of a connection, a handshake makes one. Keys, nonces and
plain text are printed by nobody.

The two first numbers come from the chip, and cross over: the host seals its Finished with the one and goes on behind
the other. One of the ends thus comes to the number that its own Finished had, sooner or later, with the same key. A
number is never used twice here: a sender leaves that one out, which the receiver's window allows, and a host wants a
new handshake before the chip comes to it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum

from optiga.protocol.prf import tls_prf
from optiga.protocol.request import Protection

MIN_SECRET, MAX_SECRET = 32, 64
"""Bytes of a platform binding secret. SRM, "Platform Binding"."""
VERSION = 0x01
"""PVER: a secret that was shared before."""
RANDOM_SIZE = 32
OVERHEAD = 1 + 4 + 8
"""What sealing adds to a message: SCTR, sequence number and tag."""
WINDOW = 3
"""How many numbers may be left out, or lost, and the next is still taken: TRANS_REPEAT."""
LAST_NUMBER = 0xFFFFFFF0
"""The highest sequence number that is used."""
_MARGIN = 0x1000
"""How long before that a new handshake is due, in numbers."""
_LABEL = b"Platform Binding"
_NUMBER_SIZE = 4
_TAG_SIZE = 8


class Kind(IntEnum):
    """SCTR, the first byte of a message."""

    HELLO = 0x00
    FINISHED = 0x08
    RECORD = 0x20
    """In its low bits: the protection of the command, and of the answer."""
    FATAL = 0x40
    INTEGRITY = 0x44
    SAVE = 0x60
    SAVED = 0x64
    RESTORE = 0x68
    RESTORED = 0x6C


class Role(Enum):
    """Which end of a connection; it decides whose keys are whose."""

    HOST = "host"
    CHIP = "chip"


class AlertError(Exception):
    """The other side has said that something was wrong.

    :param is_fatal: whether the connection has ended by that; else the last message is to be repeated.
    """

    def __init__(self, *, is_fatal: bool) -> None:
        super().__init__(
            "the other side has ended the shielded connection" if is_fatal else "a message arrived damaged"
        )
        self.is_fatal = is_fatal


class SealError(Exception):
    """A message is not what the connection lets through: not authentic, out of sequence, or of another protection."""


@dataclass(frozen=True, slots=True)
class Half:
    """The key material of one direction; never printed."""

    key: bytes = field(repr=False)
    nonce: bytes = field(repr=False)

    def seal(self, control: int, number: int, plain: bytes) -> bytes:
        """A sealed message."""
        from cryptography.hazmat.primitives.ciphers.aead import AESCCM

        counted = number.to_bytes(_NUMBER_SIZE, "big")
        sealed = AESCCM(self.key, _TAG_SIZE).encrypt(
            self.nonce + counted, plain, _associated(control, counted, len(plain))
        )
        return bytes([control]) + counted + sealed

    def open(self, message: bytes) -> bytes:
        """The plain text of a sealed message.

        :raises SealError: if it is not authentic.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESCCM

        if len(message) < OVERHEAD:
            raise SealError("too short for a sealed message")
        counted, sealed = message[1 : 1 + _NUMBER_SIZE], message[1 + _NUMBER_SIZE :]
        associated = _associated(message[0], counted, len(sealed) - _TAG_SIZE)
        try:
            return AESCCM(self.key, _TAG_SIZE).decrypt(self.nonce + counted, sealed, associated)
        except InvalidTag:
            raise SealError("not authentic") from None


@dataclass(frozen=True, slots=True)
class Keys:
    """What both ends derive from their secret and the chip's random; never printed."""

    host: Half
    chip: Half

    @classmethod
    def derive(cls, secret: bytes, random: bytes) -> Keys:
        """The keys of a connection, by the pseudo-random function of TLS 1.2 with SHA-256."""
        derived = tls_prf("sha256", secret, _LABEL + random, 40)
        return cls(Half(derived[:16], derived[32:36]), Half(derived[16:32], derived[36:40]))


@dataclass(frozen=True, slots=True)
class Numbers:
    """The sequence numbers of one end.

    :param sent: the last one sent; :param received: the last one taken.
    :param own: the one of the own Finished, which is not used again; :param other: the other side's.
    """

    sent: int
    received: int
    own: int
    other: int

    def next(self) -> int:
        """The number of the next message."""
        following = self.sent + 1
        return following + 1 if following == self.own else following

    def takes(self, number: int) -> bool:
        """Whether the other side's next message may have a number."""
        return self.received < number <= min(self.received + WINDOW, LAST_NUMBER)


class Channel:
    """One end of a shielded connection.

    :param role: which end.
    """

    def __init__(self, role: Role, keys: Keys, numbers: Numbers) -> None:
        self._role = role
        self._keys = keys
        self._numbers = numbers

    def __repr__(self) -> str:
        return f"Channel({self._role.value})"

    @property
    def numbers(self) -> Numbers:
        """The sequence numbers as they are now."""
        return self._numbers

    @property
    def needs_renewal(self) -> bool:
        """Whether a new handshake is due before anything else is sent: numbers come near their end, or come again."""
        numbers = self._numbers
        comes_again = numbers.received < numbers.other <= numbers.received + 2 * WINDOW
        return comes_again or max(numbers.sent, numbers.received) > LAST_NUMBER - _MARGIN

    def seal(self, protection: Protection, message: bytes) -> bytes:
        """A message to the other side: sealed if the protection has this end's direction, else behind its SCTR.

        :raises SealError: if there are no numbers left.
        """
        control = Kind.RECORD | protection
        if not protection & self._outgoing:
            return bytes([control]) + message
        number = self._numbers.next()
        if number > LAST_NUMBER:
            raise SealError("no sequence numbers are left")
        self._numbers = replace(self._numbers, sent=number)
        return self._half(own=True).seal(control, number, message)

    def open(self, message: bytes, expected: Protection | None = None) -> tuple[Protection, bytes]:
        """What the other side has sent: how protected, and the plain message.

        :param expected: the protection that it must have; None for any.
        :raises AlertError: if it is an alert.
        :raises SealError: if it is not what it must be. The connection is as before then.
        """
        if not message:
            raise SealError("empty")
        control = message[0]
        if len(message) == 1 and control in (Kind.FATAL, Kind.INTEGRITY):
            raise AlertError(is_fatal=control == Kind.FATAL)
        protection = protection_of(control)
        if expected is not None and protection != expected:
            raise SealError("not protected as required")
        if not protection & self._incoming:
            return protection, message[1:]
        number = int.from_bytes(message[1 : 1 + _NUMBER_SIZE], "big")
        if not self._numbers.takes(number):
            raise SealError("out of sequence")
        plain = self._half(own=False).open(message)
        self._numbers = replace(self._numbers, received=number)
        return protection, plain

    def export(self) -> bytes:
        """The connection as it is kept over hibernation. It holds the keys: it is as secret as the plain text."""
        parts = [self._keys.host.key, self._keys.chip.key, self._keys.host.nonce, self._keys.chip.nonce]
        numbers = self._numbers
        counted = [numbers.sent, numbers.received, numbers.own, numbers.other]
        return b"".join(parts) + b"".join(number.to_bytes(_NUMBER_SIZE, "big") for number in counted)

    @classmethod
    def restore(cls, role: Role, saved: bytes) -> Channel:
        """A connection that :meth:`export` gave.

        :raises ValueError: if it gave nothing like that.
        """
        if len(saved) != 40 + 4 * _NUMBER_SIZE:
            raise ValueError("not a saved shielded connection")
        keys = Keys(Half(saved[:16], saved[32:36]), Half(saved[16:32], saved[36:40]))
        numbers = [int.from_bytes(saved[at : at + _NUMBER_SIZE], "big") for at in range(40, len(saved), _NUMBER_SIZE)]
        return cls(role, keys, Numbers(*numbers))

    @property
    def _outgoing(self) -> Protection:
        return Protection.COMMAND if self._role is Role.HOST else Protection.ANSWER

    @property
    def _incoming(self) -> Protection:
        return Protection.ANSWER if self._role is Role.HOST else Protection.COMMAND

    def _half(self, *, own: bool) -> Half:
        return self._keys.host if own == (self._role is Role.HOST) else self._keys.chip


def protection_of(control: int) -> Protection:
    """The protection that a record's SCTR says.

    :raises SealError: if it is not a record.
    """
    if not Kind.RECORD <= control <= Kind.RECORD | Protection.BOTH:
        raise SealError(f"0x{control:02x} is not a record")
    return Protection(control & Protection.BOTH)


HELLO = bytes([Kind.HELLO, VERSION])
"""The host's Hello."""


def finished(role: Role, keys: Keys, random: bytes, number: int) -> bytes:
    """An end's Finished: it proves that it has the keys.

    :param number: the one of the two first numbers that this end's Finished has.
    """
    half = keys.host if role is Role.HOST else keys.chip
    return half.seal(Kind.FINISHED, number, random + number.to_bytes(_NUMBER_SIZE, "big"))


def check_finished(role: Role, keys: Keys, random: bytes, message: bytes) -> int:
    """The number of the Finished that the other end has sent.

    :param role: this end's.
    :raises AlertError: if it is an alert.
    :raises SealError: if it does not prove that the other end has the keys.
    """
    if message in (bytes([Kind.FATAL]), bytes([Kind.INTEGRITY])):
        raise AlertError(is_fatal=message[0] == Kind.FATAL)
    if not message or message[0] != Kind.FINISHED:
        raise SealError("no Finished")
    half = keys.chip if role is Role.HOST else keys.host
    counted = message[1 : 1 + _NUMBER_SIZE]
    if not hmac.compare_digest(half.open(message), random + counted):
        raise SealError("a Finished message of another handshake")
    return int.from_bytes(counted, "big")


@dataclass(frozen=True, slots=True)
class ChipHello:
    """The chip's Hello.

    :param random: what the keys of the connection come from, 32 bytes.
    :param number: of the host's Finished, and before the chip's first record.
    """

    random: bytes
    number: int

    @classmethod
    def decode(cls, message: bytes) -> ChipHello:
        """The Hello in a message.

        :raises AlertError: if it is an alert.
        :raises SealError: if it is none.
        """
        if message in (bytes([Kind.FATAL]), bytes([Kind.INTEGRITY])):
            raise AlertError(is_fatal=message[0] == Kind.FATAL)
        if len(message) != len(HELLO) + RANDOM_SIZE + _NUMBER_SIZE or not message.startswith(HELLO):
            raise SealError("no Hello")
        number = int.from_bytes(message[-_NUMBER_SIZE:], "big")
        return cls(message[len(HELLO) : -_NUMBER_SIZE], number)

    def encode(self) -> bytes:
        """The message."""
        return HELLO + self.random + self.number.to_bytes(_NUMBER_SIZE, "big")


def channel_of_host(keys: Keys, host_finished: int, chip_finished: int) -> Channel:
    """The host's end of a connection, from the numbers of the two Finished."""
    return Channel(Role.HOST, keys, Numbers(chip_finished, host_finished, host_finished, chip_finished))


def channel_of_chip(keys: Keys, host_finished: int, chip_finished: int) -> Channel:
    """The chip's end of the same connection."""
    return Channel(Role.CHIP, keys, Numbers(host_finished, chip_finished, chip_finished, host_finished))


def number_message(kind: Kind, number: int) -> bytes:
    """A message of a kind with a sequence number: RESTORE or RESTORED."""
    return bytes([kind]) + number.to_bytes(_NUMBER_SIZE, "big")


def _associated(control: int, counted: bytes, size: int) -> bytes:
    """What the tag protects besides the plain text."""
    return bytes([control]) + counted + bytes([VERSION]) + size.to_bytes(2, "big")
