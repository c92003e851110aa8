"""What a revocation does: to the certificate that is named, and to the others of its key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.ca.finding import find_signed
from optiga.ca.revocation import COMPROMISES, REASONS, is_graver
from optiga.errors import ConfigurationError, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from optiga.ca.crl_entries import Revocation
    from optiga.ca.folder import CaFolder
    from optiga.ca.records import Record, Records

_MOST_NAMED = 5
"""Most serial numbers in a warning."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """A revocation: planned, or carried out.

    :param record: of the certificate that was named; as it was before in a plan, else as it is now.
    :param reason: that the certificate has after it, which may be a graver one from before.
    :param is_new: whether the certificate was not revoked before; of one that was, only the reason can become graver.
    :param becomes_graver: whether the reason of a certificate that was revoked before becomes another one.
    :param is_recorded: whether the records had the certificate before.
    :param others: valid certificates of the same key, which are revoked with it because the key is compromised.
    :param still_valid: valid certificates of the same key that stay valid.
    """

    record: Record
    reason: str
    is_new: bool
    becomes_graver: bool
    is_recorded: bool
    others: tuple[Record, ...] = ()
    still_valid: tuple[Record, ...] = ()


def plan_revocation(folder: CaFolder, records: Records, name: str | Path, reason: str, now: datetime) -> Revoked:
    """What the revocation of a certificate does; changes nothing.

    A compromised key is so in every certificate: all that are valid are revoked with the one that is named.

    :param name: as :func:`optiga.ca.finding.find_record` takes it; the file of a certificate that this CA has signed,
        too, if the records lack it.
    :raises CertificateError: if this CA has issued no such certificate.
    :raises ConfigurationError: if the reason is none.
    """
    if reason not in REASONS:
        raise ConfigurationError(f"{reason} is not a revocation reason", hint=f"The reasons are {', '.join(REASONS)}")
    record, is_recorded = find_signed(records, name, folder.certificate)
    is_new, becomes_graver = record.revoked_at is None, is_graver(reason, record.reason)
    final = reason if is_new or becomes_graver else record.reason
    same = records.of_key(record.key_sha256) if record.key_sha256 else []
    valid = tuple(one for one in same if one.serial != record.serial and one.state(now) == "valid")
    others, still_valid = (valid, ()) if final in COMPROMISES else ((), valid)
    return Revoked(record, final, is_new, not is_new and becomes_graver, is_recorded, others, still_valid)


def write_revocation(records: Records, plan: Revoked, now: datetime) -> Revoked:
    """Write down what was planned.

    :param now: when it is; a certificate that was revoked before keeps its time.
    :returns: the same, with the records as they are now.
    """
    if not plan.is_recorded:
        records.complete(plan.record)
    for record in (plan.record, *plan.others):
        if record.revoked_at is None or (record is plan.record and plan.becomes_graver):
            records.mark_revoked(record.serial, record.revoked_at or now, plan.reason)

    def again(record: Record) -> Record:
        return records.find(record.serial) or record

    return Revoked(
        again(plan.record),
        plan.reason,
        plan.is_new,
        plan.becomes_graver,
        plan.is_recorded,
        tuple(map(again, plan.others)),
        plan.still_valid,
    )


def find_keys_unknown(records: Records, entries: Iterable[Revocation] = ()) -> list[str]:
    """Serial numbers of certificates that were revoked as compromised, and whose key the records do not have: they
    were taken from a CRL.

    :param entries: what a CRL revokes, and what will be written into the records.
    """
    found = [record.serial for record in records.of_key("") if record.reason in COMPROMISES]
    for entry in entries:
        record = records.find(entry.serial)
        if entry.reason in COMPROMISES and (record is None or not record.key_sha256):
            found.append(entry.serial)
    return list(dict.fromkeys(found))


def warnings_of_keys_unknown(serials: Sequence[str]) -> tuple[str, ...]:
    """What to know where the records do not have the keys of certificates that were revoked as compromised.

    A new key is most often another one, so that it is not refused for that.

    :param serials: as of :func:`find_keys_unknown`.
    :returns: one sentence, or none.
    """
    if not serials:
        return ()
    count = counted(len(serials), "certificate")
    named = ", ".join(serials[:_MOST_NAMED]) + (" …" if len(serials) > _MOST_NAMED else "")
    said = "was" if len(serials) == 1 else "were"
    return (
        f"The CA's records do not have the key of {count} that {said} revoked as compromised: {named}. The CA issues "
        "certificates for such a key until the records have it. To add the key, give the certificate's file to "
        "'python -m optiga ca revoke FILE'",
    )


def find_left_valid(records: Records, now: datetime) -> list[Record]:
    """Certificates that are valid, although their key was revoked as compromised: with an earlier version, or in
    another tool.
    """
    every = records.all()
    compromised = {record.key_sha256 for record in every if record.reason in COMPROMISES} - {""}
    return [record for record in every if record.key_sha256 in compromised and record.state(now) == "valid"]
