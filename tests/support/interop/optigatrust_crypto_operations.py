"""What the library's ``crypto`` offers with key pairs and random numbers, to be driven on a board."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import optigatrust
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from optigatrust import crypto, objects, util

CURVES: dict[str, tuple[ec.EllipticCurve, str]] = {
    "secp256r1": (ec.SECP256R1(), "sha256"),
    "secp384r1": (ec.SECP384R1(), "sha384"),
    "secp521r1": (ec.SECP521R1(), "sha512"),
    "brainpoolp256r1": (ec.BrainpoolP256R1(), "sha256"),
    "brainpoolp384r1": (ec.BrainpoolP384R1(), "sha384"),
    "brainpoolp512r1": (ec.BrainpoolP512R1(), "sha512"),
}
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
PLACES = {"object": 0xE0F1, "session": 0xE101}
RSA_HEADER = {1024: 18, 2048: 19}
CERTIFICATE = 0xE0E3
MESSAGE = b"to be signed"
Operation = Callable[[], Any]


def spki(public_key: ec.EllipticCurvePublicKey) -> bytes:
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def as_private(number: int, curve: str) -> str:
    """A private key of the host, for the table to calculate with."""
    return f"{curve} {number:x}"


def generated(curve: str, oid: int) -> dict[str, Any]:
    key = objects.ECCKey(oid)
    public_key, private_key = crypto.generate_pair(key, curve=curve, key_usage=["signature", "key_agreement"])
    signature = crypto.ecdsa_sign(key, MESSAGE)
    result = {
        "public": public_key,
        "private": private_key,
        "signature": signature.signature,
        "hash": signature.hash_alg,
    }
    if oid in (0xE0F1, 0xE0F2, 0xE0F3):
        result["meta"] = {name: objects.ECCKey(oid).meta[name] for name in ("algorithm", "key_usage")}
    return result


def exported(curve: str) -> dict[str, bytes]:
    public_key, private_key = crypto.generate_pair(objects.ECCKey(0xE0F1), curve=curve, export=True)
    return {"public": public_key, "private": private_key}


def generated_rsa(size: int, oid: int, hash_name: str) -> dict[str, Any]:
    key = objects.RSAKey(oid)
    public_key, _ = crypto.generate_pair(key, key_size=size, key_usage=["signature", "authentication"])
    signature = crypto.pkcs1v15_sign(key, MESSAGE, hash_name)
    return {"public": public_key, "signature": signature.signature, "hash": hash_name, "meta": key.meta["algorithm"]}


def exported_rsa(size: int) -> dict[str, int]:
    """How much the chip writes, and how much room the library has for it; the native call is given more."""
    from ctypes import c_uint8, sizeof

    api = optigatrust.Chip().api
    native = api.exp_optiga_crypt_ecc_generate_keypair
    seen = {}

    def with_room(*arguments: Any) -> int:
        *before, key, public_key, length = arguments
        room = (c_uint8 * 600)(*[0xA5] * 600)
        code = int(native(*before, room, public_key, length))
        seen["room"], seen["written"] = sizeof(key), len(bytes(room).rstrip(b"\xa5"))
        return code

    api.exp_optiga_crypt_ecc_generate_keypair = with_room
    try:
        crypto.generate_pair(objects.RSAKey(0xE0FC), key_size=size, export=True)
    finally:
        api.exp_optiga_crypt_ecc_generate_keypair = native
    return seen


def signed_with(curve: str, hash_name: str) -> dict[str, Any]:
    key = objects.ECCKey(0xE0F1)
    public_key, _ = crypto.generate_pair(key, curve=curve)
    return {
        "public": public_key,
        "signature": crypto.ecdsa_sign_with_hash(key, MESSAGE, hash_name).signature,
        "hash": hash_name,
    }


def host_signature(curve: str) -> tuple[bytes, bytes, str]:
    """A public key of the host and its signature; the library is to have the chip verify it."""
    parameters, hash_name = CURVES[curve]
    private_key = ec.generate_private_key(parameters)
    return spki(private_key.public_key()), private_key.sign(MESSAGE, ec.ECDSA(HASHES[hash_name])), hash_name


def verified_with_key(curve: str, message: bytes) -> bool:
    public_key, signature, hash_name = host_signature(curve)
    return crypto.ecdsa_verify_data_pk_host(signature, message, hash_name, public_key, curve)


def verified_with_certificate(curve: str, message: bytes) -> bool:
    public_key, signature, hash_name = host_signature(curve)
    certificate = util.generate_ephemeral_certificate(public_key)
    optigatrust.Object(CERTIFICATE).write(certificate.public_bytes(Encoding.DER))
    return crypto.ecdsa_verify_data_oid(signature, message, hash_name, CERTIFICATE)


def verified_digest(curve: str, message: bytes) -> bool:
    """This function takes key and signature in the chip's own form."""
    public_key, signature, hash_name = host_signature(curve)
    key = crypto._public_key_pkcs_to_native(public_key, curve)
    digest = crypto.calculate_hash(hash_name, message)
    return crypto.ecdsa_verfiy_hash_pk_host(crypto._ecc_signature_asn1_to_native(signature), digest, key, curve)


