"""Attestation in a run: all steps stay with the one chip that has proven that it is genuine.

What the proofs show: one genuine chip, the same one each time, was on the line before the new key was made, around the
challenge that the new key signed, and right before anything became active. Of the certificate that the chip came with
there is no more to show: the one that was proven is the one that is used.

What they cannot show of a *new* key: that it is inside that chip. A Trust M signs no statement about keys that it has
made, so whoever sits on the line with a genuine chip at hand can have it answer the factory key's challenges and have a
key of his own answer the others. Against that helps only a line that nobody else is on.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from optiga.errors import CertificateError, ChipError, ConfigurationError, Naming, Reason, naming
from optiga.identity.attestation import IDENTITY_SLOT, Genuineness, Trust, prove_genuine, prove_unchanged
from optiga.identity.emulated import is_emulated, warning_of
from optiga.objects.stored import read_certificates
from optiga.pki.certificate import Certificate
from optiga.provision.chip_slot import ChipSlot, chain_of
from optiga.provision.entry import Step
from optiga.provision.facts import Attested, Emulated
from optiga.transport import is_emulator

if TYPE_CHECKING:
    from optiga.provision.entry import Entry
    from optiga.provision.events import Reporter
    from optiga.provision.plan import Plan


class Attestation:
    """Has the chip of a run prove that it is genuine, first and again.

    :ivar genuine: what has been proven; None where nothing has, or was to be.
    :ivar is_emulated: whether the chip was found to be emulated.
    """

    def __init__(self, chip_slot: ChipSlot, plan: Plan, reporter: Reporter) -> None:
        self._chip_slot = chip_slot
        self._plan = plan
        self._reporter = reporter
        self.genuine: Genuineness | None = None
        self._is_announced = is_emulator(chip_slot.chip.port)
        self.is_emulated: bool = self._is_announced

    def prove(self) -> None:
        """Have the chip prove that it is genuine, by what the plan trusts in.

        At the port of an emulated chip the emulator's root counts, where it is among what is trusted.

        :raises CertificateError: if the chip does not prove it.
        :raises ConfigurationError: if the plan takes the proof's own key or certificate away.
        """
        plan, trust = self._plan, self._plan.job.trust
        assert plan.trust is not None  # noqa: S101 - only jobs with a trust have the step
        assert trust is not None  # noqa: S101
        is_emulator_wanted = trust.emulated or is_emulator(self._chip_slot.chip.port)
        self.genuine = self._prove(replace(plan.trust, emulated=is_emulator_wanted))

    def _prove(self, trust: Trust) -> Genuineness:
        plan, chip = self._plan, self._chip_slot.chip
        slot = plan.slot if plan.new is None else IDENTITY_SLOT
        if plan.new is not None and (plan.slot == slot or plan.target.oid == slot.certificate_oid):
            raise ConfigurationError(
                "the factory's key and certificate prove that the chip is genuine, but the job replaces them",
                hint="Use another slot",
                oid=slot.key_oid,
            )
        genuine = prove_genuine(chip, trust, slot)
        if genuine.uid != self._chip_slot.uid:
            raise CertificateError(
                f"the chip first reported the UID {self._chip_slot.uid}, then {genuine.uid} when it proved to be "
                "genuine",
                hint="Check whether the board was changed",
                port=chip.port,
            )
        said = "The emulated chip has proven that it is one" if genuine.is_emulated else "The chip is genuine"
        self._reporter.note(f"{said}. Root CA of its certificate: {genuine.root}")
        self.see(genuine.stored[0])
        return genuine

    def look(self) -> None:
        """Look whether a chip that has proven nothing is emulated, though its port is a board's and its key is new.

        One whose certificate is not to be had is not.
        """
        oid = IDENTITY_SLOT.certificate_oid
        if self.genuine is not None or self._plan.new is None or self._is_announced:
            return
        assert oid is not None  # noqa: S101
        with suppress(CertificateError, ChipError):
            self.see(read_certificates(self._chip_slot.chip, oid, parse=Certificate.parse_leniently)[0])

    def see(self, certificate: Certificate) -> None:
        """Say of an emulated chip that it is one, unless its port has said it."""
        if is_emulated(certificate):
            self.is_emulated = True
            if not self._is_announced:
                self._is_announced = True
                self._reporter.warn(warning_of(self._chip_slot.chip.port))

    def check(self, found: Entry | None) -> None:
        """Refuse to go on without a proof where the journal's run had one; nothing is done by then.

        :param found: what the journal has of the slot and is going to be gone on with.
        :raises CertificateError: if that is so.
        """
        if self.genuine is not None or found is None or found.attested is None:
            return
        goes_on = found.account is None and self._plan.cloud is not None if found.is_finished else True
        if goes_on and found.step is not Step.DEPROVISIONED:
            raise CertificateError(
                "the earlier run in the journal had the chip prove that it is genuine, but this run does not",
                hint=naming("Give the same {trust}"),
                reason=Reason.MISSING,
            )

    def warn_of_loss(self, found: Entry | None) -> None:
        """Say of a device that was proven, and is renewed without a proof, that its new certificate has none.

        :param found: what the journal has of the slot.
        """
        if self._plan.renews and self.genuine is None and found is not None and found.attested is not None:
            self._reporter.warn(
                naming(
                    "the old certificate was activated after the chip had proven that it is genuine, but the new "
                    "certificate is activated without this proof. To have the chip prove it again, use the same {trust}"
                )
            )

    def _roots(self) -> Naming:
        """How to have the chip prove it, with the root certificates of its maker."""
        if is_emulator(self._chip_slot.chip.port):
            return naming("{trust} with the root certificate that 'python -m optiga emulator root' prints")
        return naming("{trust} with the certificates of Infineon/optiga-trust-m-overview")

    def begin(self, entry: Entry) -> Entry:
        """An entry, held against the proof, and with what the proof has shown.

        :raises CertificateError: if the journal's run was of another certificate, or of a proof that is not asked for.
        """
        self.check(entry)
        if self.genuine is None:
            if entry.is_finished:
                return entry
            self._reporter.note(
                naming(
                    "The chip has not proven that it is genuine. To have the chip prove it, use {roots}",
                    roots=self._roots(),
                )
            )
            return self.mark(entry)
        proven = self.genuine.certificate.fingerprint
        if entry.attested not in (None, proven):
            raise CertificateError(
                "this is not the chip that proved at the start of the run that it is genuine: its factory "
                "certificate differs",
                hint="Check whether the board was changed. Nothing was activated",
            )
        if self._plan.new is None and entry.certificate and not self._is_stored(entry):
            raise CertificateError(
                "the certificate that the chip has proven is not the certificate in the journal",
                hint="Check whether the board was changed. Nothing was activated",
            )
        if self.genuine.is_emulated:
            self.is_emulated = True
        return self.mark(entry if entry.attested == proven else entry.after(Attested(proven)))

    def mark(self, entry: Entry) -> Entry:
        """An entry that says so where the chip is emulated."""
        return entry.after(Emulated()) if self.is_emulated and not entry.is_emulated else entry

    def _is_stored(self, entry: Entry) -> bool:
        """Whether an entry's certificates are the proven ones, byte for byte."""
        assert self.genuine is not None  # noqa: S101
        return [one.der for one in chain_of(entry)] == [one.der for one in self.genuine.stored]

    def repeat(self, entry: Entry) -> None:
        """Have the same chip prove it once more, before its new key is proven and after that.

        :raises CertificateError: if it is another chip, or one of the keys does not prove itself.
        """
        if self.genuine is None:
            return
        chip = self._chip_slot.chip
        prove_unchanged(chip, self.genuine)
        if self._plan.new is not None:
            if problem := self._chip_slot.key_problem(entry):
                raise CertificateError(
                    problem, hint="Check whether the board was changed. Nothing was activated", port=chip.port
                )
            prove_unchanged(chip, self.genuine)
