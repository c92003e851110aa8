"""Private keys in files: in the forms that programs write, and none that is another key than it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from asn1crypto.keys import EncryptedPrivateKeyInfo
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.errors import ConfigurationError
from optiga.pki.lenient import only, parts_of
from optiga.pki.pem import encode_pem
from optiga.pki.private_keys import is_encrypted, load_private_key
from optiga.protocol.der import BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, encode
from optiga.update.private_keys import KeyFile
from tests.support.ca_helpers import NEEDS_OPENSSL, openssl

OID = 0x06
CURVES = {
    "2a8648ce3d030107": (ec.SECP256R1(), 32),
    "2b81040022": (ec.SECP384R1(), 48),
    "2b81040023": (ec.SECP521R1(), 66),
    "2b2403030208010107": (ec.BrainpoolP256R1(), 32),
    "2b240303020801010b": (ec.BrainpoolP384R1(), 48),
    "2b240303020801010d": (ec.BrainpoolP512R1(), 64),
}
P256 = "2a8648ce3d030107"
SECRET = 0xABCDEF


def point(curve: str, secret: int = SECRET) -> bytes:
    key = ec.derive_private_key(secret, CURVES[curve][0]).public_key()
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def sec1(octets: bytes, *, curve: str | None = P256, public: bytes | None = None) -> bytes:
    """An ECPrivateKey."""
    parameters = b"" if curve is None else encode(0xA0, encode(OID, bytes.fromhex(curve)))
    shown = b"" if public is None else encode(0xA1, encode(BIT_STRING, b"\x00" + public))
    return encode(SEQUENCE, encode(INTEGER, b"\x01") + encode(OCTET_STRING, octets) + parameters + shown)


def pkcs8(inner: bytes, curve: str = P256) -> bytes:
    algorithm = encode(OID, bytes.fromhex("2a8648ce3d0201")) + encode(OID, bytes.fromhex(curve))
    return encode(SEQUENCE, encode(INTEGER, b"\x00") + encode(SEQUENCE, algorithm) + encode(OCTET_STRING, inner))


@pytest.mark.parametrize("curve", CURVES)
def test_zeros_too_many_and_too_few(curve: str, tmp_path: Path) -> None:
    """As Infineon's test key has them, in every form, with and without public key and curve."""
    size = CURVES[curve][1]
    wanted = ec.derive_private_key(SECRET, CURVES[curve][0]).private_numbers()
    path = tmp_path / "key"
    lengths = (3, size - 1, size, size + 1, size + 4) if curve == P256 else (size - 1, size + 1)
    for octets in (SECRET.to_bytes(length, "big") for length in lengths):
        for public in (None, point(curve)):
            inner = [sec1(octets, curve=named, public=public) for named in (curve, None)]
            forms = [*(pkcs8(one, curve) for one in inner), inner[0], *(inner[1:] if public else [])]
            for form in forms:
                label = "PRIVATE KEY" if form in (pkcs8(one, curve) for one in inner) else "EC PRIVATE KEY"
                for content in (form, encode_pem(label, form).encode()) if curve == P256 else (form,):
                    path.write_bytes(content)
                    key = KeyFile.read(path).open()
                    assert isinstance(key, ec.EllipticCurvePrivateKey)
                    assert key.private_numbers() == wanted


