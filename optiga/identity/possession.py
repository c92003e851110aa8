"""Proof that a certificate and a key on the chip belong together: the chip signs, the certificate verifies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from optiga.chip.key_fate import name_key
from optiga.errors import CertificateError, ChipError, Naming, Reason, naming
from optiga.files.activity import each
from optiga.pki.public_keys import verifies
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import SLOTS, Slot, format_oid
from optiga.protocol.rules.known import is_counted

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.pki.certificate import Certificate
    from optiga.protocol.algorithms import KeyAlgorithm
    from optiga.protocol.metadata import Metadata
    from optiga.protocol.public_key import PublicKey

CHALLENGE_SIZE = 32
"""Bytes of the random number that the chip signs."""


class Outcome(Enum):
    """What the proof has shown."""

    PROVEN = "proven"
    MISMATCH = "mismatch"
    NO_KEY = "no key yet"
    CANNOT_SIGN = "cannot sign"


@dataclass(frozen=True)
class Proof:
    """The outcome of a proof.

    :param key_oid: the key that was asked.
    :param text: what it means, one sentence.
    :param is_denied: whether the key did not sign because its access condition does not hold.
    :param is_misplaced: whether the certificate is of another slot's key, though this slot was chosen.
    :param done: the text once the certificate is in its object nevertheless; empty if it is the same.
    """

    outcome: Outcome
    key_oid: int
    text: str
    is_denied: bool = False
    is_misplaced: bool = False
    done: str = ""

    @property
    def key_match(self) -> bool | None:
        """True if proven, False if the key is another, None if the key could not be asked."""
        return {Outcome.PROVEN: True, Outcome.MISMATCH: False}.get(self.outcome)

    def in_its_place(self, slot: Slot) -> Proof:
        """The proof for a slot that was chosen: a certificate of another slot's key does not belong there."""
        if not self.is_elsewhere(slot) or slot.certificate_oid is None:
            return self
        own = next(other.name for other in SLOTS if other.key_oid == self.key_oid)
        here = format_oid(slot.certificate_oid)
        belongs = f"the certificate belongs to the key in {name_key(self.key_oid)}"
        own_slot = naming("To write it to its own slot, use {own}", own=Naming("", f"object={own}", ""))
        text = naming(
            "{belongs}, not to slot {chosen}. {own_slot}; to write it to {here} nevertheless, use {oid}",
            belongs=belongs,
            chosen=slot.name,
            own_slot=own_slot,
            here=here,
            oid=Naming("", f"object={here}", ""),
        )
        done = naming(
            "{belongs}, but is now in {here}, slot {chosen}. {own_slot}",
            belongs=belongs,
            here=here,
            chosen=slot.name,
            own_slot=own_slot,
        )
        return Proof(Outcome.MISMATCH, slot.key_oid, text, is_misplaced=True, done=done)

    def is_elsewhere(self, slot: Slot) -> bool:
        """Whether the key is another slot's, where the certificate has an object, too.

        That of a key in the slots five and six has none but those of other slots.
        """
        return self.outcome is Outcome.PROVEN and self.key_oid in {
            other.key_oid for other in SLOTS if other is not slot and other.certificate_oid is not None
        }

    def refusal(self, oid: int, uid: str) -> CertificateError:
        """The error of a certificate that is only written if it is proven.

        :param oid: the object that it was for.
        :param uid: the chip's UID in hex.
        """
        hint = "Nothing was written"
        if self.outcome is not Outcome.CANNOT_SIGN and not self.is_misplaced:
            hint += ". The certificate may be of an earlier CSR, or of another chip: compare the UID"
        error = CertificateError(self.text, hint=hint, oid=oid, reason=Reason.MISMATCH)
        error.uid = uid
        return error


@dataclass(frozen=True)
class Attempt:
    """What came of having a key sign a random number.

    :param verifies: whether the public key verifies it.
    :param error: why the chip did not sign; None if it did.
    """

    verifies: bool
    error: ChipError | None = None


def attempt_proof(chip: Chip, key_oid: int, algorithm: KeyAlgorithm, public_key: PublicKey) -> Attempt:
    """Have a key sign, whatever it is: one that belongs to the public key is proven by that alone. One exchange.

    :param algorithm: that of the public key.
    """
    key, challenge = chip.key(key_oid, algorithm), os.urandom(CHALLENGE_SIZE)
    try:
        signature = key.sign(challenge)
    except ChipError as error:
        return Attempt(verifies=False, error=error)

    return Attempt(verifies(public_key, signature, challenge, key.default_hash))


