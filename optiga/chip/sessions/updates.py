"""Protected updates: objects changed as somebody who is not here has signed it. SRM, "SetObjectProtected"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optiga.chip.arguments import explains_arguments
from optiga.chip.commands.set_object_protected import SetObjectProtected
from optiga.chip.references import oid_of
from optiga.errors import ConfigurationError
from optiga.files.activity import each
from optiga.protocol.commands.set_object_protected import UpdateStep
from optiga.protocol.objects import format_oid

if TYPE_CHECKING:
    from optiga.chip.session import Session
    from optiga.protocol.objects import Reference


@explains_arguments
class Updates:
    """The protected updates of an open chip."""

    def __init__(self, chip: Session) -> None:
        self._chip = chip

    def __repr__(self) -> str:
        return f"<Updates of the chip at {self._chip.port!r}>"

    def apply(self, oid: Reference, manifest: bytes, fragments: Sequence[bytes]) -> None:
        """Change an object as its update says. One exchange for the manifest, one a fragment.

        :param oid: the object that is updated, for messages; the chip takes it from the manifest.
        :param manifest: bytes of the signed manifest, a COSE_Sign1 in CBOR.
        :param fragments: at least one, in their order: 640 bytes each, the last one to 640.
        :raises ConfigurationError: if there is none, or the chip's model has no protected updates.
        :raises ChipError: if the chip refuses. Behind the first fragment data may be written in part, and count as
            invalid until the same update is sent once more, whole.
        """
        oid = oid_of(oid)
        if not fragments:
            raise ConfigurationError("an update without fragments", hint="Give at least one fragment", oid=oid)
        self._chip.perform(SetObjectProtected(UpdateStep.START, manifest, oid))
        for number, fragment in each(f"Updating {format_oid(oid)}", enumerate(fragments, 1)):
            step = UpdateStep.FINAL if number == len(fragments) else UpdateStep.CONTINUE
            self._chip.execute(SetObjectProtected(step, fragment, oid))
