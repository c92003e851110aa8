"""Make a CA: a folder with all files, written completely or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.ca import folder as files
from optiga.ca.authority import INTERMEDIATE_DAYS, CertificateAuthority
from optiga.ca.constraints import build_name_constraints
from optiga.ca.folder import CaFolder, check_new, new_folder
from optiga.ca.keys import encode_key, generate_key
from optiga.ca.passphrase_rules import check_passphrase, names_in
from optiga.ca.profile import Issuer, build_ca, choose_validity
from optiga.ca.records import create_records, open_records, utc_now
from optiga.errors import CertificateError, ConfigurationError, Reason, naming
from optiga.files.files import write_whole
from optiga.files.placeholders import find_wrong_field
from optiga.pki.name_parts import is_same_name
from optiga.pki.names import find_mistake
from optiga.pki.pem import encode_pem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from cryptography import x509

    from optiga.ca.existing import ExistingCa
    from optiga.ca.history import EarlierHistory
    from optiga.ca.settings import CaSettings
    from optiga.ca.signing import CaKey
    from optiga.pki.certificate import Certificate

ROOT_DAYS = 7300
"""How long a root is valid unless it is said otherwise, in days."""
_ROOT_PATH_LENGTH = 1
"""Between a root and a device there may be one intermediate."""


@dataclass(frozen=True)
class CaName:
    """The name of a CA.

    :param country: two letters; empty leaves it out, as with the organization.
    """

    common_name: str
    organization: str = ""
    country: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The names in it, which are no secret."""
        return tuple(filter(None, (self.common_name, self.organization)))

    def build(self) -> x509.Name:
        """The distinguished name.

        :raises ConfigurationError: if a part of it cannot be.
        """
        from cryptography import x509
        from cryptography.x509.oid import NameOID

        attributes = []
        for oid, component, parameter, value in (
            (NameOID.COUNTRY_NAME, "country_name", "country", self.country.upper()),
            (NameOID.ORGANIZATION_NAME, "organization_name", "organization", self.organization),
            (NameOID.COMMON_NAME, "common_name", "common_name", self.common_name),
        ):
            if not value and component != "common_name":
                continue
            if find_wrong_field(value, ()) or find_mistake(component, value):
                given = self.country if component == "country_name" else value  # as it was typed
                mistake = find_wrong_field(given, ()) or find_mistake(component, given)
                said = f"the CA's {component.replace('_', ' ')} {mistake}"
                raise ConfigurationError(said, hint="Give another value", parameter=parameter)
            try:
                attributes.append(x509.NameAttribute(oid, value))
            except ValueError as error:  # the library counts bytes
                said = f"the CA's {component.replace('_', ' ')}: {error}"
                raise ConfigurationError(said, parameter=parameter) from None
        return x509.Name(attributes)


def create_root(
    path: Path,
    name: CaName,
    *,
    curve: str = "p256",
    days: int | None = None,
    passphrase: bytes | None = None,
    settings: CaSettings | None = None,
    now: datetime | None = None,
) -> CaFolder:
    """Make a root CA.

    :param path: a folder that is not there yet or empty.
    :param days: 7300 by default.
    :param passphrase: what its key is encrypted with; None leaves it open.
    :param settings: what counts for all that it signs; None for nothing.
    :raises ConfigurationError: if that cannot be; nothing is left then.
    """
    from cryptography.x509 import random_serial_number

    check_new(path)
    check_passphrase(passphrase, name.parts)
    moment = now or utc_now()
    subject, validity = name.build(), choose_validity(moment, days, ROOT_DAYS, None)
    key = generate_key(curve)
    with new_folder(path) as temporary:
        certificate = build_ca(
            subject, key.public_key(), Issuer(key), random_serial_number(), validity, path_length=_ROOT_PATH_LENGTH
        )
        fill(temporary, key, passphrase, encode_pem("CERTIFICATE", certificate), settings, moment)
    return CaFolder.open(path)


