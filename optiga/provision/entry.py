"""What a chip's slot has come to: the fold of its facts, and what there is to tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

from optiga.errors import CertificateError
from optiga.pki.pem import encode_pem
from optiga.pki.pem_blocks import iterate_blocks
from optiga.provision.facts import (
    AttachedExclusively,
    Attested,
    Begun,
    Billed,
    CsrSigned,
    Deprovisioned,
    Emulated,
    Fact,
    FactoryProven,
    Finished,
    Imported,
    Issued,
    KeyMade,
    LossAccepted,
    Placed,
    PolicyAttached,
    Registered,
    Requested,
    ThingAttached,
    Unreadable,
    WithoutPolicy,
    WithoutThing,
    Written,
    damaged,
)
from optiga.provision.leaf import leaf_of, serial_of
from optiga.provision.results import RunResult, SlotExport, SlotResult, SlotSummary

if TYPE_CHECKING:
    from pathlib import Path

F = TypeVar("F")
T = TypeVar("T", bound=SlotResult)


class Step(IntEnum):
    """How far a chip's slot has come: the last step that is done."""

    BEGUN = 0
    KEY = 1
    """The chip has made the key pair."""
    CSR = 2
    """The CSR is signed and kept."""
    REQUESTED = 3
    """A certificate is about to be asked for; there may be one that nobody here knows of."""
    CERTIFIED = 4
    """The certificate is there, of this key, and kept."""
    WRITTEN = 5
    """The chip holds it and has proven its key."""
    REGISTERED = 6
    """The cloud has it, inactive if it has not had it before."""
    THING = 7
    """It is attached to its thing."""
    POLICY = 8
    """It has its policy."""
    FINISHED = 9
    """It is active."""
    DEPROVISIONED = 10
    """It has been taken back."""

    @property
    def title(self) -> str:
        return self.name.lower()

    def __str__(self) -> str:
        return self.title


