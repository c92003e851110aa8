"""What the results of the library's operations must be, calculated without chip, emulator and library."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key, load_pem_public_key

from optiga.protocol import der
from tests.support import infineon_updates as infineon

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
CURVES: dict[str, ec.EllipticCurve] = {
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "brainpoolp256r1": ec.BrainpoolP256R1(),
    "brainpoolp384r1": ec.BrainpoolP384R1(),
    "brainpoolp512r1": ec.BrainpoolP512R1(),
}
MESSAGE = b"to be signed"
SEED, LABEL, DATA = bytes(range(40)), b"Firmware update", b"Hello world!"
SALT, INFO = bytes(range(20)), b"what for"
SECRET = bytes(range(100, 132))
BLOCKS, IV = bytes(range(64)), bytes(range(200, 216))
OWN_DATA = bytes(range(256)) * 5
"""What a set of this tool brings: more than one fragment."""
PUBLISHED_KEY = bytes.fromhex("a2f9fab4814f6806423f6fc621d02e10")
"""``samples/payload/key/aes_key_128.txt`` of Infineon's tool for update sets."""
METADATA: tuple[dict[str, Any], ...] = (
    {"read": "always"},
    {"read": "never"},
    {"execute": ["luc", "0xe1", "0x20"]},
    {"change": ["lcso", "<", "operational"]},
    {"change": ["lcsg", "<", "operational"]},
    {"change": ["lcsa", "==", "operational"]},
    {"change": ["lcso", ">", "initialization"]},
    {"change": ["sec_sta_g", "0x20"]},
    {"change": ["sec_sta_a", "0x20"]},
    {"change": ["conf", "0xe1", "0x40"]},
    {"read": ["auto", "0xf1", "0xd0"]},
    {"change": ["int", "0xe0", "0xe8", "&&", "conf", "0xf1", "0xd1"]},
    {"change": ["lcso", "<", "operational", "||", "int", "0xe0", "0xe8"]},
    {"meta_update": ["int", "0xe0", "0xe8"]},
    {"reset_type": ["lcso_to_creation", "flushing"]},
    {"reset_type": ["lcso_to_operational", "random_data"]},
    *(
        {"type": name}
        for name in (
            "byte_string",
            "up_counter",
            "trust_anchor",
            "device_cert",
            "pre_sh_secret",
            "platform_binding",
            "update_secret",
            "authorization_ref",
        )
    ),
)
"""Metadata in the library's words, each to be written and read back."""


def raw(value: str) -> bytes:
    return bytes.fromhex(value)


def ec_key(value: str) -> ec.EllipticCurvePublicKey:
    loaded = load_der_public_key(raw(value))
    assert isinstance(loaded, ec.EllipticCurvePublicKey)
    return loaded


def in_der(signature: bytes) -> bytes:
    """An ECDSA-Sig-Value of the library as DER has it.

    The chip fills r and s up with zeros to the curve's size. The library takes away one of them, and now and then there
    are two; mostly with P-521, whose numbers begin with seven bits of zeros anyway.
    """
    r, rest = der.take_integer(der.content_of(der.SEQUENCE, signature))
    s, rest = der.take_integer(rest)
    assert rest == b""
    return encode_dss_signature(r, s)


def signs(value: Any, curve: str, usages: list[str] | None = None) -> None:
    """The signature is the public key's; the key is of the curve, and its metadata say so."""
    key = ec_key(value["public"])
    assert key.curve.name.lower() == curve
    key.verify(in_der(raw(value["signature"])), MESSAGE, ec.ECDSA(HASHES[value["hash"]]))
    if usages is not None:
        assert value["meta"] == {"algorithm": curve, "key_usage": usages}


def signs_rsa(value: Any, size: int) -> None:
    key = load_der_public_key(raw(value["public"]))
    assert isinstance(key, rsa.RSAPublicKey)
    assert (key.key_size, value["meta"]) == (size, f"rsa{size}")
    key.verify(raw(value["signature"]), MESSAGE, padding.PKCS1v15(), HASHES[value["hash"]])


