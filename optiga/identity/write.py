"""Writing a file to the chip: checked whole before the chip is touched, read back, and proven against the key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from optiga.errors import CertificateError, ChipError, ConfigurationError
from optiga.files.files import read_input
from optiga.identity.hexdump import hex_dump
from optiga.identity.proof import Proof, prove_key
from optiga.objects.objects import read_data
from optiga.objects.targets import Target, resolve_writable
from optiga.protocol import tls_identity
from optiga.protocol.objects import ObjectInfo, ObjectKind

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.chip import Chip
    from optiga.pki.certificate import Certificate


@dataclass(frozen=True)
class WritePlan:
    """What is going to be written where; everything that can be known without the chip has been checked.

    :param data: the bytes that the object will hold.
    :param chain: the certificates in them, leaf first; empty for arbitrary data.
    :param warnings: what a person should know about the certificates.
    """

    target: Target
    data: bytes
    chain: tuple[Certificate, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is going to be written, for people: PEM, or a hex dump; ends with a line break."""
        return "".join(certificate.pem for certificate in self.chain) or hex_dump(self.data)


@dataclass(frozen=True)
class WriteResult:
    """What has been done.

    :param size: bytes that the object holds.
    :param written: False if it held exactly these bytes before and was not programmed again.
    :param key_match: whether the certificate belongs to the key; None if that was not or could not be proven.
    :param key_oid: the key that was asked, if one was.
    :param warnings: one sentence each.
    """

    oid: int
    slot: str | None
    size: int
    written: bool
    key_match: bool | None = None
    key_oid: int | None = None
    warnings: tuple[str, ...] = ()


def plan_write(
    path: Path, *, slot: str | None = None, oid: str | None = None, now: datetime | None = None
) -> WritePlan:
    """Check everything about a write that can be checked without the chip.

    :param path: PEM or DER for objects of certificates, any file for arbitrary data objects.
    :param slot: name of a slot or one of its identifiers; the second where neither this nor ``oid`` is given.
    :param oid: identifier of an object.
    :param now: the time that validity is judged at.
    :raises ConfigurationError: if the file or the object cannot be used so.
    :raises CertificateError: if the file is not a certificate, or the object has no room for it.
    """
    from optiga.pki.certificate import load_certificates

    target = resolve_writable(slot, oid)
    if target.kind is ObjectKind.DATA:
        data = read_input(path, "file", 1 << 20)
        if not data:
            raise ConfigurationError(f"{path} is empty", oid=target.oid)
        if len(data) > target.info.size:
            raise ConfigurationError(f"{path} does not fit: {_room(len(data), target.info)}", oid=target.oid)
        return WritePlan(target, data)
    return plan_certificates(load_certificates(path), target, str(path), now=now)


def plan_certificates(chain: list[Certificate], target: Target, name: str, *, now: datetime | None = None) -> WritePlan:
    """The part of :func:`plan_write` that begins with certificates, for those that come from elsewhere than a file.

    :param chain: leaf first, at least one.
    :param name: what to call them in messages.
    """
    from optiga.pki.certificate import warnings_about

    is_device = target.kind is ObjectKind.CERTIFICATE
    if is_device:
        try:
            data = tls_identity.encode(certificate.der for certificate in chain)
        except ValueError as error:
            raise CertificateError(f"{name} does not fit into {target.info.label}: {error}", oid=target.oid) from None
    elif len(chain) == 1:
        data = chain[0].der
    else:
        raise CertificateError(
            f"{name} holds {len(chain)} certificates, the trust anchor {target.info.label} takes one",
            hint="Write the root alone",
            oid=target.oid,
        )
    if len(data) > target.info.size:
        several = f" of {len(chain)} certificates" if len(chain) > 1 else ""
        hint = "A shorter subject or fewer names make it smaller"
        if len(chain) > 1 and chain[-1].subject == chain[-1].issuer:
            hint = "Leave the root out of the chain"
        elif chain[0].public_key.title.startswith("rsa"):
            hint = "An EC certificate is much smaller"
        raise CertificateError(
            f"{name}{several} does not fit: {_room(len(data), target.info)}", hint=hint, oid=target.oid
        )
    moment = now or datetime.now(timezone.utc)
    return WritePlan(target, data, tuple(chain), tuple(warnings_about(chain, moment, device=is_device)))


def execute_write(chip: Chip, plan: WritePlan, *, strict: bool = False) -> WriteResult:
    """Write what was planned, read it back, and prove that certificate and key belong together.

    An object that holds the bytes already is not programmed again.

    :param strict: prove first, and write nothing unless proven.
    :raises ChipError: if the chip refuses, or holds other bytes afterwards than were written.
    :raises CertificateError: if strict, and the certificate is not proven to be of the slot's key.
    """
    target = plan.target
    proof = _prove(chip, plan) if strict else None
    if proof and not proof.key_match:
        raise CertificateError(proof.text, hint="Nothing was written", oid=target.oid)
    warnings = list(plan.warnings)
    written = _held(chip, target) != plan.data
    if written:
        chip.write(target.oid, plan.data)
        held = _held(chip, target)
        if held is None:
            warnings.append(f"{target.info.label} cannot be read freely, so what was written was not compared")
        elif held != plan.data:
            raise ChipError(
                f"{target.info.label} holds other bytes than were written to it ({len(held)}, not {len(plan.data)})"
                if len(held) != len(plan.data)
                else f"{target.info.label} holds other bytes than were written to it",
                hint="Write it again",
                port=chip.port,
                oid=target.oid,
            )
    proof = proof or _prove(chip, plan)
    if proof and not proof.key_match:
        warnings.append(proof.text)
    return WriteResult(
        target.oid,
        target.slot.name if target.slot else None,
        len(plan.data),
        written,
        proof.key_match if proof else None,
        proof.key_oid if proof else None,
        tuple(warnings),
    )


def _held(chip: Chip, target: Target) -> bytes | None:
    """What an object holds; None if it cannot be read, or (which data objects may) would count that."""
    return read_data(chip, target.info) if target.kind is ObjectKind.DATA else chip.read_if_allowed(target.oid)


def _prove(chip: Chip, plan: WritePlan) -> Proof | None:
    """The proof for the key of a slot; None for objects that belong to no key."""
    slot = plan.target.slot
    return prove_key(chip, slot, plan.chain[0]) if slot and plan.chain else None


def _room(size: int, info: ObjectInfo) -> str:
    return f"it takes {size} bytes, {info.label} has room for {info.size}"
