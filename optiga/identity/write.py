"""Writing a file to the chip: checked whole before the chip is touched, compared with what the chip holds then, and
proven against the key.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from optiga.chip.unusable import find_unusable
from optiga.errors import CertificateError, ChipError, ConfigurationError, Reason, counted, naming
from optiga.files.files import read_input
from optiga.identity.forms import (
    Form,
    check_chain,
    find_for,
    form_of,
    may_be_certificates,
    may_have_type,
    warnings_about_anchor,
)
from optiga.identity.hexdump import hex_dump
from optiga.identity.possession import Attempt, Proof, attempt_proof, prove_key
from optiga.objects.addressing import Target, resolve_writable
from optiga.objects.reading import Comparison
from optiga.pki.certificate import MAX_FILE_SIZE
from optiga.pki.certificate_files import unlocked
from optiga.pki.chains import warnings_about
from optiga.protocol import tls_identity
from optiga.protocol.conditions import ALWAYS
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import ObjectInfo, ObjectKind
from optiga.protocol.rules.known import access_now, is_counted
from optiga.results import ADDED, HIDDEN, OID
from optiga.values import Value, frozen

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.chip import Chip
    from optiga.files.passphrases import Passphrase
    from optiga.pki.certificate import Certificate
    from optiga.pki.pkcs12 import Unlock
    from optiga.protocol.objects import Reference


@dataclass(frozen=True)
class Source:
    """The content of a file that is to be written.

    :param name: what to call it in messages.
    :param now: the time that validity is judged at.
    """

    content: bytes
    name: str
    now: datetime | None = None


@dataclass(frozen=True)
class WritePlan:
    """What is going to be written where; everything that can be known without the chip has been checked.

    :param data: the bytes that the object will hold.
    :param chain: the certificates in them, leaf first; empty for arbitrary data.
    :param warnings: what a person should know about the certificates.
    :param form: how the object is to hold them.
    :param source: what the plan was made from, where the object's type may ask for another form; None where not.
    """

    target: Target
    data: bytes
    chain: tuple[Certificate, ...] = ()
    warnings: tuple[str, ...] = ()
    form: Form = Form.DATA
    source: Source | None = None

    @property
    def text(self) -> str:
        """What is going to be written, for people: PEM, or a hex dump; ends with a line break."""
        return "".join(certificate.pem for certificate in self.chain) or hex_dump(self.data)


@frozen
class WriteResult(Value):
    """The result of a write.

    :param oid: OID of the written object.
    :param slot: slot of the object; None if it belongs to no slot.
    :param size: size of the object's data in bytes.
    :param written: False if the object had exactly these data before and was not programmed again.
    :param key_match: whether the certificate belongs to the slot's key or, for an object that was chosen by its OID, to
        any key on the chip; None if this was not or could not be proven.
    :param key_oid: OID of the key that was checked; None if none was.
    :param warnings: warnings, one sentence each.
    :param is_certificate: whether the data are a certificate or chain.
    :param is_misplaced: whether the certificate belongs to the key of another slot than the one that was chosen.
    """

    oid: int = field(metadata=OID)
    slot: str | None
    size: int
    written: bool
    key_match: bool | None = None
    key_oid: int | None = field(default=None, metadata=OID | ADDED)
    warnings: tuple[str, ...] = field(default=(), metadata=ADDED)
    is_certificate: bool = field(default=False, metadata=HIDDEN)
    is_misplaced: bool = field(default=False, metadata=HIDDEN)


def plan_write(
    path: Path,
    *,
    slot: Reference | None = None,
    oid: Reference | None = None,
    passphrase: Passphrase | Unlock | None = None,
    now: datetime | None = None,
) -> WritePlan:
    """Check everything about a write that can be checked without the chip.

    :param path: PEM or DER for objects of certificates, any file for arbitrary data objects.
    :param slot: name of a slot or one of its identifiers; the second where neither this nor ``oid`` is given.
    :param oid: an object, if it is not a slot's.
    :param passphrase: what opens a PKCS #12 container, or who is asked for it.
    :param now: the time that validity is judged at.
    :raises ConfigurationError: if the file or the object cannot be used so.
    :raises CertificateError: if the file is not a certificate, or the object has no room for it.
    """
    target = resolve_writable(slot, oid)
    what = "file" if target.kind is ObjectKind.DATA else "certificate"
    content, notes = unlocked(read_input(path, what, MAX_FILE_SIZE, room=target.info.room), str(path), passphrase)
    return plan_content(content, target, str(path), now=now, notes=notes)


def plan_content(
    content: bytes,
    target: Target,
    name: str,
    *,
    form: Form | None = None,
    now: datetime | None = None,
    notes: tuple[str, ...] = (),
) -> WritePlan:
    """The part of :func:`plan_write` that begins with the content of a file.

    :param name: what to call the content in messages.
    :param notes: what people should know of the file, one sentence each.
    :param form: how the object holds it; None where its type is not known yet: the chip is asked for it later.
    """
    source = Source(content, name, now) if form is None else None
    chosen = form or form_of(target.info)
    if chosen is not Form.DATA:
        found = find_for(content, name, target.info, chosen, now)
        plan = plan_certificates(found.certificates, target, name, form=form, now=now)
        return replace(plan, warnings=(*notes, *found.notes, *plan.warnings), source=source)
    if not content:
        raise ConfigurationError(f"{name} is empty", oid=target.oid)
    if len(content) > target.info.size and not (form is None and may_be_certificates(content, target.info)):
        raise ConfigurationError(
            f"{name} does not fit: {_room(len(content), target.info)}", oid=target.oid, reason=Reason.TOO_LARGE
        )
    return WritePlan(target, content, warnings=notes, source=source)


def plan_typed(content: bytes, target: Target, name: str, form: Form, *, now: datetime | None = None) -> WritePlan:
    """Like :func:`plan_content`, for an object whose type is known.

    :raises CertificateError: if the type asks for a certificate, and the content is none.
    """
    try:
        return plan_content(content, target, name, form=form, now=now)
    except CertificateError as error:
        hint = error.hint or naming("To write bytes, use {chip.write}")
        message = f"{error.message}, and {target.info.label} is for a {form.value}, as its type says"
        raise CertificateError(message, hint=hint, oid=target.oid, reason=error.reason) from None


def plan_certificates(
    chain: list[Certificate], target: Target, name: str, *, form: Form | None = None, now: datetime | None = None
) -> WritePlan:
    """The part of :func:`plan_write` that begins with certificates, for those that come from elsewhere than a file.

    :param chain: leaf first, at least one.
    :param name: what to call them in messages.
    :param form: how the object holds them; None for the usual form.
    """
    chosen = form or form_of(target.info)
    is_device = chosen is Form.DEVICE_CERTIFICATE
    if is_device:
        try:
            data = tls_identity.encode(certificate.der for certificate in chain)
        except ValueError as error:
            raise CertificateError(
                f"{name} does not fit into {target.info.label}: {error}", oid=target.oid, reason=Reason.TOO_LARGE
            ) from None
    elif len(chain) == 1:
        data = chain[0].der
    else:
        raise CertificateError(
            f"{name} holds {len(chain)} certificates, but the trust anchor {target.info.label} holds only one",
            hint="Write only the certificate that is to be the trust anchor, usually the root CA's",
            oid=target.oid,
            reason=Reason.AMBIGUOUS,
        )
    if len(data) > target.info.size:
        several = f" of {len(chain)} certificates" if len(chain) > 1 else ""
        hint = "Use a shorter subject or fewer names"
        fitting = next((count for count in range(len(chain) - 1, 0, -1) if _fits(chain[:count], target.info)), 0)
        if fitting and fitting == len(chain) - 1 and chain[-1].is_self_issued:
            hint = "Omit the root certificate from the chain"
        elif fitting:
            hint = f"Write only the first {counted(fitting, 'certificate')} of the chain: there is no room for more"
        elif chain[0].public_key.title.startswith("rsa"):
            hint = "Use an EC key: its certificate is much smaller"
        raise CertificateError(
            f"{name}{several} does not fit: {_room(len(data), target.info)}",
            hint=hint,
            oid=target.oid,
            reason=Reason.TOO_LARGE,
        )
    warnings = warnings_about(chain, now or datetime.now(timezone.utc), device=is_device)
    if not is_device:
        warnings += warnings_about_anchor(chain[0])
    return WritePlan(target, data, tuple(chain), tuple(warnings), chosen)


def _fits(chain: list[Certificate], info: ObjectInfo) -> bool:
    """Whether a device's chain has room in an object."""
    try:
        return len(tls_identity.encode(certificate.der for certificate in chain)) <= info.size
    except ValueError:
        return False


