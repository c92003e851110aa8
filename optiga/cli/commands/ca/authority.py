"""The commands of ``ca``: make a CA, sign with it, list and show what it has issued."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.ca.authority import INTERMEDIATE_DAYS
from optiga.ca.creation import CaName, check_parent, create_intermediate, create_root
from optiga.ca.folder import CERTIFICATE, CaFolder, check_new
from optiga.ca.judging import DEVICE_DAYS
from optiga.ca.keys import CURVE_NAMES, CURVES, find_curve
from optiga.ca.naming import check_patterns
from optiga.ca.profile import CLOCK_TOLERANCE, find_shortening
from optiga.ca.request import load_request
from optiga.ca.settings import CaSettings, check_crl_url
from optiga.cli.commands.ca.crl import (
    DAYS,
    ca_option,
    check_published,
    published_option,
)
from optiga.cli.commands.ca.parsing import CaCommand
from optiga.cli.commands.ca.results import CaResult, IssueResult, print_issued
from optiga.cli.support.choices import NamedChoice
from optiga.cli.support.content import named_or_input
from optiga.cli.support.environment import CA_PASSPHRASE
from optiga.cli.support.file_names import CA_FOLDER, FILE, FileName, is_standard_output, out_file_option
from optiga.cli.support.filler import warn_of_filler
from optiga.cli.support.passphrase import (
    no_passphrase_option,
    open_authority,
    open_parent,
    passphrase_options,
    read_new_passphrase,
    warn_of_crl,
)
from optiga.cli.support.printing import check_standard_output
from optiga.cli.support.replacing import check_replaced
from optiga.cli.support.settings import Settings, common_options, pass_settings, together
from optiga.errors import ConfigurationError, Reason
from optiga.files.files import check_output_file
from optiga.files.precious import check_nothing_lost
from optiga.files.shown import shown, shown_path
from optiga.pki.certificate import format_serial
from optiga.results import lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optiga.ca.authority import CertificateAuthority
    from optiga.files.passphrases import Passphrase
    from optiga.pki.certificate import Certificate

_CURVE = NamedChoice(tuple(CURVES), find_curve, CURVE_NAMES)

_new_ca_options = together(
    click.option("--name", metavar="NAME", help="Common name (default: name of the folder)."),
    click.option("--organization", metavar="NAME", help="Organization in the CA's name."),
    click.option("--country", metavar="CC", help="Country in the CA's name, two letters."),
    click.option("--curve", type=_CURVE, default="p256", help="Curve of the CA's key (default: p256)."),
    click.option("--crl-url", metavar="URL", help="URL (http) of the CRL, put into certificates (default: none)."),
    click.option(
        "--allow-dns",
        metavar="NAME",
        multiple=True,
        help="DNS name that the CA may certify; *.NAME for all names one label below NAME (default: none). May be "
        "given several times.",
    ),
)
"""What both kinds of new CAs take."""


@click.command(name="init")
@click.argument("path", type=CA_FOLDER)
@_new_ca_options
@click.option("--days", type=DAYS, metavar="DAYS", help="Days that the certificate is valid (default: 7300).")
@passphrase_options
@no_passphrase_option
@common_options(board=False)
@pass_settings
def init(
    settings: Settings,
    path: str,
    name: str | None,
    organization: str | None,
    country: str | None,
    curve: str,
    crl_url: str | None,
    allow_dns: tuple[str, ...],
    days: int | None,
    passphrase_file: str | None,
    ask_passphrase: bool,
    no_passphrase: bool,
) -> None:
    """Make a root CA in a folder that is new or empty.

    The folder holds the CA's private key, encrypted with the passphrase. Anyone who has the folder and the
    passphrase can issue certificates.
    """
    settings.check_query(CaResult)
    if no_passphrase and ask_passphrase:
        raise click.UsageError("--no-passphrase and --ask-passphrase do not go together.")
    ca_name = CaName(_common_name(name, path), organization or "", country or "")
    ca_name.build()
    ca_settings = CaSettings(check_crl_url(crl_url) if crl_url is not None else "", check_patterns(allow_dns))
    check_new(Path(path))
    passphrase = read_new_passphrase(
        passphrase_file,
        ask=ask_passphrase,
        none=no_passphrase,
        prompt=f"New passphrase of {path}",
        names=ca_name.parts,
    )
    value = passphrase.value if passphrase else None
    folder = create_root(Path(path), ca_name, curve=curve, days=days, passphrase=value, settings=ca_settings)
    show_ca(settings, folder, passphrase)


@click.command(name="intermediate", cls=CaCommand)
@click.argument("path", type=CA_FOLDER)
@click.option(
    "--ca",
    "parent_path",
    type=FileName("PARENT", takes_folder=True),
    required=True,
    help="Folder of the root CA that certifies the intermediate CA.",
)
@_new_ca_options
@click.option(
    "--days",
    type=DAYS,
    metavar="DAYS",
    help="Days that the certificate is valid (default: 3650, or as long as the root CA).",
)
@passphrase_options
@no_passphrase_option
@click.option(
    "--ca-passphrase-file",
    type=FILE,
    help="File whose first line is the passphrase of the root CA's key (default: environment variable "
    "OPTIGA_CA_PASSPHRASE).",
)
@common_options(board=False)
@pass_settings
def intermediate(
    settings: Settings,
    path: str,
    parent_path: str,
    name: str | None,
    organization: str | None,
    country: str | None,
    curve: str,
    crl_url: str | None,
    allow_dns: tuple[str, ...],
    days: int | None,
    passphrase_file: str | None,
    ask_passphrase: bool,
    no_passphrase: bool,
    ca_passphrase_file: str | None,
) -> None:
    """Make an intermediate CA in a folder that is new or empty, certified by the root CA in PARENT.

    The intermediate CA issues certificates for devices only. Its certificate follows the device's certificate in
    each chain. The root CA can then be kept offline.
    """
    settings.check_query(CaResult)
    check_new(Path(path))
    ca_name = CaName(_common_name(name, path), organization or "", country or "")
    ca_name.build()
    ca_settings = CaSettings(check_crl_url(crl_url) if crl_url is not None else "", check_patterns(allow_dns))
    check_parent(CaFolder.open(Path(parent_path)).certificate)  # before its passphrase is asked for
    parent = open_parent(settings, parent_path, ca_passphrase_file, ask=ask_passphrase)
    passphrase = read_new_passphrase(
        passphrase_file,
        ask=ask_passphrase,
        none=no_passphrase,
        prompt=f"New passphrase of {path}",
        names=ca_name.parts,
    )
    is_shared = ca_passphrase_file is None and parent.folder.key_is_encrypted
    value = passphrase.value if passphrase else None
    folder = create_intermediate(
        Path(path),
        ca_name,
        parent,
        curve=curve,
        days=days,
        passphrase=value,
        settings=ca_settings,
        allowed_dns=ca_settings.allow_dns,
    )
    if days is None:
        warn_of_shortening(settings, folder.certificate, (parent.certificate,), INTERMEDIATE_DAYS)
    show_ca(settings, folder, passphrase, opens=parent_path if is_shared else "")


@click.command(name="sign", cls=CaCommand)
@click.argument("csr_path", type=FileName("CSR|-"))
@ca_option
@out_file_option(
    "Output file for the certificate and its chain; - for standard output (default: name of the CSR, with .pem)."
)
@click.option(
    "--days",
    type=DAYS,
    metavar="DAYS",
    help="Days that the certificate is valid (default: 3650, or as long as the CA).",
)
@click.option("--server", is_flag=True, help="Allow use as a TLS server, too, if the CSR asks for it.")
@click.option(
    "--ignore-names", is_flag=True, help="Leave out names that the CA may not certify (default: refuse the CSR)."
)
@published_option
@passphrase_options
@common_options(board=False)
@pass_settings
def sign(
    settings: Settings,
    csr_path: str,
    ca_path: str,
    out: str | None,
    days: int | None,
    server: bool,
    ignore_names: bool,
    published: str | None,
    passphrase_file: str | None,
    ask_passphrase: bool,
) -> None:
    """Issue a TLS client certificate for one CSR, PEM or DER. The CSR's signature is verified first. With '-', the
    CSR is standard input, and --out is required.

    A CSR may ask for the DNS names that were allowed with --allow-dns when the CA was made. The output file holds
    the certificate and, if an intermediate CA issued it, the CA's certificate: write this file to the chip's slot.
    """
    if csr_path == "-" and out is None:
        raise click.UsageError("ca sign - requires --out.")
    settings.check_query(IssueResult)
    request, data = named_or_input(csr_path, "CSR")
    csr = load_request(request, data)
    warn_of_filler(settings, request, data)
    is_printed = is_standard_output(settings, out)
    target = Path(out) if out is not None else request.with_suffix(".pem")
    if is_printed:
        check_standard_output("the certificate")
    else:
        check_output_file(target, over_keys=True)  # which key it is, is looked at below
        if data is None and target.exists() and target.samefile(request):
            raise ConfigurationError(
                f"the certificate would overwrite the CSR {target}",
                hint="Use --out" if out is None else "Use --out with another name",
                reason=Reason.EXISTS,
                parameter="out",
            )
    authority = open_authority(settings, ca_path, passphrase_file, ask=ask_passphrase, later=True)
    if not is_printed:
        authority.folder.check_output(target)
        check_nothing_lost(target)
        is_elsewhere = partial(authority.can_show, csr_der=csr)
        check_replaced(settings, str(target), None, is_kept=True, is_elsewhere=is_elsewhere)
    check_published(settings, authority, published)
    _unlock(authority, csr, days, server=server, ignore_names=ignore_names)
    issued = authority.issue(csr, days, server=server, ignore_names=ignore_names)
    if is_printed:
        print_issued(issued)
    else:
        issued.write(target)
    warn_of_crl(settings, authority.folder)
    for warning in issued.warnings:
        settings.warn(warning[:1].lower() + warning[1:])
    folder = authority.folder
    if days is None:
        warn_of_shortening(settings, issued.certificate, folder.chain or (folder.certificate,), DEVICE_DAYS)
    notes = tuple(note for note in issued.notes if note not in issued.warnings)
    for note in notes:
        settings.note(note)
    if is_printed:
        return
    result = IssueResult(
        certificate_file=str(target),
        serial=issued.serial,
        subject=issued.certificate.subject,
        not_after=issued.certificate.parsed.not_valid_after_utc,
        ca=authority.certificate.subject,
        names=tuple(issued.certificate.alt_names),
        purposes=tuple(issued.certificate.purposes),
        notes=notes,
    )
    listed = {"names": ", ".join(result.names) or "none", "purposes": ", ".join(result.purposes) or "none"}
    settings.print_result(result, text=lines(result, **listed))


def _unlock(authority: CertificateAuthority, csr: bytes, days: int | None, *, server: bool, ignore_names: bool) -> None:
    """Open the key of a CA, and ask for its passphrase only for a CSR that the CA grants."""
    if not authority.is_open:
        authority.check(csr, days, server=server, ignore_names=ignore_names)
        authority.unlock()


def warn_of_shortening(
    settings: Settings, certificate: Certificate, above: Sequence[Certificate], usual_days: int
) -> None:
    """Say that a certificate ends early, because one above it ends."""
    start = certificate.not_before + CLOCK_TOLERANCE
    if warning := find_shortening(start, certificate.not_after, above, usual_days):
        settings.warn(warning)


def show_ca(settings: Settings, folder: CaFolder, passphrase: Passphrase | None, *, opens: str = "") -> None:
    """Print the result of a command that has made a CA, or its certificate.

    :param passphrase: what its key was encrypted with, if it was; its warnings are said.
    :param opens: the folder of another CA, whose key the environment variable has opened, too.
    """
    parsed = folder.certificate.parsed
    result = CaResult(
        ca=str(folder.path),
        subject=folder.certificate.subject,
        serial=format_serial(parsed.serial_number),
        not_after=parsed.not_valid_after_utc,
        certificate_file=str(folder.path / CERTIFICATE),
        key_encrypted=folder.key_is_encrypted,
    )
    if not folder.key_is_encrypted:
        settings.note(
            f"The CA's key lies in {shown_path(folder.path)} unencrypted: anyone who can read it can issue certificates"
        )
    if passphrase is not None and CA_PASSPHRASE in passphrase.source:
        does = f"opens the key of {shown(opens)} and encrypts" if opens else "encrypts"
        two = ". To use two passphrases, use --passphrase-file for the new key" if opens else ""
        settings.note(f"The passphrase in {CA_PASSPHRASE} {does} the key of {shown_path(folder.path)}{two}")
    for warning in passphrase.warnings if passphrase else ():
        settings.warn(warning)
    settings.print_result(result)


def _common_name(name: str | None, path: str) -> str:
    return name if name is not None else Path(os.path.realpath(path)).name[:64]
