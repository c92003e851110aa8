"""The certificate signing request: built here, signed on the chip (PKCS #10, RFC 2986)."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from optiga.chip.commands.gen_key_pair import is_rsa_key, take_public_key
from optiga.errors import CertificateError, Reason
from optiga.files.files import write_whole
from optiga.identity.key_fate import KeyFate
from optiga.pki.names import COMPONENTS, ValueForm, fill_uid
from optiga.pki.pem import encode_pem
from optiga.pki.public_keys import public_key_of_numbers, public_key_of_point, verifies
from optiga.protocol import der
from optiga.protocol.codes import CommandCode
from optiga.protocol.objects import format_oid
from optiga.protocol.value import Value

if TYPE_CHECKING:
    from asn1crypto.keys import PublicKeyInfo
    from asn1crypto.x509 import Extension, Name

    from optiga.chip import Chip, Key
    from optiga.identity.configuration import Configuration
    from optiga.pki.extensions import Extensions
    from optiga.protocol.algorithms import KeyAlgorithm
    from optiga.protocol.public_key import PublicKey


_GENERAL_NAMES = {"dns": "dns_name", "ip": "ip_address", "uri": "uniform_resource_identifier", "email": "rfc822_name"}
_NOT_BUILT_BY_ASN1CRYPTO = ("telephone_number", "unique_identifier")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Csr(Value):
    """A certificate signing request whose signature has been verified.

    :param der: the CertificationRequest in DER.
    :param public_key: the key in hex as results report it: BIT STRING for EC, SubjectPublicKeyInfo for RSA.
    """

    der: bytes
    public_key: str

    @property
    def pem(self) -> str:
        """The request as PEM, lines of 64 characters, with a final line break."""
        return encode_pem("CERTIFICATE REQUEST", self.der)

    @property
    def fingerprint(self) -> str:
        """SHA-1 in hex of the base64 text, without line breaks, of the DER: what the request's files are named by."""
        return hashlib.sha1(base64.b64encode(self.der), usedforsecurity=False).hexdigest()

    @property
    def filename(self) -> str:
        """Name of the request's file, for example ``47478ea6….csr``."""
        return f"{self.fingerprint}.csr"

    def save(self, folder: str | os.PathLike[str] = ".") -> Path:
        """Write the request as PEM into its file, whole or not at all.

        :param folder: where the file goes.
        :returns: the file's path.
        :raises ConfigurationError: if it cannot be written.
        """
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
        chip.do_meanwhile(partial(_load_verifier, configuration.algorithm))
        fate.asked()
        key = chip.generate_key(oid, configuration.algorithm, configuration.key_usage)
        fate.made()
        return _sign(key, configuration.hash_name, wishes)


def warm_up(configuration: Configuration) -> None:
    """Load what builds a request, and build what can be built of it: asn1crypto makes its tables at their first use.

    For the time that a board's chip takes to begin. What is wrong is said when the request is built.
    """
    Wishes.of(configuration, "")


def _load_verifier(algorithm: KeyAlgorithm) -> None:
    """Load what verifies a request that a key of an algorithm signs."""
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: F401

    if algorithm.is_rsa:
        from cryptography.hazmat.backends.openssl import backend  # noqa: F401
        from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: F401


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
    return _sign(key, configuration.hash_name, Wishes.of(configuration, uid))


class Wishes(NamedTuple):
    """What a request asks for, whatever its key: subject and attributes as asn1crypto has them."""

    subject: Name
    attributes: Any

    @classmethod
    def of(cls, configuration: Configuration, uid: str) -> Wishes:
        from asn1crypto import csr

        extensions = _build_extensions(configuration.extensions, uid)
        attributes = csr.CRIAttributes([{"type": "extension_request", "values": [extensions]}])
        wishes = cls(_build_subject(configuration.subject, uid), attributes)
        for part in wishes:
            part.dump()  # what cannot be encoded fails here
        return wishes

    def for_key(self, public_key_info: bytes) -> bytes:
        """What a key signs: the CertificationRequestInfo in DER.

        :param public_key_info: SubjectPublicKeyInfo in DER.
        """
        from asn1crypto import csr
        from asn1crypto.keys import PublicKeyInfo

        info = csr.CertificationRequestInfo(
            {
                "version": "v1",
                "subject": self.subject,
                "subject_pk_info": PublicKeyInfo.load(public_key_info, strict=True),
                "attributes": self.attributes,
            }
        )
        return bytes(info.dump())


