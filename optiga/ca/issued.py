"""A certificate that a CA has issued, with what goes behind it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.arguments import takes
from optiga.errors import CertificateError, ConfigurationError, Reason
from optiga.files.files import write_whole

if TYPE_CHECKING:
    from datetime import datetime

    from optiga.ca.records import Record
    from optiga.pki.certificate import Certificate

_MOST_NAMED = 5
"""Serial numbers in a warning: the newest."""


@dataclass(frozen=True)
class IssuedCertificate:
    """A certificate that is written down in the CA's records.

    :param chain: what goes behind it, its issuer first, never a root; empty where a root has issued it.
    :param serial: in hex, 40 digits.
    :param notes: what the one who asked may want to know, one sentence each.
    :param warnings: those of the notes that matter even to whoever wants to read none.
    """

    certificate: Certificate
    chain: tuple[Certificate, ...]
    serial: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def pem(self) -> str:
        """The certificate and its chain, leaf first."""
        return "".join(certificate.pem for certificate in (self.certificate, *self.chain))

    @takes
    def write(self, path: str | os.PathLike[str]) -> None:
        """Write it with its chain into a file.

        :raises ConfigurationError: if that cannot be; the certificate is not lost then.
        """
        try:
            write_whole(Path(path), self.pem.encode("ascii"))
        except ConfigurationError as error:
            raise ConfigurationError(
                error.message,
                hint=f"The certificate is issued. Print it: 'python -m optiga ca show {self.serial}'",
                reason=error.reason,
            ) from None


def warnings_about(others: list[Record], now: datetime, *, is_ca: bool) -> list[str]:
    """What to know of a key that has had certificates of this CA before.

    :param is_ca: whether it is that of an intermediate CA, whose certificate is renewed while the last one is valid.
    """
    warnings = []
    valid = [other.serial for other in others if other.state(now) == "valid"]
    if valid and not is_ca:
        one = len(valid) == 1
        count = "another valid certificate" if one else f"{len(valid)} other valid certificates"
        replaced = "it, revoke it" if one else "them, revoke each of them"
        named = ", ".join(valid[-_MOST_NAMED:])
        more = f" and {len(valid) - _MOST_NAMED} more" if len(valid) > _MOST_NAMED else ""
        warnings.append(
            f"The key already has {count} of this CA: {named}{more}. If the new one replaces {replaced}: "
            f"'python -m optiga ca revoke {valid[-1] if one else 'SERIAL'}'"
        )
    withdrawn = [other for other in others if other.revoked_at is not None and other.reason != "superseded"]
    if withdrawn:
        last = withdrawn[-1]
        warnings.append(f"A certificate of this key was revoked ({last.reason}): {last.serial}")
    return warnings


def compromised(*, is_ca: bool) -> CertificateError:
    """The error of a key that gets no certificate any more.

    :param is_ca: whether it is that of an intermediate CA, for which there was no CSR.
    """
    if is_ca:
        return CertificateError(
            "the key of the intermediate CA has been revoked as compromised",
            hint="Make a new intermediate CA: 'python -m optiga ca intermediate'",
            reason=Reason.REVOKED,
        )
    return CertificateError(
        "the CSR's key has been revoked as compromised",
        hint="Generate a new key on the device",
        reason=Reason.REVOKED,
        parameter="csr",
    )
