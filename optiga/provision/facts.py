"""Facts: what has been done to a chip's slot, each with exactly the fields that it has, and their one form in JSON.

A journal keeps them in the order in which they came about, and adds to them only; what a slot has come to is the fold
of its facts (:mod:`.entry`). A fact's form is canonical: the same fact is always the same text, and no other is read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple, TypeAlias

from optiga.errors import ConfigurationError, Reason
from optiga.provision.fact_fields import BYTES, TEXT, TIME, Codec, or_none, text


@dataclass(frozen=True, slots=True)
class Replaced:
    """A certificate in AWS IoT that a new one takes the place of.

    :param certificate_id: AWS's identifier.
    :param key: SHA-256, in hex, of its public key (SubjectPublicKeyInfo); None if that is not known.
    """

    certificate_id: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A slot is on its way to a new identity; what was said of it before is history.

    :param issuer: who certifies: ``aws``, ``ca:`` with a fingerprint, or ``chip`` for the one it came with.
    :param settings: fingerprint of what the CSR is made from.
    :param replaced: the certificates before it, the newest last.
    """

    issuer: str
    settings: str
    replaced: tuple[Replaced, ...] = ()


@dataclass(frozen=True, slots=True)
class LossAccepted:
    """A run without a cloud was allowed to lose an identity on the chip.

    :param fingerprint: SHA-256, in hex, of its certificate.
    """

    fingerprint: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Where in AWS IoT the device is going to be, by the names that are known beforehand; later ones take their place.

    :param endpoint: host name that devices connect to; None if AWS did not tell.
    :param thing: None where it gets none, or a provisioning template names it.
    :param policy: the same of its policy.
    :param template: provisioning template that thing and policy come from.
    """

    account: str
    region: str
    endpoint: str | None
    thing: str | None
    policy: str | None
    template: str | None


@dataclass(frozen=True, slots=True)
class Attested:
    """The chip has proven that it is genuine.

    :param fingerprint: SHA-256, in hex, of the factory's certificate.
    """

    fingerprint: str


@dataclass(frozen=True, slots=True)
class Emulated:
    """The chip was found to be emulated."""


@dataclass(frozen=True, slots=True)
class KeyMade:
    """The chip has made the key pair.

    :param key_info: public key, SubjectPublicKeyInfo in DER.
    """

    key_info: bytes


@dataclass(frozen=True, slots=True)
class CsrSigned:
    """The chip has signed the CSR.

    :param csr: CertificationRequest in DER.
    :param filename: its file.
    :param public_key: its public key as ``--csr`` prints it.
    """

    csr: bytes
    filename: str
    public_key: str


@dataclass(frozen=True, slots=True)
class Requested:
    """A certificate is about to be asked for; there may be one that nobody here knows of.

    :param at: since when there may be one, with its time zone.
    """

    at: datetime


@dataclass(frozen=True, slots=True)
class Issued:
    """The certificate is there, of this key.

    :param certificate: certificate and chain in PEM, leaf first.
    :param file: its file.
    """

    certificate: str
    file: str


@dataclass(frozen=True, slots=True)
class FactoryProven:
    """The chip has proven the key of the certificate that it came with.

    :param certificate: certificate and chain in PEM, leaf first.
    :param key_info: public key, SubjectPublicKeyInfo in DER.
    """

    certificate: str
    key_info: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """The chip holds the certificate and has proven its key."""


@dataclass(frozen=True, slots=True)
class Registered:
    """AWS IoT has the certificate; inactive, if it did not have it before.

    :param certificate_id: AWS's identifier.
    :param arn: the same as an ARN.
    """

    certificate_id: str
    arn: str


@dataclass(frozen=True, slots=True)
class ThingRequested:
    """AWS IoT has no such thing, and it is about to be asked to create it."""

    thing: str


@dataclass(frozen=True, slots=True)
class ThingAttached:
    """The certificate is attached to its thing.

    :param arn: the thing's ARN; None where AWS has not told it.
    """

    thing: str
    arn: str | None


@dataclass(frozen=True, slots=True)
class AttachedExclusively:
    """The certificate is attached to its thing so that it can be no other's."""


@dataclass(frozen=True, slots=True)
class Billed:
    """The thing is in a billing group.

    :param billing_group: its name.
    """

    billing_group: str


@dataclass(frozen=True, slots=True)
class WithoutThing:
    """It was its turn to be attached to a thing, and it has none."""


@dataclass(frozen=True, slots=True)
class PolicyAttached:
    """The certificate has its policy."""

    policy: str


@dataclass(frozen=True, slots=True)
class WithoutPolicy:
    """It was its turn to get a policy, and it has none."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The device has its identity; in AWS IoT its certificate is active."""


