"""The identity that a chip has from its factory: key 0xE0F0 and certificate 0xE0E0.

A real chip's is issued by Infineon. An emulated chip's is issued by the emulator root, a certification authority whose
private key anybody can compute: it lets software walk a chain, and proves nothing.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from optiga.emulator import keys
from optiga.emulator.factory import factory_objects
from optiga.emulator.models import ChipModel
from optiga.emulator.objects import StoredObject
from optiga.protocol import objects as oids
from optiga.protocol import tls_identity
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import INFINEON_CERTIFICATE, INFINEON_KEY

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa


_ROOT_PHRASE = b"optiga.py: the key of the emulator root is public and proves nothing"
_NOT_BEFORE = datetime(2024, 1, 1, tzinfo=timezone.utc)
_NOT_AFTER = datetime(2049, 12, 31, 23, 59, 59, tzinfo=timezone.utc)


def root_certificate_pem() -> str:
    """The emulator root's certificate in PEM."""
    from importlib.resources import files

    return files("optiga.emulator").joinpath("root.pem").read_text("ascii")


def factory_chip(model: ChipModel) -> dict[int, StoredObject]:
    """All objects of a new chip as it leaves the factory."""
    return _with_new_identity(model, factory_objects(model))


def reset_chip(model: ChipModel, current: dict[int, StoredObject]) -> dict[int, StoredObject]:
    """All objects of a chip that goes back to its factory state: it stays the same chip, with its UID and identity.

    An identity that has been overwritten meanwhile is lost: the chip gets another one.
    """
    table = factory_objects(model)
    table[oids.UID] = table[oids.UID]._replace(data=current[oids.UID].data)
    key, certificate = current[INFINEON_KEY], current[INFINEON_CERTIFICATE].data
    if _is_identity(key, certificate):
        return _with_identity(table, key.data, certificate)
    return _with_new_identity(model, table)


def _with_new_identity(model: ChipModel, table: dict[int, StoredObject]) -> dict[int, StoredObject]:
    private = keys.generate(KeyAlgorithm.SECP256R1)
    certificate = tls_identity.encode([_certify(private, table[oids.UID].data.hex(), model)])
    return _with_identity(table, keys.to_stored(private), certificate)


def _with_identity(table: dict[int, StoredObject], key: bytes, certificate: bytes) -> dict[int, StoredObject]:
    """The objects of a new chip with a P-256 key, as it is stored, and its certificate in their places."""
    tags: dict[int, bytes] = {
        Tag.ALGORITHM: bytes([KeyAlgorithm.SECP256R1]),
        Tag.KEY_USAGE: bytes([KeyUsage.AUTHENTICATION]),
    }
    used: dict[int, bytes] = {Tag.USED_SIZE: len(certificate).to_bytes(2, "big")}
    return {
        **table,
        INFINEON_KEY: StoredObject(key, table[INFINEON_KEY].metadata.with_tags(tags)),
        INFINEON_CERTIFICATE: StoredObject(certificate, table[INFINEON_CERTIFICATE].metadata.with_tags(used)),
    }


def _is_identity(key: StoredObject, certificate: bytes) -> bool:
    """Whether there are a P-256 key and a certificate of it."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    if key.metadata.algorithm is not KeyAlgorithm.SECP256R1:
        return False
    try:
        leaf, *_ = tls_identity.decode(certificate)
        certified = x509.load_der_x509_certificate(leaf).public_key()
        return keys.from_stored(KeyAlgorithm.SECP256R1, key.data).public_key() == certified
    except (ValueError, UnsupportedAlgorithm):
        return False


def root_key() -> ec.EllipticCurvePrivateKey:
    """The emulator root's private key, the same everywhere."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.derive_private_key(int.from_bytes(hashlib.sha256(_ROOT_PHRASE).digest(), "big"), ec.SECP256R1())


def make_root_certificate() -> bytes:
    """A certificate of the emulator root in PEM; ``root.pem`` was made with it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    key = root_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = _builder(_root_name(), key.public_key()).add_extension(identifier, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(ca=True), critical=True)
    return _sign(builder, key).public_bytes(serialization.Encoding.PEM)


def _certify(private: keys.PrivateKey, uid: str, model: ChipModel) -> bytes:
    """The certificate in DER that the emulator root issues for a chip's key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    issuer = root_key()
    public_key = private.public_key()
    name = _name(f"{model.title} {uid[22:42]}")
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
    subject = x509.SubjectKeyIdentifier.from_public_key(public_key)
    builder = _builder(name, public_key).add_extension(authority, critical=False)
    builder = builder.add_extension(subject, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(ca=False), critical=True)
    return _sign(builder, issuer).public_bytes(serialization.Encoding.DER)


def _builder(subject: x509.Name, public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_root_name())
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
    )


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography.hazmat.primitives import hashes

    return builder.sign(key, hashes.SHA256())


def _usage(*, ca: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _root_name() -> x509.Name:
    return _name("OPTIGA emulator root CA")


def _name(common_name: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "optiga.py"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "EMULATED, NOT A REAL DEVICE"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
