"""The certificate signing request: built here, signed on the chip (PKCS #10, RFC 2986)."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from optiga.errors import CertificateError
from optiga.pki.names import COMPONENTS, UID_FIELD, ValueForm, fill_uid, with_sample_uid
from optiga.pki.pem import encode_pem
from optiga.protocol import der
from optiga.protocol.algorithms import RSA_KEY_BITS
from optiga.protocol.codes import CommandCode
from optiga.protocol.objects import format_oid

if TYPE_CHECKING:
    from asn1crypto.keys import PublicKeyInfo
    from asn1crypto.x509 import Name

    from optiga.chip import Chip, Key
    from optiga.identity.configuration import Configuration
    from optiga.pki.extensions import Extensions

_GENERAL_NAMES = {"dns": "dns_name", "ip": "ip_address", "uri": "uniform_resource_identifier", "email": "rfc822_name"}
_NOT_BUILT_BY_ASN1CRYPTO = ("telephone_number", "unique_identifier")


class Csr(NamedTuple):
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


def create_csr(chip: Chip, configuration: Configuration) -> Csr:
    """Have the chip make a key pair in the configured slot and sign a request for it.

    Two exchanges, and one more where the UID stands in the request or not every model has the algorithm.

    :raises ConfigurationError: if the chip's model lacks what the configuration asks for; it has not been asked then.
    :raises ChipError: if the chip refuses.
    :raises CertificateError: if its signature does not verify against the public key that it reported.
    """
    check_model(chip, configuration)
    uid = chip.uid.hex if configuration.needs_uid else ""
    key = chip.generate_key(configuration.slot.key_oid, configuration.algorithm, configuration.key_usage)
    return sign_csr(key, configuration, uid)


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
    from asn1crypto.keys import PublicKeyInfo

    public_key_info = PublicKeyInfo.load(key.public_key_info, strict=True)
    to_be_signed = _build_info(configuration, uid, public_key_info)
    signature = key.sign(to_be_signed, configuration.hash_name)
    if not _verifies(key, public_key_info, signature, to_be_signed, configuration.hash_name):
        raise CertificateError(
            f"the chip's signature over the CSR does not verify against the public key of {format_oid(key.oid)}",
            hint="Nothing was written; run the command again for a new key pair",
            oid=key.oid,
        )
    request = _put_together(configuration, to_be_signed, signature)
    reported = key.public_key if key.algorithm.is_ec else None
    return Csr(request, (reported or key.public_key_info).hex())


def sample_request(configuration: Configuration) -> bytes:
    """A request as a chip would sign it, by a key that is thrown away: an issuer can judge it before a chip is touched.

    :returns: CertificationRequest in DER, with a UID of zeros where ``{uid}`` stands.
    """
    from asn1crypto.keys import PublicKeyInfo
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    algorithm = configuration.algorithm
    digests: dict[str, hashes.HashAlgorithm] = {
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }
    digest = digests[configuration.hash_name]
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if algorithm.is_ec:
        curves = {name.lower(): curve for name, curve in vars(ec).items() if isinstance(curve, type)}
        key = ec.generate_private_key(curves[algorithm.title]())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_KEY_BITS[algorithm])
    info = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    to_be_signed = _build_info(configuration, with_sample_uid(UID_FIELD), PublicKeyInfo.load(info))
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(to_be_signed, padding.PKCS1v15(), digest)
    else:
        signature = key.sign(to_be_signed, ec.ECDSA(digest))
    return _put_together(configuration, to_be_signed, signature)


def _build_info(configuration: Configuration, uid: str, public_key_info: PublicKeyInfo) -> bytes:
    """What is signed: CertificationRequestInfo in DER."""
    from asn1crypto import csr

    return bytes(
        csr.CertificationRequestInfo(
            {
                "version": "v1",
                "subject": _build_subject(configuration.subject, uid),
                "subject_pk_info": public_key_info,
                "attributes": [
                    {"type": "extension_request", "values": [_build_extensions(configuration.extensions, uid)]}
                ],
            }
        ).dump()
    )


def _put_together(configuration: Configuration, to_be_signed: bytes, signature: bytes) -> bytes:
    """The request in DER, made from the very bytes that were signed, which no encoder touches again."""
    from asn1crypto.algos import SignedDigestAlgorithm

    scheme = "ecdsa" if configuration.algorithm.is_ec else "rsa"
    algorithm = SignedDigestAlgorithm({"algorithm": f"{configuration.hash_name}_{scheme}"}).dump()
    return der.encode(der.SEQUENCE, to_be_signed + algorithm + der.encode(der.BIT_STRING, b"\x00" + signature))


def _verifies(key: Key, info: PublicKeyInfo, signature: bytes, data: bytes, hash_name: str) -> bool:
    from optiga.pki.public_keys import PublicKey

    try:
        if key.algorithm.is_ec:
            public_key = PublicKey.of_point(key.algorithm, info["public_key"].native)
        else:
            numbers = info["public_key"].parsed
            public_key = PublicKey.of_rsa(numbers["modulus"].native, numbers["public_exponent"].native)
        return public_key.verifies(signature, data, hash_name)
    except ValueError as error:
        raise CertificateError(
            f"the public key that the chip reported for {format_oid(key.oid)} is none: {error}", oid=key.oid
        ) from error


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


def _build_extensions(settings: Extensions, uid: str) -> list[dict[str, Any]]:
    """The extensions in the order of the predecessor's requests, subject alternative names behind them."""
    from asn1crypto import x509

    extensions: list[dict[str, Any]] = [
        {"extn_id": "basic_constraints", "critical": False, "extn_value": x509.BasicConstraints({"ca": False})}
    ]
    if settings.extended_key_usage:
        purposes = x509.ExtKeyUsageSyntax(list(settings.extended_key_usage))
        extensions.append({"extn_id": "extended_key_usage", "critical": False, "extn_value": purposes})
    if settings.key_usage:
        usage = x509.KeyUsage(set(settings.key_usage))
        extensions.append({"extn_id": "key_usage", "critical": True, "extn_value": usage})
    if settings.subject_alt_names:
        names = [
            x509.GeneralName(name=_GENERAL_NAMES[kind], value=fill_uid(value, uid))
            for kind, value in settings.subject_alt_names
        ]
        extensions.append({"extn_id": "subject_alt_name", "critical": False, "extn_value": x509.GeneralNames(names)})
    return extensions
