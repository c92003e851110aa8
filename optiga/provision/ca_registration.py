"""Register your own CA with AWS IoT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.cloud.aws.certificates import ACTIVE, Certificates, CloudCa
from optiga.cloud.aws.errors import ALREADY_EXISTS, AwsError
from optiga.errors import CloudError, Reason

if TYPE_CHECKING:
    from optiga.ca.authority import CertificateAuthority

DEFAULT, SNI_ONLY = "DEFAULT", "SNI_ONLY"


@dataclass(frozen=True, slots=True)
class CaRegistration:
    """How a CA is to be registered.

    :param several_accounts: without proof that its key is ours, so that other accounts may have it, too; devices must
        then send the endpoint's name (SNI).
    :param auto_registration: have devices registered when they first connect.
    :param template: provisioning template for them.
    """

    several_accounts: bool = False
    auto_registration: bool = False
    template: str | None = None

    @property
    def mode(self) -> str:
        """AWS's name of the mode."""
        return SNI_ONLY if self.several_accounts else DEFAULT


def register_ca(
    authority: CertificateAuthority, certificates: Certificates, registration: CaRegistration
) -> tuple[CloudCa, bool]:
    """Register a CA, active; one that is registered already is made what is wanted.

    AWS gives a code, the CA certifies it for a key that is thrown away, which proves that its key is ours.

    :returns: the CA as AWS has it, and whether it is new there.
    :raises CloudError: if AWS refuses, or has it in the other mode.
    """
    certificate = authority.certificate
    found = certificates.find_ca(certificate)
    is_new = found is None
    if found is None:
        verification = None
        if not registration.several_accounts:
            verification = authority.issue_verification(certificates.registration_code()).certificate
        try:
            certificates.register_ca(
                certificate,
                verification,
                auto_registration=registration.auto_registration,
                template=registration.template,
            )
        except AwsError as error:  # that it is there: an answer was lost, and AWS asked again
            if error.code != ALREADY_EXISTS or certificates.find_ca(certificate) is None:
                raise
    elif found.mode != registration.mode:
        raise CloudError(
            f"the CA is registered in the mode {found.mode}, not {registration.mode}",
            hint="Deactivate and delete the CA in AWS first (aws iot delete-ca-certificate): AWS does not change the "
            "mode",
            reason=Reason.CONFLICT,
        )
    elif found.status != ACTIVE or found.auto_registration != registration.auto_registration or registration.template:
        certificates.update_ca(found, auto_registration=registration.auto_registration, template=registration.template)
    else:
        return found, False
    registered = certificates.find_ca(certificate)
    if registered is None:
        raise CloudError("AWS IoT has registered the CA, but does not list it", hint="Try again")
    return registered, is_new