@NEEDS_OPENSSL
@pytest.mark.parametrize("name", ["prime256v1", "secp384r1", "secp521r1"])
def test_a_curve_in_numbers_with_zeros_too_many_and_too_few(name: str, tmp_path: Path) -> None:
    path = tmp_path / "parameters"
    assert openssl("ecparam", "-name", name, "-param_enc", "explicit", "-outform", "DER", "-out", path).returncode == 0
    numbers = path.read_bytes()
    curve = next(one for one in CURVES if CURVES[one][0].name in (name, name.replace("prime256v1", "secp256r1")))
    size = CURVES[curve][1]
    for length in (3, size - 1, size + 1, size + 8):
        for public in (None, point(curve)):
            number = sec1(SECRET.to_bytes(length, "big"), curve=None, public=public)
            held = [*parts_of(only(number).content)]
            own = encode(0xA0, numbers)
            inner = encode(SEQUENCE, held[0].whole + held[1].whole + own + b"".join(part.whole for part in held[2:]))
            algorithm = encode(SEQUENCE, encode(OID, bytes.fromhex("2a8648ce3d0201")) + numbers)
            outer = encode(SEQUENCE, encode(INTEGER, b"\x00") + algorithm + encode(OCTET_STRING, number))
            for form in (inner, outer):
                key = load_private_key(form, None)
                assert isinstance(key, ec.EllipticCurvePrivateKey)
                assert (key.curve.name, key.private_numbers().private_value) == (CURVES[curve][0].name, SECRET)
    for changed_at in (30, len(numbers) - 8):  # another field, another order
        other = bytearray(numbers)
        other[changed_at] ^= 1
        with pytest.raises(ValueError, match=r"curve|explicit|private key"):
            load_private_key(
                encode(
                    SEQUENCE,
                    encode(INTEGER, b"\x01")
                    + encode(OCTET_STRING, SECRET.to_bytes(size + 1, "big"))
                    + encode(0xA0, bytes(other)),
                ),
                None,
            )


def test_the_curve_may_stand_in_a_block_of_its_own() -> None:
    parameters = encode_pem("EC PARAMETERS", encode(OID, bytes.fromhex(P256)))
    text = parameters + encode_pem("EC PRIVATE KEY", sec1(b"\x05", curve=None))
    key = load_private_key(text.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.private_numbers().private_value == 5


def encrypted(data: bytes, passphrase: bytes) -> bytes:
    """An EncryptedPrivateKeyInfo of any bytes: PBES2 of PBKDF2 and AES-256-CBC."""
    salt, start = bytes(range(8)), bytes(range(16))
    key = PBKDF2HMAC(hashes.SHA256(), 32, salt, 2).derive(passphrase)
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    content = encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()
    derivation = {"salt": ("specified", salt), "iteration_count": 2, "prf": {"algorithm": "sha256"}}
    parameters = {
        "key_derivation_func": {"algorithm": "pbkdf2", "parameters": derivation},
        "encryption_scheme": {"algorithm": "aes256_cbc", "parameters": start},
    }
    algorithm = {"algorithm": "pbes2", "parameters": parameters}
    return bytes(EncryptedPrivateKeyInfo({"encryption_algorithm": algorithm, "encrypted_data": content}).dump())


def test_encrypted_ones_too(tmp_path: Path) -> None:
    path = tmp_path / "key"
    for octets in (SECRET.to_bytes(33, "big"), SECRET.to_bytes(3, "big")):
        content = encrypted(pkcs8(sec1(octets)), b"open")
        for form in (content, encode_pem("ENCRYPTED PRIVATE KEY", content).encode()):
            path.write_bytes(form)
            key = KeyFile.read(path).open(b"open")
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            assert key.private_numbers().private_value == SECRET
            for passphrase in (b"wrong", None):
                with pytest.raises(ConfigurationError):
                    KeyFile.read(path).open(passphrase)


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
REFUSED = {
    "zero": sec1(bytes(33)),
    "nothing": sec1(b""),
    "the order": sec1(ORDER.to_bytes(33, "big")),
    "more than the order": sec1(b"\x01" + bytes(32)),
    "the public key of another": sec1(SECRET.to_bytes(33, "big"), public=point(P256, 5)),
    "a public key that is none": sec1(SECRET.to_bytes(33, "big"), public=b"\x04" + bytes(64)),
    "no curve at all": sec1(SECRET.to_bytes(33, "big"), curve=None),
    "a curve that the chip has not": sec1(SECRET.to_bytes(33, "big"), curve="2b8104000a"),
    "a curve in numbers": encode(
        SEQUENCE,
        encode(INTEGER, b"\x01")
        + encode(OCTET_STRING, SECRET.to_bytes(32, "big"))
        + encode(0xA0, encode(SEQUENCE, encode(INTEGER, b"\x01") + encode(SEQUENCE, b""))),
    ),
    "two curves": pkcs8(sec1(SECRET.to_bytes(33, "big"), curve="2b81040022")),
    "more behind it": sec1(SECRET.to_bytes(33, "big")) + b"\x05",
    "cut off": sec1(SECRET.to_bytes(33, "big"))[:-1],
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    label = "PRIVATE KEY" if case == "two curves" else "EC PRIVATE KEY"
    for content in (REFUSED[case], encode_pem(label, REFUSED[case]).encode()):
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match="no readable private key"):
            KeyFile.read(path).open()


def test_other_keys_are_the_librarys(tmp_path: Path) -> None:
    rsa_key, own = rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256R1())
    plain = serialization.NoEncryption()
    path = tmp_path / "key"
    for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL):
        for encoding in (serialization.Encoding.DER, serialization.Encoding.PEM):
            path.write_bytes(rsa_key.private_bytes(encoding, form, plain))
            assert KeyFile.read(path).open().public_key() == rsa_key.public_key()
    locked = own.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"open"),
    )
    assert is_encrypted(locked)
    path.write_bytes(locked)
    assert KeyFile.read(path).open(b"open").public_key() == own.public_key()
    for passphrase in (None, b"wrong"):
        with pytest.raises(ConfigurationError):
            KeyFile.read(path).open(passphrase)
    path.write_bytes(
        ed25519.Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
        )
    )
    with pytest.raises(ConfigurationError, match="no EC or RSA key"):
        KeyFile.read(path).open()