def execute_write(chip: Chip, plan: WritePlan, *, strict: bool = False) -> WriteResult:
    """Write what was planned, compare it with what the chip holds then, and prove that certificate and key belong
    together.

    An object that holds the bytes already is not programmed again. The chip compares by its own hash, where it gives
    one (:mod:`optiga.objects.reading`); the key signs first, for one that does not is looked at before anything is
    written. A certificate of the slot's key costs six exchanges at most where it takes one command to write, and four
    where it is there already.

    :param strict: write nothing unless proven, and no chain that is not valid. A slot that was chosen gets no
        certificate of another slot's key either.
    :raises ChipError: if the chip refuses, holds other bytes afterwards than were written, or neither reads nor uses
        the object, or a protected update of the slot's key was interrupted; nothing is written then.
    :raises CertificateError: if strict, and the chain is not valid, or no key of the chip proves to be the leaf's.
    """
    if strict:
        check_chain(plan.chain, plan.target.oid)
    found = examine(chip, plan, strict=strict)
    plan, target, proof = found.plan, found.plan.target, found.proof
    warnings = list(plan.warnings)
    if not found.is_there:
        chip.objects.write(target.oid, plan.data)
        warnings += _check_written(chip, plan, None if found.is_there is None else found.comparison)
    if proof and not proof.key_match:
        warnings.append(proof.done or proof.text)
    return WriteResult(
        target.oid,
        target.slot.name if target.slot else None,
        len(plan.data),
        not found.is_there,
        proof.key_match if proof else None,
        proof.key_oid if proof else None,
        tuple(warnings),
        bool(plan.chain),
        bool(proof and proof.is_misplaced),
    )


