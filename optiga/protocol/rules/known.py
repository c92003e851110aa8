"""Access conditions as a host can evaluate them: true, false or unknown."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

from optiga.protocol.conditions import NEVER, AccessCondition, Condition
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import PLATFORM_BINDING_SECRET
from optiga.protocol.rules.access import residual


@dataclass(frozen=True, slots=True)
class Known:
    """What somebody outside a chip knows, or takes for granted; None for what he does not know.

    An :class:`~optiga.protocol.rules.access.AccessContext`.

    :param state: the object's life cycle state.
    :param authorized: every object whose authorization reference has been verified.
    :param confidential: every object with whose secret is encrypted what is sent.
    :param integrity: every object with whose trust anchor or secret it is protected.
    :param uses: whether a counter is below its threshold.
    :param shielded: whether the connection is shielded with the platform binding secret.
    """

    state: int | None = None
    authorized: Container[int] | None = None
    confidential: Container[int] | None = None
    integrity: Container[int] | None = None
    uses: Callable[[int], bool] | None = None
    shielded: bool | None = None

    def life_cycle_state(self, whose: Condition) -> int | None:
        return self.state if whose is Condition.LCS_OBJECT else None

    def security_status(self, whose: Condition) -> int | None:  # noqa: ARG002 - nobody knows either
        return None

    def is_authorized(self, oid: int) -> bool | None:
        return None if self.authorized is None else oid in self.authorized

    def is_confidential(self, oid: int) -> bool | None:
        return self._is_shielded_by(oid) if self.confidential is None else oid in self.confidential

    def has_integrity(self, oid: int) -> bool | None:
        if self.integrity is not None and oid in self.integrity:
            return True
        is_settled = self.integrity is not None and oid != PLATFORM_BINDING_SECRET
        return False if is_settled else self._is_shielded_by(oid)

    def _is_shielded_by(self, oid: int) -> bool | None:
        """Whether what is sent is encrypted and authenticated with a secret: every shielded connection has the same."""
        return None if self.shielded is None else self.shielded and oid == PLATFORM_BINDING_SECRET

    def has_uses(self, oid: int) -> bool | None:
        return None if self.uses is None else self.uses(oid)


def access_now(metadata: Metadata, tag: Tag) -> AccessCondition:
    """An access condition of an object as it is in the object's life cycle state; never where it is no condition.

    What it says of that state is worked out: ``lcso < operational`` is never for an operational object.
    """
    try:
        condition = metadata.access(tag)
    except ValueError:
        return NEVER
    return residual(condition, Known(metadata.state))


def can_be_updated(metadata: Metadata) -> bool:
    """Whether a protected update can change an object's metadata."""
    return access_now(metadata, Tag.METADATA_UPDATE) != NEVER and metadata.get(Tag.RESET_TYPE) is not None


def is_counted(metadata: Metadata, tag: Tag) -> bool | None:
    """Whether an access advances a counter, in any state of the object; None if what stands there is no condition."""
    try:
        condition = metadata.access(tag)
    except ValueError:
        return None
    return any(simple.kind is Condition.LINKED_COUNTER for simple in condition)