def agreed(curve: str, oid: int) -> dict[str, Any]:
    key = objects.ECCKey(oid)
    public_key, _ = crypto.generate_pair(key, curve=curve)
    peer = ec.generate_private_key(CURVES[curve][0])
    secret = crypto.ecdh(key, spki(peer.public_key()), export=True)
    number = peer.private_numbers().private_value
    return {"public": public_key, "peer": as_private(number, curve), "secret": secret}


def agreed_without_right() -> None:
    key = objects.ECCKey(0xE0F1)
    public_key, _ = crypto.generate_pair(key, curve="secp256r1", key_usage=["signature"])
    crypto.ecdh(key, public_key)


def agreed_across_curves() -> None:
    key = objects.ECCKey(0xE0F1)
    crypto.generate_pair(key, curve="secp256r1")
    crypto.ecdh(key, spki(ec.generate_private_key(ec.SECP384R1()).public_key()))


def signed_without_right() -> None:
    key = objects.ECCKey(0xE0F1)
    crypto.generate_pair(key, curve="secp256r1", key_usage=["key_agreement"])
    crypto.ecdsa_sign(key, MESSAGE)


def signed_with_empty_session() -> None:
    key = objects.ECCKey(0xE103)
    key.curve = "secp256r1"
    crypto.ecdsa_sign(key, MESSAGE)


def decrypted(size: int, *, certified: bool) -> bytes:
    """What the chip decrypts of what it has encrypted, with a key given or in a certificate."""
    public_key, _ = crypto.generate_pair(objects.RSAKey(0xE0FC), key_usage=["encryption"], key_size=size)
    if certified:
        protected = crypto.pkcs1v15_encrypt(MESSAGE, certified_rsa(public_key), exp_size=str(size))
    else:
        protected = crypto.pkcs1v15_encrypt(MESSAGE, public_key[RSA_HEADER[size] :], exp_size=str(size))
    assert len(protected) == size // 8
    return crypto.pkcs1v15_decrypt(protected, 0xE0FC)


def certified_rsa(public_key: bytes) -> int:
    """Put a certificate for encryption into an object; its identifier."""
    import datetime

    from cryptography import x509

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "encryption")])
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    builder = (
        x509.CertificateBuilder(name, name, load_der_public_key(public_key), x509.random_serial_number())
        .not_valid_before(datetime.datetime(2024, 1, 1))
        .not_valid_after(datetime.datetime(2044, 1, 1))
        .add_extension(
            x509.KeyUsage(
                key_encipherment=True, data_encipherment=True, encipher_only=False, decipher_only=False, **usage
            ),
            critical=True,
        )
    )
    certificate = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    optigatrust.Object(CERTIFICATE).write(certificate.public_bytes(Encoding.DER))
    return CERTIFICATE


def decrypted_from_host(size: int) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    public_key, _ = crypto.generate_pair(objects.RSAKey(0xE0FC), key_usage=["encryption"], key_size=size)
    loaded = load_der_public_key(public_key)
    assert isinstance(loaded, rsa.RSAPublicKey)
    return crypto.pkcs1v15_decrypt(loaded.encrypt(MESSAGE, padding.PKCS1v15()), 0xE0FC)


def decrypted_without_right() -> None:
    crypto.generate_pair(objects.RSAKey(0xE0FC), key_usage=["signature"])
    crypto.pkcs1v15_decrypt(bytes(128), 0xE0FC)


