"""Proof that a chip is genuine: its certificate leads to a trusted root, and its key signs a fresh challenge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from optiga.errors import CertificateError, ConfigurationError, Reason, naming
from optiga.files.opening import about_its
from optiga.files.shown import shown
from optiga.identity.emulated import is_emulated
from optiga.identity.possession import Outcome, prove_key, prove_public_key
from optiga.objects.stored import read_certificates
from optiga.pki.certificate_files import load_found
from optiga.pki.chains import warnings_about
from optiga.pki.kinds import PRIVATE_KEY, PUBLIC_KEY, REQUEST
from optiga.pki.name_parts import is_same_name
from optiga.pki.other_content import OtherContentError
from optiga.pki.x509_errors import one_error
from optiga.protocol.objects import SLOTS, UID, Slot, format_oid

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509
    from cryptography.x509.verification import ClientVerifier, Policy

    from optiga.chip import Chip
    from optiga.files.passphrases import Passphrase
    from optiga.pki.certificate import Certificate
    from optiga.pki.pkcs12 import Unlock


IDENTITY_SLOT = SLOTS[0]
"""The slot whose key and certificate the chip has from its factory (SRM, "Common data objects")."""

_GIVE_ROOT = "Give the trusted root certificate, and the intermediate certificates below it"


@dataclass(frozen=True)
class Trust:
    """Who is believed to certify genuine chips.

    :param name: what to call it in messages: the file that it comes from.
    :param roots: the trust anchors, each self-signed; at least one.
    :param intermediates: certificates of further CAs that a chain may need. They are not trusted by themselves.
    :param emulated: whether the emulator's root counts if it is among the roots. Its key is public, so it is to count
        only where an emulated chip is wanted.
    """

    name: str
    roots: tuple[Certificate, ...]
    intermediates: tuple[Certificate, ...] = ()
    emulated: bool = True


@dataclass(frozen=True, slots=True)
class Genuineness:
    """What one proof has bound together: a chip, its UID, and the bytes of its certificate.

    Whoever goes on from here uses these very bytes, and reads nothing a second time.

    :param chain: the certificates that lead from the chip to a root, leaf first, root last.
    :param key_oid: the key that signed the challenge.
    :param oid: the object that holds the certificate.
    :param stored: the certificates as they lie there, leaf first: what was proven, and what is to be used.
    :param uid: what the chip said that it is, in hex, before the challenge and after it. No factory signs it for every
        chip, so it is bound to the certificate by the session alone.
    :param is_emulated: whether the chip is an emulated one.
    """

    chain: tuple[Certificate, ...]
    key_oid: int
    oid: int
    stored: tuple[Certificate, ...]
    uid: str
    is_emulated: bool

    @property
    def certificate(self) -> Certificate:
        """The chip's own."""
        return self.chain[0]

    @property
    def root(self) -> str:
        """Subject of the root that the chain ends at."""
        return self.chain[-1].subject


@about_its("path")
def load_trust(path: Path, passphrase: Passphrase | Unlock | None = None) -> Trust:
    """Read whom to trust: certificates of CAs in PEM, DER, PKCS #7 or PKCS #12, each after the rules of X.509.

    The self-signed ones are the roots.

    :param passphrase: what opens a PKCS #12 container, or who is asked for it.
    :raises ConfigurationError: if the file cannot be read.
    :raises CertificateError: if it holds anything else than certificates of CAs, or no root.
    """
    try:
        found = load_found(path, strict=True, passphrase=passphrase).certificates
    except OtherContentError as error:
        if error.held in (REQUEST, PRIVATE_KEY, PUBLIC_KEY):
            error.hint = _GIVE_ROOT
        raise
    certificates = {certificate.der: certificate for certificate in found}.values()
    for certificate in certificates:
        if not certificate.is_ca:
            raise CertificateError(
                f"{path} holds the certificate of {certificate.subject}, which is not a CA certificate",
                hint=_GIVE_ROOT,
                reason=Reason.WRONG_TYPE,
            )
    roots = tuple(one for one in certificates if one.is_issued_by(one))
    if not roots:
        raise CertificateError(
            f"{path} holds no root certificate: none of its certificates is self-signed",
            hint="Add the root certificate. Infineon publishes the root certificates of its chips",
            reason=Reason.UNTRUSTED,
        )
    return Trust(str(path), roots, tuple(one for one in certificates if one not in roots))


