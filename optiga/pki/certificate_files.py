"""Certificates in every common form: PEM, DER, PKCS #7, PKCS #12, and the output of the ``aws`` command.

A PEM file may have text around its blocks, DER certificates may stand one behind another. What is found is the
certificates as they are; :mod:`optiga.pki.certificate` says of each what it is.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import CertificateError, ConfigurationError, Reason
from optiga.files.files import read_input
from optiga.files.opening import about_its
from optiga.files.passphrases import TRIES, is_wrong_passphrase
from optiga.pki.certificate import (
    MAX_FILE_SIZE,
    Certificate,
    Parser,
    certificate_of_der,
)
from optiga.pki.chains import in_order
from optiga.pki.contents import in_bytes, note_of_filler
from optiga.pki.kinds import (
    CERTIFICATE,
    CERTIFICATE_LABELS,
    PKCS7,
    PKCS12,
    identify_der,
    is_pkcs7,
    is_text,
)
from optiga.pki.other_content import refuse_other_blocks
from optiga.pki.pem_blocks import PemBlock, is_pem, iterate_blocks
from optiga.pki.pkcs12 import Contents, needs_passphrase, open_pkcs12
from optiga.protocol.der import SEQUENCE, size_of

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.files.passphrases import Passphrase
    from optiga.pki.pkcs12 import Unlock

_PKCS7_LABELS = ("PKCS7", "CMS", "PKCS #7 SIGNED DATA")
_LABELS = {CERTIFICATE: CERTIFICATE_LABELS[0], PKCS7: _PKCS7_LABELS[0]}
"""What to write above base64 that is in a file alone."""
_TRUSTED_LABEL = "TRUSTED CERTIFICATE"
"""OpenSSL's own: a certificate, and behind it what it is trusted for, which nobody asks for who only stores it."""
_BEGIN = "-----BEGIN "
_PRIVATE_KEY = b"PRIVATE KEY-----"
_MOST_NESTED = 16
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}[\s:]*){16,}")
_BASE64_BEGIN = re.compile(rb"MII[A-Za-z0-9+/=\s]+")
_WHAT_IT_IS = "Use a certificate in DER, or in PEM with a line -----BEGIN CERTIFICATE-----"


class NoCertificateError(CertificateError):
    """A file is neither a certificate nor anything else with a name: a text, or any bytes."""


_strictly: Parser = Certificate.parse
_but_names: Parser = Certificate.parse_any_names


class FoundCertificates(NamedTuple):
    """The certificates of a file.

    :param certificates: at least one; the leaf first where they make a chain.
    :param notes: what was done with them, for people, one sentence each.
    """

    certificates: list[Certificate]
    notes: tuple[str, ...] = ()


class Unlocked(NamedTuple):
    """What is in a file of certificates once a passphrase has opened it.

    :param notes: what was done with it, for people, one sentence each.
    """

    content: bytes
    notes: tuple[str, ...] = ()


def unused_key(name: str) -> str:
    """What people are told where a private key lies beside the certificates in a file."""
    return f"the private key in {name} is not used: the chip has its own"


def load_found(
    path: Path, *, strict: bool = False, any_names: bool = False, passphrase: Passphrase | Unlock | None = None
) -> FoundCertificates:
    """The certificates in a file; otherwise as :func:`find_certificates`.

    :param passphrase: what opens a PKCS #12 container.
    :raises ConfigurationError: if the file cannot be read.
    """
    opened = unlocked(read_input(path, "certificate", MAX_FILE_SIZE), str(path), passphrase)
    return find_certificates(opened.content, str(path), strict=strict, any_names=any_names)


@about_its("name", is_name=True)
def find_certificates(data: bytes, name: str, *, strict: bool = False, any_names: bool = False) -> FoundCertificates:
    """The certificates in the content of a file: a chain in any order is put in order.

    :param name: what to call the content in messages.
    :param strict: take no certificate that breaks a rule of X.509.
    :param any_names: take strictly, but let names pass: a CA issues with what is found.
    :raises CertificateError: if it holds anything else, is damaged, or holds none.
    """
    notes = list(note_of_filler(data, name))
    data = in_bytes(data, name)
    if not data.strip():
        raise CertificateError(f"{name} is empty")
    parse = _but_names if any_names else _strictly if strict else Certificate.parse_leniently
    strict = strict or any_names
    if (texts := _pem_in_json(data)) is not None:
        if _PRIVATE_KEY in data:
            notes.append(unused_key(name))
        if not texts:
            raise CertificateError(
                f"{name} is JSON without a certificate",
                hint="In the output of the aws command, the certificate is in certificatePem",
                reason=Reason.WRONG_TYPE,
            )
        data = "\n".join(texts).encode()
    if is_pem(data):
        blocks = list(iterate_blocks(data, name, in_program=True))
        refuse_other_blocks(blocks, name, *_PKCS7_LABELS, *(() if strict else (_TRUSTED_LABEL,)))
        certificates = [found for block in blocks for found in _of_block(block, name, parse)]
    elif data[0] == SEQUENCE and not is_text(data):
        certificates = _of_der(data, name, parse, notes)
    else:
        raise NoCertificateError(f"no certificate in {name}", hint=_hint_of_text(data), reason=Reason.WRONG_TYPE)
    once = list({one.der: one for one in certificates}.values())
    if len(once) < len(certificates):
        notes.append(f"{name} has the same certificate several times: it is used once")
    ordered, is_other = in_order(once)
    if is_other:
        notes.append(f"the certificates in {name} were sorted: {ordered[0].subject} is first")
    return FoundCertificates(ordered, tuple(notes))