def decrypted_wrongly() -> None:
    crypto.generate_pair(objects.RSAKey(0xE0FC), key_usage=["encryption"])
    crypto.pkcs1v15_decrypt(bytes(127) + b"\x01", 0xE0FC)


def encrypted_too_long() -> None:
    public_key, _ = crypto.generate_pair(objects.RSAKey(0xE0FC), key_usage=["encryption"])
    crypto.pkcs1v15_encrypt(bytes(118), public_key[RSA_HEADER[1024] :])


def random_refused(size: int) -> None:
    """The library gives no bytes and keeps the chip's code to itself; the native call shows it."""
    from ctypes import c_uint8

    assert crypto.random(size) == b""
    code = optigatrust.Chip().api.exp_optiga_crypt_random(0, (c_uint8 * size)(), size)
    raise OSError(f"no bytes. Error {hex(code & 0xFFFF)}")


def random_twice(size: int, *, trng: bool) -> list[bytes]:
    return [crypto.random(size, trng=trng), crypto.random(size, trng=trng)]


def operations() -> dict[str, Operation]:
    found: dict[str, Operation] = {"ecdsa_sign empty session": signed_with_empty_session}
    for curve in CURVES:
        for place, oid in PLACES.items():
            found[f"generate_pair, ecdsa_sign {curve} {place}"] = partial(generated, curve, oid)
        found[f"generate_pair {curve} export"] = partial(exported, curve)
        for name, verify in (
            ("data_pk_host", verified_with_key),
            ("data_oid", verified_with_certificate),
            ("hash_pk_host", verified_digest),
        ):
            found[f"ecdsa_verify_{name} {curve}"] = partial(verify, curve, MESSAGE)
            found[f"ecdsa_verify_{name} {curve} other message"] = partial(verify, curve, MESSAGE + b"!")
        found[f"ecdh {curve} export"] = partial(agreed, curve, 0xE0F1)
    for oid in (0xE0F2, 0xE0F3, 0xE100, 0xE102, 0xE103):
        found[f"generate_pair, ecdsa_sign secp256r1 {oid:#x}"] = partial(generated, "secp256r1", oid)
    for curve, hash_name in (("secp256r1", "sha384"), ("secp384r1", "sha256"), ("secp521r1", "sha256")):
        found[f"ecdsa_sign_with_hash {curve} {hash_name}"] = partial(signed_with, curve, hash_name)
    for size in (1024, 2048):
        for oid, hash_name in ((0xE0FC, "sha256"), (0xE0FD, "sha384")):
            found[f"generate_pair, pkcs1v15_sign {size} {hash_name}"] = partial(generated_rsa, size, oid, hash_name)
        found[f"generate_pair {size} export"] = partial(exported_rsa, size)
        found[f"pkcs1v15_encrypt, pkcs1v15_decrypt {size}"] = partial(decrypted, size, certified=False)
        found[f"pkcs1v15_encrypt {size} certificate"] = partial(decrypted, size, certified=True)
        found[f"pkcs1v15_decrypt {size} of the host"] = partial(decrypted_from_host, size)
    for size in (8, 33, 256):
        for trng in (True, False):
            found[f"random {size} {'TRNG' if trng else 'DRNG'}"] = partial(random_twice, size, trng=trng)
    for size in (7, 257):
        found[f"random {size}"] = partial(random_refused, size)
    return found | {
        "ecdh session": partial(agreed, "secp256r1", 0xE101),
        "ecdh key without the usage": agreed_without_right,
        "ecdh other curve": agreed_across_curves,
        "ecdsa_sign key without the usage": signed_without_right,
        "generate_pair locked key object": lambda: crypto.generate_pair(objects.ECCKey(0xE0F0), curve="secp256r1"),
        "pkcs1v15_sign sha512": partial(generated_rsa, 1024, 0xE0FC, "sha512"),
        "pkcs1v15_decrypt key without the usage": decrypted_without_right,
        "pkcs1v15_decrypt no padding": decrypted_wrongly,
        "pkcs1v15_encrypt too long": encrypted_too_long,
        "generate_pair AES": lambda: crypto.generate_pair(objects.AESKey()),
        "generate_pair RSA 4096": lambda: crypto.generate_pair(objects.RSAKey(0xE0FC), key_size=4096),
        "calculate_hash": lambda: [crypto.calculate_hash(name, MESSAGE) for name in HASHES],
    }
