"""The functions for programs that use their own CA."""

from __future__ import annotations

import os
from pathlib import Path

from optiga.arguments import takes
from optiga.ca.authority import CertificateAuthority


@takes
def open_ca(folder: str | os.PathLike[str], *, passphrase: str | bytes | None = None) -> CertificateAuthority:
    """Open a CA that ``optiga ca init`` or ``ca intermediate`` has made.

    :param folder: folder of the CA.
    :param passphrase: passphrase of the CA key; ignored if the key is not encrypted.
    :returns: the CA; ``issue(csr)`` returns a certificate for a CSR: a path, PEM, DER or a value.
    :raises ConfigurationError: if the folder has no CA, or the passphrase does not open its key.
    :raises CertificateError: if the CA certificate is damaged or does not belong to the key.
    :raises TypeError: if an argument has a wrong type.
    """
    secret = passphrase.encode() if isinstance(passphrase, str) else passphrase
    return CertificateAuthority.open(Path(folder), secret)
