"""CalcSign: a signature over a digest, made with a key of the chip. SRM, "CalcSign"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import DENIES, Command
from optiga.errors import counted
from optiga.protocol import der, tlv
from optiga.protocol.codes import CommandCode, ErrorCode, SignatureScheme
from optiga.protocol.commands.calc_sign import TAG_DIGEST, TAG_KEY_OID, typical_ms
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import frozen


@frozen
class CalcSign(Command[bytes]):
    """Sign a digest. The result is raw: for RSA the signature, for ECDSA two INTEGERs r and s in DER, no SEQUENCE.

    The chip makes r and s at least as long as a coordinate of the curve (SRM, notes to "ECDSA Signature"): one of 256
    signatures by P-256, and nearly half of those by P-521, have a number with more zeros in front than DER allows.
    """

    oid: int
    digest: bytes
    scheme: SignatureScheme

    code: ClassVar[CommandCode] = CommandCode.CALC_SIGN

    @property
    def param(self) -> int:
        return self.scheme

    @property
    def data(self) -> bytes:
        return tlv.encode(TAG_DIGEST, self.digest) + tlv.encode_integer(TAG_KEY_OID, self.oid, 2)

    @property
    def traits(self) -> Traits:
        typical = typical_ms(self.scheme)
        return Traits(Returns.DATA, typical, longest_ms(typical))

    def parse(self, answer: bytes) -> bytes:
        if not answer:
            raise ValueError("it has no signature")
        if self.scheme is not SignatureScheme.ECDSA:
            return answer
        r, rest = der.take_integer(answer)
        s, rest = der.take_integer(rest)
        if rest:
            raise ValueError(f"{counted(len(rest), 'byte')} after r and s")
        return der.encode_integer(r) + der.encode_integer(s)

    def hint(self, error: ErrorCode) -> str:
        if error in (ErrorCode.UNSUPPORTED_EXTENSION, ErrorCode.INVALID_DATA, ErrorCode.UNSUPPORTED_PARAMETERS):
            return "The object has no key, or its key has another algorithm or may not sign (key usage)"
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return f"The key's execute {DENIES} its use"
        return ""