def prove_genuine(chip: Chip, trust: Trust, slot: Slot = IDENTITY_SLOT, *, now: datetime | None = None) -> Genuineness:
    """Prove that a chip is one that the CAs of a trusted root have certified.

    Its certificate must lead to one of the roots, over the further certificates in the same object and the given
    intermediates, every one of them valid at the same time. Then its key must sign a fresh challenge, because a
    certificate can be copied. Whether a certificate was revoked is not asked. Takes the exchanges that reading the
    object takes, those of :func:`optiga.identity.possession.prove_key`, and one for the UID before and after.

    What this proves is that a genuine chip answers on this line now. It says nothing of what answers later: see
    :func:`prove_unchanged`.

    :param trust: from :func:`load_trust`.
    :param slot: by default that of the factory's key 0xE0F0 and certificate 0xE0E0.
    :param now: the time that validity is judged at, with its time zone.
    :raises ConfigurationError: if the slot has no object for a certificate.
    :raises CertificateError: if it is not proven, and why.
    :raises ChipError: if the chip refuses to be read.

    Sources: RFC 5280, 6.1, for the chain; SRM, "CalcSign", for the challenge.
    """
    oid = slot.certificate_oid
    if oid is None:
        raise ConfigurationError(
            f"slot {slot.name} has no object for a certificate, so its key cannot be checked",
            hint=f"The chip's own certificate is in slot {IDENTITY_SLOT.name}",
            oid=slot.key_oid,
            reason=Reason.UNSUPPORTED,
        )
    uid = _read_uid(chip)
    leaf, *further = _read(chip, oid)
    if not trust.emulated and is_emulated(leaf):
        raise _emulated(chip, oid)
    try:
        chain = _build_chain(leaf, further, trust, now or datetime.now(timezone.utc))
    except CertificateError as error:
        raise CertificateError(
            f"{format_oid(oid)}: {error.message}", hint=error.hint, port=chip.port, oid=oid, reason=error.reason
        ) from None
    proof = prove_key(chip, slot, leaf)
    if proof.outcome is not Outcome.PROVEN:
        copied = proof.outcome in (Outcome.MISMATCH, Outcome.NO_KEY)
        hint = "This is not the chip that was certified: the certificate was copied" if copied else ""
        raise CertificateError(proof.text, hint=hint, port=chip.port, oid=proof.key_oid, reason=Reason.MISMATCH)
    if not trust.emulated and any(is_emulated(one) for one in chain):
        raise _emulated(chip, oid)
    if _read_uid(chip) != uid:
        raise _another_chip(chip, oid, "its UID has changed")
    emulated = any(is_emulated(one) for one in chain)
    return Genuineness(chain, proof.key_oid, oid, (leaf, *further), uid, emulated)


def prove_unchanged(chip: Chip, genuine: Genuineness) -> None:
    """Prove that the chip on the line is still the one of an earlier proof: UID, certificate, and a fresh challenge.

    Before and after a step, this shows that a genuine chip was on the line before it and after it, the same one. It
    does not show that this chip did the step: a Trust M signs no statement about its own new keys, so who sits on the
    line with a genuine chip at hand can have it answer these challenges, and a key of his own answer all others.

    :raises CertificateError: if it is another chip, or does not prove that it is the same.
    :raises ChipError: if the chip refuses to be read.
    """
    if _read_uid(chip) != genuine.uid:
        raise _another_chip(chip, genuine.oid, "its UID has changed")
    if [one.der for one in _read(chip, genuine.oid)] != [one.der for one in genuine.stored]:
        raise _another_chip(chip, genuine.oid, "its certificate has changed")
    proof = prove_public_key(chip, genuine.key_oid, genuine.certificate.public_key)
    if proof.outcome is not Outcome.PROVEN:
        raise _another_chip(chip, genuine.oid, proof.text)


def _read_uid(chip: Chip) -> str:
    """The UID as the chip says it now, in hex."""
    return chip.objects.read(UID).hex()


def _another_chip(chip: Chip, oid: int, why: str) -> CertificateError:
    return CertificateError(
        f"this is not the chip that proved that it is genuine: {why}",
        hint="Check whether the board was changed, or whether something intercepts the connection. Nothing was "
        "activated",
        port=chip.port,
        oid=oid,
        reason=Reason.MISMATCH,
    )


def _emulated(chip: Chip, oid: int) -> CertificateError:
    return CertificateError(
        f"{format_oid(oid)}: this chip is emulated: its CA certifies anything, so its certificate proves nothing",
        hint=naming("To accept it anyway, use {emulated}"),
        port=chip.port,
        oid=oid,
        reason=Reason.UNTRUSTED,
    )


def _read(chip: Chip, oid: int) -> list[Certificate]:
    """The certificates in an object, leaf first, at least one."""
    try:
        return read_certificates(chip, oid, meaning=", so its origin cannot be checked")
    except CertificateError as error:
        error.port = chip.port
        raise