@dataclass(frozen=True, slots=True)
class Detaching:
    """The slot's certificates in an account and region are about to be removed.

    :param things: those that they are about to be detached from.
    """

    account: str
    region: str
    things: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deprovisioned:
    """The identity has been taken back."""


@dataclass(frozen=True, slots=True)
class Removed:
    """The slot's certificates of earlier runs in another account or region have been deleted there."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What was said of the slot so far comes from a journal of version 1, which kept only the newest of everything.

    :param started_at: when the slot was begun, by that journal.
    :param updated_at: when the last of its steps was done, by that journal.
    """

    started_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A journal of version 1 had something of the slot that no program of ours has written."""


Fact: TypeAlias = (
    Begun
    | LossAccepted
    | Placed
    | Attested
    | Emulated
    | KeyMade
    | CsrSigned
    | Requested
    | Issued
    | FactoryProven
    | Written
    | Registered
    | AttachedExclusively
    | Billed
    | ThingRequested
    | ThingAttached
    | WithoutThing
    | PolicyAttached
    | WithoutPolicy
    | Finished
    | Detaching
    | Deprovisioned
    | Removed
    | Imported
    | Unreadable
)

KINDS: dict[str, type[Fact]] = {
    "begun": Begun,
    "loss accepted": LossAccepted,
    "placed": Placed,
    "attested": Attested,
    "emulated": Emulated,
    "key made": KeyMade,
    "csr signed": CsrSigned,
    "requested": Requested,
    "issued": Issued,
    "factory proven": FactoryProven,
    "written": Written,
    "registered": Registered,
    "attached exclusively": AttachedExclusively,
    "billed": Billed,
    "thing requested": ThingRequested,
    "thing attached": ThingAttached,
    "without thing": WithoutThing,
    "policy attached": PolicyAttached,
    "without policy": WithoutPolicy,
    "finished": Finished,
    "detaching": Detaching,
    "deprovisioned": Deprovisioned,
    "removed": Removed,
    "imported": Imported,
    "unreadable": Unreadable,
}
"""The kinds of facts by the names that a journal has them under."""
_NAMES = {kind: name for name, kind in KINDS.items()}
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


class Encoded(NamedTuple):
    """A fact as a journal keeps it: its kind, and its fields as a JSON object in ASCII, sorted by name, no spaces."""

    kind: str
    body: str


def damaged(uid: str, slot: str, problem: str = "") -> ConfigurationError:
    """The error for something in a journal that nothing here has written.

    :param uid: the chip's UID in hex.
    :param problem: what is wrong with it, if that is known.
    """
    what = f": {problem}" if problem else ""
    return ConfigurationError(
        f"the journal's entry of chip {uid}, slot {slot}, is damaged{what}",
        hint="Restore it from a backup",
        reason=Reason.DAMAGED,
    )


def kind_of(fact: Fact) -> str:
    """The name of a fact's kind."""
    return _NAMES[type(fact)]


def encode_fact(fact: Fact) -> Encoded:
    """The one form of a fact.

    :raises ConfigurationError: if a text in it is none: it has half of a pair of surrogates.
    """
    try:
        body = {name: codec.encode(getattr(fact, name)) for name, codec in _FORMS[type(fact)]}
    except UnicodeEncodeError:
        raise ConfigurationError(f"what is {_NAMES[type(fact)]} has a name that is not text") from None
    return Encoded(_NAMES[type(fact)], _ENCODER.encode(body))


def decode_fact(uid: str, slot: str, kind: str, body: str) -> Fact:
    """A fact in its one form, taken back.

    :param uid: the chip that it is of, for messages.
    :raises ConfigurationError: if the kind is unknown, a field is missing, is one too many or of another type, or the
        text is not the one that :func:`encode_fact` makes of the fact.
    """
    try:
        made, values = KINDS[kind], json.loads(body)
        fact = made(*[codec.decode(values[name]) for name, codec in _FORMS[made]])
        is_good = encode_fact(fact) == (kind, body)  # nothing more was in it, and nothing in another form
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError, OverflowError):
        is_good = False
    if not is_good:
        raise damaged(uid, slot, "it has a fact that this program does not write")
    return fact


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(text, value))


def _replaced(value: object) -> tuple[Replaced, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(Replaced(text(name), None if key is None else text(key)) for name, key in value)


_CODECS = {
    "str": TEXT,
    "str | None": or_none(TEXT),
    "bytes": BYTES,
    "datetime": TIME,
    "datetime | None": or_none(TIME),
    "tuple[str, ...]": Codec(list, _texts),
    "tuple[Replaced, ...]": Codec(lambda value: [[one.certificate_id, one.key] for one in value], _replaced),
}
"""By the type as it is written behind a field's name."""
_FORMS: dict[type, list[tuple[str, Codec]]] = {
    kind: [(field.name, _CODECS[str(field.type)]) for field in fields(kind)] for kind in KINDS.values()
}
"""The fields of each kind of fact, in their order."""
