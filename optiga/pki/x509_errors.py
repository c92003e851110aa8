"""The many ways in which cryptography says that an X.509 structure does not parse, as one."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_PARTS = {
    "BasicConstraints": "the form of its basicConstraints",
    "AttributeTypeValue": "a name in it",
    "TbsCertificate::version": "its version",
    "TbsCertificate::serial": "its serial number",
    "TbsCertificate::issuer": "the issuer's name",
    "TbsCertificate::subject": "its subject",
    "TbsCertificate::validity": "the form of its dates",
    "TbsCertificate::signature_alg": "the algorithm of its signature",
    "Certificate::signature_alg": "the algorithm of its signature",
    "TbsCertificate::spki": "its public key",
    "TbsCertificate::raw_extensions": "the form of its extensions",
    "subject_alternative_name": "its subjectAltName",
    "key_usage": "its keyUsage",
    "subject": "its subject",
    "issuer": "the issuer's name",
    "Extension": "the form of an extension",
}
"""What the library's notation for programmers speaks of, by what stands in it; the first that does."""
UNSUPPORTED_NAME = "it has a name of a kind that few programs support, x400Address or ediPartyName"
"""What is said of a certificate that follows the rules, and that the library does not take for such a name."""
NOT_BY_THE_RULES = "does not follow the rules of X.509"
MALFORMED = "part of it is malformed"
"""What is said where the library says no more: see :func:`optiga.pki.damage.explained`."""
_SENTENCES = (
    (r"Duplicate ([0-9.]+) extension found", r"the extension \1 is given twice"),
    (r"encipher_only and decipher_only can only .*", "encipherOnly or decipherOnly in its keyUsage need keyAgreement"),
    (r"([0-9]+) is not a valid X509 version", "its version is neither 1 nor 3"),
    (r"path_length must be None when ca is False", "its basicConstraints limit the path, but are not those of a CA"),
    (r"At least one of permitted_subtrees and excluded_subtrees .*", "its nameConstraints are empty"),
    (r"b'.*' does not appear to be an IPv4 or IPv6 .*", "an IP address in it has a wrong length"),
    (r"Invalid SCT length", "its list of certificate timestamps is damaged"),
    (r"oid must be X500_UNIQUE_IDENTIFIER .*", "a name in it is a BIT STRING, not a text"),
    (r"a relative distinguished name cannot be empty", "a component of a name in it is empty"),
    (r"x400Address/EDIPartyName are not supported types", UNSUPPORTED_NAME),
)
"""What the library says, and the same in the words of the field."""
_MOST_CHARACTERS = 200
"""Of an error of the library."""


@contextmanager
def one_error() -> Iterator[None]:
    """Where cryptography parses certificates and CSRs, some parts only when they are asked for.

    :raises ValueError: with one line of text, for whatever it raises there.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        with no_warnings():
            yield
    except (
        ValueError,
        KeyError,  # damaged names, until cryptography 48
        TypeError,
        OverflowError,  # numbers that are negative or too large
        UnsupportedAlgorithm,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        for said, words in _SENTENCES:
            text = re.sub(said, words, text)
        if "ParseError" in text:  # the library's notation for programmers
            text = _where(text)
        if len(text) > _MOST_CHARACTERS:  # it shows what it has found, however long
            text = f"{text[:_MOST_CHARACTERS]} …"
        raise ValueError(text) from error


def _where(text: str) -> str:
    """What is damaged, in words."""
    if "PrintableString" in text:
        return "a name is a PrintableString with a character that is not allowed"
    what = next((words for part, words in _PARTS.items() if f'"{part}' in text), "")
    return f"{what} {NOT_BY_THE_RULES}" if what else MALFORMED


@contextmanager
def no_warnings() -> Iterator[None]:
    """Where cryptography warns of what is no business of users.

    Names that are longer than they may be: it counts bytes, RFC 5280 characters. Containers in BER: they are taken.
    """
    with warnings.catch_warnings():
        for what in ("Attribute's length", "PKCS#12 bundle could not be parsed as DER"):
            warnings.filterwarnings("ignore", what, UserWarning)
        yield
