"""What there is to tell of a slot, as values: JSON, CSV, tables and queries come from their fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optiga.provision.events import RunDone
from optiga.results import SAID

if TYPE_CHECKING:
    from optiga.provision.entry import Entry
    from optiga.provision.events import Event


@dataclass(frozen=True, slots=True)
class SlotResult:
    """What there is to tell of a slot that is finished; each is None where the slot has none.

    :param uid: the chip's UID in hex.
    """

    uid: str
    slot: str
    filename: str | None
    public_key: str | None
    certificate_file: str | None
    certificate_arn: str | None
    certificate_id: str | None
    thing: str | None
    thing_arn: str | None
    policy: str | None
    endpoint: str | None


@dataclass(frozen=True, slots=True)
class SlotSummary(SlotResult):
    """What a list of slots shows of each; times are ISO 8601's, the rest as of :class:`Entry`.

    :param issuer_name: subject of the CA that has issued the certificate.
    :param replaces: identifiers, in AWS IoT, of the certificates before this one.
    :param serial: the certificate's serial number in hex, by which its CA knows it.
    """

    step: str
    issuer: str
    issuer_name: str | None
    account: str | None
    region: str | None
    replaces: tuple[str, ...]
    started_at: str | None
    updated_at: str | None
    attested: str | None
    emulated: bool
    serial: str | None


@dataclass(frozen=True, slots=True)
class SlotExport(SlotSummary):
    """Everything.

    :param csr: in PEM.
    :param certificate: certificate and chain in PEM, leaf first.
    :param exclusive: whether the certificate can be no other thing's.
    :param billing_group: that the thing is in, as far as a run has seen to it.
    """

    template: str | None
    csr: str | None
    certificate: str | None
    exclusive: bool
    billing_group: str | None


@dataclass(frozen=True, slots=True)
class RunResult(SlotResult):
    """What there is to tell of a run that has finished a slot.

    :param serial: the certificate's serial number in hex, by which its CA knows it.
    :param journal_seal: the journal's newest seal, SHA-256 in hex; None where it has none.
    :param csr_path: of the CSR's file, absolute; None where there is no CSR.
    :param certificate_path: the same of the certificate's file.
    :param warnings: what was warned of in the run, one sentence each.
    :param renewed: whether a run that was to renew the certificate has done so; False where it had nothing to renew.
    """

    serial: str | None
    journal_seal: str | None
    csr_path: str | None
    certificate_path: str | None
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class JournalCheck:
    """What a journal that holds has in it.

    :param version: of its form.
    :param unsealed: the chips of which something has been written down since the last seal.
    :param journal_seal: the newest seal, SHA-256 in hex; None if there is none.
    :param sealed_at: when it was made, ISO 8601.
    :param warnings: what must be known of it, one sentence each.
    """

    version: int
    chips: int
    facts: int
    seals: int
    unsealed: int
    journal_seal: str | None
    sealed_at: str | None
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)


@dataclass(frozen=True, slots=True)
class Undone:
    """What has been taken back.

    :param uid: the chip's UID in hex.
    :param certificate_id: AWS's identifier of its certificate; None if it had none.
    :param thing: its thing; None if it had none.
    :param policy: its policy; None if it had none.
    :param journal_seal: the journal's newest seal, SHA-256 in hex; None where it has none.
    :param warnings: what was warned of, one sentence each.
    :param thing_deleted: whether the thing was to be deleted, and AWS IoT does not have it any more.
    :param policy_deleted: the same of the policy.
    """

    uid: str
    slot: str
    step: str
    certificate_id: str | None
    thing: str | None
    policy: str | None
    journal_seal: str | None
    thing_deleted: bool = False
    policy_deleted: bool = False
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)

    @classmethod
    def of(cls, entry: Entry, last: Event) -> Undone:
        """What is told of an entry.

        :param last: the run's last event.
        """
        if not isinstance(last, RunDone):
            raise TypeError("a run ends with another event")
        return cls(
            entry.uid,
            entry.slot,
            entry.step.title,
            entry.certificate_id,
            entry.thing,
            entry.policy,
            last.journal_seal,
            last.thing_deleted,
            last.policy_deleted,
        )
