"""The folder of a CA: what lies in it, how it is made whole, and how it is read.

::

    ca.pem      the CA's certificate
    ca.key      its private key: PKCS #8 in PEM, mode 0600, encrypted if it was given a passphrase
    chain.pem   an intermediate's only: what goes behind each certificate that it issues, never a root
    issued.db   every certificate issued and every CRL: SQLite, mode 0600
    crl.pem     the certificate revocation list
    records.sig the newest entry of the records' chain, signed by the CA's key: JSON
    settings.json  what was said when the CA was made and counts for what it signs, if there is anything such
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from optiga.ca.revocation import read_crl
from optiga.ca.settings import CaSettings, load_settings
from optiga.errors import CertificateError, ConfigurationError, OptigaError, Reason, naming
from optiga.files.files import check_folder_writable, check_own_output, is_there, read_input, refused
from optiga.files.opening import about_its
from optiga.files.owners import check_status, others_read, others_write
from optiga.files.placeholders import check_new_name
from optiga.files.reserved import ReservedFile
from optiga.files.shown import file_in_command, shown_path
from optiga.files.temporary import Temporary
from optiga.pki.certificate import Certificate, load_certificates
from optiga.pki.public_keys import load_key

CERTIFICATE, KEY, CHAIN, RECORDS, CRL = "ca.pem", "ca.key", "chain.pem", "issued.db", "crl.pem"
HEAD, SETTINGS = "records.sig", "settings.json"
_NAMES = (CERTIFICATE, KEY, CHAIN, RECORDS, CRL, HEAD, SETTINGS)
_PUBLISHED = (HEAD, CRL)
_BELIEVED = (CERTIFICATE, KEY, CHAIN, HEAD, SETTINGS)
OWN_MODE = 0o644
"""Permissions of what is believed of a folder and is no secret: whatever the umask, nobody else may write it."""
_MAX_KEY_SIZE = 1 << 16
_MAX_CRL_SIZE = 1 << 26
_RESTORE = "Restore it from a backup"

_MOST_BYTES = 1 << 16
"""More than what SQLite writes for one more certificate, and the newest signature of the records."""


@dataclass(frozen=True)
class CaFolder:
    """The folder of a CA, read without its key.

    :param certificate: the CA's own.
    :param chain: what goes behind each certificate that it issues, its issuer first; empty for a root.
    :param settings: what counts for all that it signs.
    :param is_behind: whether ``ca.pem`` still is the certificate before a renewal that was interrupted.
    """

    path: Path
    certificate: Certificate
    chain: tuple[Certificate, ...] = ()
    settings: CaSettings = field(default_factory=CaSettings)
    is_behind: bool = False

    @classmethod
    @about_its("path")
    def open(cls, path: Path) -> CaFolder:
        """Read a folder.

        :raises ConfigurationError: if there is no CA in it, a file cannot be read, or somebody else can change one.
        :raises CertificateError: if its certificate is damaged or none of a CA.
        """
        _check_owners(path)
        if not is_there(path / CERTIFICATE):
            if is_there(path / KEY):
                raise ConfigurationError(f"{path / CERTIFICATE} is missing", hint=_RESTORE, reason=Reason.DAMAGED)
            raise _no_ca(path)
        certificates = _load(path / CERTIFICATE)
        if len(certificates) != 1 or not certificates[0].is_ca:
            raise CertificateError(
                f"{path / CERTIFICATE} does not hold exactly one CA certificate",
                hint=_RESTORE,
                reason=Reason.DAMAGED,
            )
        chain: list[Certificate] = []
        if is_there(path / CHAIN):
            chain = _load(path / CHAIN)
        elif not certificates[0].is_self_issued:
            raise _no_chain(path, certificates[0])
        own = certificates[0]
        if chain and chain[0].der != own.der:
            if not _is_renewed(own, chain[0]):
                raise CertificateError(
                    f"{path / CHAIN} does not start with the certificate in {path / CERTIFICATE}",
                    hint="Restore both files from a backup",
                    reason=Reason.MISMATCH,
                )
            own = chain[0]
        return cls(path, own, tuple(chain), load_settings(path / SETTINGS), is_behind=own is not certificates[0])

    @cached_property
    def key_pem(self) -> bytes:
        """The private key's file.

        :raises ConfigurationError: if it cannot be read.
        """
        try:
            return read_input(self.path / KEY, "CA's key", _MAX_KEY_SIZE)
        except ConfigurationError as error:
            if error.reason is Reason.NOT_FOUND:
                error.advise("Restore it from a backup. Without the key, the CA can neither issue nor revoke")
            raise

    @property
    def key_is_encrypted(self) -> bool:
        """Whether the key asks for a passphrase."""
        return b"ENCRYPTED" in self.key_pem

    @property
    def key_is_open_to_others(self) -> bool:
        """Whether other users of the system may read the key; False where there are no such permissions."""
        if os.name != "posix":
            return False
        status = (self.path / KEY).stat()
        return others_read(status) or others_write(status)

    @property
    def records_path(self) -> Path:
        """The file of what has been issued."""
        return self.path / RECORDS

    @property
    def crl_path(self) -> Path:
        """The file of the certificate revocation list."""
        return self.path / CRL

    @property
    def head_path(self) -> Path:
        """The file of the signature of the records."""
        return self.path / HEAD

    def check_published(self) -> None:
        """Refuse a folder in which a file that is written each time is a link out of it, or no regular file.

        :raises ConfigurationError: if one is.
        """
        for name in _PUBLISHED:
            check_own_output(self.path / name)

    @about_its("target")
    def check_output(self, target: Path) -> None:
        """Refuse to write a certificate over one of the CA's own files.

        :raises ConfigurationError: if it would.
        """
        own = [self.path / name for name in _NAMES]
        if os.path.realpath(target) in map(os.path.realpath, own) or any(_are_one(target, path) for path in own):
            raise ConfigurationError(
                f"{target} is a file of the CA", hint=naming("Name another with {out}"), reason=Reason.EXISTS
            )


@about_its("path")
def _load(path: Path) -> list[Certificate]:
    """The certificates in a file of a CA's folder."""
    try:
        return load_certificates(path)
    except CertificateError as error:
        error.hint = _RESTORE
        raise


