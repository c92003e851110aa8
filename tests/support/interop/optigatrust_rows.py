"""The table: what becomes of each operation of Infineon's host library on a chip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from optiga.protocol.codes import ErrorCode
from tests.support.interop import optigatrust_checks as checks
from tests.support.interop.optigatrust_checks import CURVES, HASHES, MESSAGE, METADATA, raw


class Works(NamedTuple):
    """:param check: fails unless the value given is what an independent calculation says."""

    check: Callable[[Any], object]


class Refused(NamedTuple):
    """The library hands on the chip's refusal: 0x8000 and the chip's error code."""

    error: ErrorCode

    @property
    def code(self) -> int:
        return 0x8000 | self.error


class LibraryAtFault(NamedTuple):
    """The library fails before the chip has a say, or makes something else of it.

    :param shows: how the exception begins, or a check of the wrong value.
    """

    shows: str | Callable[[Any], object]
    reason: str


Row = Works | Refused | LibraryAtFault


def equals(wanted: Any) -> Works:
    """The result is just this."""

    def check(value: Any) -> None:
        assert value == wanted

    return Works(check)


def holds(condition: Callable[[Any], object]) -> Works:
    """The result fulfils a condition."""

    def check(value: Any) -> None:
        assert condition(value), value

    return Works(check)


DENIED = Refused(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
WRONG_SIGNATURE = Refused(ErrorCode.SIGNATURE_VERIFICATION_FAILURE)
WRONG_DATA = Refused(ErrorCode.INVALID_DATA)
WRONG_USAGE = Refused(ErrorCode.UNSUPPORTED_EXTENSION)
OUT_OF_SEQUENCE = Refused(ErrorCode.COMMAND_OUT_OF_SEQUENCE)
OUT_OF_BOUNDS = Refused(ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED)
SESSION_METADATA = "the text of its own error asks for hex() of an enumeration's class"
OWN_LIMIT = "its own limit, before the chip is asked"
ONE_HASH = "signs with the hash of the curve, or SHA-256 with RSA, whatever the request names"
ISSUED = [0xE0E1, 0xE0E2, 0xE0E3, 0xE0E8, 0xE0E9, 0xF1E0, 0xF1E1]


def chip_rows() -> dict[str, Row]:
    found: dict[str, Row] = {f"Object.meta {json.dumps(new)}": Works(checks.meta_is_kept) for new in METADATA}
    found |= {f"X509 {oid:#x} der": Works(checks.is_certificate) for oid in ISSUED}
    return found | {
        "Chip.name": equals("OPTIGA\u2122 Trust M V3 (SLS32AIA010ML/K)"),
        "Chip.uid": holds(lambda uid: (uid[0], uid[8], uid[9]) == ("cd", "80101071", "2564")),
        "Chip.global_lifecycle_state": equals("operational"),
        "Chip.global_lifecycle_state set": LibraryAtFault(
            "TypeError: string argument without an encoding", "makes bytes of the state's name, not of its number"
        ),
        "Chip.security_status": equals(0x20),
        "Chip.security_event_counter": equals(0),
        "Chip.security_monitor": holds(lambda value: value[0] == int(value[1], 16)),
        "Chip.config_security_monitor": DENIED,
        "Chip.current_limit 6": equals(6),
        "Chip.current_limit 15": equals(15),
        "Chip.current_limit 5": LibraryAtFault("ValueError", OWN_LIMIT),
        "Chip.sleep_activation_delay 255": equals(255),
        "Chip.sleep_activation_delay 19": WRONG_DATA,
        "Chip.sleep_activation_delay 0": LibraryAtFault("ValueError", OWN_LIMIT),
        "Chip as text": holds(lambda text: "80101071" in text and "operational" in text),
        "Object.write, Object.read": equals(b"hello".hex()),
        "Object.write offset": equals(b"ere".hex()),
        "Object.write 1500 bytes": equals((bytes(range(250)) * 6).hex()),
        "Object.write too long": OUT_OF_BOUNDS,
        "Object.write to the locked": DENIED,
        "Object.read beyond": OUT_OF_BOUNDS,
        "Object.read a key": DENIED,
        "Object.read unknown": Refused(ErrorCode.INVALID_OID),
        "Object.read unknown to the library": LibraryAtFault("TypeError: 'Enum", SESSION_METADATA),
        "Object.read offset of 1701": LibraryAtFault("ValueError", OWN_LIMIT),
        "Object.used_size, Object.max_size": equals([b"four".hex(), 4, 140]),
        "Object.read_raw_meta": equals("2009c4011bd001ffd10100"),
        "Object.write_raw_meta": equals([None, "always"]),
        "Object.meta max_size": WRONG_DATA,  # the library leaves the tag out, and sends metadata without any
        "Object.meta version": LibraryAtFault("ValueError", "reads the tag but has no words to write it"),
        "Object.meta lcso": DENIED,
        "Object.meta unlocked": DENIED,
        "Object.meta of the locked": DENIED,
        "Object.meta key_usage": Works(checks.meta_is_kept),
        "AESKey.meta": holds(lambda meta: meta["lcso"] == "creation" and meta["execute"] == "always"),
        "X509 0xe0e1 pem": Works(checks.is_certificate),
        "X509 0xe0e0": holds(lambda der: "EMULATED" in checks.issuer(der)),
        "X509 as text": holds(lambda value: "OPTIGA Trust Test CA" in value[1] and checks.has_signature(*value)),
        "X509 0xe0ef": LibraryAtFault("ValueError: Object ID", "does not count the chip's third trust anchor as one"),
        "CSRBuilder secp256r1": Works(checks.is_request),
        "CSRBuilder secp256r1 properties": Works(checks.is_extended_request),
        "CSRBuilder.set_extension": Works(checks.has_feature),
        "CSRBuilder secp384r1 sha384": Works(checks.is_request),
        "CSRBuilder secp384r1": LibraryAtFault(
            partial(checks.signs_with_another_hash, named="sha256", used="sha384"), ONE_HASH
        ),
        "CSRBuilder secp256r1 sha384": LibraryAtFault(
            partial(checks.signs_with_another_hash, named="sha384", used="sha256"), ONE_HASH
        ),
        "CSRBuilder secp521r1 sha512": LibraryAtFault("ValueError: hash_algo", "has no SHA-512 though its words do"),
        "CSRBuilder rsa": Works(checks.is_request),
        "CSRBuilder rsa sha384": LibraryAtFault(
            partial(checks.signs_with_another_hash, named="sha384", used="sha256"), ONE_HASH
        ),
        "port.to_json": Works(checks.is_dump),
        "port.from_json": Works(checks.is_restored),
        "port.from_json_path": Works(checks.is_restored),
        "port.to_otc": Works(checks.is_export),
        "chipinfo": Works(partial(checks.says, text="OPTIGA\u2122 Trust M rev.3; Firmware Version: 3.02.2564")),
        "object --meta": Works(partial(checks.says, text='"max_size": 27')),
        "object --outform C": Works(partial(checks.says, text="0xcd, 0x16, 0x33,")),
        "object --out": Works(partial(checks.says, text="cd 16 33")),
        "object --outform PEM": Works(partial(checks.says, text="-----BEGIN CERTIFICATE-----")),
        "object --outform DER": Works(partial(checks.says, text="EMULATED")),
        "object --in dat": holds(lambda value: value[0]["code"] == 0 and raw(value[1]) == b"\x01\x02\xff"),
        "object --lock": holds(lambda value: value[0]["code"] == 0 and value[1]["lcso"] == "operational"),
        "object --unlock": LibraryAtFault(
            partial(checks.says, text="should have the same name", code=2), "compares the file's name with a number"
        ),
        "object --export-json": Works(checks.exports_all),
        "create-keys": Works(partial(checks.prints_public, what="secp384r1")),
        "create-keys --privout": Works(checks.prints_pair),
        "create-keys --rsa": Works(partial(checks.prints_public, what="rsa2048")),
        "create-keys 0xe0ff": LibraryAtFault(partial(checks.says, text="doesn't exist", code=2), OWN_LIMIT),
    }


def update_rows() -> dict[str, Row]:
    def key(algorithm: str) -> Works:
        return holds(lambda value: value["meta"]["algorithm"] == algorithm and value["meta"]["version"] == [False, 3])

    return {
        "Chip.protected_update integrity": Works(checks.is_plain_update),
        "Chip.protected_update confidentiality": holds(
            lambda value: raw(value["data"]).startswith(b"line1 : This is a sample payload")
        ),
        "Chip.protected_update aes key": key("aes128"),
        "symmetric_encrypt with the key of the update": Works(checks.is_encrypted_with_known_key),
        "Chip.protected_update ecc key": key("secp256r1"),
        "Chip.protected_update rsa key": key("rsa1024"),
        "Chip.protected_update metadata": holds(lambda value: value["meta"]["version"] == [False, 3]),
        "Chip.protected_update spoilt manifest": WRONG_SIGNATURE,
        "update": Works(partial(checks.says, text="Updated successfully")),
        "update with own data": Works(checks.is_own_data),
        "update with own key": Works(checks.is_own_key),
        "update with own metadata": Works(checks.is_own_metadata),
        "update-wizard": holds(
            lambda value: (
                value["code"] == 0
                and value["meta"]["meta_update"] == ["int", "0xe0", "0xe9"]
                and value["meta"]["reset_type"] == ["lcso_to_creation", "flushing"]
            )
        ),
    }


def crypto_rows() -> dict[str, Row]:
    found: dict[str, Row] = {}
    usages = ["signature", "key_agreement"]
    for curve in CURVES:
        found[f"generate_pair, ecdsa_sign {curve} object"] = Works(partial(checks.signs, curve=curve, usages=usages))
        found[f"generate_pair, ecdsa_sign {curve} session"] = Works(partial(checks.signs, curve=curve))
        found[f"generate_pair {curve} export"] = holds(checks.is_pair)
        for name in ("data_pk_host", "data_oid", "hash_pk_host"):
            found[f"ecdsa_verify_{name} {curve}"] = equals(True)
            found[f"ecdsa_verify_{name} {curve} other message"] = WRONG_SIGNATURE
        found[f"ecdh {curve} export"] = Works(checks.agrees)
    found["generate_pair secp521r1 export"] = LibraryAtFault(
        checks.loses_last_byte, "has room for 67 of the key's 68 bytes, and writes the last beyond it"
    )
    for oid in (0xE0F2, 0xE0F3, 0xE100, 0xE102, 0xE103):
        found[f"generate_pair, ecdsa_sign secp256r1 {oid:#x}"] = Works(partial(checks.signs, curve="secp256r1"))
    for size, length in ((1024, 131), (2048, 260)):
        for hash_name in ("sha256", "sha384"):
            found[f"generate_pair, pkcs1v15_sign {size} {hash_name}"] = Works(partial(checks.signs_rsa, size=size))
        found[f"generate_pair {size} export"] = LibraryAtFault(
            equals({"room": 104, "written": length}).check, "has room for 104 bytes, and does not say so to the chip"
        )
        for name in ("pkcs1v15_encrypt, pkcs1v15_decrypt {}", "pkcs1v15_encrypt {} certificate"):
            found[name.format(size)] = equals(MESSAGE.hex())
        found[f"pkcs1v15_decrypt {size} of the host"] = equals(MESSAGE.hex())
    for size in (8, 33, 256):
        for kind in ("TRNG", "DRNG"):
            found[f"random {size} {kind}"] = Works(partial(checks.differ, size=size))
    return found | {
        "ecdsa_sign empty session": OUT_OF_SEQUENCE,
        "ecdsa_sign_with_hash secp256r1 sha384": WRONG_DATA,
        "ecdsa_sign_with_hash secp384r1 sha256": Works(partial(checks.signs, curve="secp384r1")),
        "ecdsa_sign_with_hash secp521r1 sha256": Works(partial(checks.signs, curve="secp521r1")),
        "ecdsa_sign key without the usage": WRONG_USAGE,
        "ecdh session": LibraryAtFault("TypeError: 'Enum", "asks a session for metadata, and " + SESSION_METADATA),
        "ecdh key without the usage": WRONG_USAGE,
        "ecdh other curve": WRONG_DATA,
        "generate_pair locked key object": DENIED,
        "generate_pair AES": LibraryAtFault("ValueError: key_object type", "has AES keys, and nothing to do with them"),
        "generate_pair RSA 4096": LibraryAtFault("ValueError", OWN_LIMIT),
        "pkcs1v15_sign sha512": LibraryAtFault("ValueError", "knows two of the chip's three RSA schemes"),
        "pkcs1v15_decrypt key without the usage": WRONG_USAGE,
        "pkcs1v15_decrypt no padding": Refused(ErrorCode.DECRYPTION_FAILURE),
        "pkcs1v15_encrypt too long": WRONG_DATA,
        "random 7": WRONG_DATA,
        "random 257": WRONG_DATA,
        "calculate_hash": equals([hashlib.new(name, MESSAGE).hexdigest() for name in HASHES]),
    }


def secret_rows() -> dict[str, Row]:
    found: dict[str, Row] = {}
    for name in HASHES:
        for place in ("AppData", "AcquiredSession"):
            found[f"hmac {name} {place}"] = Works(partial(checks.is_mac, hash_name=name))
            found[f"tls_prf {name} {place}"] = Works(partial(checks.is_prf, hash_name=name))
            found[f"tls_prf, hmac {name} {place}"] = Works(partial(checks.is_prf_in_session, hash_name=name))
            found[f"hkdf {name} {place}"] = Works(partial(checks.is_hkdf, hash_name=name))
            found[f"hkdf, hmac {name} {place}"] = Works(partial(checks.is_hkdf_in_session, hash_name=name))
        found[f"tls_prf {name} no label"] = Works(partial(checks.is_prf, hash_name=name, label=b""))
        found[f"tls_prf {name} label of letters"] = LibraryAtFault(
            partial(checks.is_prf_of_wide_letters, hash_name=name), "hands letters over as wide ones, not as bytes"
        )
        found[f"hkdf {name} salt and info, lengths put right"] = Works(
            partial(checks.is_hkdf, hash_name=name, salt=checks.SALT, info=checks.INFO)
        )
        found[f"pbkdf2_hmac {name}"] = Works(partial(checks.is_pbkdf2, hash_name=name, iterations=3, size=32))
    return found | {
        "hkdf salt and info": LibraryAtFault(
            equals(["CArgObject", "CArgObject"]).check, "passes pointers where the native function takes lengths"
        ),
        "pbkdf2_hmac two blocks": Works(partial(checks.is_pbkdf2, hash_name="sha256", iterations=2, size=50)),
        "pbkdf2_hmac size left out": Works(partial(checks.is_pbkdf2, hash_name="sha512", iterations=1, size=64)),
        "hmac Session": Works(partial(checks.is_mac, hash_name="sha256")),
        "hmac Session without a secret": OUT_OF_SEQUENCE,
        "hmac never to be used": DENIED,
        "hmac no secret": LibraryAtFault("ValueError", OWN_LIMIT),
        "tls_prf never to be used": DENIED,
        "tls_prf secret of 65 bytes": WRONG_DATA,
        # For less than the chip's least the native part asks for that, and cuts what it gets.
        "tls_prf 15 bytes": equals(checks.prf("sha256", checks.SECRET, checks.LABEL + checks.SEED, 15).hex()),
        "hkdf 15 bytes": equals(checks.hkdf("sha256", checks.SECRET)[:15].hex()),
        "tls_prf 256 bytes": Works(partial(checks.is_prf, hash_name="sha256", size=256)),
        "tls_prf 257 bytes": WRONG_DATA,
        "tls_prf 67 bytes into a session": WRONG_DATA,
        "tls_prf short seed": WRONG_DATA,
    }


def native_rows() -> dict[str, Row]:
    found: dict[str, Row] = {}
    for size in (128, 192, 256):
        found[f"symmetric_generate_key {size}"] = equals({"algorithm": f"aes{size}", "key_usage": ["encryption"]})
        found[f"symmetric_generate_key {size} export"] = holds(
            lambda key, size=size: len(raw(key)) == size // 8 and any(raw(key))
        )
        for mode in ("ECB", "CBC"):
            found[f"symmetric_decrypt {mode} {size}"] = LibraryAtFault(
                checks.is_encrypted_again, "the exported function to decrypt calls the library's function to encrypt"
            )
            name = f"symmetric_encrypt, symmetric_decrypt {mode} {size}, put right"
            found[name] = Works(checks.there_and_back)
        found[f"symmetric_encrypt CBC-MAC {size}"] = Works(partial(checks.is_block_mac, blocks=3))
        for length, blocks in ((16, 1), (40, 3)):
            found[f"symmetric_encrypt CMAC {size}, {length} bytes"] = Works(partial(checks.is_block_mac, blocks=blocks))
    for size in (1024, 2048):
        found[f"rsa_verify {size}"] = equals(True)
        found[f"rsa_verify {size} other message"] = WRONG_SIGNATURE
    for name in HASHES:
        found[f"generate_auth_code, hmac_verify, clear_auto_state {name}"] = equals(["0x8007", "guarded", "0x8007"])
    parts = checks.BLOCKS[:10] + checks.BLOCKS * 30 + checks.BLOCKS[10:]
    return found | {
        "symmetric_encrypt ECB 15 bytes": Refused(ErrorCode.INVALID_LENGTH),
        "hash one part": equals(hashlib.sha256(checks.BLOCKS).hexdigest()),
        "hash three parts": equals(hashlib.sha256(parts).hexdigest()),
        "rsa_generate_pre_master_secret, rsa_encrypt_session, rsa_decrypt_and_store": Works(checks.is_same_secret),
        "hmac_verify wrong code": Refused(ErrorCode.AUTHORIZATION_FAILURE),
        "update_count": equals(["0000000300000005"]),
        "update_count beyond the threshold": Refused(ErrorCode.COUNTER_THRESHOLD_EXCEEDED),
    }


ROWS: dict[str, Row] = chip_rows() | crypto_rows() | secret_rows() | native_rows() | update_rows()
