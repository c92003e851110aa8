"""Private keys from files: a signer's, and one that an update brings."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import CertificateError, ConfigurationError, Reason
from optiga.files.opening import about
from optiga.files.passphrases import Passphrase, check_hint, is_wrong_passphrase
from optiga.files.secrets import read_secret
from optiga.pki.contents import in_bytes, note_of_filler
from optiga.pki.kinds import PKCS12, PRIVATE_KEY, identify
from optiga.pki.other_keys import find_other_form
from optiga.pki.pem_blocks import as_pem, labels_of
from optiga.pki.pkcs12 import is_pkcs12, open_pkcs12
from optiga.pki.private_keys import BrokenKeyError, UnknownCipherError, is_encrypted, load_private_key

if TYPE_CHECKING:
    from optiga.update.payloads import PrivateKey

_MAX_SIZE = 1 << 16
_LABEL = "PRIVATE KEY"


class KeyFile(NamedTuple):
    """The file of a private key, read but not yet opened, so that its passphrase is asked for only if it has one.

    :param content: bytes of PEM or DER.
    :param warnings: what its owner should know, one sentence each.
    """

    path: Path
    content: bytes
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> KeyFile:
        """From a file. A key may be written out in C, as bytes or as the lines of PEM.

        :raises ConfigurationError: if it cannot be read, or another user could have put another key into it.
        """
        file = read_secret(path, "private key", _MAX_SIZE)
        content = file.data
        with suppress(CertificateError):  # what it is then, is said where it is opened
            content = as_pem(in_bytes(content, str(path)), str(path))
        return cls(path, content, (*file.warnings, *note_of_filler(file.data, str(path))))

    @property
    def is_encrypted(self) -> bool:
        return is_encrypted(self.content)

    def open(self, passphrase: bytes | Passphrase | None = None) -> PrivateKey:
        """The key.

        :param passphrase: not looked at where the key is not encrypted.
        :raises ConfigurationError: if it is no EC or RSA key, or the passphrase is missing or another.
        """
        with about(self.path):
            return self._open(passphrase)

    def _open(self, passphrase: bytes | Passphrase | None) -> PrivateKey:
        from cryptography.hazmat.primitives.asymmetric import ec, rsa

        if sum(label.endswith(_LABEL) for label in labels_of(self.content)) > 1:
            raise ConfigurationError(
                f"{self.path} has several private keys",
                hint="Leave only the key that you want",
                reason=Reason.AMBIGUOUS,
            )
        if self.is_encrypted and passphrase is None:
            raise ConfigurationError(
                f"the private key {self.path} is encrypted", hint="Give its passphrase", reason=Reason.MISSING
            )
        given = Passphrase(passphrase) if isinstance(passphrase, bytes) else passphrase
        key: object = None
        for candidate in given.candidates if given and self.is_encrypted else (None,):
            try:
                key = load_private_key(self.content, candidate)
                break
            except (UnknownCipherError, BrokenKeyError) as error:
                raise error.of_file(str(self.path)) from None
            except ValueError:
                continue
        if key is None:
            if given and given.problem and self.is_encrypted:
                given.for_new()
            raise self._no_key(given)
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            title = type(key).__name__.strip("_").removesuffix("PrivateKey")
            raise ConfigurationError(
                f"{self.path} has no EC or RSA key, but a private key of the type {title}",
                hint="Use an EC or RSA key",
                reason=Reason.WRONG_TYPE,
            )
        return key

    def _no_key(self, given: Passphrase | None) -> ConfigurationError:
        if other := find_other_form(self.content, str(self.path)):
            return other
        what = identify(self.content)
        if what == PKCS12 and not self._is_other_passphrase(given):
            return ConfigurationError(
                f"the PKCS #12 container in {self.path} holds no private key",
                hint="Give the file with its private key",
                reason=Reason.MISSING,
            )
        if what and what != PRIVATE_KEY and not self._is_other_passphrase(given):
            return ConfigurationError(
                f"{self.path} holds {what}, not a private key",
                hint="Give the file with its private key",
                reason=Reason.WRONG_TYPE,
            )
        if self.is_encrypted:
            said = f"the passphrase does not open the private key {self.path}"
            return ConfigurationError(said, hint=check_hint(given), reason=Reason.MISMATCH)
        hint = "Use PEM or DER in the format PKCS #8, SEC 1 or OpenSSL's own"
        return ConfigurationError(f"{self.path} has no readable private key", hint=hint, reason=Reason.WRONG_TYPE)

    def _is_other_passphrase(self, given: Passphrase | None) -> bool:
        """Whether it is a container that a passphrase does not open."""
        try:
            if is_pkcs12(self.content):
                open_pkcs12(self.content, str(self.path), given)
        except (CertificateError, ConfigurationError) as error:
            return is_wrong_passphrase(error)
        return False
