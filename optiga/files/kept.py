"""Files that people keep: certificates, CSRs, public keys, configurations, policies, updates, exports."""

from __future__ import annotations

import json
import re

from optiga.files.known_documents import CONFIGURATOR, SECTIONS, UPDATE_SET, name_content, name_document

JOURNAL = "the content of a journal"
UPDATE = UPDATE_SET.what
_LENGTH = rb"(?:[\x00-\x7f]|\x81.|\x82..|\x83...)"
_BEGIN = rb"\s*\{\s*"
_HEAD = 1 << 16
"""Bytes that are looked at."""
_BODY = rb"-----\s+(?:[A-Za-z0-9+/]{4}\s*){8}"
"""What follows the name of a PEM block: a text about PEM has no such body."""
_FORMS = (
    (rb'"csr_config"\s*:', "a configuration"),
    (rb'\A%b"slots"\s*:\s*\[' % _BEGIN, JOURNAL),
    (rb"\Auid,slot,", JOURNAL),
    (rb'\A%b"format"\s*:\s*"optiga emulated chip"' % _BEGIN, "the state of an emulated chip"),
    (rb'\A%b"format"\s*:\s*"optiga-update"' % _BEGIN, UPDATE),
    (rb"\A\x84\x43\xa1\x01", UPDATE),  # Infineon's manifest: COSE_Sign1 (RFC 9052, 4.2)
    (rb'\A%b"(?:0[xX])?[0-9a-fA-F]{4}"\s*:\s*\{' % _BEGIN, "an export of a chip's objects"),
    (rb"-----BEGIN (?:NEW )?CERTIFICATE REQUEST%b" % _BODY, "a CSR"),
    (rb"-----BEGIN (?:(?:X509 |TRUSTED )?CERTIFICATE|PKCS7|CMS)%b" % _BODY, "a certificate"),
    (rb"-----BEGIN X509 CRL%b" % _BODY, "a CRL"),
    (rb"-----BEGIN (?:RSA )?PUBLIC KEY%b" % _BODY, "a public key"),
    (rb"\A\x30%b\x30%b\xa0\x03\x02\x01[\x00-\x02]\x02" % (_LENGTH, _LENGTH), "a certificate"),
    (rb"\A\x30%b\x30%b\x02[\x01-\x15]" % (_LENGTH, _LENGTH), "a certificate, a CSR or a CRL"),  # with its version
    (rb"\A\x30%b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" % _LENGTH, "a certificate"),  # PKCS #7
    (
        rb"\A\x30%b\x30%b\x06(?:\x07\x2a\x86\x48\xce\x3d\x02\x01|\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01)"
        % (_LENGTH, _LENGTH),
        "a public key",
    ),
)
"""How to tell by the bytes of a file. What a journal holds has certificates in it, so it comes before these."""


def what_is_kept(data: bytes) -> str:
    """What is in a file that people keep, with its article; empty for any other, and for what is made anew at will.

    :param data: its content, of which the beginning will do.
    """
    data = data[:_HEAD]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    return next((what for form, what in _FORMS if re.search(form, data, re.DOTALL)), "") or _what_document(data)


def _what_document(data: bytes) -> str:
    """What is in a file that other commands or other tools read."""
    try:
        known = name_document(json.loads(data))
    except (ValueError, RecursionError):
        known = name_content(data)
        known = known if known in (UPDATE_SET, SECTIONS, CONFIGURATOR) else None
    return known.what if known else ""
