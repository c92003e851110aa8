"""``ca list`` and ``ca show``: what a CA has issued."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.ca.finding import find_record
from optiga.ca.folder import CaFolder
from optiga.ca.integrity import check_records
from optiga.ca.records import open_records, utc_now
from optiga.ca.revoking import find_left_valid
from optiga.cli.commands.ca.crl import ca_option, file_option, published_option
from optiga.cli.commands.ca.parsing import CaCommand
from optiga.cli.commands.ca.results import CertificateShown, IssuedList, ListedCertificate
from optiga.cli.render.tables import whole_table
from optiga.cli.support.options import option_of
from optiga.cli.support.passphrase import warn_of_crl
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.wide import wide_option, width_for
from optiga.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime

    from optiga.ca.records import Record
    from optiga.pki.certificate import Certificate

_MOST_NAMES = 3
"""Most names of a certificate on a line."""
_COLUMNS = ("serial", "state", "until", "subject", "use")


@click.command(name="list", cls=CaCommand)
@ca_option
@published_option
@wide_option
@common_options(board=False)
@pass_settings
def list_issued(settings: Settings, ca_path: str, published: str | None) -> None:
    """List every certificate that a CA has issued: serial number, state, end of validity, subject, purposes, names.

    Records that were edited or come from an older copy are listed with a warning.
    """
    settings.warn_of_folder(Path(ca_path, "issued.db"), "the CA")
    folder = CaFolder.open(Path(ca_path))
    warning = ""
    with open_records(folder.records_path) as records, records.snapshot():
        try:
            check_records(folder, records, Path(published) if published is not None else None)
        except ConfigurationError as error:
            warning = error.text(option_of)
        every = records.all()
        left_valid = find_left_valid(records, utc_now())
    if warning:
        settings.warn(warning)
    if left_valid:
        serials = ", ".join(record.serial for record in left_valid)
        settings.warn(f"valid certificates of a key that was revoked as compromised: {serials}. Revoke them, too")
    warn_of_crl(settings, folder)
    now = utc_now()
    listed = tuple(_listed(record, now) for record in every)
    rows = [
        (one.serial, one.state, one.not_after.date() if one.not_after else "-", one.subject or "-", _row_use(record))
        for one, record in zip(listed, every, strict=True)
    ]
    text = whole_table(_COLUMNS, rows, width_for(settings)) if rows else "This CA has not issued any certificates yet"
    settings.print_result(IssuedList(folder.certificate.subject, listed), text=text)


@click.command(name="show", cls=CaCommand)
@click.argument("name", metavar="SERIAL|FILE")
@ca_option
@file_option
@common_options(board=False)
@pass_settings
def show(settings: Settings, name: str, ca_path: str, is_file: bool) -> None:
    """Print a certificate and its chain as PEM, as 'ca sign' writes them. A note shows the certificate's purposes
    and names.

    A name of only hex digits and colons is a serial number, or its beginning of at least 6 digits; anything else is
    a file.
    """
    folder = CaFolder.open(Path(ca_path))
    with open_records(folder.records_path) as records:
        record = find_record(records, Path(name) if is_file else name, folder.certificate)
    issued = record.certificate
    text = "".join(certificate.pem for certificate in (issued, *folder.chain))
    result = CertificateShown(
        serial=record.serial,
        subject=record.subject,
        certificate=text,
        names=tuple(issued.alt_names),
        purposes=tuple(issued.purposes),
    )
    settings.note(f"{record.serial}  {record.subject}  [{_use_of(issued)}]")
    settings.print_result(result, text=text.rstrip("\n"))


def _listed(record: Record, now: datetime) -> ListedCertificate:
    certificate = record.certificate if record.der else None
    return ListedCertificate(
        serial=record.serial,
        state=record.state(now),
        subject=record.subject if certificate else None,
        not_before=record.not_before if certificate else None,
        not_after=record.not_after if certificate else None,
        revoked_at=record.revoked_at,
        reason=record.reason or None,
        request_sha256=record.request_sha256 or None,
        names=tuple(certificate.alt_names) if certificate else (),
        purposes=tuple(certificate.purposes) if certificate else (),
    )


def _row_use(record: Record) -> str:
    return _use_of(record.certificate) if record.der else "only the serial number is known, from a CRL"


def _use_of(certificate: Certificate) -> str:
    """What a certificate is for and for whom, on one line: purposes, and the first names."""
    names = certificate.alt_names
    shown = [*names[:_MOST_NAMES], *([f"{len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else [])]
    purposes = ", ".join(certificate.purposes) or "any purpose"  # RFC 5280, 4.2.1.12, of a certificate that names none
    return "; ".join(part for part in (purposes, ", ".join(shown)) if part)
