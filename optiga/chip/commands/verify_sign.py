"""VerifySign: the chip checks a signature, with a key given or one in its certificate. SRM, "VerifySign"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import Command, expect_no_data
from optiga.chip.commands.given_key import encode_key
from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode, SignatureScheme
from optiga.protocol.commands.verify_sign import TAG_DIGEST, TAG_SIGNATURE, TYPICAL_MS
from optiga.protocol.public_key import PublicKey
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import frozen


@frozen
class VerifySign(Command[None]):
    """Check a signature over a digest; a wrong one is an error of the chip (signature verification failure).

    :param signature: raw: for RSA the signature, for ECDSA two INTEGERs in DER without SEQUENCE.
    :param key: the public key, or the identifier of an object with one certificate in plain DER.
    """

    digest: bytes
    signature: bytes
    key: PublicKey | int
    scheme: SignatureScheme

    code: ClassVar[CommandCode] = CommandCode.VERIFY_SIGN
    traits: ClassVar[Traits] = Traits(Returns.NOTHING, TYPICAL_MS, longest_ms(TYPICAL_MS))

    @property
    def target(self) -> int | None:
        return self.key if isinstance(self.key, int) else None

    @property
    def param(self) -> int:
        return self.scheme

    @property
    def data(self) -> bytes:
        signed = tlv.encode(TAG_DIGEST, self.digest) + tlv.encode(TAG_SIGNATURE, self.signature)
        return signed + encode_key(self.key)

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.INVALID_DATA and self.target is not None and self.scheme is SignatureScheme.ECDSA:
            return (
                "If the digest is longer than the curve of the certificate's key, give as many leftmost bytes as "
                "the curve has, or give the public key"
            )
        return ""
