"""EncryptAsym: RSAES-PKCS1-v1.5. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator import keys
from optiga.emulator.certificates import certified_key
from optiga.emulator.fields import expect_tags, take_number, take_public_key, take_session, take_tags
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.sessions import Origin
from optiga.protocol import tlv
from optiga.protocol.algorithms import RSA_KEY_BITS, RSA_PADDING_SIZE
from optiga.protocol.codes import ErrorCode
from optiga.protocol.commands import TAG_ALGORITHM, TAG_CERTIFICATE_OID, TAG_DATA, TAG_PUBLIC_KEY
from optiga.protocol.commands.encrypt_asym import TAG_SESSION
from optiga.protocol.public_key import PublicKey

OBJECT_TAG: int = TAG_CERTIFICATE_OID
"""Where the identifier of its object stands."""


def execute(machine: Machine, _param: int, data: bytes) -> bytes:
    """Encrypt a message, or the pre-master secret of a session, with a public key given or certified."""
    tags = take_tags(data)
    from_session = TAG_SESSION in tags
    source = TAG_SESSION if from_session else TAG_DATA
    if TAG_CERTIFICATE_OID in tags:
        given, where = expect_tags(tags, source, TAG_CERTIFICATE_OID)
        public_key = _certified_key(machine, take_number(where, 2), from_session=from_session)
    else:
        given, which, bit_string = expect_tags(tags, source, TAG_ALGORITHM, TAG_PUBLIC_KEY)
        public_key = _given_key(machine, which, bit_string)
    message = machine.secret(take_session(given), Origin.PRE_MASTER) if from_session else given
    if len(message) > RSA_KEY_BITS[public_key.chip_algorithm] // 8 - RSA_PADDING_SIZE:
        raise CommandError(ErrorCode.INVALID_DATA)
    try:
        return tlv.encode(TAG_DATA, keys.encrypt(public_key, message))
    except ValueError:  # an even modulus, for example, which nobody sees before it is used
        raise CommandError(ErrorCode.INVALID_DATA) from None


def _given_key(machine: Machine, identifier: bytes, bit_string: bytes) -> PublicKey:
    public_key = take_public_key(machine, identifier, bit_string)
    if not public_key.chip_algorithm.is_rsa:
        raise CommandError(ErrorCode.UNSUPPORTED_PARAMETERS)
    return public_key


def _certified_key(machine: Machine, oid: int, *, from_session: bool) -> PublicKey:
    """The key of a certificate. A secret of the chip takes one for key encipherment (footnote to EncryptAsym)."""
    usages = ("key_encipherment",) if from_session else ("key_encipherment", "data_encipherment")
    public_key = certified_key(machine.certificate(oid), *usages)
    if not public_key.chip_algorithm.is_rsa:
        raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE)
    return public_key
