"""What an identity is on its chip: the key that signs, the certificate in its object."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from optiga.chip import Key
from optiga.errors import CertificateError, ChipError, ConfigurationError, Reason, naming
from optiga.identity.possession import CHALLENGE_SIZE, prove_key, prove_public_key
from optiga.identity.write import execute_write, plan_certificates
from optiga.objects.access import check_access, check_counted, find_lack, needs_shielding
from optiga.objects.stored import decode_stored, is_empty, read_stored
from optiga.pki.certificate import Certificate, parse_certificates
from optiga.pki.public_keys import public_key_of_info
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import ObjectRef, format_oid
from optiga.provision.believed import other_owner
from optiga.provision.facts import Issued, KeyMade, damaged
from optiga.provision.sizes import check_room

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.chip import Chip
    from optiga.objects.addressing import Target
    from optiga.pki.certificate import Certificate
    from optiga.protocol.algorithms import KeyAlgorithm
    from optiga.protocol.objects import Slot
    from optiga.provision.entry import Entry
    from optiga.provision.events import Reporter
    from optiga.provision.journal import Journal
    from optiga.provision.plan import Plan

OTHER_JOURNAL = naming("If another journal has this chip, use {journal}")
"""A hint where the chip is not what the journal says."""
_SIGNATURES = 2
"""How often a new key signs: its CSR, and the proof that the certificate is its own."""
_READS = 5
"""How often a certificate's object is read at most: its end, and twice in two parts where the chip does not hash."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate on a chip, and where the chip has its key.

    :param slot: the slot whose key is going to be replaced with it; None if its key stays.
    :param key_oid: the key's object.
    :param target: the certificate's object.
    """

    certificate: Certificate
    slot: Slot | None
    key_oid: int
    target: Target

    def loss(self, journal: Path) -> tuple[str, str]:
        """What is going to be replaced, and what is lost with it.

        :param journal: the journal that does not have it.
        """
        held = self.certificate.subject
        if self.slot is None:
            label = self.target.info.label
            return f"Replacing the certificate in {label}", (
                f"{label} holds the certificate of the key in {format_oid(self.key_oid)}, of {held}: the "
                "certificate is replaced later"
            )
        return f"Replacing the key in slot {self.slot.name}", (
            f"slot {self.slot.name} has a key and a certificate of {held} that are not in this journal, {journal}: the "
            "key is replaced now, the certificate later"
        )


class ChipSlot:
    """The slot of a plan on one chip.

    :param uid: the chip's UID in hex.
    :ivar had_certificate: whether the object for the certificate held something; None if nobody has looked.
    """

    def __init__(self, chip: Chip, plan: Plan, reporter: Reporter, uid: str) -> None:
        self.chip = chip
        self._plan = plan
        self._reporter = reporter
        self.uid: str = uid
        self.had_certificate: bool | None = None

    def check_usable(self) -> None:
        """Refuse a slot whose key or certificate the chip neither reads nor uses. Two exchanges.

        :raises ChipError: if an update of one was interrupted, or one is in termination.
        """
        if (refusal := self.refusal()) is not None:
            raise refusal

    def refusal(self) -> ChipError | None:
        """What is said of a slot whose key or certificate the chip neither reads nor uses; None of one that it does."""
        for oid in (self._plan.slot.key_oid, self._plan.target.oid):
            if unusable := self.chip.objects.find_unusable(oid):
                return unusable.error(self.chip.port)
        return None

    def key_problem(self, entry: Entry) -> str:
        """Why the chip no longer is what an entry says; empty where it has the entry's key, or never had one.

        :raises ConfigurationError: if the chip does not use the key over this connection, which tells nothing of it.
        """
        if entry.key_info is None:
            return ""
        oid, public_key = self._plan.slot.key_oid, public_key_of_info(entry.key_info)
        metadata = self.chip.objects.metadata(oid)
        proof = prove_public_key(self.chip, oid, public_key, "the journal's certificate", known=metadata)
        if proof.is_denied and (lack := find_lack(self.chip, oid, metadata, Tag.EXECUTE)) is not None:
            raise lack
        return "" if proof.key_match else proof.text

    def check_possible(self, *, dry: bool = False) -> None:
        """Refuse a chip that would not take the new key, sign with it, or take its certificate. Two exchanges.

        There are more where a counter limits a use, which is read, or a shielded connection is needed: whether there is
        one, only a trial shows. The key that is there signs, and the certificate that is there is written once more.

        :param dry: leave the trial out, and say so.
        :raises ConfigurationError: if its metadata, or a trial, say so.
        :raises CertificateError: if there is no room for the certificate.
        :raises ChipError: if it has no such objects.
        """
        if self._plan.new is None:
            return
        key, target = self._plan.slot.key_oid, self._plan.target
        check_access(self.chip, key, Tag.CHANGE)
        of_key = check_access(self.chip, key, Tag.EXECUTE, uses=_SIGNATURES)
        metadata = check_access(self.chip, target.oid, Tag.CHANGE)
        check_counted(self.chip, target.oid, metadata, Tag.READ, uses=_READS)
        check_room(self._plan.new.configuration.source, self._plan.new.sizes, target, metadata.max_size)
        if of_key.algorithm is None:  # no key is lost
            return
        for oid, needs, work in (
            (key, needs_shielding(of_key, Tag.EXECUTE), partial(self._sign_once, of_key)),
            (target.oid, needs_shielding(metadata, Tag.CHANGE), self._write_again),
        ):
            if needs and dry and not self.chip.is_shielded:
                self._reporter.warn(
                    f"{format_oid(oid)} needs a shielded connection: the run checks this before it generates the key"
                )
            elif needs and not dry:
                self._try(oid, work)

    def _sign_once(self, metadata: Metadata) -> None:
        """Have the key that is there sign something."""
        if metadata.algorithm is not None and metadata.key_usage & (KeyUsage.AUTHENTICATION | KeyUsage.SIGNATURE):
            self.chip.key(self._plan.slot.key_oid, metadata.algorithm).sign(os.urandom(CHALLENGE_SIZE))

    def _write_again(self) -> None:
        """Write the certificate that is there once more."""
        if data := self.chip.objects.read_if_allowed(self._plan.target.oid):
            self.chip.objects.write(self._plan.target.oid, data)

    def _try(self, oid: int, work: Callable[[], None]) -> None:
        """Do what a run will have to do, before the key that the chip has is lost.

        :raises ConfigurationError: if the connection is not shielded.
        """
        try:
            work()
        except ChipError as error:
            if error.code != ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED or self.chip.is_shielded:
                raise
            raise ConfigurationError(
                f"{format_oid(oid)} needs a shielded connection, but this connection is not shielded",
                hint="Use a shielded connection between board and chip, or another slot or object. Nothing was changed",
                oid=oid,
                reason=Reason.DENIED,
            ) from None

    def identity(self, known: Collection[str] = ()) -> Identity | None:
        """The identity that is going to be lost, the slot's own or the one whose certificate lies in the object.

        :param known: SHA-256, in hex, of certificates that are not meant.
        :returns: None if there is none: a certificate whose key is not on the chip is no identity.
        """
        if self._plan.new is None:
            return None
        data = read_stored(self.chip, self._plan.target.oid)
        self.had_certificate = not is_empty(data)
        if not self.had_certificate:
            return None
        try:
            held = decode_stored(data, Certificate.parse_leniently)[0]
        except ValueError:
            return None
        if held.fingerprint in known:
            return None
        slot, target = self._plan.slot, self._plan.target
        for one in dict.fromkeys((slot, ObjectRef(target.oid).slot or slot)):
            proof = prove_key(self.chip, one, held)
            if proof.key_match:
                return Identity(held, slot if proof.key_oid == slot.key_oid else None, proof.key_oid, target)
        return None

    def stored(self) -> list[Certificate] | None:
        """The certificates in the object, leaf first; empty if it has none, None if it is not free to be read."""
        data = self.chip.objects.read_if_allowed(self._plan.target.oid)
        return None if data is None else certificates_in(data)

    def confirm(self, entry: Entry, journal: Journal) -> bool:
        """Make sure that a finished chip holds its certificate. Only where its object has none, it is written again.

        The key has been proven already. What stands behind the certificate is not looked at.

        :returns: whether it was written.
        :raises CertificateError: if the object holds another certificate.
        """
        if self._plan.new is None:
            self.put(entry)
            return False
        held = self.stored()
        if held == []:
            self.put(entry)
            return True
        if held:
            self.refuse_other(entry, held, journal)
        for warning in plan_certificates(chain_of(entry), self._plan.target, entry.of(Issued).file).warnings:
            self._reporter.warn(warning)
        return False

    def refuse_other(self, entry: Entry, held: list[Certificate], journal: Journal) -> None:
        """Refuse to take the place of a certificate that is not the entry's: of another slot, or written by hand.

        :param held: what the object holds; empty for none.
        :raises CertificateError: if it is another, and the entry is finished or the other one another slot's.
        """
        if (refusal := self.find_other(entry, held, journal)) is not None:
            raise refusal

    def find_other(self, entry: Entry, held: list[Certificate], journal: Journal) -> CertificateError | None:
        """What :meth:`refuse_other` raises; None if it does not."""
        if self._plan.new is None or not held or entry.issued is None or held[0].der == chain_of(entry)[0].der:
            return None
        owner = other_owner(held[0], journal, self.uid, entry.slot)
        if not entry.is_finished and not owner:
            return None
        label, whose = self._plan.target.info.label, f"which is not in this journal, {journal.path}"
        if owner:
            whose = f"which this journal has as that of slot {owner}"
        said = "the interrupted run cannot be continued: "
        if entry.is_finished:
            said = f"chip {entry.uid} is finished in the journal, but "
        return CertificateError(
            f"{said}{label} holds another certificate, of {held[0].subject}, {whose}",
            hint=naming(
                "To have the journal's certificate there, write the file {file} to {label}. {other}{anew}",
                file=self._plan.outputs(entry.uid).folder / entry.of(Issued).file,
                label=label,
                other="" if owner else naming("{other}. ", other=OTHER_JOURNAL),
                anew=self._plan.anew_hint,
            ),
            oid=self._plan.target.oid,
            reason=Reason.MISMATCH,
        )

    def put(self, entry: Entry) -> None:
        """Have the chip hold the certificate and prove its key; one that holds it is not programmed again."""
        chain = chain_of(entry)
        if self._plan.new is None:
            if problem := self.key_problem(entry):
                raise CertificateError(problem)
            return
        plan = plan_certificates(chain, self._plan.target, entry.of(Issued).file)
        result = execute_write(self.chip, plan, strict=True)
        for warning in result.warnings:
            self._reporter.warn(warning)
        if result.written:
            self._reporter.note(
                f"Certificate written to {plan.target.info.label}. The chip has proven that it has the key"
            )

    def key(self, entry: Entry, algorithm: KeyAlgorithm) -> Key:
        """The key on the chip with its public key as the journal has it."""
        from asn1crypto.keys import PublicKeyInfo

        bits = PublicKeyInfo.load(entry.of(KeyMade).key_info)["public_key"].dump()
        return Key(self.chip, self._plan.slot.key_oid, algorithm, bits)

    @property
    def key_label(self) -> str:
        """The key's object, for messages."""
        return format_oid(self._plan.slot.key_oid)


def certificates_in(data: bytes) -> list[Certificate]:
    """The certificates in an object's data, leaf first; empty if it holds something else."""
    try:
        return [] if is_empty(data) else decode_stored(data, Certificate.parse_leniently)
    except ValueError:
        return []


def chain_of(entry: Entry) -> list[Certificate]:
    """The certificates of an entry, leaf first.

    :raises ConfigurationError: if it has none.
    """
    if entry.issued is None:
        raise damaged(entry.uid, entry.slot)
    return parse_certificates(entry.issued.certificate.encode(), "the journal")
