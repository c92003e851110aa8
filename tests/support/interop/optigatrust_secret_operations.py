"""What the library's ``crypto`` offers with shared secrets, to be driven on a board."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import optigatrust
from cryptography.hazmat.primitives.asymmetric import ec
from optigatrust import crypto, objects

from tests.support.interop.optigatrust_crypto_operations import spki

HASHES = ("sha256", "sha384", "sha512")
SECRET = bytes(range(100, 132))
SEED = bytes(range(40))
LABEL = b"Firmware update"
SALT, INFO = bytes(range(20)), b"what for"
DATA = b"Hello world!"
SECRET_OID, OTHER_OID, FORBIDDEN_OID, BYTES_OID = 0xF1D4, 0xF1D6, 0xF1D7, 0xF1D8
MAC_TYPES = {"sha256": 0x20, "sha384": 0x21, "sha512": 0x22}
HKDF_TYPES = {"sha256": 0x08, "sha384": 0x09, "sha512": 0x0A}


def stored(oid: int = SECRET_OID, data: bytes = SECRET, **metadata: Any) -> objects.AppData:
    """A data object with a secret."""
    secret = objects.AppData(oid)
    if data:
        secret.write(data)
    secret.meta = {"type": "pre_sh_secret", "execute": "always"} | metadata
    return secret


def agreed() -> tuple[bytes, objects.AcquiredSession]:
    """A secret that chip and host share, in the host's hands and in a session."""
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    key = objects.ECCKey(0xE0F1)
    public_key, _ = crypto.generate_pair(key, curve="secp256r1")
    loaded = load_der_public_key(public_key)
    assert isinstance(loaded, ec.EllipticCurvePublicKey)
    peer = ec.generate_private_key(ec.SECP256R1())
    return peer.exchange(ec.ECDH(), loaded), crypto.ecdh(key, spki(peer.public_key()))


def with_agreed(calculate: Callable[[Any], Any]) -> dict[str, Any]:
    secret, session = agreed()
    return {"secret": secret, "output": calculate(session)}


def with_stored(calculate: Callable[[Any], Any]) -> dict[str, Any]:
    return {"secret": SECRET, "output": calculate(stored())}


def mac(hash_name: str, key: Any) -> bytes:
    return crypto.hmac(key, DATA, hash_algorithm=hash_name)


def prf(hash_name: str, key: Any, *, label: Any = LABEL, size: int = 48) -> bytes:
    return crypto.tls_prf(key, size, seed=SEED, label=label, hash_algorithm=hash_name, export=True)


def hkdf(hash_name: str, key: Any, *, size: int = 42) -> bytes:
    return crypto.hkdf(key, size, hash_algorithm=hash_name, export=True)


def prf_into_session(hash_name: str, key: Any) -> bytes:
    """The derived key stays on the chip; what it is shows in a code made with it."""
    return crypto.hmac(crypto.tls_prf(key, 48, seed=SEED, label=LABEL, hash_algorithm=hash_name), DATA)


def hkdf_into_session(hash_name: str, key: Any) -> bytes:
    return crypto.hmac(crypto.hkdf(key, 42, hash_algorithm=hash_name), DATA)


def hkdf_arguments() -> list[str]:
    """What the library hands to the native function for the lengths of salt and info: the function is not called.

    What the function would make of them depends on addresses.
    """
    api = optigatrust.Chip().api
    native = api.exp_optiga_crypt_hkdf
    seen: list[str] = []

    def note(*arguments: Any) -> int:
        seen.extend(type(arguments[place]).__name__ for place in (3, 5))
        return 0

    api.exp_optiga_crypt_hkdf = note
    try:
        crypto.hkdf(stored(), 42, salt=SALT, info=INFO, export=True)
    finally:
        api.exp_optiga_crypt_hkdf = native
    return seen


def hkdf_put_right(hash_name: str) -> dict[str, bytes]:
    """The same native function with lengths where it takes lengths."""
    from ctypes import c_uint8, c_uint16

    output = (c_uint8 * 42)()
    code = optigatrust.Chip().api.exp_optiga_crypt_hkdf(
        HKDF_TYPES[hash_name], stored().id, SALT, c_uint16(len(SALT)), INFO, c_uint16(len(INFO)), 42, 1, output
    )
    assert code == 0, hex(code)
    return {"secret": SECRET, "output": bytes(output)}


def pbkdf2(hash_name: str, iterations: int, size: int | None) -> bytes:
    return crypto.pbkdf2_hmac(stored(), hash_name, SALT, iterations, size)


def operations() -> dict[str, Callable[[], Any]]:
    found: dict[str, Callable[[], Any]] = {}
    for hash_name in HASHES:
        for place, given in (("AppData", with_stored), ("AcquiredSession", with_agreed)):
            for name, calculate in (
                ("hmac", mac),
                ("tls_prf", prf),
                ("tls_prf, hmac", prf_into_session),
                ("hkdf", hkdf),
                ("hkdf, hmac", hkdf_into_session),
            ):
                found[f"{name} {hash_name} {place}"] = partial(given, partial(calculate, hash_name))
        found[f"tls_prf {hash_name} no label"] = partial(with_stored, partial(prf, hash_name, label=None))
        found[f"tls_prf {hash_name} label of letters"] = partial(
            with_stored, partial(prf, hash_name, label=LABEL.decode())
        )
        found[f"hkdf {hash_name} salt and info, lengths put right"] = partial(hkdf_put_right, hash_name)
        found[f"pbkdf2_hmac {hash_name}"] = partial(pbkdf2, hash_name, 3, 32)
    return found | {
        "pbkdf2_hmac two blocks": partial(pbkdf2, "sha256", 2, 50),
        "pbkdf2_hmac size left out": partial(pbkdf2, "sha512", 1, None),
        "hmac Session": lambda: with_agreed(lambda _: mac("sha256", objects.Session(0xE100))),
        "hmac Session without a secret": lambda: mac("sha256", objects.Session(0xE103)),
        "hmac never to be used": lambda: mac("sha256", stored(FORBIDDEN_OID, execute="never")),
        "hmac no secret": lambda: mac("sha256", objects.AppData(BYTES_OID)),
        "tls_prf never to be used": lambda: prf("sha256", stored(FORBIDDEN_OID, execute="never")),
        "tls_prf secret of 65 bytes": lambda: prf("sha256", stored(OTHER_OID, bytes(65))),
        "tls_prf 15 bytes": lambda: prf("sha256", stored(), size=15),
        "tls_prf 256 bytes": lambda: with_stored(partial(prf, "sha256", size=256)),
        "tls_prf 257 bytes": lambda: prf("sha256", stored(), size=257),
        "tls_prf 67 bytes into a session": lambda: crypto.tls_prf(stored(), 67, seed=SEED),
        "tls_prf short seed": lambda: crypto.tls_prf(stored(), 32, seed=b"1234567", export=True),
        "hkdf 15 bytes": lambda: hkdf("sha256", stored(), size=15),
        "hkdf salt and info": hkdf_arguments,
    }
