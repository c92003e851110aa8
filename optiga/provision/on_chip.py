"""What a chip holds when its identity is taken back: it may have another certificate than the journal's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from optiga.cloud.aws.certificates import ACTIVE
from optiga.errors import ChipError, ConfigurationError, naming
from optiga.identity.possession import prove_public_key
from optiga.objects.addressing import resolve_slot
from optiga.protocol.objects import SLOTS, format_oid
from optiga.provision.believed import known_certificates
from optiga.provision.checks import UNANSWERED, ask
from optiga.provision.chip_slot import certificates_in
from optiga.provision.earlier import lives

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.cloud.aws.certificates import Certificates
    from optiga.pki.certificate import Certificate
    from optiga.protocol.objects import Slot
    from optiga.provision.entry import Entry
    from optiga.provision.events import Reporter
    from optiga.provision.journal import Journal


@dataclass(frozen=True, slots=True)
class OnChip:
    """What was found on a chip.

    :param is_read: whether an object for the slot's certificate was read.
    :param is_own: whether one holds a certificate that the journal has of the slot.
    :param other: a certificate of the slot that the journal does not have; None if there is none.
    :param oid: the object that holds it.
    """

    is_read: bool = False
    is_own: bool = False
    other: Certificate | None = None
    oid: int = 0


def look_at_chip(chip: Chip | None, entry: Entry, journal: Journal) -> OnChip:
    """Compare the certificate of a slot with those that the journal has.

    It is in the slot's own object, or in that of another slot, if a run was told so.

    :param chip: None if it is not connected.
    :raises ConfigurationError: if it is another chip than the entry's.
    """
    if chip is None:
        return OnChip()
    if chip.uid.hex != entry.uid:
        raise ConfigurationError(f"the entry is of chip {entry.uid}, not of chip {chip.uid.hex}", parameter="chip")
    of_slot = _known(lives(journal, entry.uid, entry.slot) or [entry])
    of_chip = of_slot | _known(journal.of_chip(entry.uid))
    slot, is_read = resolve_slot(entry.slot), False
    for one in sorted(SLOTS[1:], key=lambda other: other != slot) if slot != SLOTS[0] else SLOTS[:1]:
        if one.certificate_oid is None or (held := _stored(chip, one.certificate_oid)) is None:
            continue
        is_read = True
        if not held:
            continue
        if held[0].fingerprint in of_slot:
            return OnChip(is_read=True, is_own=True)
        if held[0].fingerprint not in of_chip and (one == slot or _has_key(chip, slot, held[0])):
            return OnChip(is_read=True, other=held[0], oid=one.certificate_oid)
    return OnChip(is_read=is_read)


def warn_of_other(
    found: OnChip, account: str | None, region: str | None, certificates: Certificates | None, reporter: Reporter
) -> None:
    """Warn of a certificate on the chip that is not taken back, and say what it is worth.

    :param certificates: those of the entry's account and region; None without a cloud.
    """
    if found.other is None:
        return
    name, where = found.other.fingerprint, f"account {account}, {region}"
    text = (
        f"{format_oid(found.oid)} of the chip holds another certificate, {name} of {found.other.subject}, which is not "
        "in this journal and stays as it is"
    )
    worth = "If it is registered in a cloud, it is still accepted there"
    if certificates is not None:
        what = f"cannot check whether AWS IoT has the certificate {name}"
        held = ask(partial(certificates.describe, name), UNANSWERED, reporter, what)
        if held is UNANSWERED:
            worth = f"AWS IoT in {where} may still accept it"
        elif held is None:
            worth = f"AWS IoT in {where} does not have it. If it is registered elsewhere, it is still accepted there"
        elif held.status == ACTIVE:
            worth = f"AWS IoT in {where} still accepts it: it is ACTIVE"
        else:
            worth = f"In AWS IoT in {where} it is {held.status}"
    aws = ", or deactivate it in AWS IoT (aws iot update-certificate)" if certificates is not None else ""
    reporter.warn(
        naming(
            "{text}. {worth}. To remove it, use 'python -m optiga deprovision' with the journal that has it ({journal})"
            "{aws}",
            text=text,
            worth=worth,
            aws=aws,
        )
    )


def kept_by_chip(found: OnChip, *, has_certificate: bool, is_out: bool) -> str:
    """What the chip keeps, and what that is worth from now on: one sentence without the full stop, or two.

    :param has_certificate: whether the journal has a certificate of the slot.
    :param is_out: whether AWS IoT no longer has any that the journal has.
    """
    text = "The chip was not changed"
    if not has_certificate and found.other is None:
        return f"{text}: it keeps its key"
    if found.is_own:
        return f"{text}: it keeps its key and certificate{', but AWS IoT no longer accepts them' * is_out}"
    if found.is_read or not is_out:
        return text
    return (
        f"{text}. AWS IoT no longer accepts the certificate in this journal; whether the chip has another certificate "
        "was not checked"
    )


def _known(entries: list[Entry]) -> set[str]:
    """The certificates of entries, SHA-256 in hex."""
    return {name for entry in entries for name in known_certificates(entry)}


def _stored(chip: Chip, oid: int) -> list[Certificate] | None:
    """The certificates in an object, leaf first; None if the chip does not let it be read."""
    try:
        data = chip.objects.read_if_allowed(oid)
    except ChipError:
        return None
    return None if data is None else certificates_in(data)


def _has_key(chip: Chip, slot: Slot, certificate: Certificate) -> bool:
    """Whether the key of a slot belongs to a certificate, as far as the chip lets this be known."""
    try:
        return bool(prove_public_key(chip, slot.key_oid, certificate.public_key, sparing=True).key_match)
    except ChipError:
        return False
