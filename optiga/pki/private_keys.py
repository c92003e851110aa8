"""Private keys in files: SEC 1 or PKCS #8, PEM or DER; or PKCS #12.

Some programs write the private number of an EC key with zeros too many or too few in front, or leave out the curve
where it stands elsewhere. The cryptography library refuses such keys, OpenSSL takes them. What the key is stays beyond
doubt: the number must be one of the curve, and the public key, where it stands there too, must be the number's.

Sources: SEC 1, C.4; RFC 5915; RFC 5958.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import CertificateError, ConfigurationError, Reason
from optiga.files.shown import file_in_command
from optiga.pki.lenient import Part, dotted, only, parts_of
from optiga.pki.pem_blocks import is_pem, iterate_blocks
from optiga.pki.pkcs12 import is_pkcs12, key_of_pkcs12, needs_passphrase
from optiga.pki.public_keys import curve_of
from optiga.protocol import der
from optiga.protocol.algorithms import CURVES, KeyAlgorithm

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

_OID, _PARAMETERS, _PUBLIC_KEY = 0x06, 0xA0, 0xA1
_EC_KEY = "1.2.840.10045.2.1"
_PARAMETERS_LABEL, _PLAIN = "EC PARAMETERS", ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY")
_ENCRYPTED = "ENCRYPTED PRIVATE KEY"
_AES_BLOCK = 128
"""Bits."""
_MOST_OF_ORDER = 66
"""Bytes of the largest order of a curve, that of P-521."""
_NAMED_CURVES = {
    "1.2.840.10045.3.1.7": KeyAlgorithm.SECP256R1,
    "1.3.132.0.34": KeyAlgorithm.SECP384R1,
    "1.3.132.0.35": KeyAlgorithm.SECP521R1,
    "1.3.36.3.3.2.8.1.1.7": KeyAlgorithm.BRAINPOOLP256R1,
    "1.3.36.3.3.2.8.1.1.11": KeyAlgorithm.BRAINPOOLP384R1,
    "1.3.36.3.3.2.8.1.1.13": KeyAlgorithm.BRAINPOOLP512R1,
}
"""The chip's curves by their object identifiers."""


_CIPHER_IN_PEM = re.compile(rb"DEK-Info: ([A-Z0-9-]{1,30}),")
_UNKNOWN = re.compile(r"Unknown key encryption algorithm: ([0-9.]+)|Key encrypted with unknown cipher")
"""What the cryptography library says of a cipher that it does not have."""
_CIPHERS = {
    "1.3.14.3.2.7": "DES",
    "1.2.840.113549.1.5.6": "MD5 and RC2",
    "1.2.840.113549.1.5.10": "SHA-1 and DES",
    "1.2.840.113549.1.5.11": "SHA-1 and RC2",
    "1.2.840.113549.1.12.1.2": "40-bit RC4",
    "1.2.840.113549.1.12.1.4": "triple DES with two keys",
    "1.2.840.113549.1.12.1.5": "RC2",
}


_OLD_IN_PEM = ("DES-CBC", "DES-CFB", "DES-OFB", "DES-ECB", "DESX", "RC2", "RC4", "IDEA", "BF", "CAST5", "SEED")
"""What OpenSSL 3 has in its provider of old ciphers, by the beginning of the name."""


class UnknownCipherError(ValueError):
    """A private key is encrypted with what cannot be decrypted here, whatever the passphrase.

    :param cipher: what people call it, or its object identifier.
    """

    def __init__(self, cipher: str) -> None:
        super().__init__(f"encrypted with {cipher}")
        self.cipher = cipher

    def of_file(self, name: str) -> ConfigurationError:
        """The error of a file that holds such a key.

        :param name: what to call the file in messages.
        """
        is_old = self.cipher in _CIPHERS.values() or self.cipher.startswith(_OLD_IN_PEM)
        provider = "-provider legacy -provider default " if is_old else ""
        return ConfigurationError(
            f"the private key in {name} is encrypted with {self.cipher}, which is not supported",
            hint=f"Encrypt it with AES: openssl pkey {provider}-in {file_in_command(name)} -aes256 -out FILE",
            reason=Reason.UNSUPPORTED,
        )


class BrokenKeyError(ValueError):
    """A private key is one by its form, but its numbers are not those of a key. The text says why."""

    def of_file(self, name: str) -> ConfigurationError:
        """The error of a file that holds such a key.

        :param name: what to call the file in messages.
        """
        return ConfigurationError(
            f"{name} has no readable private key: {self}", hint="Give another copy of the key", reason=Reason.DAMAGED
        )