def is_pair(value: Any) -> bool:
    private = load_der_private_key(raw(value["private"]), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return private.public_key() == ec_key(value["public"])


def loses_last_byte(value: Any) -> None:
    """The private key is the right one without its last byte, which one of 256 must be."""
    private = load_der_private_key(raw(value["private"]), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    start = private.private_numbers().private_value << 8
    wanted = ec_key(value["public"])
    assert not is_pair(value)
    assert any(
        ec.derive_private_key(start + last, private.curve).public_key() == wanted for last in range(256) if start + last
    )


def agrees(value: Any) -> None:
    curve, number = value["peer"].split()
    peer = ec.derive_private_key(int(number, 16), CURVES[curve])
    assert raw(value["secret"]) == peer.exchange(ec.ECDH(), ec_key(value["public"]))


def prf(hash_name: str, secret: bytes, seed: bytes, size: int) -> bytes:
    """P_hash of RFC 5246, 5, block by block."""
    chain, output = seed, b""
    while len(output) < size:
        chain = hmac.new(secret, chain, hash_name).digest()
        output += hmac.new(secret, chain + seed, hash_name).digest()
    return output[:size]


def is_prf(value: Any, hash_name: str, label: bytes = LABEL, size: int = 48) -> None:
    assert raw(value["output"]) == prf(hash_name, raw(value["secret"]), label + SEED, size)


def is_prf_of_wide_letters(value: Any, hash_name: str) -> None:
    """Python hands letters over as wide ones, four bytes each here, of which the count of letters is taken."""
    is_prf(value, hash_name, LABEL.decode().encode("utf-32-le")[: len(LABEL)])


def is_prf_in_session(value: Any, hash_name: str) -> None:
    derived = prf(hash_name, raw(value["secret"]), LABEL + SEED, 48)
    assert raw(value["output"]) == hmac.digest(derived, DATA, "sha256")


def hkdf(hash_name: str, secret: bytes, salt: bytes = b"", info: bytes = b"") -> bytes:
    return HKDF(HASHES[hash_name], 42, salt, info).derive(secret)


def is_hkdf(value: Any, hash_name: str, salt: bytes = b"", info: bytes = b"") -> None:
    assert raw(value["output"]) == hkdf(hash_name, raw(value["secret"]), salt, info)


def is_hkdf_in_session(value: Any, hash_name: str) -> None:
    derived = hkdf(hash_name, raw(value["secret"]))
    assert raw(value["output"]) == hmac.digest(derived, DATA, "sha256")


def is_mac(value: Any, hash_name: str) -> None:
    assert raw(value["output"]) == hmac.digest(raw(value["secret"]), DATA, hash_name)


def is_pbkdf2(value: Any, hash_name: str, iterations: int, size: int) -> None:
    assert raw(value) == hashlib.pbkdf2_hmac(hash_name, SECRET, SALT, iterations, size)


def differ(value: Any, size: int) -> None:
    one, other = map(raw, value)
    assert len(one) == len(other) == size
    assert one != other


def is_certificate(value: Any) -> None:
    loaded = x509.load_der_x509_certificate(raw(value["der"]))
    assert value["read"] == value["der"]
    assert pem.unarmor(raw(value["pem"]))[2] == raw(value["der"])
    assert raw(value["signature"]) == loaded.signature
    key = loaded.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    numbers = key.public_numbers()
    assert raw(value["key"]) == b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def is_request(value: Any) -> x509.CertificateSigningRequest:
    request = x509.load_der_x509_csr(raw(value))
    assert request.is_signature_valid
    name = request.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    assert name == "OPTIGA(TM) Trust IoT"
    return request


def is_extended_request(value: Any) -> None:
    found = is_request(value).extensions
    names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "b.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1"]
    assert found.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = found.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.key_agreement
    assert not usage.key_cert_sign


def has_feature(value: Any) -> None:
    features = is_request(value).extensions.get_extension_for_class(x509.TLSFeature).value
    assert list(features) == [x509.TLSFeatureType.status_request]


def signs_with_another_hash(value: Any, named: str, used: str) -> None:
    """The request names one hash and is signed with another, with which alone the signature holds."""
    request = x509.load_der_x509_csr(raw(value))
    assert not request.is_signature_valid
    assert request.signature_hash_algorithm is not None
    assert request.signature_hash_algorithm.name == named
    key = request.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(in_der(request.signature), request.tbs_certrequest_bytes, ec.ECDSA(HASHES[used]))
    else:
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(request.signature, request.tbs_certrequest_bytes, padding.PKCS1v15(), HASHES[used])


def there_and_back(value: Any) -> None:
    """What comes back is what went in, and the first block is that of the mode."""
    assert raw(value["plain"]) == BLOCKS
    protected = raw(value["protected"])
    assert len(protected) == len(BLOCKS)
    assert protected[:16] == raw(value["first"])


def is_encrypted_again(value: Any) -> None:
    assert value["plain"] == value["again"]
    assert raw(value["plain"]) != BLOCKS


def is_encrypted_with_known_key(value: Any) -> None:
    """The key of Infineon's update set is published: each mode is calculated with it."""
    algorithm = algorithms.AES(PUBLISHED_KEY)
    for name, mode in (("ECB", modes.ECB()), ("CBC", modes.CBC(IV))):
        encryptor = Cipher(algorithm, mode).encryptor()
        assert raw(value[name]) == encryptor.update(BLOCKS) + encryptor.finalize()
    chained = Cipher(algorithm, modes.CBC(bytes(16))).encryptor().update(BLOCKS)
    assert raw(value["CBC-MAC"]) == chained[-16:]
    cmac = CMAC(algorithm)
    cmac.update(BLOCKS)
    assert raw(value["CMAC"]) == cmac.finalize()


def is_block_mac(value: Any, blocks: int) -> None:
    """The code is what the chip's own single blocks make, chained outside the chip."""
    assert value["mac"] == value["again"]
    assert value["blocks"] == blocks


def meta_is_kept(value: Any) -> None:
    assert value["got"] == value["wanted"]
    assert raw(value["raw"])[:2] == bytes([0x20, len(raw(value["raw"])) - 2])


def is_restored(value: Any) -> None:
    assert (raw(value["data"]), value["read"]) == (b"as it was", "always")
    assert value["dump"]["f1d3"]["data"] == value["data"]


def is_dump(value: Any) -> None:
    assert {"e0e0", "e0f0", "e0fc", "e200", "e120", "e140", "f1d0", "f1e1"} <= value.keys()
    assert all(raw(entry["metadata"])[1] == len(raw(entry["metadata"])) - 2 for entry in value.values())
    assert value["e0c2"]["data"].startswith("cd16")


def is_export(value: Any) -> None:
    assert "OPTIGA_Trust.xml" in value
    assert 'id="E0F1"' in value["OPTIGA_Trust.xml"]
    assert raw("".join(value["E140.dat"].split())) == b"" or len(raw("".join(value["E140.dat"].split()))) == 64


def says(value: Any, text: str, code: int = 0) -> None:
    assert value["code"] == code, value
    assert text in value["output"] + "".join(value["files"].values())


def prints_pair(value: Any) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    assert value["code"] == 0, value
    public = load_pem_public_key(value["files"]["public.pem"].encode())
    private = load_pem_private_key(value["files"]["private.pem"].encode(), None)
    assert private.public_key() == public


def prints_public(value: Any, what: str) -> None:
    assert value["code"] == 0, value
    key = load_pem_public_key(value["files"]["public.pem"].encode())
    described = key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else f"rsa{getattr(key, 'key_size', 0)}"
    assert described == what


def exports_all(value: Any) -> None:
    (text,) = value["files"].values()
    assert value["code"] == 0
    is_dump(json.loads(text))


def issuer(der: str) -> str:
    return x509.load_der_x509_certificate(raw(der)).issuer.rfc4514_string()


def has_signature(der: str, text: str) -> bool:
    return x509.load_der_x509_certificate(raw(der)).signature.hex() in text


def is_plain_update(value: Any) -> None:
    """What the published set has in plain: its first fragment without the digest of the next, and its second."""
    sample = next(sample for sample in infineon.SAMPLES if sample.name == "integrity")
    assert raw(value["data"]) == raw(sample.fragments[0])[:608] + raw(sample.fragments[1])
    assert value["meta"]["version"] == [False, 3]


def is_own_update(value: Any) -> None:
    assert "Updated successfully" in value["output"]
    assert value["meta"]["version"] == [False, 5]


def is_own_data(value: Any) -> None:
    is_own_update(value)
    assert raw(value["data"]) == OWN_DATA


def is_own_key(value: Any) -> None:
    """It signs as the private key does that went into the set."""
    is_own_update(value)
    key = load_der_public_key(raw(value["public"]))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(raw(value["signature"]), b"Hello World", ec.ECDSA(hashes.SHA256()))


def is_own_metadata(value: Any) -> None:
    is_own_update(value)
    assert value["meta"]["read"] == "never"


def is_same_secret(value: Any) -> None:
    """The secret is TLS's, of the version given; what is derived before and after its journey is the same."""
    secret = raw(value["secret"])
    assert (len(secret), secret[:2]) == (48, b"\x03\x03")
    assert raw(value["before"]) == raw(value["after"]) == prf("sha256", secret, DATA, 48)
