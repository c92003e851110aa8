"""What the library's native part exports and its Python part has no words for, to be driven on a board.

The functions are those of Infineon's host library for C, ``optiga_crypt.h`` and ``optiga_util.h``, less the instance.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from ctypes import Structure, byref, c_uint8, c_uint16, c_uint32, c_void_p
from functools import partial
from typing import Any

import optigatrust
from optigatrust import crypto, objects

from tests.support.interop.optigatrust_crypto_operations import MESSAGE, RSA_HEADER, certified_rsa
from tests.support.interop.optigatrust_secret_operations import DATA, HASHES, MAC_TYPES, SECRET, stored
from tests.support.patience import LIMIT_S

AES_KEY = 0xE200
SIZES = {128: 0x81, 192: 0x82, 256: 0x83}
MODES = {"ECB": 0x08, "CBC": 0x09, "CBC-MAC": 0x0A, "CMAC": 0x0B}
BLOCKS, IV = bytes(range(64)), bytes(range(200, 216))
SHA256 = 0xE2
FROM_HOST = 0x01
CONTEXT_SIZE = 209
AUTHORIZATION_OID = 0xF1D9
GUARDED_OID = 0xF1DA
COUNTER = 0xE122


class HashContext(Structure):
    _fields_ = (("buffer", c_void_p), ("length", c_uint16), ("algorithm", c_uint8))


class HostData(Structure):
    _fields_ = (("buffer", c_void_p), ("length", c_uint32))


def call(name: str, *arguments: Any) -> None:
    """Call an exported function.

    :raises OSError: with the code that it returns, as the library's Python part words it.
    """
    code = getattr(optigatrust.Chip().api, name)(*arguments) & 0xFFFF
    if code:
        raise OSError(f"Function can't be executed. Error {hex(code)}")


def generated_key(size: int, usage: int = 0x02) -> None:
    # Its identifier is known to nobody in the Python part but AESKey, which reads metadata only.
    objects.AESKey().meta = {"change": "always"}
    call("exp_optiga_crypt_symmetric_generate_key", SIZES[size], usage, 0, byref(c_uint16(AES_KEY)))


def exported_key(size: int) -> bytes:
    key = (c_uint8 * (size // 8))()
    call("exp_optiga_crypt_symmetric_generate_key", SIZES[size], 0x02, 1, key)
    return bytes(key)


def key_metadata(size: int) -> dict[str, Any]:
    generated_key(size)
    meta = objects.AESKey().meta
    return {name: meta[name] for name in ("algorithm", "key_usage")}


def symmetric(direction: str, mode: str, data: bytes) -> bytes:
    iv = IV if mode == "CBC" else None
    output, length = (c_uint8 * 1000)(), c_uint32(1000)
    call(
        f"exp_optiga_crypt_symmetric_{direction}",
        MODES[mode],
        AES_KEY,
        data,
        len(data),
        iv,
        len(iv or b""),
        None,
        0,
        output,
        byref(length),
    )
    return bytes(output)[: length.value]


def through_export(size: int, mode: str) -> dict[str, bytes]:
    """What the exported function to decrypt makes of encrypted blocks, and what the chip encrypts them to again."""
    generated_key(size)
    protected = symmetric("encrypt", mode, BLOCKS)
    return {"plain": symmetric("decrypt", mode, protected), "again": symmetric("encrypt", mode, protected)}


def there_and_back(size: int, mode: str) -> dict[str, bytes]:
    generated_key(size)
    protected = symmetric("encrypt", mode, BLOCKS)
    return {
        "protected": protected,
        "plain": decrypted(mode, protected),
        "first": symmetric("encrypt", "ECB", either(BLOCKS[:16], IV) if mode == "CBC" else BLOCKS[:16]),
    }


def decrypted(mode: str, data: bytes) -> bytes:
    """Decrypt with the library's own function behind the exported one, on an instance made for it."""
    api, done, codes = optigatrust.Chip().api, threading.Event(), []

    def note(_context: int | None, code: int) -> None:
        codes.append(code)
        done.set()

    notify = ctypes.CFUNCTYPE(None, c_void_p, c_uint16)(note)
    api.optiga_crypt_create.restype = c_void_p
    instance = c_void_p(api.optiga_crypt_create(c_uint8(0), notify, None))
    try:
        iv = IV if mode == "CBC" else None
        output, length = (c_uint8 * 1000)(), c_uint32(1000)
        arguments = (data, len(data), iv, len(iv or b""), None, 0, output, byref(length))
        code = api.optiga_crypt_symmetric_decrypt(instance, MODES[mode], AES_KEY, *arguments) & 0xFFFF
        assert code == 0, hex(code)
        assert done.wait(LIMIT_S)
        assert codes == [0], codes
        return bytes(output)[: length.value]
    finally:
        api.optiga_crypt_destroy(instance)