class _Sec1(NamedTuple):
    """What an ECPrivateKey says."""

    secret: int
    curve: KeyAlgorithm | None
    point: bytes | None


def is_encrypted(content: bytes) -> bool:
    """Whether a private key's file needs a passphrase."""
    if is_pem(content):
        return b"ENCRYPTED" in content
    if is_pkcs12(content):
        return needs_passphrase(content)
    try:
        parts = list(parts_of(only(content).content))
    except ValueError:
        return False
    return [part.tag for part in parts] == [der.SEQUENCE, der.OCTET_STRING]


def load_private_key(content: bytes, passphrase: bytes | None) -> object:
    """The private key in a file, of whatever kind the cryptography library knows.

    :param content: PEM, DER, or a PKCS #12 container.
    :param passphrase: None where it is not encrypted.
    :raises UnknownCipherError: if it is encrypted with what cannot be decrypted here.
    :raises BrokenKeyError: if its numbers are not those of a key.
    :raises ValueError: if there is none, it is damaged, or the passphrase is another.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    if is_pkcs12(content):
        return key_of_pkcs12(content, passphrase)
    load = serialization.load_pem_private_key if is_pem(content) else serialization.load_der_private_key
    try:
        return load(content, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm, OverflowError) as error:
        is_open = passphrase is None or "password" not in str(error).lower()  # a wrong one is not tried again
        try:
            key = _load_leniently(content, passphrase) if is_open else None
        except BrokenKeyError:
            raise
        except (ValueError, CertificateError):
            key = None
        if key is None:
            if unknown := _UNKNOWN.search(str(error)):
                raise UnknownCipherError(_cipher_of(content, unknown[1])) from None
            raise ValueError(str(error)) from None
        return key


def _cipher_of(content: bytes, identifier: str | None) -> str:
    """What a key is encrypted with.

    :param identifier: dotted; None where PEM names it.
    """
    if identifier is not None:
        return _CIPHERS.get(identifier, identifier)
    named = _CIPHER_IN_PEM.search(content)
    return named[1].decode("ascii") if named else "an unknown cipher"


def _load_leniently(content: bytes, passphrase: bytes | None) -> object:
    """A key that has another form, or another title in PEM, than the library asks for; None if there is none.

    :raises ValueError: if it is damaged.
    """
    if not is_pem(content):
        if passphrase is not None:
            return _from_pkcs8(_decrypted(content, passphrase))
        return _from_either(content, None)
    curve = None
    for block in iterate_blocks(content, ""):
        if block.label == _PARAMETERS_LABEL:
            curve = _curve_in(block.data)
        elif block.label in _PLAIN:
            return _load_untitled(block.data) or _from_either(block.data, curve)
        elif block.label == _ENCRYPTED and passphrase is not None:
            return _from_pkcs8(_decrypted(block.data, passphrase))
    return None


def _decrypted(data: bytes, passphrase: bytes) -> bytes:
    """What an EncryptedPrivateKeyInfo holds: PBES2 of PBKDF2 and AES in CBC mode, as OpenSSL writes it (RFC 8018, 6.2).

    :raises ValueError: if it is encrypted in an unsupported way, or the passphrase is another.
    """
    from asn1crypto.keys import EncryptedPrivateKeyInfo
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
    from cryptography.hazmat.primitives.padding import PKCS7

    try:
        info = EncryptedPrivateKeyInfo.load(data, strict=True)
        scheme = info["encryption_algorithm"]
        if scheme.kdf != "pbkdf2" or scheme.encryption_cipher != "aes" or scheme.encryption_mode != "cbc":
            raise ValueError("encrypted in an unsupported way")
        digest: hashes.HashAlgorithm = getattr(hashes, scheme.kdf_hmac.upper())()
        derivation = PBKDF2HMAC(digest, scheme.key_length, scheme.kdf_salt, scheme.kdf_iterations)
        cipher = Cipher(algorithms.AES(derivation.derive(passphrase)), modes.CBC(scheme.encryption_iv)).decryptor()
        unpadder = PKCS7(_AES_BLOCK).unpadder()
        padded = cipher.update(info["encrypted_data"].native) + cipher.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except (TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ValueError(str(error)) from None


def _load_untitled(data: bytes) -> object:
    """A key in DER, whatever its PEM says that it is; None if the library does not take it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        return load_der_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm, OverflowError):
        return None


