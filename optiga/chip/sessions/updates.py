"""Protected updates: changes of objects that a remote signer has signed. SRM, "SetObjectProtected"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optiga.arguments import explains_arguments
from optiga.chip.commands.set_object_protected import SetObjectProtected
from optiga.chip.limits import check_update
from optiga.chip.references import oid_of
from optiga.chip.threads import one_at_a_time
from optiga.files.activity import each
from optiga.protocol.commands.set_object_protected import UpdateStep
from optiga.protocol.objects import format_oid
from optiga.values import NotCopied

if TYPE_CHECKING:
    from optiga.chip.session import Session
    from optiga.protocol.objects import Reference


@explains_arguments
@one_at_a_time
class Updates(NotCopied):
    """The protected updates of an open chip."""

    def __init__(self, chip: Session) -> None:
        self._chip = chip

    def __repr__(self) -> str:
        return f"<Updates of the chip at {self._chip.port!r}>"

    def apply(self, oid: Reference, manifest: bytes, fragments: Sequence[bytes]) -> None:
        """Apply a protected update to an object. One exchange for the manifest, and one for each fragment.

        :param oid: the updated object, for messages; the chip uses the OID in the manifest.
        :param manifest: the signed manifest in bytes, a COSE_Sign1 in CBOR.
        :param fragments: at least one fragment, in order: 640 bytes each, the last one up to 640.
        :raises ConfigurationError: if there is no fragment, or the chip's model has no protected updates.
        :raises ChipError: if the chip refuses. After the first fragment, the object may be incomplete; it is invalid
            then until the complete update is sent again.
        """
        oid = oid_of(oid)
        check_update(manifest, fragments, oid)
        self._chip.perform(SetObjectProtected(UpdateStep.START, manifest, oid))
        for number, fragment in each(f"Updating {format_oid(oid)}", enumerate(fragments, 1)):
            step = UpdateStep.FINAL if number == len(fragments) else UpdateStep.CONTINUE
            self._chip.execute(SetObjectProtected(step, fragment, oid))
