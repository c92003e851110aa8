"""What a program calls to use a CA of its own."""

from __future__ import annotations

import os
from pathlib import Path

from optiga.ca.authority import CertificateAuthority


def open_ca(folder: str | os.PathLike[str], *, passphrase: str | bytes | None = None) -> CertificateAuthority:
    """Open a CA that ``optiga ca init`` or ``ca intermediate`` has made.

    :param folder: the CA's.
    :param passphrase: of its key; not looked at where the key is not encrypted.
    :returns: the CA, whose ``issue(csr.der)`` gives a certificate.
    :raises ConfigurationError: if there is none, or its key does not open.
    :raises CertificateError: if its certificate is damaged or not that of its key.
    :raises TypeError: if an argument is of another type.
    """
    if not isinstance(folder, (str, os.PathLike)):
        raise TypeError(f"a CA must be given as a folder, not as a value of type {type(folder).__name__}")
    if not isinstance(passphrase, (str, bytes, type(None))):
        raise TypeError(f"a passphrase must be text or bytes, not a value of type {type(passphrase).__name__}")
    secret = passphrase.encode() if isinstance(passphrase, str) else passphrase
    return CertificateAuthority.open(Path(folder), secret)
