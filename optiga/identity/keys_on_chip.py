"""The keys of a chip: list them, generate new ones, and get their public keys if possible."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from optiga.chip.abilities import require
from optiga.chip.references import algorithm_of
from optiga.chip.unusable import find_unusable
from optiga.errors import CertificateError, ChipError, ConfigurationError, Reason, naming
from optiga.identity.possession import Outcome, prove_public_key
from optiga.objects.access import check_access
from optiga.objects.addressing import KEY, resolve
from optiga.objects.stored import decode_stored, is_empty, read_certificates, read_stored
from optiga.pki.certificate import Certificate
from optiga.pki.pem import encode_pem
from optiga.protocol.algorithms import AES_KEY_SIZES, KeyAlgorithm
from optiga.protocol.codes import KEY_USAGE_WORDS, CommandCode, ErrorCode, KeyUsage
from optiga.protocol.conditions import NEVER
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import AES, OBJECTS, SLOTS, SYMMETRIC_KEY, Reference, Slot, format_oid, slots_for_new_keys
from optiga.protocol.rules.known import access_now
from optiga.results import ABSENT
from optiga.suggestions import suggest

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.chip.key_fate import KeyFate
    from optiga.objects.addressing import Target
    from optiga.protocol.metadata import Metadata

_PLACE = replace(KEY, names_slot=True)
"""What a new key is made in: named as a slot is, or ``aes``."""
EMPTY_SUBJECT = "an empty subject"
"""Whose a certificate without a subject is, in messages."""
_NOT_TO_BE_HAD = (
    ErrorCode.INVALID_OID,
    ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED,
    ErrorCode.INVALID_METADATA,  # an update of it was interrupted
)


@dataclass(frozen=True, slots=True)
class KeyDescription:
    """A key object of a chip. SRM, tables "Metadata associated with data and key objects" and "Access conditions".

    :param oid: for example ``0xE0F1``.
    :param slot: its name, ``aes`` for the symmetric key.
    :param algorithm: for example ``secp256r1``; None where there is no key.
    :param usage: what it may be used for: ``authentication``, ``encryption``, ``signature``, ``key_agreement``.
    :param life_cycle: state of the object in a word.
    :param change: the access condition in words, and so is ``execute``.
    :param unusable: why the chip does not use it, and what to do; None where its conditions alone decide that.
    """

    oid: str
    slot: str
    algorithm: str | None
    usage: tuple[str, ...]
    life_cycle: str
    change: str
    execute: str
    unusable: str | None = field(default=None, metadata=ABSENT)


def list_keys(chip: Chip) -> list[KeyDescription]:
    """Every key object that the chip has. One exchange for each.

    :raises ChipError: if the chip refuses for another reason than that it has no such object.
    """
    described = []
    for info in OBJECTS.values():
        if info.kind.is_key:
            try:
                metadata = chip.objects.metadata(info.oid)
            except ChipError as error:
                if error.code != ErrorCode.INVALID_OID:  # other models have fewer keys
                    raise
                continue
            described.append(_describe(info.oid, metadata))
    return described


def _describe(oid: int, metadata: Metadata) -> KeyDescription:
    words, unusable = metadata.in_words(), find_unusable(oid, metadata)
    algorithm = metadata.algorithm
    return KeyDescription(
        oid=format_oid(oid),
        slot=next((slot.name for slot in SLOTS if slot.key_oid == oid), AES),
        algorithm=words.get("algorithm") if algorithm is None else algorithm.title,
        usage=tuple(metadata.key_usage.words),
        life_cycle=words.get("lcso", "operational"),  # the manual's rule for an absent tag
        change=words.get("change", "never"),
        execute=words.get("execute", "never"),
        unusable=unusable.text if unusable else None,
    )


@dataclass(frozen=True)
class KeyPlan:
    """A key that is to be made; everything that can be known without the chip has been checked.

    :param slot: None for the symmetric key.
    """

    oid: int
    slot: Slot | None
    algorithm: KeyAlgorithm
    usage: KeyUsage

    @property
    def name(self) -> str:
        """Slot and object as people write them, for example ``third (0xE0F2)``."""
        return f"{self.slot.name if self.slot else AES} ({format_oid(self.oid)})"


@dataclass(frozen=True)
class ExistingKey:
    """What stands in the place of a key that is to be made.

    :param algorithm: of the key there, empty if there is none.
    :param certificate: whose certificate the slot holds, empty if none.
    :param certificate_oid: its object.
    """

    algorithm: str = ""
    certificate: str = ""
    certificate_oid: str = ""


def plan_key(name: Reference, *, algorithm: str | None, bits: int | None, usage: str | None) -> KeyPlan:
    """Check what is asked for a new key.

    :param name: a slot by its name or either of its identifiers; ``aes`` or ``0xE200`` for the symmetric key.
    :param algorithm: of a key pair, by any name that it has; where it is None, secp256r1, or rsa2048 in the slots
        for RSA.
    :param bits: of an AES key: 128, 192 or 256; 256 where it is None.
    :param usage: names of usages with commas between; None for what a key of the kind is mostly for.
    :raises ConfigurationError: if these do not go together.
    """
    slot = resolve(name, _PLACE).slot
    if slot is None:
        if algorithm is not None:
            raise ConfigurationError(
                naming("{algorithm} is for key pairs"),
                hint=naming("For an AES key, use {bits}"),
                reason=Reason.CONFLICT,
            )
        usages = parse_usage(usage) or KeyUsage.ENCRYPTION
        aes = KeyAlgorithm[f"AES{bits or 256}"]
        check_usage(aes, usages)
        return KeyPlan(SYMMETRIC_KEY, None, aes, usages)
    if bits is not None:
        raise ConfigurationError(
            naming("{bits} is for the AES key"), hint=naming("For a key pair, use {algorithm}"), reason=Reason.CONFLICT
        )
    is_rsa = slot.certificate_oid is None
    chosen = _algorithm_of_pair(algorithm or ("rsa2048" if is_rsa else "secp256r1"))
    fitting = ", ".join(known.name for known in slots_for_new_keys(is_rsa=chosen.is_rsa))
    if chosen.is_rsa != is_rsa:
        raise ConfigurationError(
            f"slot {slot.name} cannot hold {chosen.title} keys",
            hint=f"Use {fitting}",
            oid=slot.key_oid,
            reason=Reason.UNSUPPORTED,
        )
    usual = KeyUsage.AUTHENTICATION | (KeyUsage.ENCRYPTION if is_rsa else KeyUsage.KEY_AGREEMENT)
    usages = parse_usage(usage) or usual
    check_usage(chosen, usages)
    return KeyPlan(slot.key_oid, slot, chosen, usages)


def find_algorithm(name: str) -> str | None:
    """How an algorithm is called in configurations and results, by any name that it has; None if there is none."""
    found = KeyAlgorithm.find(name)
    return None if found is None else found.title


def _algorithm_of_pair(name: str) -> KeyAlgorithm:
    chosen = algorithm_of(name)
    if chosen in AES_KEY_SIZES:
        raise ConfigurationError(
            f"{chosen.title} is not an algorithm of a key pair",
            hint=f"For an AES key, use {AES}",
            reason=Reason.CONFLICT,
        )
    return chosen


def parse_usage(text: str | None) -> KeyUsage:
    """The usages that a text names, with commas between them; nothing for None.

    :raises ConfigurationError: if a word is none.
    """
    usage = KeyUsage(0)
    for word in [] if text is None else text.split(","):
        try:
            usage |= KEY_USAGE_WORDS["_".join(word.lower().replace("-", " ").replace("_", " ").split())]
        except KeyError:
            meant = suggest(word.strip(), KEY_USAGE_WORDS, {})
            raise ConfigurationError(
                naming("{usage}: {word} is not a key usage{meant}", word=repr(word.strip()), meant=meant),
                hint=f"Use one of {', '.join(KEY_USAGE_WORDS)}",
            ) from None
    return usage


def check_usage(algorithm: KeyAlgorithm, usage: KeyUsage) -> None:
    """Make sure that a key can be used for all that it is made for: the chip takes any usage, and refuses the use.

    :raises ConfigurationError: if no command of the chip has such a use of a key of the algorithm.
    """
    useless = KeyUsage(usage & ~algorithm.usages)
    if useless:
        raise ConfigurationError(
            naming(
                "{usage}: the chip cannot use {title} keys for {words}",
                title=algorithm.title,
                words=", ".join(useless.words),
            ),
            hint=f"Use {', '.join(algorithm.usages.words)}",
            reason=Reason.UNSUPPORTED,
        )


def find_existing_key(chip: Chip, plan: KeyPlan, *, reading: bool = True) -> ExistingKey:
    """What a new key would take the place of. At most three exchanges, and one for the UID.

    :param reading: whether the slot's certificate may be read.
    :raises ConfigurationError: if the chip's model does not have such keys, or not in this place.
    :raises ChipError: if the chip does not have the object, or refuses to tell; if it would not use the new key.
    """
    command = CommandCode.GEN_SYM_KEY if plan.slot is None else CommandCode.GEN_KEY_PAIR
    require(chip, command, plan.algorithm, plan.oid)
    metadata = chip.objects.metadata(plan.oid)
    if unusable := find_unusable(plan.oid, metadata):
        raise unusable.error(chip.port)
    if access_now(metadata, Tag.EXECUTE) == NEVER:
        raise ConfigurationError(
            f"a key in {format_oid(plan.oid)} cannot be used: its metadata have execute: never",
            hint="Use another slot. No key was generated",
            oid=plan.oid,
            reason=Reason.DENIED,
        )
    if plan.slot == SLOTS[0]:
        _check_first(metadata)
    algorithm = metadata.in_words().get("algorithm", "")
    if plan.slot is None or plan.slot.certificate_oid is None or not reading:
        return ExistingKey(algorithm)
    subject = find_subject(chip, plan.slot.certificate_oid)
    return ExistingKey(algorithm, subject, format_oid(plan.slot.certificate_oid)) if subject else ExistingKey(algorithm)


def check_first_slot(chip: Chip) -> None:
    """Refuse a new key in the slot ``first``, Infineon's own identity, where the chip does not let it be changed.

    What has been authorized counts; conditions that may hold or not are left to the chip. At most two exchanges, and
    those for counters.

    :raises ConfigurationError: if it does not.
    :raises ChipError: if the chip refuses to tell.
    """
    oid = SLOTS[0].key_oid
    _check_first(chip.objects.metadata(oid))
    check_access(chip, oid, Tag.CHANGE, Tag.EXECUTE)


def first_is_locked(why: str) -> ConfigurationError:
    """The error for a new key in the slot ``first``.

    :param why: what keeps it as it is, for the end of a sentence.
    """
    return ConfigurationError(
        f"slot {SLOTS[0].name} cannot get a new key: it holds Infineon's own key, and {why}",
        hint=f"Use {', '.join(slot.name for slot in slots_for_new_keys(is_rsa=False))}. No key was generated",
        oid=SLOTS[0].key_oid,
        reason=Reason.DENIED,
    )


def _check_first(metadata: Metadata) -> None:
    """Refuse a new key in the slot ``first`` if nobody may change it.

    :param metadata: of its key.
    """
    if access_now(metadata, Tag.CHANGE) == NEVER:
        words = metadata.in_words().get("change", "absent, which is never")
        raise first_is_locked(f"the metadata of {format_oid(SLOTS[0].key_oid)} have change: {words}")


def find_subject(chip: Chip, oid: int) -> str:
    """The subject of the certificate, the first of a chain, in an object; empty if there is no certificate.

    :raises ChipError: if the chip refuses for another reason than that it has no such object, or does not let it be
        read.
    """
    try:
        data = read_stored(chip, oid)
        return "" if is_empty(data) else decode_stored(data, Certificate.parse_leniently)[0].subject or EMPTY_SUBJECT
    except ChipError as error:
        if error.code not in _NOT_TO_BE_HAD:
            raise
    except ValueError:  # some other data
        pass
    return ""


def make_key(chip: Chip, plan: KeyPlan, fate: KeyFate) -> str:
    """Have the chip make the key; the one before it is lost. One exchange.

    :param fate: what keeps account of the key, entered by the caller.
    :returns: the public key as PEM (SubjectPublicKeyInfo), which the chip never tells again; empty for an AES key.
    :raises ChipError: if the chip refuses.
    """
    fate.asked()
    if plan.slot is None:
        chip.crypto.generate_aes_key(int(plan.algorithm.title.removeprefix(AES)), plan.usage)
        fate.made()
        return ""
    key = chip.generate_key(plan.oid, plan.algorithm, plan.usage)
    fate.made()
    return encode_pem("PUBLIC KEY", key.public_key_info)


@dataclass(frozen=True)
class CertifiedKey:
    """The public key that a certificate says a slot's key has.

    :param pem: SubjectPublicKeyInfo.
    :param key_match: True if the chip's key is proven to be this one; None if it could not be asked.
    :param text: what the proof has shown, one sentence.
    """

    pem: str
    algorithm: str
    subject: str
    key_match: bool | None
    text: str


def certified_key(chip: Chip, slot: Slot, where: Target) -> CertifiedKey:
    """The public key of a slot's key from a certificate on the chip, and the proof that it is. About four exchanges.

    :param where: the object of the certificate.
    :raises CertificateError: if it holds none, or that of another key.
    :raises ChipError: if the chip refuses.
    """
    hint = naming(
        "The chip outputs a public key only when it generates the key: write a certificate of the key first, or give "
        "the object that holds one with {certificate}"
    )
    certificate = stored_certificate(chip, where, hint)
    public_key = certificate.public_key
    proof = prove_public_key(chip, slot.key_oid, public_key, f"the certificate in {where.info.label}")
    if proof.outcome in (Outcome.MISMATCH, Outcome.NO_KEY):
        raise CertificateError(
            proof.text, hint=naming("Give the object with {certificate}"), oid=where.oid, reason=Reason.MISMATCH
        )
    pem = encode_pem("PUBLIC KEY", public_key.info)
    return CertifiedKey(pem, public_key.title, certificate.subject, proof.key_match, proof.text)


def stored_certificate(chip: Chip, where: Target, hint: str = "Write one first, or give another object") -> Certificate:
    """The certificate in an object, the leaf where there is a chain.

    :param hint: what to do if there is none.

    :raises CertificateError: if there is none, or nothing that parses.
    :raises ChipError: if the chip refuses.
    """
    return read_certificates(chip, where.oid, hint=hint)[0]
