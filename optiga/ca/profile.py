"""What certificates of this CA look like (RFC 5280): a root's, an intermediate's, a TLS client's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from optiga.ca.days import check_days
from optiga.ca.named_bytes import sign_certificate
from optiga.ca.signing import hash_of, most_bytes_of_signature
from optiga.errors import CertificateError, Naming, Reason, counted
from optiga.pki.lenient import read_fields
from optiga.pki.public_keys import load_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from optiga.ca.request import CertificateRequest
    from optiga.ca.signing import CaKey, CaPublicKey
    from optiga.pki.certificate import Certificate

_LONGEST_SERIAL = (1 << 159) - 1
"""20 bytes, as long as most are (RFC 5280, 4.1.2.2)."""
_SHORT_PART = 0.9
"""The part of the usual validity below which a certificate ends so early that it is said. A device's certificate ends
with the CA, which is as long by default: a CA of less than a year is none to warn of."""
_KEY_IDENTIFIER = "2.5.29.14"
"""The extension subjectKeyIdentifier (RFC 5280, 4.2.1.2)."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How much earlier than now a certificate or a CRL begins, for devices whose clock is slow."""


@dataclass(frozen=True)
class Issuer:
    """Who signs.

    :param certificate: the signer's own; None for a root that is being made.
    :param name: its subject in DER, as it stands in its certificate: what it signs names it in the same bytes. Empty
        for a root that is being made.
    :param crl_url: where its CRL is; empty for nowhere.
    """

    key: CaKey
    certificate: x509.Certificate | None = None
    crl_url: str = ""
    name: bytes = b""

    @classmethod
    def of(cls, key: CaKey, certificate: Certificate, crl_url: str = "") -> Issuer:
        """A CA that has a certificate."""
        return cls(key, certificate.parsed, crl_url, certificate.fields.subject)

    @property
    def hash_algorithm(self) -> hashes.SHA256 | hashes.SHA384:
        """The hash that is as strong as the key."""
        return hash_of(self.key.public_key())


class Validity(NamedTuple):
    """From when to when a certificate is valid, whole seconds in UTC."""

    start: datetime
    end: datetime


def choose_validity(now: datetime, days: int | None, usual_days: int, issuer: x509.Certificate | None) -> Validity:
    """A validity of some days from now, within that of the issuer.

    :param now: with its time zone.
    :param days: None leaves it to ``usual_days``, less if the issuer ends earlier.
    :param issuer: the issuer's certificate; None for a root.
    :raises ConfigurationError: for a number of days that is none.
    :raises CertificateError: if the issuer is not valid now, or ends before.
    """
    check_days(days)
    now = now.replace(microsecond=0)
    start, end = now - CLOCK_TOLERANCE, now + timedelta(days=days or usual_days)
    if issuer is None:
        return Validity(start, end)
    check_time(now, issuer)
    first, last = issuer.not_valid_before_utc, issuer.not_valid_after_utc
    if days is not None and end > last:
        raise CertificateError(
            f"{counted(days, 'day', 'are')} more than the CA's own certificate is still valid: it expires on "
            f"{_moment(last, now)}",
            hint=_most_days((last - now).days),
            reason=Reason.TOO_LARGE,
            parameter="days",
        )
    return Validity(max(start, first), min(end, last))


def _most_days(left: int) -> str:
    """What to do if the issuer ends before."""
    return (
        f"At most {counted(left, 'day', 'are')} possible"
        if left
        else "To renew the CA, use 'python -m optiga ca renew'"
    )


_FEW_DAYS = 2
"""Fewer days than these are told in hours."""


def find_shortening(start: datetime, end: datetime, above: Sequence[Certificate], usual_days: int) -> str:
    """That a certificate ends much earlier than is usual, because one above it ends; empty if it does not.

    :param start: when it is issued; no number of days was asked for.
    :param end: the last moment of its validity.
    :param above: the certificates above it, as far as they are known.
    :param usual_days: how long it would be valid otherwise.
    """
    ending = next((one for one in above if one.not_after == end), None)
    if ending is None or end - start > timedelta(days=usual_days * _SHORT_PART):
        return ""
    days = round((end - start) / timedelta(days=1))  # the CA is some seconds older
    usual, length = f"{usual_days}", counted(days, "day")
    if days < _FEW_DAYS:
        hours, minutes = ((end - start) / timedelta(**{unit: 1}) for unit in ("hours", "minutes"))
        length = counted(round(hours), "hour") if hours >= 1 else counted(round(minutes), "minute")
        usual = f"{usual_days} days"
    return (
        f"the certificate expires on {_moment(end, start)}, after {length} instead of {usual}, because the certificate "
        f"of {ending.subject} expires then. To renew that, use "
        "'python -m optiga ca renew'"
    )