@about_its("path")
def check_new(path: Path) -> None:
    """Make sure that a CA can be made in a folder, which is not there yet or empty.

    :raises ConfigurationError: if it cannot.
    """
    try:
        held = {entry.name for entry in path.iterdir()}
        is_current = path.samefile(os.curdir)
    except FileNotFoundError:
        held, is_current = set(), False
    except NotADirectoryError:
        raise ConfigurationError(f"{path} is not a folder", hint="Name another", reason=Reason.WRONG_TYPE) from None
    except OSError as error:
        raise refused(f"cannot read the folder {path}", error, Reason.NOT_READABLE) from None
    if path.is_symlink():
        raise ConfigurationError(f"{path} is a symbolic link", hint="Name the folder itself", reason=Reason.UNSAFE)
    if held & {CERTIFICATE, KEY}:
        raise ConfigurationError(f"{path} already contains a CA", hint="Name another folder", reason=Reason.EXISTS)
    if held:
        raise ConfigurationError(f"{path} is not empty", hint="Use a folder that is new or empty", reason=Reason.EXISTS)
    if is_current:
        raise ConfigurationError(
            f"{path} is the current folder, which cannot be replaced",
            hint="Use another folder",
            reason=Reason.CONFLICT,
        )
    check_new_name(path)
    check_folder_writable(Path(os.path.realpath(path)).parent, output=path)


@about_its("path")
def check_writable(path: Path) -> None:
    """Make sure that files can be made in the folder of a CA, and the disk has room for a new record.

    :raises ConfigurationError: if they cannot, or it has not.
    """
    check_folder_writable(path, hint="A CA keeps its records in its folder: get permission to write there")
    with ReservedFile(path, _MOST_BYTES, "A CA keeps its records in its folder") as room:
        room.secure()