@dataclass(frozen=True)
class Examined:
    """What a chip says of a write before it.

    :param plan: in the form that the object's type asks for.
    :param is_there: whether the object holds the bytes already; None if it must not be read.
    :param comparison: None if it must not be read.
    :param proof: None for what is no certificate of a slot.
    """

    plan: WritePlan
    is_there: bool | None
    comparison: Comparison | None
    proof: Proof | None


def may_be_read(metadata: Metadata) -> bool:
    """Whether an object is free to be read: an attempt that is refused is a security event, which the chip counts."""
    return access_now(metadata, Tag.READ) == ALWAYS


def examine(chip: Chip, plan: WritePlan, *, strict: bool = False, looking: bool = False) -> Examined:
    """The part of :func:`execute_write` before the object is written.

    :param looking: do nothing that the chip counts: no key signs, and only what is free to be read is read.
    :raises OptigaError: as that does.
    """
    attempt = None if looking else _attempt(chip, plan)
    metadata = None
    if plan.source and may_have_type(plan.target.info) and not _is_of_device(plan, attempt):
        metadata = chip.objects.metadata(plan.target.oid)
        form = form_of(plan.target.info, metadata)
        if form is not plan.form:
            plan = plan_typed(plan.source.content, plan.target, plan.source.name, form, now=plan.source.now)
    target = plan.target
    comparison = None
    if looking:
        is_read = may_be_read(metadata or chip.objects.metadata(target.oid))
    else:
        is_read = target.kind is not ObjectKind.DATA or not is_counted(
            metadata or chip.objects.metadata(target.oid), Tag.READ
        )
    if is_read:
        comparison = Comparison(chip, target.oid, plan.data)
    is_there = comparison.is_same() if comparison else None
    if is_there is None and (unusable := chip.objects.find_unusable(target.oid)):
        raise unusable.error(chip.port)
    proof = None if looking else _prove(chip, plan, attempt)
    if strict and proof and not proof.key_match:
        raise proof.refusal(target.oid, chip.uid.hex)
    return Examined(plan, is_there, comparison, proof)


