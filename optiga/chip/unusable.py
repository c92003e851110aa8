"""Objects that a chip neither reads nor uses, whatever their access conditions say, and what can be done about it.

SRM, table "Metadata associated with data and key objects", tag 0xC1 (an update that was interrupted leaves the object
invalid), and "Metadata update" (termination).
"""

from __future__ import annotations

from dataclasses import dataclass

from optiga.errors import ChipError, Reason
from optiga.protocol.codes import ErrorCode
from optiga.protocol.metadata import Metadata
from optiga.protocol.objects import format_oid
from optiga.protocol.rules.access import error_of_use
from optiga.protocol.rules.known import can_be_updated


@dataclass(frozen=True)
class Unusable:
    """An object that is neither read nor used.

    :param code: the chip's error for whoever tries.
    :param state: why, in a few words.
    :param problem: what that means, one sentence without the full stop.
    :param ways_out: what to do, one sentence without the full stop.
    """

    oid: int
    code: ErrorCode
    state: str
    problem: str
    ways_out: str

    @property
    def is_interrupted(self) -> bool:
        """Whether a protected update of it has begun and not ended; otherwise it is in termination."""
        return self.code is ErrorCode.INVALID_METADATA

    @property
    def text(self) -> str:
        """All of it, for people; without the last full stop."""
        return f"{self.problem}. {self.ways_out}"

    def error(self, port: str = "") -> ChipError:
        """What the chip says to whoever reads or uses the object, said before it is asked.

        :param port: how the user names the board.
        """
        return ChipError(
            self.problem,
            code=self.code,
            name=self.code.title,
            hint=self.ways_out,
            port=port,
            oid=self.oid,
            reason=Reason.DAMAGED,
        )


def find_unusable(oid: int, metadata: Metadata) -> Unusable | None:
    """Why an object is neither read nor used; None if its access conditions alone decide that.

    :param metadata: those that the object has.
    """
    label, code = format_oid(oid), error_of_use(metadata)
    if code is None:
        return None
    if code is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
        is_lost = not can_be_updated(metadata)
        ways_out = (
            "This can never be undone"
            if is_lost
            else ("Only a protected update of its metadata can make it usable again")
        )
        return Unusable(
            oid,
            code,
            "in termination",
            f"{label} is in termination (LcsO 0x0F): the chip neither reads nor uses it",
            ways_out,
        )
    again, version = "Apply the same update again to finish it", max(metadata.version - 1, 0)
    if metadata.is_locked:
        again += f", or another update to version {metadata.version}: its metadata are fixed"
    else:
        again += (
            f"; or accept the object as it is with 'python -m optiga object metadata {label} \"version: {version}\"'"
        )
    return Unusable(
        oid,
        code,
        "its protected update was interrupted",
        f"a protected update of {label} to version {metadata.version} was interrupted: until it is finished, "
        "the chip neither "
        "reads nor uses the object",
        again,
    )


def explain_unusable(error: ChipError, found: Unusable, hint: str) -> None:
    """Make a refusal say that its object is neither read nor used, which the chip's codes, 0x07 and 0x11, do not tell.

    :param found: what the object's metadata say.
    :param hint: the part of the error's hint that is about its code; it speaks of conditions that do not count here.
    """
    if found.code != error.code or found.problem in error.message:
        return
    error.message = f"{error.message}: {found.problem}"
    if hint and hint in error.hint:
        error.hint = error.hint.replace(hint, found.ways_out)
    else:
        error.advise(found.ways_out, first=True)