def changed(data: bytes) -> st.SearchStrategy[bytes]:
    """The data with another byte in them."""
    return st.builds(
        lambda at, octet: data[:at] + bytes([octet]) + data[at + 1 :], st.integers(0, len(data)), st.integers(0, 255)
    )


@given(st.binary(max_size=100) | st.sampled_from([sec1(bytes(3)), pkcs8(sec1(b"\x05"))]).flatmap(changed))
@settings(max_examples=60, deadline=None)
def test_no_bytes_break_it(data: bytes) -> None:
    is_encrypted(data)
    for content in (data, encode_pem("EC PRIVATE KEY", data).encode(), encode_pem("PRIVATE KEY", data).encode()):
        try:
            key = load_private_key(content, None)
        except ValueError:
            continue
        assert key is not None


def test_a_key_whose_pem_says_another_form(tmp_path: Path) -> None:
    """OpenSSL reads them: the title is not believed, the content is."""
    octets = SECRET.to_bytes(32, "big")
    plain, wrapped = sec1(octets, public=point(P256)), pkcs8(sec1(octets, curve=None))
    rsa_key = rsa.generate_private_key(65537, 2048)
    form, none = serialization.PrivateFormat, serialization.NoEncryption()
    rsa_plain = rsa_key.private_bytes(serialization.Encoding.DER, form.TraditionalOpenSSL, none)
    rsa_wrapped = rsa_key.private_bytes(serialization.Encoding.DER, form.PKCS8, none)
    for title in ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"):
        for der, wanted in ((plain, SECRET), (wrapped, SECRET), (rsa_plain, rsa_key), (rsa_wrapped, rsa_key)):
            key = load_private_key(encode_pem(title, der).encode(), None)
            if wanted is rsa_key:
                assert isinstance(key, rsa.RSAPrivateKey)
                assert key.private_numbers() == rsa_key.private_numbers()
            else:
                assert isinstance(key, ec.EllipticCurvePrivateKey)
                assert key.private_numbers().private_value == wanted


@pytest.mark.parametrize("version", [b"\x00", b"\x02"])
def test_the_version_of_an_ec_key_does_not_matter(version: bytes) -> None:
    octets = encode(OCTET_STRING, SECRET.to_bytes(32, "big"))
    parameters = encode(0xA0, encode(OID, bytes.fromhex(P256)))
    key = load_private_key(encode(SEQUENCE, encode(INTEGER, version) + octets + parameters), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.private_numbers().private_value == SECRET


def test_a_key_that_is_none_of_ours_is_named(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(serialization.Encoding.PEM, form, none)
    for content, words in ((pem, "Ed25519"), (pem.decode().encode("utf-16"), "UTF-16")):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(ConfigurationError, match=words):
            KeyFile.read(path).open(None)
