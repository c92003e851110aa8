"""What the access conditions of an object ask of the chip as it is at the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from optiga.protocol import objects as oids
from optiga.protocol.conditions import Condition
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.rules.access import is_terminated

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from optiga.emulator.objects import ObjectTable


class Now(Protocol):
    """What the chip is at the moment."""

    table: ObjectTable

    @property
    def security_status(self) -> Mapping[int, int]:
        """The security statuses by their objects."""
        ...

    @property
    def authorized(self) -> Collection[int]:
        """Objects whose authorization reference has been verified."""
        ...

    def data(self, oid: int) -> bytes:
        """Data of an object."""
        ...

    def is_shielded_by(self, oid: int, access: Tag) -> bool:
        """Whether an access goes over a shielded connection with a binding secret."""
        ...


class Circumstances:
    """What one access to an object asks of the chip: an :class:`~optiga.protocol.rules.access.AccessContext`.

    :param access: which of the object's accesses it is about.
    :param anchor: of a protected update: the trust anchor that has verified it.
    :param secret: the same: the secret that its payload is encrypted with.
    """

    def __init__(
        self,
        machine: Now,
        metadata: Metadata,
        access: Tag,
        anchor: int | None = None,
        secret: int | None = None,
    ) -> None:
        self._machine = machine
        self._access = access
        self.metadata = metadata
        self.anchor = anchor
        self._secret = secret
        self.counters_aside = False
        """Whether linked counters hold even if they have reached their thresholds."""

    def life_cycle_state(self, whose: Condition) -> int:
        if whose is Condition.LCS_OBJECT:
            return self.metadata.state
        return self._machine.data(oids.LCS_GLOBAL if whose is Condition.LCS_GLOBAL else oids.LCS_APPLICATION)[0]

    def security_status(self, whose: Condition) -> int:
        is_global = whose is Condition.SECURITY_STATUS_GLOBAL
        return self._machine.security_status[
            oids.SECURITY_STATUS_GLOBAL if is_global else oids.SECURITY_STATUS_APPLICATION
        ]

    def is_authorized(self, oid: int) -> bool:
        return oid in self._machine.authorized

    def is_confidential(self, oid: int) -> bool:
        return oid == self._secret or self._machine.is_shielded_by(oid, self._access)

    def has_integrity(self, oid: int) -> bool:
        return oid == self.anchor or self._machine.is_shielded_by(oid, self._access)

    def has_uses(self, oid: int) -> bool:
        linked = self._machine.table.get(oid)
        if linked is None or linked.counter is None or is_terminated(linked.metadata):
            return False
        value, threshold = linked.counter
        return self.counters_aside or value < threshold