def prove_key(
    chip: Chip,
    slot: Slot,
    certificate: Certificate,
    known: Metadata | None = None,
    attempt: Attempt | None = None,
    *,
    sparing: bool = False,
) -> Proof:
    """Whether the private key of a slot, or another one of the chip, belongs to a certificate.

    A certificate may lie in another object than that of its key's slot, as those of the slots five and six must. One
    exchange for each key's metadata and one for each signature; the slot's own key first, and only that where it is it.
    Other keys whose use a counter limits are not used for it.

    :param known: the metadata of the slot's key, where they have been asked for.
    :param attempt: what came of an attempt with the slot's key, where there was one.
    :param sparing: do not use the slot's key either if a counter limits its use.
    :returns: the proof of the slot's own key, or of the key on the chip that the certificate belongs to.
    :raises ChipError: if the chip refuses to tell a key's metadata.
    """
    public_key = certificate.public_key
    proof = prove_public_key(chip, slot.key_oid, public_key, known=known, attempt=attempt, sparing=sparing)
    algorithm = public_key.algorithm
    if proof.outcome is Outcome.PROVEN or algorithm is None:
        return proof
    others = [one for one in SLOTS if one is not slot and (one.certificate_oid is None) is algorithm.is_rsa]
    for other in each("Looking for the certificate's key", others):
        try:
            other_proof = prove_public_key(chip, other.key_oid, public_key, sparing=True)
        except ChipError as error:
            if error.code != ErrorCode.INVALID_OID:  # other models have fewer keys
                raise
            continue
        if other_proof.outcome is Outcome.PROVEN:
            return other_proof
    return proof


def prove_public_key(
    chip: Chip,
    key_oid: int,
    public_key: PublicKey,
    whose: str = "the certificate",
    *,
    sparing: bool = False,
    known: Metadata | None = None,
    attempt: Attempt | None = None,
) -> Proof:
    """Whether a private key on the chip belongs to a public key. One exchange for its metadata, one for the signature.

    :param whose: what the public key comes from, for the proof's text.
    :param sparing: do not use a key whose use a counter limits.
    :param known: the key's metadata, where they have been asked for.
    :param attempt: what came of an attempt with the key, where there was one; it does not sign again.
    :raises ChipError: if the chip refuses to tell the key's metadata.
    """
    label = format_oid(key_oid)
    if attempt and attempt.verifies:
        return Proof(Outcome.PROVEN, key_oid, f"the key in {label} belongs to {whose}")
    metadata = known or chip.objects.metadata(key_oid)
    algorithm = metadata.algorithm
    if algorithm is None:
        return Proof(Outcome.NO_KEY, key_oid, f"there is no key in {label} yet, so {whose} belongs to another key")
    if algorithm is not public_key.algorithm:
        text = f"{whose} is for {public_key.title}, but the key in {label} is {algorithm.title}"
        return Proof(Outcome.MISMATCH, key_oid, text)
    if not _may_sign(metadata):
        text = f"the key in {label} may not sign, so it cannot prove that {whose} belongs to it"
        return Proof(Outcome.CANNOT_SIGN, key_oid, text)
    if sparing and is_counted(metadata, Tag.EXECUTE) is not False:
        text = f"the key in {label} did not prove that {whose} belongs to it, because its uses are counted"
        return Proof(Outcome.CANNOT_SIGN, key_oid, text)
    attempt = attempt or attempt_proof(chip, key_oid, algorithm, public_key)
    if attempt.error:
        text = f"the key in {label} did not sign, so it cannot prove that {whose} belongs to it: {attempt.error}"
        is_denied = attempt.error.code == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
        return Proof(Outcome.CANNOT_SIGN, key_oid, text, is_denied)
    if not attempt.verifies:
        return Proof(Outcome.MISMATCH, key_oid, f"{whose} does not belong to the key in {label}")
    return Proof(Outcome.PROVEN, key_oid, f"the key in {label} belongs to {whose}")


def _may_sign(metadata: Metadata) -> bool:
    return bool(metadata.key_usage & (KeyUsage.AUTHENTICATION | KeyUsage.SIGNATURE))