def create_intermediate(
    path: Path,
    name: CaName,
    parent: CertificateAuthority,
    *,
    curve: str = "p256",
    days: int | None = None,
    passphrase: bytes | None = None,
    settings: CaSettings | None = None,
    allowed_dns: Sequence[str] = (),
    now: datetime | None = None,
) -> CaFolder:
    """Make a CA that another one certifies, and that certifies devices only.

    :param days: 3650, or what the parent has left, by default; otherwise as :func:`create_root`.
    :param allowed_dns: the DNS names, or patterns as ``*.dev.example``, that it may certify; none for any.
    :raises CertificateError: if the parent cannot have a CA below it, is not valid, or has the same name.
    :raises ConfigurationError: if it cannot be made; nothing is left then but, at worst, a certificate in the parent's
        records whose key is gone.
    """
    check_new(path)
    check_passphrase(passphrase, name.parts)
    moment = now or utc_now()
    check_parent(parent.certificate)
    subject = name.build()
    if is_same_name(subject, parent.certificate.parsed.subject):
        raise CertificateError(
            "a CA cannot have the same name as the CA that certifies it",
            hint=naming("Give another {name}"),
            reason=Reason.CONFLICT,
        )
    validity = choose_validity(moment, days, INTERMEDIATE_DAYS, parent.certificate.parsed)
    constraints = build_name_constraints(allowed_dns)
    key = generate_key(curve)
    with new_folder(path) as temporary:
        issued = parent.issue_ca(subject, key.public_key(), validity, constraints)
        write_whole(temporary / files.CHAIN, issued.pem.encode("ascii"), files.OWN_MODE)
        fill(temporary, key, passphrase, issued.certificate.pem, settings, moment)
    return CaFolder.open(path)


def create_imported(
    path: Path,
    existing: ExistingCa,
    history: EarlierHistory | None = None,
    *,
    passphrase: bytes | None = None,
    settings: CaSettings | None = None,
    now: datetime | None = None,
) -> CaFolder:
    """Make the folder of a CA that was made elsewhere: its certificate, key and chain, and records.

    :param path: a folder that is not there yet or empty.
    :param history: what it has issued and revoked so far; None where that is not known.
    :param passphrase: what its key is encrypted with from now on; None leaves it open.
    :param settings: what counts for all that it signs from now on; None for nothing.
    :raises ConfigurationError: if that cannot be; nothing is left then.
    """
    check_new(path)
    check_passphrase(passphrase, names_in(existing.certificate))
    with new_folder(path) as temporary:
        if existing.chain:
            write_whole(
                temporary / files.CHAIN, "".join(one.pem for one in existing.chain).encode("ascii"), files.OWN_MODE
            )
        moment = now or utc_now()
        fill(temporary, existing.key, passphrase, existing.certificate.pem, settings, moment, history)
    return CaFolder.open(path)


def check_parent(certificate: Certificate) -> None:
    """Refuse the CA of a certificate that may have no CA below it.

    :raises CertificateError: if its basicConstraints have pathlen:0.
    """
    from cryptography import x509

    limits = certificate.parsed.extensions.get_extension_for_class(x509.BasicConstraints).value
    if limits.path_length == 0:
        is_root = certificate.is_self_issued
        raise CertificateError(
            f"{certificate.subject} may not issue certificates of CAs: its basicConstraints have pathlen:0",
            hint=naming("Give {which} root CA with {parent}", which="another" if is_root else "the"),
            reason=Reason.WRONG_TYPE,
        )


def fill(
    folder: Path,
    key: CaKey,
    passphrase: bytes | None,
    certificate_pem: str,
    settings: CaSettings | None,
    now: datetime,
    history: EarlierHistory | None = None,
) -> None:
    """Everything that every CA has: key, certificate, records, and a CRL.

    :param folder: in which an intermediate's chain lies already.
    :param passphrase: what the key is encrypted with; None leaves it open.
    :param history: what it has issued and revoked so far; None for nothing.
    """
    write_whole(folder / files.KEY, encode_key(key, passphrase), 0o600)
    write_whole(folder / files.CERTIFICATE, certificate_pem.encode("ascii"), files.OWN_MODE)
    if settings is not None and settings.document:
        write_whole(folder / files.SETTINGS, settings.document, files.OWN_MODE)
    create_records(folder / files.RECORDS)
    if history is not None:
        with open_records(folder / files.RECORDS) as records:
            history.write_into(records)
        if history.crl:  # the next one has a larger number
            write_whole(folder / files.CRL, encode_pem("X509 CRL", history.crl).encode("ascii"), files.OWN_MODE)
    CertificateAuthority.open(folder, passphrase).renew_crl(trust_records=True, now=now)  # they are its own


def _pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return encode_pem("CERTIFICATE", certificate.public_bytes(Encoding.DER))