def _moment(moment: datetime, now: datetime) -> str:
    """A moment as messages have it: the day, and the time if it is soon."""
    is_soon = moment - now < timedelta(days=_FEW_DAYS)
    return f"{moment:%Y-%m-%d %H:%M} UTC" if is_soon else f"{moment:%Y-%m-%d}"


def check_time(now: datetime, issuer: x509.Certificate, *, hint: str = "") -> None:
    """Refuse to sign when the signer's certificate is not valid.

    :param now: with its time zone.
    :param hint: what to do where it has expired, if that is not to renew it here.
    :raises CertificateError: if it is not valid now.
    """
    first, last = issuer.not_valid_before_utc, issuer.not_valid_after_utc
    if now >= last:
        raise CertificateError(
            f"the CA's certificate expired on {last:%Y-%m-%d %H:%M:%S} UTC",
            hint=hint or "To renew it, use 'python -m optiga ca renew'",
            reason=Reason.EXPIRED,
        )
    if now < first:
        ahead = Naming(
            "Check this computer's clock. If the clock is right now, and was ahead when the CA was made or renewed: "
            "'python -m optiga ca renew ",
            f"days={(last - now).days + 1}",
            "'",
        )
        raise CertificateError(
            f"the CA's certificate is not valid before {first:%Y-%m-%d %H:%M:%S} UTC",
            hint="Check this computer's clock" if hint else ahead,
            reason=Reason.EXPIRED,
        )


def build_ca(
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer: Issuer,
    serial: int,
    validity: Validity,
    *,
    path_length: int,
    constraints: x509.NameConstraints | None = None,
) -> bytes:
    """The certificate of a CA in DER, which issues certificates and CRLs and nothing else.

    An intermediate's certifies for TLS only: that is what extendedKeyUsage means there.

    :param path_length: how many CAs there may be between it and a device.
    :param constraints: the names that it may certify; None for any.
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    builder = _begin(subject, public_key, issuer, serial, validity)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    if issuer.certificate is not None:
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if constraints is not None:
        builder = builder.add_extension(constraints, critical=True)
    return sign_certificate(builder, issuer)


def rebuild_ca(renewed: Certificate, issuer: Issuer, validity: Validity, serial: int | None = None) -> bytes:
    """The certificate of a CA once more, in DER, with other dates: the same key, name and extensions.

    What speaks of the issuer's certificate is made anew, and where the issuer's CRL is.

    :param issuer: the CA itself, without a certificate, for a root.
    :param serial: one of its own where it is None.
    """
    from cryptography import x509

    old, name = renewed.parsed, renewed.fields.subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(issuer.certificate.subject if issuer.certificate else old.subject)
        .public_key(old.public_key())
        .serial_number(x509.random_serial_number() if serial is None else serial)
        .not_valid_before(validity.start)
        .not_valid_after(validity.end)
    )
    for extension in old.extensions:
        value = extension.value
        if isinstance(value, x509.AuthorityKeyIdentifier):
            value = authority_identifier(issuer.certificate or old)
        elif isinstance(value, x509.CRLDistributionPoints) and issuer.crl_url:
            continue
        builder = builder.add_extension(value, extension.critical)
    if issuer.certificate is not None and issuer.crl_url:
        builder = builder.add_extension(_crl_places(issuer.crl_url), critical=False)
    return sign_certificate(builder, issuer if issuer.name else replace(issuer, name=name), name)


def check_renewed(signed: Certificate, old: Certificate) -> None:
    """Refuse a CA's new certificate under which what it has issued would not be valid, once it is loaded again.

    :raises CertificateError: if its name or key is another, byte for byte.
    """
    for part, is_same in (
        ("name", signed.fields.subject == old.fields.subject),
        ("key", signed.public_key.info == old.public_key.info),
        ("subjectKeyIdentifier", signed.fields.extension(_KEY_IDENTIFIER) == old.fields.extension(_KEY_IDENTIFIER)),
    ):
        if not is_same:
            raise CertificateError(
                f"the {part} of the new certificate differs from the current one: the new certificate is not used",
                reason=Reason.UNEXPECTED,
            )


@dataclass(frozen=True, slots=True)
class Grant:
    """What a device's certificate says beside its key and subject.

    :param dns_names: its subject alternative names.
    :param is_server: whether the key is for a TLS server, too.
    """

    dns_names: tuple[str, ...] = ()
    is_server: bool = False


def build_device(request: CertificateRequest, grant: Grant, issuer: Issuer, serial: int, validity: Validity) -> bytes:
    """The certificate of a TLS client in DER, and server if that is granted."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID

    encipherment = ("key_encipherment",) if isinstance(load_key(request.public_key), rsa.RSAPublicKey) else ()
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if grant.is_server:
        purposes.append(ExtendedKeyUsageOID.SERVER_AUTH)
    builder = _begin(request.subject, load_key(request.public_key), issuer, serial, validity)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage("digital_signature", *encipherment), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if grant.dns_names:  # with no subject beside them they are the name (RFC 5280, 4.2.1.6)
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in grant.dns_names])
        builder = builder.add_extension(names, critical=not list(request.subject))
    return sign_certificate(builder, issuer)


