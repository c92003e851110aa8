"""``ca revoke``: take a certificate back, for good."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import click
from click.core import ParameterSource

from optiga.ca.folder import CaFolder
from optiga.ca.integrity import check_records
from optiga.ca.records import open_records, utc_now
from optiga.ca.revocation import REASONS
from optiga.ca.revoking import plan_revocation
from optiga.ca.standing import is_told_to_aws
from optiga.cli.commands.ca.crl import ca_option, check_published, crl_days_option, file_option, published_option
from optiga.cli.commands.ca.parsing import CaCommand
from optiga.cli.support.choices import NamedChoice
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.passphrase import find_crl_warning, open_authority, passphrase_options
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.errors import counted
from optiga.results import SAID, lines

_SHORT = "Revoke this certificate"


@dataclass(frozen=True, slots=True)
class RevocationResult:
    """The result of ``ca revoke``.

    :param serial: of the certificate, in hex, and ``subject`` as RFC 4514 has it.
    :param revoked_at: UTC.
    :param reason: as RFC 5280, 5.3.1 names it.
    :param crl_file: the CRL that says so, PEM.
    :param also_revoked: serial numbers of other certificates of the same key, revoked in the same step because the
        key is compromised.
    :param still_valid: serial numbers of other certificates of the same key that stay valid.
    :param warnings: what was warned of, one sentence each.
    """

    serial: str
    subject: str
    revoked_at: datetime
    reason: str
    crl_file: str
    also_revoked: tuple[str, ...]
    still_valid: tuple[str, ...]
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)


@click.command(name="revoke", cls=CaCommand)
@click.argument("name", metavar="SERIAL|FILE")
@ca_option
@file_option
@click.option(
    "--reason",
    type=NamedChoice(REASONS),
    metavar="WHY",
    default="unspecified",
    help=f"Reason (default: unspecified): {', '.join(REASONS)}.",
)
@crl_days_option
@published_option
@yes_option
@passphrase_options
@common_options(board=False)
@pass_settings
def revoke(
    settings: Settings,
    name: str,
    ca_path: str,
    is_file: bool,
    reason: str,
    crl_days: int,
    published: str | None,
    yes: bool,
    passphrase_file: str | None,
    ask_passphrase: bool,
) -> None:
    """Revoke a certificate for good, named by serial number or file, and write a new CRL (crl.pem).

    A name of only hex digits and colons is a serial number, or its beginning of at least 6 digits; anything else is
    a file. A file may also hold a certificate that the CA's records lack, if the CA's key has signed it.

    With the reason keyCompromise or cACompromise, every valid certificate of the same key is revoked.

    The reason of a revoked certificate can only become more serious: from unspecified to any other, and from any
    other to keyCompromise or cACompromise. These two never change.

    The revocation takes effect only where the new CRL is used: publish it to everyone who checks the certificates.
    AWS IoT does not use the CRL of a CA: to remove a device from AWS IoT, use 'deprovision'.
    """
    named = Path(name) if is_file else name
    settings.check_query(RevocationResult)
    asked, former = _revoking(CaFolder.open(Path(ca_path)), named, reason)
    authority = open_authority(settings, ca_path, passphrase_file, ask=ask_passphrase, later=True)
    check_published(settings, authority, published)
    before = find_crl_warning(authority.folder)
    confirm(settings, *asked, yes=yes, short=_SHORT)
    authority.unlock()
    now, former = _revoking(authority.folder, named, reason)
    if now != asked:  # somebody has changed the records meanwhile
        confirm(settings, *now, yes=yes, short=_SHORT)
    done = authority.revoke(named, reason, crl_days=crl_days)
    record = done.record
    assert record.revoked_at is not None  # noqa: S101
    was_given = click.get_current_context().get_parameter_source("reason") is not ParameterSource.DEFAULT
    if before:
        settings.warn(f"{before}; the new CRL replaces it")
    result = RevocationResult(
        record.serial,
        record.subject,
        record.revoked_at,
        record.reason,
        str(authority.folder.crl_path),
        tuple(one.serial for one in done.others),
        tuple(one.serial for one in done.still_valid),
    )
    if not done.is_new:
        becomes = "" if record.reason == former else f"; the reason is now {record.reason}"
        settings.note(
            f"The certificate was already revoked, with the reason {former}{becomes}. A new CRL has been written"
        )
        if was_given and record.reason != reason:
            settings.warn(f"the reason stays {record.reason}: it does not become {reason}, which is not more serious")
    if not done.is_recorded:
        settings.note("The certificate has been added to the CA's records, which lacked it")
    if is_told_to_aws(authority.folder):
        settings.note(
            "AWS IoT does not use the CRL of a CA. To remove a device from AWS IoT, use 'deprovision', or set its "
            "certificate there to REVOKED"
        )
    if result.still_valid:
        what = "Another certificate" if len(result.still_valid) == 1 else "Other certificates"
        settings.note(f"{what} of the same key can still be used: {', '.join(result.still_valid)}")
    listed = {name: ", ".join(getattr(result, name)) or "none" for name in ("also_revoked", "still_valid")}
    settings.print_result(result, text=lines(result, **listed))


def _revoking(folder: CaFolder, name: str | Path, reason: str) -> tuple[tuple[str, list[str]], str | None]:
    """What a revocation does to what, and what of it can never be undone: nothing where it is done already.

    :returns: both, and the reason with which the certificate has been revoked before; None if it has not.
    """
    with open_records(folder.records_path) as records, records.snapshot():
        check_records(folder, records)
        plan = plan_revocation(folder, records, name, reason, utc_now())
    stays = []
    if plan.is_new:
        stays.append(f"the certificate becomes invalid ({plan.reason})")
    elif plan.becomes_graver:
        stays.append(f"the reason goes from {plan.record.reason} to {plan.reason}")
    if plan.others:
        serials = ", ".join(one.serial for one in plan.others)
        count = counted(len(plan.others), "other valid certificate")
        stays.append(f"{count} of the same key, which is compromised, will be revoked, too: {serials}")
    what = f"Revoking {plan.record.serial} of {plan.record.subject or 'an unknown subject'}"
    return (what, stays), None if plan.is_new else plan.record.reason
