"""SetObjectProtected: an object is changed by one who is not here, and has signed it. SRM, "SetObjectProtected"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import Command, expect_no_data
from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands.set_object_protected import TYPICAL_MS, UpdateStep
from optiga.protocol.manifest import MANIFEST_VERSION
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import frozen

_WRONG_SECRET = (
    "A fragment is damaged, or was encrypted with another secret than the chip's. If the chip has accepted earlier "
    "fragments, the object is incomplete: apply the right update of the same version"
)
_AGAIN = "The object may be incomplete and marked as invalid: apply the same update again"
_HINTS = {
    ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED: "The object's access condition (change; for metadata: metadata update) "
    "does not match the update's trust anchor and secret",
    ErrorCode.INVALID_MANIFEST: "The manifest is not for this chip, or not for this kind of object",
    ErrorCode.INVALID_PAYLOAD_VERSION: "The object has this version or a later one, or an update of another version "
    "was started and must be finished first",
    ErrorCode.INVALID_METADATA: "Metadata can be updated only if the object has a reset type",
    ErrorCode.SIGNATURE_VERIFICATION_FAILURE: "The update is not signed with the key of the certificate in the trust "
    "anchor",
    ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED: "The payload does not fit in the object",
}


@frozen
class SetObjectProtected(Command[None]):
    """One step of a protected update: the signed manifest, then every fragment in its order.

    :param content: bytes of the signed manifest, or of one fragment: 640, of the last one to 640.
    :param oid: the object that is updated, for messages; the chip takes it from the manifest.
    """

    step: UpdateStep
    content: bytes
    oid: int

    code: ClassVar[CommandCode] = CommandCode.SET_OBJECT_PROTECTED
    param: ClassVar[int] = MANIFEST_VERSION
    condition: ClassVar[str] = ""

    @property
    def data(self) -> bytes:
        return tlv.encode(self.step, self.content)

    @property
    def secrets(self) -> tuple[str, ...]:
        return () if self.step is UpdateStep.START else ("content",)  # fragments may bring a key in plain

    @property
    def traits(self) -> Traits:
        return Traits(
            Returns.NOTHING,
            TYPICAL_MS,
            longest_ms(TYPICAL_MS),
            is_repeatable=False,
            hides_command=self.step is not UpdateStep.START,
        )

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        if self.step is not UpdateStep.START:
            return _WRONG_SECRET if error is ErrorCode.INTEGRITY_VALIDATION_FAILURE else _AGAIN
        return _HINTS.get(error, "")
