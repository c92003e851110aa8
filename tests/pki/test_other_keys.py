"""Private keys that cannot be used: what the file holds, or what is wrong with the key, and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    pkcs12,
)

from optiga.ca.existing import SourceFile
from optiga.errors import ConfigurationError
from optiga.files.passphrases import Passphrase
from optiga.pki.pem import encode_pem
from optiga.protocol.der import BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, encode, encode_oid
from optiga.update.private_keys import KeyFile
from tests.support.ca_helpers import NEEDS_OPENSSL, openssl
from tests.support.other_ca import OtherCa

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KEY = ec.derive_private_key(5, ec.SECP256R1())
OTHER = ec.derive_private_key(6, ec.SECP256R1()).public_key()
POINT = OTHER.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


DES_KEY = b"""-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: DES-CBC,B547389D8361062E

GyKqnIZkl5/P7Fg58wDx1v7U/cGrFbS1UJeRE2Cr5iz3q77V+chMU1mnT4Uft4SY
invhfKD48iEiS4PcKc5D27SXR8sVXsin7j/gpmMNFg+cdhTqx7mAhE3Tts+g08zk
6PqF0kXhQmCEQD41KxCdGV22NRnQquhD5Uc0Wi5q/DI=
-----END EC PRIVATE KEY-----
"""
"""A key that OpenSSL has encrypted with DES; the passphrase is abcd."""


def sec1(number: int, point: bytes = b"", size: int = 32) -> bytes:
    content = encode(INTEGER, b"\x01") + encode(OCTET_STRING, number.to_bytes(size, "big"))
    content += encode(0xA0, encode_oid("1.2.840.10045.3.1.7"))
    content += encode(0xA1, encode(BIT_STRING, b"\x00" + point)) if point else b""
    return encode(SEQUENCE, content)


def ssh() -> bytes:
    return KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


JWK = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}
CASES: dict[str, tuple[bytes, list[str]]] = {
    "OpenSSH": (ssh(), ["OpenSSH", "ssh-keygen -p -m PEM -f {}"]),
    "PuTTY": (b"PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\r\nEncryption: none\r\n", ["PuTTY", "puttygen {}"]),
    "SSH.COM": (b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA\n", ["SSH.COM", "puttygen {}"]),
    "JWK": (json.dumps(JWK).encode(), ["JWK, EC", "PKCS #8"]),
    "JWK set": (json.dumps({"keys": [{**JWK, "kty": "RSA"}]}).encode(), ["JWK, RSA", "PKCS #8"]),
    "JWK secret": (json.dumps({"kty": "oct", "k": "AA"}).encode(), ["secret key"]),
    ".NET": (b"<RSAKeyValue><Modulus>AA==</Modulus></RSAKeyValue>", ["XML"]),
    "PVK": (b"\x1e\xf1\xb5\xb0" + bytes(20), ["PVK", "-inform PVK -in {}"]),
    "JKS": (b"\xfe\xed\xfe\xed" + bytes(20), ["JKS", "keytool"]),
    "number 0": (sec1(0), ["is 0"]),
    "order": (sec1(ORDER), ["not less than the order"]),
    "above the order": (sec1(ORDER + 7), ["not less than the order"]),
    "no number": (sec1(0, size=0), ["missing"]),
    "key of another": (sec1(5, POINT), ["another private key"]),
    "no point": (sec1(5, b"\x04" + bytes(63) + b"\x01"), ["not a point"]),
    "public key": (
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        ["a public key, not a private key"],
    ),
}


def opened_for_update(path: Path) -> object:
    return KeyFile.read(path).open()


def opened_for_ca(path: Path) -> object:
    return SourceFile.read(path, secret=True).open(None)


@pytest.mark.parametrize("open_it", [opened_for_update, opened_for_ca])
@pytest.mark.parametrize("case", CASES)
def test_it_is_said_what_it_is(case: str, open_it: Callable[[Path], object], tmp_path: Path) -> None:
    content, words = CASES[case]
    path = tmp_path / "key file"
    texts = [content]
    if content[:1] == b"0":
        texts.append(encode_pem("EC PRIVATE KEY", content).encode())
    for text in texts:
        path.write_bytes(text)
        path.chmod(0o600)
        with pytest.raises(ConfigurationError) as caught:
            open_it(path)
        said = str(caught.value)
        assert all(word.format(f'"{path}"') in said for word in words), said


def test_a_container_without_a_key(tmp_path: Path) -> None:
    path = tmp_path / "container"
    path.write_bytes(container(None))
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="holds no private key"):
        KeyFile.read(path).open(Passphrase(b"open sesame"))
    path.write_bytes(container(KEY))
    opened = KeyFile.read(path).open(Passphrase(b"open sesame"))
    assert opened.public_key() == KEY.public_key()


def container(key: ec.EllipticCurvePrivateKey | None) -> bytes:
    ca = OtherCa("a", key=KEY)
    cas = None if key else [ca.certificate]
    return pkcs12.serialize_key_and_certificates(
        b"x", key, ca.certificate if key else None, cas, BestAvailableEncryption(b"open sesame")
    )


@NEEDS_OPENSSL
def test_the_hint_for_an_old_cipher_works(tmp_path: Path) -> None:
    if openssl("list", "-providers", "-provider", "legacy").returncode:
        pytest.skip("this openssl has no old ciphers")
    path, new = tmp_path / "key", tmp_path / "new"
    path.write_bytes(DES_KEY)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="DES-CBC") as caught:
        KeyFile.read(path).open(b"abcd")
    *_, command = caught.value.hint.partition("openssl ")
    done = openssl(*command.replace("FILE", str(new)).split(), "-passin", "pass:abcd", "-passout", "pass:abcde")
    assert done.returncode == 0, done.stderr
    new.chmod(0o600)
    assert KeyFile.read(new).open(b"abcde")


def test_keys_that_are_whole_are_still_taken(tmp_path: Path) -> None:
    path = tmp_path / "key"
    for key in (KEY, rsa.generate_private_key(65537, 2048)):
        path.write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        path.chmod(0o600)
        assert KeyFile.read(path).open().public_key() == key.public_key()
    assert load_der_private_key(sec1(5), None)