def _check_written(chip: Chip, plan: WritePlan, comparison: Comparison | None) -> list[str]:
    """Make sure that an object holds what was written, now that the chip has said that it does.

    A TLS identity says itself where it ends, and nobody reads on: that the chip has erased what was behind it is not
    asked once more.

    :param comparison: None if it must not be read.
    :returns: what a person should know.
    :raises ChipError: if it holds other bytes.
    """
    target, data = plan.target, plan.data
    is_same = comparison.is_same(to_the_end=plan.form is not Form.DEVICE_CERTIFICATE) if comparison else None
    if is_same:
        return []
    held = chip.objects.read_if_allowed(target.oid) if is_same is False else None
    if held is None:
        return [f"{target.info.label} cannot be read, so the written data were not compared"]
    if held == data:  # what can be read is what counts
        return [f"{target.info.label} holds the written data, but the chip reports another hash of them"]
    how_many = f" ({len(held)}, not {len(data)})" if len(held) != len(data) else ""
    pairs = enumerate(zip(held, data, strict=False))
    where = next((offset for offset, (one, other) in pairs if one != other), min(len(held), len(data)))
    raise ChipError(
        f"{target.info.label} does not hold the written bytes{how_many}, from offset {where} on",
        hint="Write it again",
        port=chip.port,
        oid=target.oid,
        reason=Reason.BAD_ANSWER,
    )


def _attempt(chip: Chip, plan: WritePlan) -> Attempt | None:
    """Have the key of a slot sign; None where there is none, or not one as those of slots with certificates are.

    Its metadata need not be asked for then, where it is the certificate's; nor need the type of the object.
    """
    slot = plan.target.slot
    if slot is None or not plan.chain:
        return None
    public_key = plan.chain[0].public_key
    if public_key.algorithm is None or not public_key.algorithm.is_ec:
        return None
    return attempt_proof(chip, slot.key_oid, public_key.algorithm, public_key)


def _is_of_device(plan: WritePlan, attempt: Attempt | None) -> bool:
    """Whether a certificate is a device's beyond doubt, so that the chip need not be asked for the object's type."""
    leaf = plan.chain[0] if plan.chain else None
    return bool(attempt and attempt.verifies and leaf and not leaf.is_ca and not leaf.is_self_issued)


def _prove(chip: Chip, plan: WritePlan, attempt: Attempt | None) -> Proof | None:
    """The proof for the key of a slot; None for objects that belong to no key, and for trust anchors.

    :raises ChipError: if a protected update of the key was interrupted: the chip does not use it until that ends.
    """
    slot = plan.target.slot
    if slot is None or plan.form is not Form.DEVICE_CERTIFICATE:
        return None
    if attempt and attempt.verifies:
        return prove_key(chip, slot, plan.chain[0], attempt=attempt)
    metadata = chip.objects.metadata(slot.key_oid)
    unusable = find_unusable(slot.key_oid, metadata)
    if unusable and unusable.is_interrupted:
        raise unusable.error(chip.port)
    proof = prove_key(chip, slot, plan.chain[0], metadata, attempt)
    return proof.in_its_place(slot) if plan.target.is_slot else proof


def _room(size: int, info: ObjectInfo) -> str:
    return f"it has {counted(size, 'byte')}, but {info.label} has room for {info.size}"
