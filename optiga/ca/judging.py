"""What a CA grants of a request: whom it certifies, what for, under which names, how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.ca.naming import MAX_NAMES, check_server_names, find_foreign_hosts, grant_names
from optiga.ca.profile import Grant, Validity, choose_validity
from optiga.ca.request import CertificateRequest
from optiga.ca.subject import find_mailboxes
from optiga.errors import CertificateError, Reason, naming
from optiga.pki.name_parts import is_same_name
from optiga.pki.public_keys import load_key

if TYPE_CHECKING:
    from datetime import datetime

    from optiga.ca.folder import CaFolder

DEVICE_DAYS = 3650
"""How long a device's certificate is valid unless it is said otherwise, in days."""
_NO_SERVER = naming("{server} has no effect: the CSR does not ask for serverAuth")
_NO_NAMES = naming("{ignore_names} has no effect: the CSR asks for no names that this CA may not certify")


@dataclass(frozen=True, slots=True)
class Judged:
    """A request that may be granted, and what of it.

    :param ignored: names that it asks for and does not get.
    :param foreign_hosts: common names for which OpenSSL is going to refuse the certificate.
    :param validity: within that of every certificate above it.
    :param unused: what was given without an effect, one sentence each.
    """

    request: CertificateRequest
    grant: Grant
    ignored: tuple[str, ...]
    foreign_hosts: tuple[str, ...]
    validity: Validity
    unused: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[str, ...]:
        """What the certificate has otherwise than the CSR asks, what becomes of that, and what was given without an
        effect, one sentence each.
        """
        wishes = self.request.wishes
        notes = [f"In the certificate {change}" for change in self.request.changes]
        if wishes.wants_server and not self.grant.is_server:
            more = _list(("serverAuth", *wishes.left_out))
            notes.append(
                naming(
                    "The certificate is for a TLS client, without this from the CSR: {more}. For serverAuth, "
                    "use {server}",
                    more=more,
                )
            )
        elif wishes.left_out:
            notes.append(f"The certificate does not contain this from the CSR: {_list(wishes.left_out)}")
        if wishes.unasked_usage:
            notes.append("The certificate has the key usage digitalSignature, although the CSR does not ask for it")
        if self.ignored:
            notes.append(f"Left out, because this CA may not certify these names: {_list(self.ignored)}")
        if mailboxes := find_mailboxes(self.request.subject):
            notes.append(f"The e-mail address in the subject is not verified: {_list(mailboxes)}")
        for name in self.foreign_hosts:
            notes.append(
                f"OpenSSL will refuse the certificate: the common name {name!a} looks like a host name that "
                "this CA does not certify (nameConstraints)"
            )
        return (*notes, *self.unused)


def judge(
    folder: CaFolder,
    csr_der: bytes,
    days: int | None,
    now: datetime,
    *,
    server: bool = False,
    ignore_names: bool = False,
) -> Judged:
    """What a CA grants of a request.

    :param csr_der: the request in DER.
    :param days: validity; 3650 or what the CA has left by default.
    :param now: with its time zone.
    :param server: let it be a TLS server, too, if the request asks for that.
    :param ignore_names: leave out names that the CA does not certify, in place of refusing them.
    :raises CertificateError: if the request must not be granted or the CA is not valid.
    :raises ConfigurationError: if the days are none.
    """
    request = CertificateRequest.parse(csr_der)
    parsed = [one.parsed for one in folder.chain or (folder.certificate,)]  # the chain begins with the CA's own
    if any(is_same_name(request.subject, name) for one in parsed for name in (one.subject, one.issuer)):
        raise CertificateError(
            "the CSR's subject is the name of the CA, or of a CA above it",
            hint="Give the device another subject",
            reason=Reason.REFUSED,
            parameter="csr",
        )
    if any(load_key(request.public_key) == one.public_key() for one in parsed):
        raise CertificateError("the CSR's key is the CA's own", reason=Reason.REFUSED, parameter="csr")
    allowed = folder.settings.allow_dns
    names, ignored = grant_names(request.wishes.alt_names, allowed, ignore=ignore_names)
    if not names and not list(request.subject):
        raise CertificateError(
            "the CSR has an empty subject, and the CA may not certify any of its names",
            reason=Reason.REFUSED,
            parameter="csr",
        )
    is_server = server and request.wishes.wants_server
    if is_server:
        check_server_names(request.subject, allowed)
    validities = [choose_validity(now, days, DEVICE_DAYS, one) for one in parsed]
    validity = Validity(max(one.start for one in validities), min(one.end for one in validities))
    foreign = find_foreign_hosts(request.subject, allowed) if folder.chain and not names else []
    unused = [_NO_SERVER] if server and not is_server else []
    unused += [_NO_NAMES] if ignore_names and not ignored else []
    return Judged(request, Grant(names, is_server), ignored, tuple(foreign), validity, tuple(unused))


def _list(texts: tuple[str, ...]) -> str:
    """A list for people: a CSR of 64 KB can ask for thousands of things."""
    more = len(texts) - MAX_NAMES
    return ", ".join(texts[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
