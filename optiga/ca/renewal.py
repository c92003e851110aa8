"""A new certificate for a CA that goes on with its key, its name and its key identifier.

What it has issued stays valid: nothing in those certificates says which of the CA's certificates there was then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.ca.authority import INTERMEDIATE_DAYS, CertificateAuthority
from optiga.ca.creation import ROOT_DAYS
from optiga.ca.folder import CERTIFICATE, CHAIN, OWN_MODE, CaFolder, check_writable
from optiga.ca.profile import Issuer, Validity, check_renewed, choose_validity, rebuild_ca
from optiga.ca.records import utc_now
from optiga.errors import CertificateError, ConfigurationError, Reason, naming
from optiga.files.files import write_whole
from optiga.files.shown import shown_path
from optiga.pki.certificate import Certificate

if TYPE_CHECKING:
    from datetime import datetime


def renew(
    authority: CertificateAuthority,
    parent: CertificateAuthority | None = None,
    *,
    days: int | None = None,
    now: datetime | None = None,
) -> tuple[CaFolder, tuple[str, ...]]:
    """Give a CA a new certificate: a root by its own key, an intermediate by the CA that has certified it.

    :param parent: the CA above an intermediate; None for a root.
    :param days: how long it is valid: 7300 for a root, else 3650, or what the parent has left, where it is None.
    :param now: the time that counts.
    :returns: the folder as it is then, and what its owner should know, one sentence each.
    :raises ConfigurationError: if a parent is missing or not needed, or a file cannot be written; at worst a
        certificate of an intermediate is in the parent's records then that nobody has.
    :raises CertificateError: if the parent is another than the one that has certified it, or not valid; if the new
        certificate would not be valid for longer than the one that is there.
    """
    folder = authority.folder
    old = folder.certificate
    validity = check_renewal(folder, parent.folder if parent else None, days=days, now=now)
    if parent is None:
        try:
            made = Certificate.parse_any_names(rebuild_ca(old, Issuer(authority.key), validity))
        except (ValueError, TypeError) as error:  # the library reads some names that it does not write
            raise CertificateError(
                f"cannot renew the certificate in {shown_path(folder.path)}: {error}", reason=Reason.UNSUPPORTED
            ) from None
        check_renewed(made, old)
        write_whole(folder.path / CERTIFICATE, made.pem.encode("ascii"), OWN_MODE)
        return CaFolder.open(folder.path), ()
    issued = parent.issue_renewed(old, validity)
    # The chain first: it alone is enough to open the folder, see CaFolder.open.
    write_whole(folder.path / CHAIN, issued.pem.encode("ascii"), OWN_MODE)
    write_whole(folder.path / CERTIFICATE, issued.certificate.pem.encode("ascii"), OWN_MODE)
    return CaFolder.open(folder.path), issued.warnings


def check_renewal(
    folder: CaFolder, parent: CaFolder | None, *, days: int | None = None, now: datetime | None = None
) -> Validity:
    """Refuse a renewal for which no certificate would be issued, as far as shows without any key; changes nothing.

    :param folder: of the CA; the rest as :func:`renew` takes it.
    :returns: how long the new certificate is valid.
    :raises OptigaError: as :func:`renew` does.
    """
    moment, old = now or utc_now(), folder.certificate
    check_writable(folder.path)
    if not old.is_self_issued:
        above = _check_parent(folder, parent).certificate.parsed
        return _check_longer(choose_validity(moment, days, INTERMEDIATE_DAYS, above), old, days, moment)
    if parent is not None:
        raise ConfigurationError(
            f"the CA in {shown_path(folder.path)} is a root CA: it signs its own certificate",
            hint=naming("Omit {parent}"),
            reason=Reason.CONFLICT,
        )
    return _check_longer(choose_validity(moment, days, ROOT_DAYS, None), old, days, moment)


def _check_parent(folder: CaFolder, parent: CaFolder | None) -> CaFolder:
    """The CA above an intermediate; another than the one whose key has certified it is refused."""
    if parent is None:
        raise ConfigurationError(
            f"the CA in {shown_path(folder.path)} was certified by {folder.certificate.issuer}",
            hint=naming("Give the folder of that CA with {parent}"),
            reason=Reason.MISSING,
        )
    if not folder.certificate.is_issued_by(parent.certificate):
        raise CertificateError(
            f"the CA in {shown_path(folder.path)} was certified by {folder.certificate.issuer}, not by the CA in "
            f"{shown_path(parent.path)}",
            hint=naming("Give the folder of that CA with {parent}"),
            reason=Reason.MISMATCH,
            parameter="parent",
        )
    return parent


def _check_longer(validity: Validity, old: Certificate, days: int | None, now: datetime) -> Validity:
    """Refuse a certificate that would not be valid for longer than the one that is there."""
    last = old.not_after
    if validity.end > last:
        return validity
    if days is None and not old.is_self_issued:
        hint: str = "Renew the CA above it first"
    else:
        hint = naming("Give {days} at least {left}", left=(last - now).days + 1)
    raise CertificateError(
        f"the new certificate would expire on {validity.end:%Y-%m-%d}, but the current one expires on {last:%Y-%m-%d}",
        hint=hint,
        reason=Reason.CONFLICT,
    )
