"""``ca crl``: a new certificate revocation list; and the options that commands on a CA's records share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.ca.crl_entries import find_unrecorded
from optiga.ca.days import MAX_DAYS
from optiga.ca.integrity import find_objection
from optiga.ca.records import open_records
from optiga.ca.revocation import CRL_DAYS
from optiga.ca.revoking import find_keys_unknown, warnings_of_keys_unknown
from optiga.cli.commands.ca.parsing import CaCommand
from optiga.cli.support.choices import WholeNumber
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.file_names import CA_FOLDER, FILE
from optiga.cli.support.filler import warn_of_filler
from optiga.cli.support.passphrase import open_authority, passphrase_options
from optiga.cli.support.settings import Decorator, Settings, common_options, pass_settings
from optiga.errors import counted
from optiga.results import SAID

if TYPE_CHECKING:
    from optiga.ca.authority import CertificateAuthority
    from optiga.ca.folder import CaFolder
    from optiga.ca.revocation import PublishedCrl

DAYS = WholeNumber(1, MAX_DAYS)
ca_option: Decorator = click.option("--ca", "ca_path", type=CA_FOLDER, required=True, help="Folder of the CA.")
published_option: Decorator = click.option(
    "--crl",
    "published",
    type=FILE,
    help="CRL that this CA has published. Records that are older than this CRL are refused.",
)
file_option: Decorator = click.option(
    "--file", "is_file", is_flag=True, help="Treat the name as a file, even if it looks like a serial number."
)
crl_days_option: Decorator = click.option(
    "--crl-days", type=DAYS, metavar="DAYS", default=CRL_DAYS, help="Days until the CRL expires (default: 30)."
)


@dataclass(frozen=True, slots=True)
class CrlResult:
    """The result of ``ca crl``.

    :param ca: subject of the CA, as RFC 4514 has it.
    :param crl_file: the CRL, PEM.
    :param crl_days: days until the next one has to be made.
    :param completed: serial numbers that stay revoked, although the records that were accepted did not revoke them.
    :param warnings: what was warned of, one sentence each.
    """

    ca: str
    crl_file: str
    crl_days: int
    completed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)


def check_published(settings: Settings, authority: CertificateAuthority, published: str | None) -> None:
    """Refuse records that do not know the CRL of ``--crl``.

    :raises OptigaError: if they do not, or it is none.
    """
    if published is not None:
        authority.check_published(Path(published))
        warn_of_filler(settings, published)


@click.command(name="crl", cls=CaCommand)
@ca_option
@crl_days_option
@published_option
@click.option(
    "--trust-records",
    is_flag=True,
    help="Accept the CA's records even if they were edited or come from an older copy. Certificates that crl.pem or "
    "--crl revokes stay revoked. Check 'ca list' first. Asks for confirmation if the records were changed.",
)
@click.option(
    "--trust-clock",
    is_flag=True,
    help="Trust this computer's clock, although the last CRL is dated later. Asks for confirmation.",
)
@yes_option
@passphrase_options
@common_options(board=False)
@pass_settings
def crl(
    settings: Settings,
    ca_path: str,
    crl_days: int,
    published: str | None,
    trust_records: bool,
    trust_clock: bool,
    yes: bool,
    passphrase_file: str | None,
    ask_passphrase: bool,
) -> None:
    """Write a new certificate revocation list (crl.pem) before the current one expires."""
    authority = open_authority(settings, ca_path, passphrase_file, ask=ask_passphrase, later=True)
    result = CrlResult(authority.certificate.subject, str(authority.folder.crl_path), crl_days)
    settings.check_query(result)
    if not trust_records:
        check_published(settings, authority, published)
    ahead = authority.find_crl_ahead() if trust_clock else None
    if ahead is not None:
        confirm(settings, f"Beginning a CRL before the last one, number {ahead.number}", _turning_back(ahead), yes=yes)
    elif trust_clock:
        settings.note("--trust-clock was not needed: the last CRL is not dated later than now")
    given = Path(published) if published is not None else None
    if trust_records and (doubts := _doubts(authority.folder, given)):
        what, short = f"Signing the records of {ca_path} as they are", "Sign these records"
        confirm(settings, what, doubts, yes=yes, short=short)
    elif trust_records:
        settings.note("--trust-records was not needed: the records are those that the CA signed last")
    authority.unlock()
    accepted = authority.renew_crl(
        crl_days, trust_records=trust_records, published=given if trust_records else None, trust_clock=trust_clock
    )
    result = replace(result, completed=tuple(one.serial for one in accepted.completed))
    if accepted.objection:
        head = authority.folder.head_path
        settings.warn(f"the records were accepted as they are, and signed again in {head}: {accepted.objection}")
        with open_records(authority.folder.records_path) as records:
            for warning in warnings_of_keys_unknown(find_keys_unknown(records)):
                settings.warn(warning[:1].lower() + warning[1:])
    settings.note(f"The CRL is in {authority.folder.crl_path}, valid for {counted(crl_days, 'day')}")
    if settings.wants_result:
        settings.print_result(result, default="repr")


def _doubts(folder: CaFolder, published: Path | None) -> list[str]:
    """Why the records are not believed, and what comes of it that they are accepted; empty if they are believed."""
    with open_records(folder.records_path) as records, records.snapshot():
        objection = find_objection(folder, records, published)
        lacking = find_unrecorded(folder, records, published) if objection else []
        unknown = warnings_of_keys_unknown(find_keys_unknown(records, lacking))
    if not objection:
        return []
    doubts = [objection]
    if lacking:
        serials = ", ".join(one.serial for one in lacking)
        count = counted(len(lacking), "certificate")
        doubts.append(f"{count} that a CRL revokes and the records do not will be revoked in the records: {serials}")
    doubts += [warning[:1].lower() + warning[1:] for warning in unknown]
    if published is None:
        doubts.append(
            f"a revoked certificate becomes valid again if neither the records nor {folder.crl_path} revoke it: give "
            "the newest CRL that you have published with --crl"
        )
    return doubts


def _turning_back(ahead: PublishedCrl) -> list[str]:
    """What comes of it, for those who check, that a CRL begins before the last one (RFC 5280, 5.1.2.4 and 5.2.3).

    RFC 5280 has a number for the order of CRLs; OpenSSL and others go by thisUpdate.
    """
    until = f"{ahead.this_update:%Y-%m-%d %H:%M:%S} UTC"
    return [
        "the new CRL has a larger number, but verifiers that compare dates keep the last CRL: remove the last CRL by "
        "hand wherever you have published it",
        f"the last one begins on {until}: from then on, verifiers that have it accept it, without the revocations "
        "made in between",
    ]
