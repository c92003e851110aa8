"""Private keys put into an emulated chip, and the data of the commands that make secrets, for tests."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from optiga.emulator import keys
from optiga.protocol import der, tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import OBJECTS, ObjectKind
from tests.support.emulator.emulated import Probe, two

SESSION, OTHER_SESSION = 0xE100, 0xE101
CURVES = {
    0x03: ec.SECP256R1(),
    0x04: ec.SECP384R1(),
    0x05: ec.SECP521R1(),
    0x13: ec.BrainpoolP256R1(),
    0x15: ec.BrainpoolP384R1(),
    0x16: ec.BrainpoolP512R1(),
}


def install_key(probe: Probe, oid: int, algorithm: int, private: Any, usage: int) -> None:
    """A private key in a key object or session, where the chip has no command that puts one."""
    if OBJECTS[oid].kind is ObjectKind.SESSION:
        from optiga.emulator.sessions import UsableKey

        content = UsableKey(private, KeyAlgorithm(algorithm), KeyUsage(usage))
        probe.machine.sessions[oid] = content
        return
    probe.install(oid, keys.to_stored(private), {Tag.ALGORITHM: bytes([algorithm]), Tag.KEY_USAGE: bytes([usage])})


def point(algorithm: int, x: str, y: str) -> bytes:
    """A public key as commands take it."""
    padded = bytes.fromhex(x).rjust(size_of(algorithm), b"\0")
    return der.encode(der.BIT_STRING, b"\x00\x04" + padded + bytes.fromhex(y))


def size_of(algorithm: int) -> int:
    """Bytes of a coordinate."""
    return (CURVES[algorithm].key_size + 7) // 8


def public_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key of a key as commands take it."""
    return keys.public_bit_string(key)


def to_agree(oid: int, algorithm: int, public_key: bytes, target: int | None = None) -> bytes:
    """Data of CalcSSec, into a session or out."""
    data = tlv.encode(0x01, two(oid)) + tlv.encode(0x05, bytes([algorithm])) + tlv.encode(0x06, public_key)
    return data + way_out(target)


def to_derive(
    oid: int, salt: bytes | None, size: int, target: int | None = None, *, info: bytes | None = None
) -> bytes:
    """Data of DeriveKey, into a session or out."""
    data = tlv.encode(0x01, two(oid)) + tlv.encode(0x03, two(size))
    if salt is not None:
        data += tlv.encode(0x02, salt)
    if info is not None:
        data += tlv.encode(0x04, info)
    return data + way_out(target)


def way_out(target: int | None) -> bytes:
    return tlv.encode(0x07, b"") if target is None else tlv.encode(0x08, two(target))
