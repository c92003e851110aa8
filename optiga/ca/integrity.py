"""Whether a CA's records are those that it wrote last: not another CA's, not edited, not from an older copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.ca.chain import Head, History, verify_chain
from optiga.ca.folder import HEAD
from optiga.ca.revocation import FIRST_TIMED_NUMBER, PublishedCrl, read_crl, why_no_crl
from optiga.errors import CertificateError, ConfigurationError, Reason, naming
from optiga.files.files import read_input
from optiga.files.opening import about, about_its, at_fault
from optiga.files.shown import shown_path
from optiga.pki.public_keys import load_key

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.ca.folder import CaFolder
    from optiga.ca.records import Records
    from optiga.ca.signing import CaPublicKey

MAX_CRL_FILE = 1 << 26
_MAX_HEAD_FILE = 1 << 12
_COPY = naming("Restore the newest copy of the CA's folder, or accept the records as they are with {trust_records}")


def check_records(folder: CaFolder, records: Records, published: Path | None = None) -> None:
    """Refuse records with which this CA would take back what it has revoked, or not know what it has issued.

    In a transaction, so that no other process writes meanwhile.

    :param published: the file of a CRL that was given out, which they must know.
    :raises ConfigurationError: if they are such.
    :raises CertificateError: if the published CRL is none of this CA.
    """
    with about(folder.records_path):
        _check_records(folder, records, published)


def _check_records(folder: CaFolder, records: Records, published: Path | None) -> None:
    path, public_key = folder.records_path, key_of(folder)
    own = check_owner(folder, records)
    if own is None and records.head() is None:
        raise ConfigurationError(f"{path} has no CRL and no hash chain any more", hint=_COPY, reason=Reason.DAMAGED)
    number = own.number if own else 0
    lists = [(folder.crl_path, found)] if (found := read_crl_file(folder)) else []
    if published is not None:
        lists.append((published, read_published(published, public_key)))
    for file, crl in lists:
        if crl.number > number:
            raise _older(path, f"the CRL {file}, and may lack certificates that the CRL revokes")
    head = read_head(folder)
    if not records.is_chained:
        if number >= FIRST_TIMED_NUMBER:
            raise ConfigurationError(f"{path} has no hash chain any more", hint=_COPY, reason=Reason.DAMAGED)
        if head is not None and (head.sequence, head.digest) != records.first_links():
            raise _older(path, f"{folder.head_path}, which was signed for records with a hash chain")
        return
    history = verify_chain(records, public_key, f"the records {path}")
    for file, crl in lists:
        _check_known(path, file, crl, history)
    if head is None:
        raise ConfigurationError(
            f"{folder.head_path} is missing or damaged: without it, {path} may be an older copy",
            hint=naming(
                "Restore {head} from a backup, or sign the records as they are with {trust_records}", head=HEAD
            ),
            reason=Reason.DAMAGED,
        )
    if head.sequence > len(history.digests):
        raise _older(path, f"{folder.head_path}, and may lack certificates that were issued")
    if head.sequence < 1 or history.digests[head.sequence - 1] != head.digest:
        raise ConfigurationError(
            f"the records {path} are not those that {folder.head_path} was signed for",
            hint=_COPY,
            reason=Reason.DAMAGED,
        )


def find_objection(folder: CaFolder, records: Records, published: Path | None = None) -> str:
    """Why :func:`check_records` refuses records that are this CA's; empty if it does not.

    :raises ConfigurationError: if they are another's.
    :raises CertificateError: if the published CRL is none of this CA.
    """
    check_owner(folder, records)
    if published is not None:
        read_published(published, key_of(folder))
    try:
        check_records(folder, records, published)
    except ConfigurationError as error:
        return error.message
    return ""


def check_owner(folder: CaFolder, records: Records) -> PublishedCrl | None:
    """Refuse the records of another CA.

    :returns: the newest CRL in them; None if there is none.
    :raises ConfigurationError: if they are another's.
    """
    newest = records.newest_crl()
    own = read_crl(newest, key_of(folder))
    if newest and own is None:
        raise ConfigurationError(
            f"{folder.records_path} has the records of another CA",
            hint="Restore this CA's own records from a backup",
            reason=Reason.MISMATCH,
        )
    return own


def read_head(folder: CaFolder) -> Head | None:
    """The signed head beside the CRL; None if it is not there, damaged, or none of this CA's.

    :raises ConfigurationError: if it is there and cannot be read.
    """
    try:
        head = Head.parse(read_input(folder.head_path, "signature of the records", _MAX_HEAD_FILE))
    except ConfigurationError as error:
        if error.reason is Reason.NOT_READABLE:
            raise
        return None
    return head if head is not None and head.is_of(key_of(folder)) else None


def read_crl_file(folder: CaFolder) -> PublishedCrl | None:
    """The CRL in the folder; None if it is not there, damaged, or none of this CA's: it is written anew then."""
    try:
        return read_crl(read_input(folder.crl_path, "CRL", MAX_CRL_FILE), key_of(folder))
    except ConfigurationError:
        return None


def key_of(folder: CaFolder) -> CaPublicKey:
    """The public key of a CA.

    :raises CertificateError: if it is neither EC nor RSA.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = load_key(folder.certificate.public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise CertificateError(
            f"the key of the CA in {shown_path(folder.path)} is neither EC nor RSA", reason=Reason.WRONG_TYPE
        )
    return key


@at_fault("published")
@about_its("path")
def read_published(path: Path, public_key: CaPublicKey) -> PublishedCrl:
    """A CRL that was given out.

    :raises ConfigurationError: if its file cannot be read.
    :raises CertificateError: if it is none of the CA.
    """
    data = read_input(path, "CRL", MAX_CRL_FILE)
    crl = read_crl(data, public_key)
    if crl is None:
        raise why_no_crl(data, str(path), "this CA")
    return crl


def _check_known(path: Path, file: Path, crl: PublishedCrl, history: History) -> None:
    """Refuse records whose history does not have a CRL, unless that is older than the chain."""
    if not history.crls or crl.number < min(history.crls):
        return
    if history.crls.get(crl.number) != crl.sha256:
        raise ConfigurationError(
            f"the records {path} do not have the CRL {file}: they come from an older copy that was used after it",
            hint=_COPY,
            reason=Reason.DAMAGED,
        )


def _older(path: Path, what: str) -> ConfigurationError:
    return ConfigurationError(f"the records {path} are older than {what}", hint=_COPY, reason=Reason.DAMAGED)
