"""The identities that a chip has from its factory: key 0xE0F0 and certificate 0xE0E0, on some models more of them.

A real chip's is issued by Infineon. An emulated chip's is issued by the emulator root, a certification authority whose
private key anybody can compute: it lets software walk a chain, and proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from optiga.emulator import keys
from optiga.emulator.configurations import FactoryKey, provisioning_of
from optiga.emulator.factory import factory_objects
from optiga.emulator.models import ChipModel
from optiga.emulator.objects import StoredObject
from optiga.protocol import objects as oids
from optiga.protocol import tls_identity
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import INFINEON_CERTIFICATE, format_oid

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
    table = factory_objects(model)
    for wanted in provisioning_of(model).keys:
        table.update(_new_identity(model, table, wanted))
    return table


def uid_of(content: Mapping[int, StoredObject]) -> bytes:
    """The UID of a chip, 27 bytes.

    :param content: all objects of the chip.
    """
    return content[oids.UID].data


def reset_chip(model: ChipModel, current: dict[int, StoredObject]) -> dict[int, StoredObject]:
    """All objects of a chip that goes back to its factory state: it stays the same chip, with its UID and identities.

    An identity that has been overwritten meanwhile is lost: the chip gets another one. It keeps the secrets of its own
    that it has now, for those are what its hosts have.
    """
    table = factory_objects(model)
    table[oids.UID] = table[oids.UID]._replace(data=current[oids.UID].data)
    for oid in provisioning_of(model).secrets:
        if held := current[oid].data:
            table[oid] = table[oid].with_data(held)
    for wanted in provisioning_of(model).keys:
        place = wanted.certificate_oid
        if place is not None and _is_identity(wanted, current[wanted.oid], current[place].data):
            table.update(_identity(table, wanted, current[wanted.oid].data, current[place].data))
        else:
            table.update(_new_identity(model, table, wanted))
    return table


def _new_identity(model: ChipModel, table: dict[int, StoredObject], wanted: FactoryKey) -> dict[int, StoredObject]:
    private = keys.generate(wanted.algorithm)
    certificate = b""
    if wanted.certificate_oid is not None:
        uid = table[oids.UID].data.hex()
        place = "" if wanted.certificate_oid == INFINEON_CERTIFICATE else f" {format_oid(wanted.certificate_oid)}"
        certificate = tls_identity.encode([_certify(private, f"{model.title} {uid[22:42]}{place}")])
    return _identity(table, wanted, keys.to_stored(private), certificate)


def _identity(
    table: dict[int, StoredObject], wanted: FactoryKey, key: bytes, certificate: bytes
) -> dict[int, StoredObject]:
    """The objects of a new chip's key, as it is stored, and of its certificate, if it has one."""
    tags: dict[int, bytes] = {Tag.ALGORITHM: bytes([wanted.algorithm])}
    if wanted.usage is not None:
        tags[Tag.KEY_USAGE] = bytes([wanted.usage])
    made = {wanted.oid: StoredObject(key, table[wanted.oid].metadata.with_tags(tags))}
    if wanted.certificate_oid is not None:
        made[wanted.certificate_oid] = table[wanted.certificate_oid].with_data(certificate)
    return made


def _is_identity(wanted: FactoryKey, key: StoredObject, certificate: bytes) -> bool:
    """Whether there are a key as the factory makes it and a certificate of it that the emulator root has issued."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    if key.metadata.algorithm is not wanted.algorithm:
        return False
    try:
        leaf, *_ = tls_identity.decode(certificate)
        parsed = x509.load_der_x509_certificate(leaf)
        own = keys.from_stored(wanted.algorithm, key.data).public_key()
        return parsed.issuer == _root_name() and own == parsed.public_key()
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


def _certify(private: keys.PrivateKey, common_name: str) -> bytes:
    """The certificate in DER that the emulator root issues for a chip's key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    issuer = root_key()
    public_key = private.public_key()
    name = _name(common_name)
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