def _sign(key: Key, hash_name: str, wishes: Wishes) -> Csr:
    to_be_signed = wishes.for_key(key.public_key_info)
    request = put_together(to_be_signed, key.sign(to_be_signed, hash_name), key.algorithm, hash_name)
    _check(request, key, hash_name)
    reported = key.public_key if key.algorithm.is_ec else None
    return Csr(request, (reported or key.public_key_info).hex())


def put_together(to_be_signed: bytes, signature: bytes, algorithm: KeyAlgorithm, hash_name: str) -> bytes:
    """A request in DER, made from the very bytes that were signed, which no encoder touches again.

    :param to_be_signed: the CertificationRequestInfo in DER.
    :param signature: ECDSA's in DER, or that of RSA (PKCS #1 1.5).
    """
    from asn1crypto.algos import SignedDigestAlgorithm

    scheme = "ecdsa" if algorithm.is_ec else "rsa"
    identifier = SignedDigestAlgorithm({"algorithm": f"{hash_name}_{scheme}"}).dump()
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
            f"the public key that the chip reported for {format_oid(key.oid)} is none: {error}",
            oid=key.oid,
            reason=Reason.BAD_ANSWER,
        ) from error
    is_sound = spki == key.public_key_info and bits[:1] == b"\x00"
    if not is_sound or not verifies(public_key, bits[1:], info.dump(), hash_name):
        raise CertificateError(
            f"the chip's signature over the CSR does not verify against the public key of {format_oid(key.oid)}",
            hint="There is no CSR; run the command again for a new key pair",
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


def _build_subject(components: tuple[tuple[str, str], ...], uid: str) -> Name:
    """The subject in the order of asn1crypto's ``Name.build``, which by itself takes each component only once."""
    from asn1crypto.x509 import Name, NameType, RDNSequence

    ordered = sorted(components, key=lambda component: NameType.preferred_ordinal(component[0]))
    return Name(name="", value=RDNSequence([_build_component(name, fill_uid(value, uid)) for name, value in ordered]))


def _build_component(name: str, value: str) -> Any:
    """A RelativeDistinguishedName of one component."""
    from asn1crypto import core, x509

    if name in _NOT_BUILT_BY_ASN1CRYPTO or name.startswith(("tpm_", "platform_")):
        typed: object
        if COMPONENTS[name].form is ValueForm.HEX:
            typed = core.OctetBitString(bytes.fromhex(value))
        else:
            printable = COMPONENTS[name].form is ValueForm.PRINTABLE
            typed = core.PrintableString(value) if printable else core.UTF8String(value)
        return x509.RelativeDistinguishedName([x509.NameTypeAndValue({"type": name, "value": typed})])
    return x509.Name.build({name: value}).chosen[0]


def _build_extensions(settings: Extensions, uid: str) -> list[Extension]:
    """The extensions in the order of the predecessor's requests, subject alternative names behind them."""
    from asn1crypto import x509

    def extension(name: str, value: object, *, critical: bool = False) -> Extension:
        return x509.Extension({"extn_id": name, "critical": critical, "extn_value": value})

    extensions = [extension("basic_constraints", x509.BasicConstraints({"ca": False}))]
    if settings.extended_key_usage:
        purposes = x509.ExtKeyUsageSyntax(list(settings.extended_key_usage))
        extensions.append(extension("extended_key_usage", purposes))
    if settings.key_usage:
        usage = x509.KeyUsage(set(settings.key_usage))
        extensions.append(extension("key_usage", usage, critical=True))
    if settings.subject_alt_names:
        names = [
            x509.GeneralName(name=_GENERAL_NAMES[kind], value=fill_uid(value, uid))
            for kind, value in settings.subject_alt_names
        ]
        extensions.append(extension("subject_alt_name", x509.GeneralNames(names)))
    return extensions
