"""What an identity is on its chip: the key that signs, the certificate in its object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import CertificateError
from optiga.identity.proof import prove_key, prove_public_key
from optiga.identity.write import execute_write, plan_certificates
from optiga.objects.access import check_access
from optiga.objects.stored import decode_stored, is_empty
from optiga.pki.certificate import parse_certificates
from optiga.pki.public_keys import PublicKey
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import find_slot, format_oid
from optiga.provision.sizes import check_room

if TYPE_CHECKING:
    from optiga.chip import Chip, Key
    from optiga.pki.certificate import Certificate
    from optiga.protocol.algorithms import KeyAlgorithm
    from optiga.provision.journal import Entry
    from optiga.provision.plan import Plan
    from optiga.provision.report import Report


class OnChip:
    """The slot of a plan on one chip."""

    def __init__(self, chip: Chip, plan: Plan, report: Report) -> None:
        self.chip = chip
        self._plan = plan
        self._report = report
        self.uid = chip.uid.hex

    def key_problem(self, entry: Entry) -> str:
        """Why the chip no longer is what an entry says; empty where it has the entry's key, or never had one."""
        if entry.key_info is None:
            return ""
        public_key = PublicKey.of_info(entry.key_info)
        proof = prove_public_key(self.chip, self._plan.slot.key_oid, public_key, "the journal's certificate")
        return "" if proof.key_match else proof.text

    def check_possible(self) -> None:
        """Refuse a chip that would not take the new key, sign with it, or take its certificate. Two exchanges.

        :raises ConfigurationError: if its metadata say so.
        :raises CertificateError: if there is no room for the certificate.
        :raises ChipError: if it has no such objects.
        """
        if self._plan.new is None:
            return
        key, target = self._plan.slot.key_oid, self._plan.target
        check_access(self.chip, key, Tag.CHANGE, Tag.EXECUTE)
        metadata = check_access(self.chip, target.oid, Tag.CHANGE)
        check_room(self._plan.new.configuration.source, self._plan.new.sizes, target, metadata.max_size)

    def warn_of_identity(self) -> None:
        """Say whose identity is going to be lost, the slot's own or the one whose certificate lies in the object."""
        if self._plan.new is None:
            return
        data = self.chip.read(self._plan.target.oid)
        if is_empty(data):
            return
        try:
            held = decode_stored(data)[0]
        except ValueError:
            return
        slot, target = self._plan.slot, self._plan.target
        for one in dict.fromkeys((slot, find_slot(format_oid(target.oid)) or slot)):
            proof = prove_key(self.chip, one, held)
            if proof.key_match and proof.key_oid == slot.key_oid:
                self._report.warn(
                    f"slot {slot.name} had an identity that this journal does not know, of {held.subject}: "
                    "its key is replaced now, its certificate later, and a cloud that has it is not told"
                )
                return
            if proof.key_match:
                self._report.warn(
                    f"{target.info.label} holds the certificate of the key in {format_oid(proof.key_oid)}, "
                    f"of {held.subject}: it is replaced later"
                )
                return

    def put(self, entry: Entry) -> None:
        """Have the chip hold the certificate and prove its key; one that holds it is not programmed again."""
        chain = chain_of(entry)
        if self._plan.new is None:
            if problem := self.key_problem(entry):
                raise CertificateError(problem)
            return
        plan = plan_certificates(chain, self._plan.target, entry.certificate_file or "the certificate")
        result = execute_write(self.chip, plan, strict=True)
        for warning in result.warnings:
            self._report.warn(warning)
        if result.written:
            self._report.note(f"Certificate written into {plan.target.info.label}; the chip has proven its key")

    def key(self, entry: Entry, algorithm: KeyAlgorithm) -> Key:
        """The key on the chip with its public key as the journal has it."""
        from asn1crypto.keys import PublicKeyInfo

        from optiga.chip import Key

        bits = PublicKeyInfo.load(entry.key_info)["public_key"].dump()
        return Key(self.chip, self._plan.slot.key_oid, algorithm, bits)

    @property
    def key_label(self) -> str:
        """The key's object, for messages."""
        return format_oid(self._plan.slot.key_oid)


def chain_of(entry: Entry) -> list[Certificate]:
    """The certificates of an entry, leaf first."""
    return parse_certificates((entry.certificate or "").encode(), "the journal")
