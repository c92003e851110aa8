"""The history of a CA's records as a hash chain, whose newest link the CA's key has signed.

Each link is an event in canonical JSON and the SHA-256 of the link before it and of that event. What an event says is
compared with the tables. The head, which is the number and the hash of the newest link, is signed in the transaction
that adds the link, and a copy of it lies beside the CRL: so records from an older copy are noticed by a head or a CRL
that is newer, and edited ones by a chain that does not fit.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optiga.ca.signing import sign, verifies
from optiga.errors import ConfigurationError, Reason, counted, naming

if TYPE_CHECKING:
    from optiga.ca.records import Records
    from optiga.ca.signing import CaKey, CaPublicKey

_PURPOSE = b"optiga CA records\n"
"""What a signature of a head begins with: no certificate and no CRL does."""
_VERSION = 1
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_ISSUED = '{"certificate_sha256":'
"""What the event of an issue begins with."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of a chain, signed.

    :param sequence: its number, counted from 1.
    :param digest: its hash in hex.
    :param signature: by the CA's key, as :func:`optiga.ca.signing.sign` makes it.
    """

    sequence: int
    digest: str
    signature: bytes

    @classmethod
    def sign(cls, sequence: int, digest: str, key: CaKey) -> Head:
        """Sign the newest link."""
        return cls(sequence, digest, sign(key, _signed(sequence, digest)))

    @classmethod
    def parse(cls, data: bytes) -> Head | None:
        """The head in a file; None if there is none."""
        try:
            value = json.loads(data)
            sequence, digest, signature = value["sequence"], value["hash"], value["signature"]
            if value["version"] != _VERSION or type(sequence) is not int or not isinstance(digest, str):
                return None
            return cls(sequence, digest, base64.b64decode(signature, validate=True))
        except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
            return None

    @property
    def document(self) -> bytes:
        """The content of its file: JSON."""
        value = {
            "version": _VERSION,
            "sequence": self.sequence,
            "hash": self.digest,
            "signature": base64.b64encode(self.signature).decode("ascii"),
        }
        return (json.dumps(value, indent=2) + "\n").encode("ascii")

    def is_of(self, public_key: CaPublicKey) -> bool:
        """Whether a CA has signed it."""
        return verifies(public_key, self.signature, _signed(self.sequence, self.digest))


def _signed(sequence: int, digest: str) -> bytes:
    return _PURPOSE + f"{sequence}\n{digest}\n".encode("utf-8", "surrogatepass")


def event_text(kind: str, **values: str | int) -> str:
    """An event in canonical JSON.

    :param kind: ``issued``, ``completed``, ``revoked`` or ``crl``.
    """
    return _ENCODER.encode({"event": kind, **values})


def link_digest(previous: str, event: str) -> str:
    """The hash of a link in hex.

    :param previous: that of the link before; empty for the first.
    :param event: as of :func:`event_text`.
    """
    return hashlib.sha256(f"{previous}\n{event}".encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class History:
    """A chain that holds.

    :param digests: the hashes of its links, the first first.
    :param crls: SHA-256 of each CRL in DER, in hex, by its number.
    """

    digests: tuple[str, ...]
    crls: dict[int, str]


def verify_chain(records: Records, public_key: CaPublicKey, name: str) -> History:
    """Compare a chain with itself, with its signed head, and with the tables.

    :param name: what to call the records in messages.
    :raises ConfigurationError: if they do not fit: somebody has edited the records, or taken something out.
    """
    try:
        return _verify(records, public_key, name)
    except (
        TypeError,
        ValueError,
        KeyError,
        AttributeError,
        RecursionError,
    ):  # SQLite keeps values of any kind in any column
        raise _edited(name, "a value has a type that this program does not write") from None


def _verify(records: Records, public_key: CaPublicKey, name: str) -> History:
    digests: list[str] = []
    issued: set[str] = set()
    revoked: dict[str, tuple[str, str]] = {}
    crls: dict[int, str] = {}
    digest = ""
    for sequence, text, given in records.links():
        digest = link_digest(digest, text)
        if (sequence, given) != (len(digests) + 1, digest):
            raise _edited(name, f"the hash chain breaks at entry {sequence}")
        digests.append(digest)
        if text.startswith(_ISSUED):
            issued.add(text)
            continue
        _take_event(json.loads(text), issued, revoked, crls)
    head = records.head()
    if head is None or (head.sequence, head.digest) != (len(digests), digest):
        raise _edited(name, "entries are missing at the end or were added")
    if not head.is_of(public_key):
        raise _edited(name, "the signature of the last entry is not the CA's")
    for serial, text, revocation in records.contents():
        if text not in issued:
            raise _edited(name, f"the certificate {serial}")
        issued.remove(text)
        if revoked.pop(serial, None) != revocation:
            raise _edited(name, f"the revocation of {serial}")
    if issued:
        raise _edited(name, f"{counted(len(issued), 'certificate', 'are')} missing")
    newest = records.newest_crl()
    if crls and (not newest or crls[max(crls)] != hashlib.sha256(newest).hexdigest()):
        raise _edited(name, "the CRL")
    return History(tuple(digests), crls)


def _take_event(
    event: dict[str, Any], issued: set[str], revoked: dict[str, tuple[str, str]], crls: dict[int, str]
) -> None:
    """Add an event to what the chain says."""
    if event["event"] == "revoked":
        revoked[event["serial"]] = (event["revoked_at"], event["reason"])
    elif event["event"] == "completed":
        issued.remove(event["before"])
        issued.add(event["after"])
    else:
        crls[event["number"]] = event["sha256"]


def _edited(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} have been changed by another program: {what}",
        hint=naming(
            "Restore the newest copy of the CA's folder, or accept the records as they are with {trust_records}"
        ),
        reason=Reason.DAMAGED,
    )
