"""The certificate signing request: built here, signed on the chip (PKCS #10, RFC 2986)."""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.arguments import takes
from optiga.chip.commands.gen_key_pair import is_rsa_key, take_public_key
from optiga.chip.key_fate import KeyFate
from optiga.errors import CertificateError, Reason
from optiga.files.files import check_folder, write_whole
from optiga.pki.pem import encode_base64, encode_pem
from optiga.pki.public_keys import public_key_of_numbers, public_key_of_point, verifies
from optiga.pki.request_parts import encode_attributes, encode_subject
from optiga.protocol import der
from optiga.protocol.codes import CommandCode
from optiga.protocol.objects import format_oid
from optiga.values import Value, frozen

if TYPE_CHECKING:
    from asn1crypto.keys import PublicKeyInfo

    from optiga.chip import Chip, Key
    from optiga.identity.configuration import Configuration
    from optiga.protocol.algorithms import KeyAlgorithm
    from optiga.protocol.public_key import PublicKey


_VERSION = der.encode_integer(0)
_SIGNATURES = {
    "sha256_ecdsa": der.encode_oid("1.2.840.10045.4.3.2"),
    "sha384_ecdsa": der.encode_oid("1.2.840.10045.4.3.3"),
    "sha512_ecdsa": der.encode_oid("1.2.840.10045.4.3.4"),
    "sha256_rsa": der.encode_oid("1.2.840.113549.1.1.11") + der.encode(der.NULL, b""),
    "sha384_rsa": der.encode_oid("1.2.840.113549.1.1.12") + der.encode(der.NULL, b""),
    "sha512_rsa": der.encode_oid("1.2.840.113549.1.1.13") + der.encode(der.NULL, b""),
}
"""What an AlgorithmIdentifier of a signature holds (RFC 5758, 3.2; RFC 4055, 5)."""


@frozen
class Csr(Value):
    """A certificate signing request (CSR) with a verified signature.

    :param der: the CertificationRequest in DER.
    :param public_key: the public key in hex, as in results: BIT STRING for EC, SubjectPublicKeyInfo for RSA.
    """

    der: bytes
    public_key: str

    @property
    def pem(self) -> str:
        """The CSR as PEM, with lines of 64 characters and a final line break."""
        return encode_pem("CERTIFICATE REQUEST", self.der)

    @property
    def fingerprint(self) -> str:
        """SHA-1 in hex of the DER in base64 without line breaks. The files of the CSR are named after it."""
        return hashlib.sha1(encode_base64(self.der), usedforsecurity=False).hexdigest()

    @property
    def filename(self) -> str:
        """Name of the CSR's file, for example ``47478ea6….csr``."""
        return f"{self.fingerprint}.csr"

    @takes
    def save(self, folder: str | os.PathLike[str] = ".") -> Path:
        """Write the CSR as PEM to its file, completely or not at all.

        :param folder: folder of the file.
        :returns: path of the file.
        :raises ConfigurationError: if the file cannot be written.
        """
        check_folder(Path(folder))
        path = Path(folder, self.filename)
        write_whole(path, self.pem.encode("ascii"))
        return path


def create_csr(chip: Chip, configuration: Configuration, fate: KeyFate | None = None) -> Csr:
    """Have the chip make a key pair in the configured slot and sign a request for it.

    Two exchanges, and one more where the UID stands in the request or not every model has the algorithm. Every error
    behind the first, and a :class:`KeyboardInterrupt`, says what has become of the key in the slot.

    :param fate: what keeps account of the key, for a caller whose own work with it can fail.
    :raises ConfigurationError: if the chip's model lacks what the configuration asks for; it has not been asked then.
    :raises ChipError: if the chip refuses.
    :raises CertificateError: if its signature does not verify against the public key that it reported.
    """
    oid = configuration.slot.key_oid
    fate = fate or KeyFate(oid)
    with fate:
        check_model(chip, configuration)
        uid = chip.uid.hex if configuration.needs_uid else ""
        wishes = Wishes.of(configuration, uid)  # before the key is made: what cannot be built costs none
        check_packages()
        chip.do_meanwhile(partial(_load_reader, configuration.algorithm))
        fate.asked()
        key = chip.generate_key(oid, configuration.algorithm, configuration.key_usage)
        fate.made()
        to_be_signed = wishes.for_key(key.public_key_info)
        chip.do_meanwhile(partial(_read, to_be_signed))
        return _sign(key, configuration.hash_name, to_be_signed)


def check_packages() -> None:
    """Make sure that there is what reads and verifies a request: what is not installed costs no key.

    :raises ModuleNotFoundError: if there is not.
    """
    import asn1crypto  # noqa: F401 - of both only what takes no time
    import cryptography  # noqa: F401


def _load_reader(algorithm: KeyAlgorithm) -> None:
    """Load what reads and verifies a request that a key of an algorithm signs, while a board's chip makes the key."""
    from asn1crypto import csr  # noqa: F401
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: F401

    if algorithm.is_rsa:
        from cryptography.hazmat.backends.openssl import backend  # noqa: F401
        from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: F401


