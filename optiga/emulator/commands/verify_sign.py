"""VerifySign. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator import keys
from optiga.emulator.certificates import signing_key
from optiga.emulator.fields import expect_tags, take_number, take_public_key, take_tags
from optiga.emulator.machine import CommandError, Machine
from optiga.protocol.codes import ErrorCode, ObjectType, SignatureScheme
from optiga.protocol.commands import TAG_ALGORITHM, TAG_CERTIFICATE_OID, TAG_PUBLIC_KEY
from optiga.protocol.commands.verify_sign import MAX_DIGEST, MAX_SIGNATURE, TAG_DIGEST, TAG_SIGNATURE
from optiga.protocol.metadata import Tag

OBJECT_TAG: int = TAG_CERTIFICATE_OID
"""Where the identifier of its object stands."""

_CERTIFICATE_TYPES = tuple(bytes([kind]) for kind in (ObjectType.TRUST_ANCHOR, ObjectType.DEVICE_CERTIFICATE))
"""What the object of a certificate must be. SRM, "optiga_crypt", verification with a data object."""


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Check a signature; a wrong one is an error."""
    scheme = SignatureScheme(param)
    tags = take_tags(data)
    if TAG_CERTIFICATE_OID in tags:
        digest, signature, where = expect_tags(tags, TAG_DIGEST, TAG_SIGNATURE, TAG_CERTIFICATE_OID)
        oid = take_number(where, 2)
        if machine.object(oid).metadata.get(Tag.TYPE) not in _CERTIFICATE_TYPES:
            raise CommandError(ErrorCode.INVALID_OID)
        public_key = signing_key(machine.certificate(oid))
        if public_key.algorithm not in machine.model.algorithms:
            raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE)
    else:
        digest, signature, which, given = expect_tags(tags, TAG_DIGEST, TAG_SIGNATURE, TAG_ALGORITHM, TAG_PUBLIC_KEY)
        public_key = take_public_key(machine, which, given)
    sizes = keys.digest_sizes(public_key.chip_algorithm, scheme, at_least=1)
    if sizes is None:
        raise CommandError(ErrorCode.INVALID_PARAM)
    if len(digest) not in sizes or len(digest) > MAX_DIGEST or len(signature) > MAX_SIGNATURE:
        raise CommandError(ErrorCode.INVALID_DATA)
    if not keys.verifies(public_key, scheme, digest, signature):
        raise CommandError(ErrorCode.SIGNATURE_VERIFICATION_FAILURE)
    return b""
