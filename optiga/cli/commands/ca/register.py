"""``ca register``: a CA of one's own, made known to AWS IoT."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import click

from optiga.cli.commands.ca.parsing import CaCommand
from optiga.cli.support.cloud_options import aws_options, build_aws_options
from optiga.cli.support.file_names import CA_FOLDER
from optiga.cli.support.passphrase import open_authority, passphrase_options
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cloud.aws.certificates import Certificates
from optiga.cloud.aws.connection import connect
from optiga.provision.ca_registration import CaRegistration, register_ca
from optiga.results import SAID


@dataclass(frozen=True, slots=True)
class RegisteredCa:
    """The result of ``ca register``: the CA as AWS IoT has it.

    :param ca: its subject, as RFC 4514 has it.
    :param ca_certificate_id: AWS's name for it, 64 hex digits, which its ARN ends with.
    :param status: ``ACTIVE`` or ``INACTIVE``.
    :param mode: ``DEFAULT`` or ``SNI_ONLY``.
    :param auto_registration: whether devices are registered when they first connect.
    :param warnings: what was warned of, one sentence each.
    """

    ca: str
    ca_certificate_id: str
    ca_certificate_arn: str
    status: str
    mode: str
    auto_registration: bool
    region: str
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)


@click.command(name="register", cls=CaCommand)
@click.argument("ca_path", type=CA_FOLDER)
@click.option("--auto-registration", is_flag=True, help="Register devices automatically when they first connect.")
@click.option("--template", metavar="NAME", help="Name of the provisioning template in AWS for these devices.")
@click.option("--several-accounts", is_flag=True, help="Let other AWS accounts register the CA, too (SNI_ONLY).")
@aws_options
@passphrase_options
@common_options(board=False)
@pass_settings
def command(
    settings: Settings,
    /,
    ca_path: str,
    auto_registration: bool,
    template: str | None,
    several_accounts: bool,
    passphrase_file: str | None,
    ask_passphrase: bool,
    **options: Any,
) -> None:
    """Register the CA in a folder with AWS IoT as active, so that AWS IoT accepts certificates that the CA issues.

    To prove that you own the CA's key, the CA certifies a registration code from AWS. With --several-accounts no
    proof is needed.
    """
    if template is not None and not auto_registration:
        raise click.UsageError("--template requires --auto-registration.")
    settings.check_query(RegisteredCa)
    authority = open_authority(settings, ca_path, passphrase_file, ask=ask_passphrase, later=True)

    aws = connect(build_aws_options(options), settings.note)
    for warning in aws.warnings:
        settings.warn(warning)
    registration = CaRegistration(several_accounts, auto_registration, template)
    ca, is_new = register_ca(authority, Certificates(aws), registration)
    if not is_new:
        settings.note("The CA was already registered")
    result = RegisteredCa(
        ca=authority.certificate.subject,
        ca_certificate_id=ca.ca_id,
        ca_certificate_arn=ca.arn,
        status=ca.status,
        mode=ca.mode,
        auto_registration=ca.auto_registration,
        region=aws.region,
    )
    settings.print_result(result)