def _read(to_be_signed: bytes) -> None:
    """Read what is signed while a board's chip signs it: asn1crypto makes its tables at their first use.

    What is wrong with it is said of the finished request.
    """
    from asn1crypto import csr

    csr.CertificationRequestInfo.load(to_be_signed, strict=True)["subject_pk_info"].dump()


def check_model(chip: Chip, configuration: Configuration) -> None:
    """Make sure that the chip's model has the key and the signature that a configuration asks for.

    No exchange where every model has them, otherwise one if the UID is not known yet.

    :raises ConfigurationError: if it does not.
    """
    chip.require(CommandCode.GEN_KEY_PAIR, configuration.algorithm)
    chip.require(CommandCode.CALC_SIGN, configuration.algorithm.scheme(configuration.hash_name))


def sign_csr(key: Key, configuration: Configuration, uid: str = "") -> Csr:
    """Have a key that was just made sign a request for itself. One exchange.

    :param uid: the chip's UID in hex, if the configuration needs it.
    :raises ChipError: if the chip refuses.
    :raises CertificateError: if the signature does not verify.
    """
    return _sign(key, configuration.hash_name, Wishes.of(configuration, uid).for_key(key.public_key_info))


@frozen
class Wishes(Value):
    """What a request asks for, whatever its key.

    :param subject: a Name in DER.
    :param attributes: in DER, with the tag that they have in a request.
    """

    subject: bytes
    attributes: bytes

    @classmethod
    def of(cls, configuration: Configuration, uid: str) -> Wishes:
        """What a configuration asks for.

        :param uid: the chip's in hex, where the configuration needs it.
        """
        return cls(encode_subject(configuration.subject, uid), encode_attributes(configuration.extensions, uid))

    def for_key(self, public_key_info: bytes) -> bytes:
        """What a key signs: the CertificationRequestInfo in DER.

        :param public_key_info: SubjectPublicKeyInfo in DER.
        """
        return der.encode(der.SEQUENCE, _VERSION + self.subject + public_key_info + self.attributes)


def _sign(key: Key, hash_name: str, to_be_signed: bytes) -> Csr:
    request = put_together(to_be_signed, key.sign(to_be_signed, hash_name), key.algorithm, hash_name)
    _check(request, key, hash_name)
    reported = key.public_key if key.algorithm.is_ec else None
    return Csr(request, (reported or key.public_key_info).hex())


def put_together(to_be_signed: bytes, signature: bytes, algorithm: KeyAlgorithm, hash_name: str) -> bytes:
    """A request in DER, made from the very bytes that were signed, which no encoder touches again.

    :param to_be_signed: the CertificationRequestInfo in DER.
    :param signature: ECDSA's in DER, or that of RSA (PKCS #1 1.5).
    """
    scheme = "ecdsa" if algorithm.is_ec else "rsa"
    identifier = der.encode(der.SEQUENCE, _SIGNATURES[f"{hash_name}_{scheme}"])
    return der.encode(der.SEQUENCE, to_be_signed + identifier + der.encode(der.BIT_STRING, b"\x00" + signature))


def _check(request: bytes, key: Key, hash_name: str) -> None:
    """Make sure that a finished request is one that others take: read anew from its bytes, it verifies by its own key.

    :raises CertificateError: if it does not.
    """
    from asn1crypto import csr

    try:
        parsed = csr.CertificationRequest.load(request, strict=True)
        info = parsed["certification_request_info"]
        spki = info["subject_pk_info"].dump()
        public_key = _read_key(key, info["subject_pk_info"])
        bits = parsed["signature"].contents
    except (ValueError, TypeError) as error:
        raise CertificateError(
            f"the public key that the chip reported for {format_oid(key.oid)} is not valid: {error}",
            oid=key.oid,
            reason=Reason.BAD_ANSWER,
        ) from error
    is_sound = spki == key.public_key_info and bits[:1] == b"\x00"
    if not is_sound or not verifies(public_key, bits[1:], info.dump(), hash_name):
        raise CertificateError(
            f"the chip's signature over the CSR does not verify against the public key of {format_oid(key.oid)}",
            hint="Try again for a new key pair. No CSR was written",
            oid=key.oid,
            reason=Reason.BAD_SIGNATURE,
        )


def _read_key(key: Key, info: PublicKeyInfo) -> PublicKey:
    """The public key in a request.

    :raises ValueError: if it is none of the key's algorithm, or not in the form that all take (RFC 5480, 2.2).
    """
    bits = take_public_key(info["public_key"].dump(), key.algorithm)
    if key.algorithm.is_ec:
        return public_key_of_point(key.algorithm, info["public_key"].native)
    if not is_rsa_key(bits, key.algorithm):
        raise ValueError(f"no key of {key.algorithm.title} in DER")
    numbers = info["public_key"].parsed
    return public_key_of_numbers(numbers["modulus"].native, numbers["public_exponent"].native)