def _build_chain(
    leaf: Certificate, further: list[Certificate], trust: Trust, moment: datetime
) -> tuple[Certificate, ...]:
    """The chain from a leaf to a root, both included.

    :param further: other certificates that came with the leaf and are no more trusted than it is.
    :raises CertificateError: if there is none.
    """
    from cryptography.x509.verification import VerificationError

    others = [*trust.roots, *trust.intermediates, *further]
    known = {certificate.parsed: certificate for certificate in (leaf, *others)}
    untrusted = [certificate.parsed for certificate in (*trust.intermediates, *further)]
    try:
        with one_error():
            verified = _verifier(trust, moment).verify(leaf.parsed, untrusted)
    except (VerificationError, ValueError) as error:
        raise _explain(leaf, others, trust, moment, error) from None
    return tuple(known[certificate] for certificate in verified.chain)


def _verifier(trust: Trust, moment: datetime) -> ClientVerifier:
    """RFC 5280's path validation, without what the web's certificates must have beyond it and a chip's have not."""
    from cryptography import x509
    from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store

    either = Criticality.AGNOSTIC
    # Once there are basic constraints, the verifier itself sees that cA is true and the path is not too long.
    issuers = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, either, None)
    issuers = issuers.may_be_present(x509.KeyUsage, either, _check_issuer_usage)
    devices = ExtensionPolicy.permit_all().may_be_present(x509.BasicConstraints, either, _check_leaf_constraints)
    # Nobody asks for a certain policy here, so any set of policies is as good (RFC 5280, 6.1.1, c and e).
    issuers, devices = (one.may_be_present(x509.CertificatePolicies, either, None) for one in (issuers, devices))
    builder = PolicyBuilder().store(Store([root.parsed for root in trust.roots])).time(moment.astimezone(timezone.utc))
    return builder.extension_policies(ca_policy=issuers, ee_policy=devices).build_client_verifier()


def _check_issuer_usage(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("a key that may not sign certificates has signed one")


def _check_leaf_constraints(
    _policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints | None
) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("the certificate belongs to a CA, not to a device")


def _explain(
    leaf: Certificate, others: list[Certificate], trust: Trust, moment: datetime, error: Exception
) -> CertificateError:
    """What is wrong with a chain that does not verify, for people. It judges nothing: that is done already.

    :param others: every certificate that a chain might go over, the trusted ones first.
    :param error: the verifier's, which names neither certificates nor a remedy.
    """
    path = [leaf]
    while path[-1] not in trust.roots:
        issuer = next((one for one in others if one not in path and path[-1].is_issued_by(one)), None)
        if issuer is None:
            break
        path.append(issuer)
    objections = warnings_about(path, moment)
    objections += [text for below, issuer in enumerate(path[1:]) if (text := _objection(issuer, below))]
    if objections:
        return CertificateError(objections[0], reason=Reason.UNTRUSTED)
    end = path[-1]
    if end in trust.roots:
        reason = str(error).removeprefix("validation failed: ").removeprefix("candidates exhausted: ")
        reason = shown(reason)
        reason = reason.partition(" (encountered processing ")[0]
        return CertificateError(
            f"the chain from {leaf.subject} to {end.subject} is not valid: {reason}", reason=Reason.UNTRUSTED
        )
    if any(end.is_issued_by(one) for one in path):
        how = "is self-signed" if end.is_issued_by(end) else "was certified by CAs below it"
        return CertificateError(
            f"the chain ends at {end.subject}, which {how} and is not a root certificate in {trust.name}",
            reason=Reason.UNTRUSTED,
        )
    if any(is_same_name(one.parsed.subject, end.parsed.issuer) for one in others):
        return CertificateError(
            f"the certificate of {end.subject} is not signed by the {end.issuer} in this file, but by another CA of "
            "the same name, or not at all",
            hint=f"Check that {trust.name} is the right file for this chip",
            reason=Reason.UNTRUSTED,
        )
    return CertificateError(
        f"the chain ends at {end.subject}: its issuer {end.issuer} is not in {trust.name}",
        hint=f"If the issuer is an intermediate CA, add its certificate to {trust.name}. Infineon publishes the "
        "certificates of its CAs",
        reason=Reason.UNTRUSTED,
    )


def _objection(issuer: Certificate, below: int) -> str:
    """Why a CA may not have issued a certificate of a chain; empty if it may.

    :param below: how many CAs there are between it and the leaf.
    """
    from cryptography import x509

    extensions = {type(extension.value): extension.value for extension in issuer.parsed.extensions}
    constraints, usage = extensions.get(x509.BasicConstraints), extensions.get(x509.KeyUsage)
    if not isinstance(constraints, x509.BasicConstraints) or not constraints.ca:
        return f"{issuer.subject} has issued a certificate, but is not a CA"
    if isinstance(usage, x509.KeyUsage) and not usage.key_cert_sign:
        return f"{issuer.subject} has issued a certificate, but its key may not sign certificates"
    if constraints.path_length is not None and below > constraints.path_length:
        return f"{issuer.subject} may have {constraints.path_length} CAs below it in a chain, but there are {below}"
    return ""
