"""CalcSSec: a secret shared with the holder of another key (ECDH). SRM, "CalcSSec"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import DENIES, Command, expect_no_data, secret_traits
from optiga.chip.commands.given_key import encode_key
from optiga.errors import counted
from optiga.protocol import tlv
from optiga.protocol.algorithms import CURVES
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands import TAG_EXPORT, TAG_SESSION
from optiga.protocol.commands.calc_ssec import TAG_KEY_OID, TYPICAL_MS, KeyAgreement
from optiga.protocol.public_key import PublicKey
from optiga.protocol.request import Traits
from optiga.values import frozen


@frozen
class CalcSSec(Command[bytes]):
    """Agree on a secret. The result is the x coordinate, as long as one of the curve; nothing if it stays in a session.

    :param oid: of the key, or of the session that holds one.
    :param peer: the other side's public key, on the key's own curve.
    :param session: identifier of the session that takes the secret, in place of what is there; None to have it
        returned.
    """

    oid: int
    peer: PublicKey
    session: int | None = None

    code: ClassVar[CommandCode] = CommandCode.CALC_SSEC
    param: ClassVar[int] = KeyAgreement.ECDH

    @property
    def traits(self) -> Traits:
        return secret_traits(TYPICAL_MS, self.oid, self.session, hides_answer=self.session is None)

    @property
    def data(self) -> bytes:
        return tlv.encode_integer(TAG_KEY_OID, self.oid, 2) + encode_key(self.peer) + encode_target(self.session)

    def parse(self, answer: bytes) -> bytes:
        if self.session is not None:
            expect_no_data(answer)
            return b""
        curve = CURVES.get(self.peer.chip_algorithm)
        if curve is None or len(answer) != curve.coordinate_size:
            raise ValueError(f"{counted(len(answer), 'byte')}, which is not a coordinate of {self.peer.title}")
        return answer

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.UNSUPPORTED_EXTENSION:
            return "The object has no EC key, or its key usage does not include key agreement"
        if error in (ErrorCode.INVALID_DATA, ErrorCode.UNSUPPORTED_PARAMETERS):
            return "The peer's public key is not an uncompressed point on the curve of the chip's key"
        if error == ErrorCode.COMMAND_OUT_OF_SEQUENCE:
            return "The object or session has no key: generate one first"
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return f"The key's execute {DENIES} its use"
        return ""


def encode_target(session: int | None) -> bytes:
    """Where a new secret goes, for CalcSSec and DeriveKey: into a session, or out."""
    return tlv.encode(TAG_EXPORT, b"") if session is None else tlv.encode_integer(TAG_SESSION, session, 2)
