"""The functions for programs that use their own CA."""

from __future__ import annotations

import os
from pathlib import Path

from optiga.ca.authority import CertificateAuthority


def open_ca(folder: str | os.PathLike[str], *, passphrase: str | bytes | None = None) -> CertificateAuthority:
    """Open a CA that ``optiga ca init`` or ``ca intermediate`` has made.

    :param folder: folder of the CA.
    :param passphrase: passphrase of the CA key; ignored if the key is not encrypted.
    :returns: the CA; ``issue(csr.der)`` returns a certificate.
    :raises ConfigurationError: if the folder has no CA, or the passphrase does not open its key.
    :raises CertificateError: if the CA certificate is damaged or does not belong to the key.
    :raises TypeError: if an argument has a wrong type.
    """
    if not isinstance(folder, (str, os.PathLike)):
        raise TypeError(f"a CA must be given as a folder, not as a value of type {type(folder).__name__}")
    if not isinstance(passphrase, (str, bytes, type(None))):
        raise TypeError(f"a passphrase must be text or bytes, not a value of type {type(passphrase).__name__}")
    secret = passphrase.encode() if isinstance(passphrase, str) else passphrase
    return CertificateAuthority.open(Path(folder), secret)