def _no_ca(path: Path) -> ConfigurationError:
    """That there is no CA, and what may be done instead."""
    if path.is_file():
        hint = (
            f"Name its folder, {shown_path(path.parent)}" if is_there(path.with_name(CERTIFICATE)) else "Name a folder"
        )
        return ConfigurationError(f"{path} is a file, and a CA is a folder", hint=hint, reason=Reason.WRONG_TYPE)
    hint = (
        f"To make one, use 'python -m optiga ca init {file_in_command(path)}', or under another CA "
        f"'python -m optiga ca intermediate {file_in_command(path)}'"
    )
    with suppress(OSError):
        if any(path.iterdir()):
            hint = "Name the folder that 'python -m optiga ca init' or 'python -m optiga ca intermediate' has made"
    return ConfigurationError(f"there is no CA in {shown_path(path)}", hint=hint, reason=Reason.NOT_FOUND)


def _no_chain(path: Path, certificate: Certificate) -> OptigaError:
    """That the chain of an intermediate CA is missing; or that there never was one, where its certificate is not that
    of this folder, whose CRL another key has signed.
    """
    with suppress(ConfigurationError):
        data, key = read_input(path / CRL, "CRL", _MAX_CRL_SIZE), load_key(certificate.public_key)
        if read_crl(data, key) is None:  # type: ignore[arg-type]  # another type of key has signed none
            return CertificateError(
                f"{path / CERTIFICATE} is not the certificate of this CA: {path / CRL} was signed by another key",
                hint=f"Restore {CERTIFICATE} from a backup",
                reason=Reason.MISMATCH,
            )
    return ConfigurationError(
        f"{path / CHAIN} is missing",
        hint=f"Restore it from a backup. If the root CA issued {CERTIFICATE}, copy {CERTIFICATE} to this name",
        reason=Reason.DAMAGED,
    )


@about_its("path")
def check_made_elsewhere(path: Path) -> None:
    """Refuse a file of a CA's folder as the beginning of another folder of the same CA.

    Each of the two would have records of its own: what the one has issued, the other could not revoke.

    :raises ConfigurationError: if it is one.
    """
    real = Path(os.path.realpath(path))
    if real.name in _NAMES and all(is_there(real.with_name(name)) for name in (CERTIFICATE, KEY, RECORDS)):
        folder = shown_path(real.parent if path.is_symlink() else path.parent)
        raise ConfigurationError(
            f"{path} belongs to the CA in {folder}, whose records would not know what the new folder issues",
            hint="Use that folder, or copy the complete folder to the new place",
            reason=Reason.CONFLICT,
        )


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder, mode 0700, that takes the place of ``path`` if the block ends well, else is gone.

    :raises ConfigurationError: if it cannot be made or put there.
    """
    target = Path(os.path.realpath(path))
    try:
        with Temporary(target, 0o700, is_folder=True) as temporary:
            yield temporary.path
            temporary.replace(target)
    except OSError as error:
        raise refused(f"cannot create {path}", error, Reason.NOT_WRITABLE) from None


def _check_owners(path: Path) -> None:
    """Refuse files of a CA that belong to another user, or that others may write; records are looked at when opened.

    :raises ConfigurationError: if one is such a file.
    """
    for name in _BELIEVED:
        try:
            status = (path / name).stat()  # a link may lead there, as where a secret is mounted
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(status.st_mode):  # what is none is refused by whoever reads or writes it
            title = f"the CA's file {path / name}"
            check_status(str(path / name), title, status, shared=False, hint="", is_companion=False)


def _is_renewed(own: Certificate, other: Certificate) -> bool:
    """Whether another certificate is the CA's, too: ``ca renew`` was interrupted between the chain and it."""
    return (
        other.is_ca
        and other.public_key.info == own.public_key.info
        and other.fields.subject == own.fields.subject
        and other.not_after > own.not_after
    )


def _are_one(path: Path, other: Path) -> bool:
    """Whether two names are there and of one file, as ``ca.key`` and ``CA.KEY`` are on many a file system."""
    try:
        return path.samefile(other)
    except OSError:
        return False