def _from_either(data: bytes, curve: KeyAlgorithm | None) -> ec.EllipticCurvePrivateKey:
    """The EC key in PKCS #8 or SEC 1, DER; the latter may leave its curve to what stands around it."""
    return _from_pkcs8(data) if _is_pkcs8(data) else _from_sec1(data, curve)


def _is_pkcs8(data: bytes) -> bool:
    """Whether data are PKCS #8, whose second value is an algorithm; SEC 1 has an OCTET STRING there."""
    return [part.tag for part in parts_of(only(data).content)][1:2] == [der.SEQUENCE]


def _from_pkcs8(data: bytes) -> ec.EllipticCurvePrivateKey:
    parts = list(parts_of(only(data).content))
    if [part.tag for part in parts[:3]] != [der.INTEGER, der.SEQUENCE, der.OCTET_STRING]:
        raise ValueError("not PKCS #8")
    algorithm = list(parts_of(parts[1].content))
    if len(algorithm) != 2 or algorithm[0].tag != _OID or dotted(algorithm[0].content) != _EC_KEY:
        raise ValueError("not an EC key")
    return _from_sec1(parts[2].content, _curve_in(algorithm[1].whole))


def _from_sec1(data: bytes, outer: KeyAlgorithm | None) -> ec.EllipticCurvePrivateKey:
    """The key that an ECPrivateKey is.

    :param outer: the curve, as what stands around it says.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    said = _read_sec1(data)
    if outer is not None and said.curve not in (None, outer):
        raise BrokenKeyError("the key names two curves")
    named = outer or said.curve
    if named is None and said.point is None:
        raise BrokenKeyError("the curve of the key is missing")
    if not said.secret:
        raise BrokenKeyError("the private number of the key is 0, or missing")
    mistake = ""
    for curve in [named] if named is not None else CURVES:
        try:
            key = ec.derive_private_key(said.secret, curve_of(curve))
        except ValueError:
            mistake = mistake or "the private number of the key is not less than the order of its curve"
            continue
        try:
            if said.point is None or key.public_key() == ec.EllipticCurvePublicKey.from_encoded_point(
                curve_of(curve), said.point
            ):
                return key
        except ValueError:
            mistake = mistake or "the public key in it is not a point on its curve"
            continue
        mistake = "the public key in it belongs to another private key"
    raise BrokenKeyError(mistake)


def _read_sec1(data: bytes) -> _Sec1:
    parts = list(parts_of(only(data).content))
    if [part.tag for part in parts[:2]] != [der.INTEGER, der.OCTET_STRING]:
        raise ValueError("not an ECPrivateKey")
    curve, point = None, None
    for part in parts[2:]:
        if part.tag == _PARAMETERS:
            curve = _curve_in(part.content)
        elif part.tag == _PUBLIC_KEY:
            bits = only(part.content)
            if bits.tag != der.BIT_STRING or bits.content[:1] != b"\x00":
                raise ValueError("no public key")
            point = bits.content[1:]
        else:
            raise ValueError("not an ECPrivateKey")
    return _Sec1(int.from_bytes(parts[1].content, "big"), curve, point)


def _curve_in(data: bytes) -> KeyAlgorithm:
    """The curve of ECParameters, which name one of the chip's or write out its numbers.

    :raises ValueError: if it is another.
    """
    part = only(data)
    found = _NAMED_CURVES.get(dotted(part.content)) if part.tag == _OID else _curve_of_numbers(part)
    if found is None:
        raise ValueError("not a curve of the chip")
    return found


def _curve_of_numbers(parameters: Part) -> KeyAlgorithm | None:
    """The curve whose numbers are written out (SEC 1, C.2); None if the chip does not have it.

    The cryptography library compares all of them with those of the curves that it knows, for the key 1 here.

    :raises ValueError: if it knows no such curve.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    parts = list(parts_of(parameters.content))
    if parameters.tag != der.SEQUENCE or [part.tag for part in parts[4:5]] != [der.INTEGER]:
        raise ValueError("not ECParameters")
    size = len(parts[4].content.lstrip(b"\x00"))
    if not 0 < size <= _MOST_OF_ORDER:
        raise ValueError("not the order of a curve")
    number = der.encode(der.OCTET_STRING, (1).to_bytes(size, "big"))
    content = der.encode_integer(1) + number + der.encode(_PARAMETERS, parameters.whole)
    try:
        key = load_der_private_key(der.encode(der.SEQUENCE, content), None)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    name = getattr(getattr(key, "curve", None), "name", "").lower()
    return next((known for known in CURVES if known.title == name), None)