def _of_block(block: PemBlock, name: str, parse: Parser) -> list[Certificate]:
    if block.label in _PKCS7_LABELS or (block.label in CERTIFICATE_LABELS and is_pkcs7(block.data)):
        return _of_pkcs7(block.data, name, parse)  # Windows writes CERTIFICATE above both
    whole = size_of(block.data) if block.label == _TRUSTED_LABEL else None
    return [certificate_of_der(block.data[:whole], name, parse)]


def _of_der(data: bytes, name: str, parse: Parser, notes: list[str]) -> list[Certificate]:
    """One certificate, or several behind one another, or a container of them."""
    what = identify_der(data)
    if what == PKCS7:
        return _of_pkcs7(data, name, parse)
    if what == PKCS12:
        return _of_pkcs12(data, name, parse, notes)
    return [certificate_of_der(one, name, parse) for one in _one_behind_another(data)]


def _one_behind_another(data: bytes) -> Iterator[bytes]:
    """The values that data are; the last with whatever does not belong to any."""
    while (size := size_of(data)) is not None and size < len(data) and data[size] == SEQUENCE:
        yield data[:size]
        data = data[size:]
    yield data


def _of_pkcs7(data: bytes, name: str, parse: Parser) -> list[Certificate]:
    """The certificates of SignedData (RFC 2315, 9.1; RFC 5652, 5.1), whoever has signed whatever with them."""
    from asn1crypto import cms

    try:
        content = cms.ContentInfo.load(data, strict=True)
        signed = content["content"] if content["content_type"].native == "signed_data" else None
        found = [] if signed is None else [one.chosen.dump() for one in signed["certificates"] or ()]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise CertificateError(
            f"the PKCS #7 container in {name} does not parse", hint="Get a new copy of the file"
        ) from None
    if not found:
        raise CertificateError(f"the PKCS #7 container in {name} holds no certificates")
    return [certificate_of_der(one, name, parse) for one in found]


def _of_pkcs12(data: bytes, name: str, parse: Parser, notes: list[str]) -> list[Certificate]:
    """The certificates of a PKCS #12 container without a passphrase; :func:`unlocked` opens others beforehand."""
    held = open_pkcs12(data, name)
    if not held.certificates:
        raise CertificateError(f"the PKCS #12 container in {name} holds no certificates")
    if held.key is not None:
        notes.append(unused_key(name))
    return [certificate_of_der(one, name, parse) for one in held.certificates]


@about_its("name", is_name=True)
def unlocked(data: bytes, name: str, passphrase: Passphrase | Unlock | None) -> Unlocked:
    """The content of a file, for what takes certificates: of a PKCS #12 container that needs a passphrase, its
    certificates in DER, one behind another; of any other file as it is.

    :param name: what to call the content in messages.
    :param passphrase: it, or who is asked for it if the container needs one; None leaves all as it is.
    :raises CertificateError: if the container is damaged, or holds none.
    :raises ConfigurationError: if it needs another passphrase.
    """
    if passphrase is None or not data or data[0] != SEQUENCE or identify_der(data) != PKCS12:
        return Unlocked(data)
    if not callable(passphrase):
        held = open_pkcs12(data, name, passphrase)
    elif not needs_passphrase(data) or (found := _open_asking(data, name, passphrase)) is None:
        return Unlocked(data)
    else:
        held = found
    if not held.certificates:
        raise CertificateError(f"the PKCS #12 container in {name} holds no certificates")
    return Unlocked(b"".join(held.certificates), () if held.key is None else (unused_key(name),))


def _open_asking(data: bytes, name: str, ask: Unlock) -> Contents | None:
    """What is in a container whose passphrase somebody types, again if it is wrong; None if nobody does."""
    error: ConfigurationError | None = None
    for _ in range(TRIES):
        if (passphrase := ask(name)) is None:
            break
        try:
            return open_pkcs12(data, name, passphrase)
        except ConfigurationError as one:
            if not is_wrong_passphrase(one):
                raise
            error = one
    if error is not None:
        raise error
    return None


def _pem_in_json(data: bytes) -> list[str] | None:
    """The texts with certificates in JSON, as the ``aws`` command prints it; None if the data are no JSON."""
    if data.lstrip()[:1] not in (b"{", b"[", b'"'):
        return None
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return list(_certificate_texts(document, _MOST_NESTED))


def _certificate_texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str) and f"{_BEGIN}CERTIFICATE-----" in value:
        yield value
    elif depth and isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _certificate_texts(one, depth - 1)


def _hint_of_text(data: bytes) -> str:
    text = data.strip()
    if _HEX.fullmatch(text):
        return "The file has hex digits: convert it to bytes, for example with xxd -r -p"
    if _BASE64_BEGIN.fullmatch(text):
        try:
            what = identify_der(base64.b64decode(b"".join(text.split()), validate=True))
        except binascii.Error:
            return _WHAT_IT_IS
        if label := _LABELS.get(what):
            return f"The file is base64: add the lines -----BEGIN {label}----- and -----END {label}-----"
        return f"The file is {what} in base64: decode it, for example with base64 -d" if what else _WHAT_IT_IS
    return _WHAT_IT_IS