def authenticated(size: int, mode: str, length: int) -> dict[str, Any]:
    """A code, and what the key makes of single blocks, with which the table calculates the code again."""
    generated_key(size)
    data = bytes(range(length))
    mac = symmetric("encrypt", mode, data)
    zero = symmetric("encrypt", "ECB", bytes(16))
    steps = [zero]

    def block(given: bytes) -> bytes:
        steps.append(symmetric("encrypt", "ECB", given))
        return steps[-1]

    return {"mac": mac, "again": calculated(mode, data, zero, block), "blocks": len(steps) - 1}


def calculated(mode: str, data: bytes, zero: bytes, block: Callable[[bytes], bytes]) -> bytes:
    """CBC-MAC, or CMAC of RFC 4493, on an outside block cipher."""
    if mode == "CMAC":
        subkeys = [doubled(zero)]
        subkeys.append(doubled(subkeys[0]))
        whole = len(data) % 16 == 0
        padded = data if whole else (data + b"\x80").ljust(-(-len(data) // 16) * 16, b"\0")
        data = padded[:-16] + either(padded[-16:], subkeys[0 if whole else 1])
    chain = bytes(16)
    for start in range(0, len(data), 16):
        chain = block(either(chain, data[start : start + 16]))
    return chain


def doubled(block: bytes) -> bytes:
    number = int.from_bytes(block, "big") << 1
    return ((number & (1 << 128) - 1) ^ (0x87 if number >> 128 else 0)).to_bytes(16, "big")


def either(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def refused_cipher(mode: str, data: bytes) -> None:
    generated_key(128)
    symmetric("encrypt", mode, data)


def hashed(*parts: bytes) -> bytes:
    room = (c_uint8 * CONTEXT_SIZE)()
    context = HashContext(ctypes.addressof(room), CONTEXT_SIZE, SHA256)
    call("exp_optiga_crypt_hash_start", byref(context))
    for part in parts:
        buffer = (c_uint8 * len(part))(*part)
        data = HostData(ctypes.addressof(buffer), len(part))
        call("exp_optiga_crypt_hash_update", byref(context), FROM_HOST, byref(data))
    digest = (c_uint8 * 32)()
    call("exp_optiga_crypt_hash_finalize", byref(context), digest)
    return bytes(digest)


def verified_rsa(size: int, message: bytes) -> bool:
    import hashlib

    key = objects.RSAKey(0xE0FC)
    public_key, _ = crypto.generate_pair(key, key_size=size, key_usage=["signature"])
    signature = crypto.pkcs1v15_sign(key, MESSAGE).signature
    native = public_key[RSA_HEADER[size] :]
    buffer = (c_uint8 * len(native))(*native)
    given = crypto.PublicKeyFromHost(buffer, len(native), {1024: 0x41, 2048: 0x42}[size])
    digest = hashlib.sha256(message).digest()
    call(
        "exp_optiga_crypt_rsa_verify", 0x01, digest, len(digest), signature, len(signature), FROM_HOST, byref(given), 0
    )
    return True


def pre_master_secret() -> dict[str, bytes]:
    """Made on the chip, encrypted, decrypted into a session; both sessions derive the same key or they do not."""
    call("exp_optiga_crypt_rsa_generate_pre_master_secret", b"\x03\x03", 2, 48)
    before = crypto.tls_prf(objects.AcquiredSession(), 48, seed=DATA, export=True)
    public_key, _ = crypto.generate_pair(objects.RSAKey(0xE0FC), key_size=1024, key_usage=["encryption"])
    oid = c_uint16(certified_rsa(public_key))
    protected, length = (c_uint8 * 200)(), c_uint32(200)
    call("exp_optiga_crypt_rsa_encrypt_session", 0x11, None, 0, 0, byref(oid), protected, byref(length))
    sent = bytes(protected)[: length.value]
    call("exp_optiga_crypt_rsa_decrypt_and_store", 0x11, sent, len(sent), None, 0, 0xE0FC)
    after = crypto.tls_prf(objects.AcquiredSession(), 48, seed=DATA, export=True)
    return {"before": before, "after": after, "secret": crypto.pkcs1v15_decrypt(sent, 0xE0FC)}


def code_for_authorization(secret: bytes, hash_name: str) -> bytes:
    """Have the chip generate random bytes, and answer as one who knows the secret."""
    import hmac

    drawn = (c_uint8 * 32)()
    call("exp_optiga_crypt_generate_auth_code", 0x00, None, 0, drawn, 32)
    challenge = bytes(drawn) + DATA
    mac = hmac.digest(secret, challenge, hash_name)
    given = (c_uint8 * len(challenge))(*challenge)
    code = (c_uint8 * len(mac))(*mac)
    call("exp_optiga_crypt_hmac_verify", MAC_TYPES[hash_name], AUTHORIZATION_OID, given, len(challenge), code, len(mac))
    return bytes(drawn)


def authorized(hash_name: str) -> list[str]:
    """What an object says that is read only after authorization: before, meanwhile, and after it is given up."""
    stored(AUTHORIZATION_OID, SECRET, type="authorization_ref")
    guarded = optigatrust.Object(GUARDED_OID)
    guarded.write(b"guarded")
    high, low = hex(AUTHORIZATION_OID >> 8), hex(AUTHORIZATION_OID & 0xFF)
    guarded.meta = {"read": ["auto", high, low]}

    def attempt() -> str:
        try:
            return bytes(guarded.read()).decode()
        except OSError as error:
            return str(error)[-6:]

    seen = [attempt()]
    code_for_authorization(SECRET, hash_name)
    seen.append(attempt())
    call("exp_optiga_crypt_clear_auto_state", AUTHORIZATION_OID)
    return [*seen, attempt()]


def wrongly_authorized() -> None:
    stored(AUTHORIZATION_OID, SECRET, type="authorization_ref")
    code_for_authorization(bytes(32), "sha256")


def counted(*steps: int) -> list[bytes]:
    counter = optigatrust.Object(COUNTER)
    counter.write(bytes.fromhex("0000000000000005"))
    for step in steps:
        call("exp_optiga_util_update_count", COUNTER, step)
    return [bytes(counter.read())]


def counted_beyond() -> None:
    counted(5)
    call("exp_optiga_util_update_count", COUNTER, 1)


def operations() -> dict[str, Callable[[], Any]]:
    found: dict[str, Callable[[], Any]] = {}
    for size in SIZES:
        found[f"symmetric_generate_key {size}"] = partial(key_metadata, size)
        found[f"symmetric_generate_key {size} export"] = partial(exported_key, size)
        for mode in ("ECB", "CBC"):
            found[f"symmetric_decrypt {mode} {size}"] = partial(through_export, size, mode)
            found[f"symmetric_encrypt, symmetric_decrypt {mode} {size}, put right"] = partial(
                there_and_back, size, mode
            )
        found[f"symmetric_encrypt CBC-MAC {size}"] = partial(authenticated, size, "CBC-MAC", 48)
        for length in (16, 40):
            found[f"symmetric_encrypt CMAC {size}, {length} bytes"] = partial(authenticated, size, "CMAC", length)
    for size in (1024, 2048):
        found[f"rsa_verify {size}"] = partial(verified_rsa, size, MESSAGE)
        found[f"rsa_verify {size} other message"] = partial(verified_rsa, size, MESSAGE + b"!")
    for hash_name in HASHES:
        found[f"generate_auth_code, hmac_verify, clear_auto_state {hash_name}"] = partial(authorized, hash_name)
    return found | {
        "symmetric_encrypt ECB 15 bytes": partial(refused_cipher, "ECB", bytes(15)),
        "hash one part": partial(hashed, BLOCKS),
        "hash three parts": partial(hashed, BLOCKS[:10], BLOCKS * 30, BLOCKS[10:]),
        "rsa_generate_pre_master_secret, rsa_encrypt_session, rsa_decrypt_and_store": pre_master_secret,
        "hmac_verify wrong code": wrongly_authorized,
        "update_count": partial(counted, 2, 1),
        "update_count beyond the threshold": counted_beyond,
    }
