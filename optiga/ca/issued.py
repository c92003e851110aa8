"""A certificate that a CA has issued, as whoever asked for it gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError
from optiga.files.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.pki.certificate import Certificate


@dataclass(frozen=True)
class IssuedCertificate:
    """A certificate that is written down in the CA's records.

    :param chain: what goes behind it, its issuer first, never a root; empty where a root has issued it.
    :param serial: in hex, 40 digits.
    :param notes: what the one who asked may want to know, one sentence each.
    """

    certificate: Certificate
    chain: tuple[Certificate, ...]
    serial: str
    notes: tuple[str, ...] = ()

    @property
    def pem(self) -> str:
        """The certificate and its chain, leaf first."""
        return "".join(certificate.pem for certificate in (self.certificate, *self.chain))

    def write(self, path: Path) -> None:
        """Write it with its chain into a file.

        :raises ConfigurationError: if that cannot be; the certificate is not lost then.
        """
        try:
            write_whole(path, self.pem.encode("ascii"))
        except ConfigurationError as error:
            raise ConfigurationError(
                error.message, hint=f"The certificate is issued. Print it: 'ca show {self.serial}'", reason=error.reason
            ) from None