def device_size(request: CertificateRequest, grant: Grant, key: CaPublicKey, issuer: Issuer, validity: Validity) -> int:
    """Most bytes that :func:`build_device` makes, in DER: with the longest serial number and signature.

    What is made to find out is signed by a key that is thrown away: nobody has a certificate from it.

    :param key: the CA's.
    :param issuer: a stranger that signs in its place, with the CA's certificate.
    :raises CertificateError: if none can be made.
    """
    try:
        made = build_device(request, grant, issuer, _LONGEST_SERIAL, validity)
    except (ValueError, TypeError) as error:
        raise CertificateError(f"cannot issue a certificate for this CSR: {error}", reason=Reason.REFUSED) from None
    return len(made) - len(read_fields(made).signature) + most_bytes_of_signature(key)


def check_device(signed: Certificate, request: CertificateRequest, grant: Grant) -> None:
    """Refuse a device's certificate that does not say what was meant, once it is loaded again.

    :raises CertificateError: if it does not.
    """
    names = tuple(f"DNS:{name}" for name in grant.dns_names)
    purposes = ("clientAuth", "serverAuth") if grant.is_server else ("clientAuth",)
    for part, is_so in (
        ("subject", signed.parsed.subject.public_bytes() == request.subject.public_bytes()),
        ("key", signed.public_key.info == request.public_key.info),
        ("names", signed.alt_names == names),
        ("purposes", signed.purposes == purposes),
        ("basicConstraints", not signed.is_ca),
    ):
        if not is_so:
            raise CertificateError(
                f"the new certificate does not have the expected {part}: it is not issued",
                reason=Reason.UNEXPECTED,
            )


def build_verification(
    subject: x509.Name, public_key: ec.EllipticCurvePublicKey, issuer: Issuer, serial: int, validity: Validity
) -> bytes:
    """A certificate in DER that proves nothing but that its issuer has the CA's key."""
    from cryptography import x509

    builder = _begin(subject, public_key, issuer, serial, validity)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage("digital_signature"), critical=True)
    return sign_certificate(builder, issuer)


def authority_identifier(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The authorityKeyIdentifier of what a CA signs; from its key where its certificate, made elsewhere, has none."""
    from cryptography import x509

    try:
        identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        identifier = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _begin(
    subject: x509.Name,
    public_key: CertificatePublicKeyTypes,
    issuer: Issuer,
    serial: int,
    validity: Validity,
) -> x509.CertificateBuilder:
    """What all certificates have in common."""
    from cryptography import x509

    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer.certificate else subject)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(validity.start)
        .not_valid_after(validity.end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    if issuer.certificate is None:
        return builder
    builder = builder.add_extension(authority_identifier(issuer.certificate), critical=False)
    if not issuer.crl_url:
        return builder
    return builder.add_extension(_crl_places(issuer.crl_url), critical=False)


def _crl_places(url: str) -> x509.CRLDistributionPoints:
    """The cRLDistributionPoints that name one URL."""
    from cryptography import x509

    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)])


def _usage(*names: str) -> x509.KeyUsage:
    from cryptography import x509

    bits = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{bit: bit in names for bit in bits})
