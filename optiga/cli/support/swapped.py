"""Two values of a command line that stand in each other's place: what the files hold tells it."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import click

from optiga.cli.support.given import parse_again
from optiga.crypto.signatures import is_signature_in_der
from optiga.errors import CertificateError, ConfigurationError, OptigaError
from optiga.objects.addressing import is_reference
from optiga.pki.kinds import CERTIFICATE, PKCS7, PKCS12, PRIVATE_KEY, PUBLIC_KEY, REQUEST, REVOCATION_LIST, identify

_SLOT, _CA, _SIGNATURE, _OTHER = "a slot or an object", "the folder of a CA", "a signature", "another file"
_CERTIFICATES = (CERTIFICATE, PKCS7, PKCS12)
_KEYS = (CERTIFICATE, PUBLIC_KEY, REQUEST)
_CA_OPTION = ("--ca", (_CA,))
_PLACES: Mapping[str, Mapping[str, tuple[str, Collection[str]]]] = {
    "": {"write_path": ("--write", ()), "slot": ("--slot", (_SLOT,)), "object_id": ("--id", (_SLOT,))},
    "ca import": {
        "certificate": ("--certificate", _CERTIFICATES),
        "key": ("--key", (PRIVATE_KEY, PKCS12)),
        "last_crl": ("--crl", (REVOCATION_LIST,)),
    },
    "ca revoke": {"name": ("the certificate", _CERTIFICATES), "ca_path": _CA_OPTION},
    "ca show": {"name": ("the certificate", _CERTIFICATES), "ca_path": _CA_OPTION},
    "ca sign": {
        "csr_path": ("the CSR", (REQUEST,)),
        "ca_path": _CA_OPTION,
        "published": ("--crl", (REVOCATION_LIST,)),
    },
    "key decrypt": {"name": ("the slot", (_SLOT,)), "path": ("the file", ())},
    "key ecdh": {"name": ("the slot", (_SLOT,)), "peer_path": ("the file of the peer", _KEYS)},
    "key sign": {"name": ("the slot", (_SLOT,)), "path": ("the file", ())},
    "key verify": {
        "name": ("the key", (_SLOT, *_KEYS)),
        "signature_path": ("the signature", (_SIGNATURE,)),
        "path": ("the file", ()),
    },
    "object write": {"oid": ("the object", (_SLOT,)), "path": ("the file", ())},
    "provision": {"config_path": ("the configuration", (_OTHER,)), "ca_path": _CA_OPTION},
    "rsa decrypt": {"name": ("the slot", (_SLOT,)), "path": ("the file", ())},
    "rsa encrypt": {"path": ("the file", ()), "key_path": ("--key", _KEYS)},
    "update make data": {"oid": ("the object", (_SLOT,)), "path": ("the file", ())},
    "update make key": {"oid": ("the slot", (_SLOT,)), "path": ("the file of the key", (PRIVATE_KEY,))},
}
"""Of commands the values that can be swapped, by parameter: what people call it, and what it takes; nothing named is
anything that the other one does not take."""
_MOST_READ = 1 << 20


def advise_of_swap(error: OptigaError, app: click.Command, arguments: Sequence[str]) -> None:
    """Have an error say that two values are swapped, if they are.

    :param app: the command line as a whole.
    :param arguments: what it was given.
    """
    if not isinstance(error, (CertificateError, ConfigurationError)):
        return
    with suppress(click.ClickException, OSError, ValueError):
        *_, (path, _, given) = parse_again(app, arguments)
        places = _PLACES.get(path, {})
        there = [name for name in places if isinstance(given.get(name), str)]
        kinds = {name: _kind_of(str(given[name])) for name in there}
        for one, other in itertools.combinations(there, 2):
            (ours, mine), (theirs, its) = places[one], places[other]
            stays = _fits(kinds[one], mine, its) or _fits(kinds[other], its, mine)
            if not stays and _fits(kinds[one], its, mine) and _fits(kinds[other], mine, its):
                said = f"{ours} and {theirs} are swapped"
                error.hint = said[0].upper() + said[1:]
                return


def _fits(kind: str, wanted: Collection[str], others: Collection[str]) -> bool:
    return bool(kind) and (kind in wanted if wanted else kind not in others)


def _kind_of(value: str) -> str:
    """What a value names; empty for a file that is not there."""
    path = Path(value)
    if path.is_dir():
        return _CA if (path / "ca.pem").is_file() else ""
    if path.is_file() and path.stat().st_size <= _MOST_READ:
        content = path.read_bytes()
        return _SIGNATURE if is_signature_in_der(content) else identify(content) or _OTHER
    return _SLOT if is_reference(value) else ""