_STEPS: dict[type[Fact], Step] = {
    Begun: Step.BEGUN,
    KeyMade: Step.KEY,
    CsrSigned: Step.CSR,
    Requested: Step.REQUESTED,
    Issued: Step.CERTIFIED,
    FactoryProven: Step.CERTIFIED,
    Written: Step.WRITTEN,
    ThingAttached: Step.THING,
    WithoutThing: Step.THING,
    PolicyAttached: Step.POLICY,
    WithoutPolicy: Step.POLICY,
    Finished: Step.FINISHED,
    Deprovisioned: Step.DEPROVISIONED,
}
"""The step that a fact is the end of; where AWS certifies, it has the certificate before it is written."""
_PARTS: dict[type, str] = {
    LossAccepted: "accepted",
    Placed: "placed",
    Attested: "proof",
    KeyMade: "key",
    CsrSigned: "request",
    Requested: "requested",
    Issued: "issued",
    FactoryProven: "issued",
    Registered: "registered",
    AttachedExclusively: "exclusively",
    Billed: "billed",
    ThingAttached: "attached",
    WithoutThing: "attached",
    PolicyAttached: "governed",
    WithoutPolicy: "governed",
}
"""What an entry has a fact as."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One slot of one chip, as its facts since it was last begun have made it. What has not come about is None.

    :param uid: the chip's UID in hex.
    :param slot: the slot's name.
    :param pending: facts that are not in the journal yet; :meth:`.journal.Journal.save` writes them down.
    """

    uid: str
    slot: str
    begun: Begun
    step: Step = Step.BEGUN
    started_at: datetime | None = None
    updated_at: datetime | None = None
    accepted: LossAccepted | None = None
    placed: Placed | None = None
    proof: Attested | None = None
    is_emulated: bool = False
    key: KeyMade | None = None
    request: CsrSigned | None = None
    requested: Requested | None = None
    issued: Issued | FactoryProven | None = None
    registered: Registered | None = None
    exclusively: AttachedExclusively | None = None
    billed: Billed | None = None
    attached: ThingAttached | WithoutThing | None = None
    governed: PolicyAttached | WithoutPolicy | None = None
    pending: tuple[Fact, ...] = ()

    @classmethod
    def begin(cls, uid: str, slot: str, begun: Begun) -> Entry:
        """A slot of which nothing is in the journal yet.

        :param uid: the chip's UID in hex.
        """
        return cls(uid, slot, begun, pending=(begun,))

    @classmethod
    def fold(cls, uid: str, slot: str, facts: Iterable[tuple[datetime, Fact]]) -> Entry | None:
        """What the facts of a slot have made of it; None if there are none.

        :param facts: in their order, each with when it was written down.
        :raises ConfigurationError: if they begin with another than a beginning, or cannot be read.
        """
        parts: dict[str, Any] = {}
        for at, fact in facts:
            if isinstance(fact, Begun):
                parts = {"begun": fact, "started_at": at, "step": Step.BEGUN}
            elif not parts or isinstance(fact, Unreadable):
                raise damaged(uid, slot)
            parts |= {"updated_at": at, **_changes(parts["step"], fact)}
        return cls(uid, slot, **parts) if parts else None

    def after(self, *facts: Fact) -> Entry:
        """The same slot, once something more has been done; it is for the journal to write that down."""
        parts: dict[str, Any] = {"step": self.step}
        for fact in facts:
            parts |= _changes(parts["step"], fact)
        return replace(self, **parts, pending=(*self.pending, *facts))

    def of(self, kind: type[F]) -> F:
        """The fact of a kind that this slot must have by now.

        :raises ConfigurationError: if the journal does not have it.
        """
        fact = getattr(self, _PARTS[kind])
        if not isinstance(fact, kind):
            raise damaged(self.uid, self.slot)
        return fact

    @property
    def is_finished(self) -> bool:
        return self.step is Step.FINISHED

    @property
    def is_complete(self) -> bool:
        """Whether it has what its step and those before have made."""
        if self.step in (Step.BEGUN, Step.DEPROVISIONED):
            return True
        own = self.issuer == "chip"  # the certificate came with the chip, and was never asked for
        needed: list[object] = [self.key_info]
        needed += [self.request] if self.step >= Step.CSR and not own else []
        needed += [self.requested] if self.step >= Step.REQUESTED and not own else []
        needed += [self.issued] if self.step >= Step.CERTIFIED else []
        needed += [self.registered] if self.step >= Step.THING and self.placed else []
        return None not in needed

    # What its facts say, each None where there is no such fact

    @property
    def issuer(self) -> str:
        """Who certifies."""
        return self.begun.issuer

    @property
    def settings(self) -> str:
        """Fingerprint of what the CSR was made from."""
        return self.begun.settings

    @property
    def replaces(self) -> tuple[str, ...]:
        """Identifiers of the certificates that this one takes the place of, the newest last."""
        return tuple(one.certificate_id for one in self.begun.replaced)

    @property
    def account(self) -> str | None:
        """AWS account; None without a cloud."""
        return self.placed.account if self.placed else None

    @property
    def region(self) -> str | None:
        """AWS region; None without a cloud."""
        return self.placed.region if self.placed else None

    @property
    def endpoint(self) -> str | None:
        """Host name that devices connect to."""
        return self.placed.endpoint if self.placed else None

    @property
    def template(self) -> str | None:
        """Provisioning template that thing and policy come from."""
        return self.placed.template if self.placed else None

    @property
    def attested(self) -> str | None:
        """SHA-256, in hex, of the factory's certificate whose chip has proven that it is genuine."""
        return self.proof.fingerprint if self.proof else None

    @property
    def emulated(self) -> bool:
        """Whether the chip was found to be emulated."""
        return self.is_emulated

    @property
    def key_info(self) -> bytes | None:
        """Public key, SubjectPublicKeyInfo in DER."""
        if isinstance(self.issued, FactoryProven):
            return self.issued.key_info
        return self.key.key_info if self.key else None

    @property
    def csr(self) -> bytes | None:
        """CertificationRequest in DER."""
        return self.request.csr if self.request else None

    @property
    def filename(self) -> str | None:
        """The CSR's file."""
        return self.request.filename if self.request else None

    @property
    def public_key(self) -> str | None:
        """The CSR's public key as ``--csr`` prints it."""
        return self.request.public_key if self.request else None

    @property
    def requested_at(self) -> datetime | None:
        """Since when there may be a certificate."""
        return self.requested.at if self.requested else None

    @property
    def certificate(self) -> str | None:
        """Certificate and chain in PEM, leaf first."""
        return self.issued.certificate if self.issued else None

    @property
    def serial(self) -> str | None:
        """The certificate's serial number in hex; None also where the journal's certificate does not parse."""
        return serial_of(self.issued.certificate, self.issuer) if self.issued else None

    @property
    def issuer_name(self) -> str | None:
        """The subject of the CA that has issued the certificate."""
        leaf = leaf_of(self.issued.certificate) if self.issued else None
        return leaf.issuer if leaf else None

    @property
    def certificate_file(self) -> str | None:
        """The certificate's file; None where it came with the chip."""
        return self.issued.file if isinstance(self.issued, Issued) else None

    @property
    def certificate_id(self) -> str | None:
        """AWS's identifier of the certificate."""
        return self.registered.certificate_id if self.registered else None

    @property
    def certificate_arn(self) -> str | None:
        """The same as an ARN."""
        return self.registered.arn if self.registered else None

    @property
    def thing(self) -> str | None:
        """Its thing: the one that it is attached to, or is going to be."""
        if self.attached is not None:
            return self.attached.thing if isinstance(self.attached, ThingAttached) else None
        return self.placed.thing if self.placed else None

    @property
    def thing_arn(self) -> str | None:
        """The ARN of the thing that it is attached to."""
        return self.attached.arn if isinstance(self.attached, ThingAttached) else None

    @property
    def exclusive(self) -> bool:
        """Whether its certificate can be no other thing's."""
        return bool(self.exclusively)

    @property
    def billing_group(self) -> str | None:
        """The billing group that its thing is in, as far as a run has seen to it."""
        return self.billed.billing_group if self.billed else None

    @property
    def policy(self) -> str | None:
        """Its policy: the one that it has, or is going to have."""
        if self.governed is not None:
            return self.governed.policy if isinstance(self.governed, PolicyAttached) else None
        return self.placed.policy if self.placed else None

    # What there is to tell

    def result(self) -> SlotResult:
        """What there is to tell when it is done."""
        return self._told(SlotResult)

    def run_result(self, seal: str | None, folder: Path) -> RunResult:
        """The same, of the run that has done it.

        :param seal: the journal's newest seal, SHA-256 in hex; None where it has none.
        :param folder: where its files are.
        """
        named = {"csr_path": self.filename, "certificate_path": self.certificate_file}
        paths = {field: None if name is None else str((folder / name).absolute()) for field, name in named.items()}
        return self._told(RunResult, journal_seal=seal, warnings=(), renewed=False, **paths)

    def summary(self) -> SlotSummary:
        """What a list of slots shows of each."""
        return self._told(SlotSummary)

    def export(self) -> SlotExport:
        """Everything, with the CSR and the certificate as text, armored anew from the DER.

        :raises ConfigurationError: if the certificate is no PEM.
        """
        csr = None if self.csr is None else encode_pem("CERTIFICATE REQUEST", self.csr)
        certificate = None
        if self.certificate is not None:
            try:
                blocks = list(iterate_blocks(self.certificate.encode(), "the journal"))
            except (CertificateError, ValueError):
                raise damaged(self.uid, self.slot, "its certificate cannot be read") from None
            certificate = "".join(encode_pem("CERTIFICATE", one.data) for one in blocks) or self.certificate
        return self._told(SlotExport, csr=csr, certificate=certificate)

    def _told(self, form: type[T], **more: object) -> T:
        """A form of what there is to tell, its fields taken from here by their names."""
        started, updated = (at.isoformat() if at else None for at in (self.started_at, self.updated_at))
        told: dict[str, Any] = {"step": self.step.title, "started_at": started, "updated_at": updated, **more}
        return form(**{(n := one.name): told[n] if n in told else getattr(self, n) for one in fields(form)})


def _changes(step: Step, fact: Fact) -> Mapping[str, Any]:
    """What a fact changes of an entry, by the names of its fields.

    :param step: the entry's.
    """
    kind = type(fact)
    if kind in _STEPS:
        step = _STEPS[kind]
    elif isinstance(fact, Registered) and step is Step.WRITTEN:
        step = Step.REGISTERED
    elif isinstance(fact, Placed) and step is Step.FINISHED:  # finished without a cloud, and now on its way into one
        step = Step.WRITTEN
    elif isinstance(fact, Emulated):
        return {"is_emulated": True}
    elif isinstance(fact, Imported):
        return {"started_at": fact.started_at, "updated_at": fact.updated_at}
    return {"step": step, _PARTS[kind]: fact} if kind in _PARTS else {"step": step}
