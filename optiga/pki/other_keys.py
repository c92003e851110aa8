"""Files with a private key in a form that is not read here: what the form is, and how to convert the key."""

from __future__ import annotations

import json
import re

from optiga.errors import ConfigurationError, Reason
from optiga.files.encodings import likely_encoding
from optiga.files.shown import file_in_command

_PUTTY = re.compile(rb"PuTTY-User-Key-File-[0-9]+:")
_KEYGEN = "Convert a copy of it: ssh-keygen -p -m PEM -f {}"
_FORMS = (
    (re.compile(rb"-----BEGIN OPENSSH PRIVATE KEY-----"), "a private key in OpenSSH's format", _KEYGEN),
    (
        _PUTTY,
        "a private key in PuTTY's format",
        "Convert it: puttygen {0} -O private-openssh -o FILE, and then: ssh-keygen -p -m PEM -f FILE",
    ),
    (
        re.compile(rb"---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----"),
        "a private key in the format of SSH.COM",
        "Convert it: puttygen {0} -O private-openssh -o FILE, and then: ssh-keygen -p -m PEM -f FILE",
    ),
    (
        re.compile(rb"-----BEGIN PGP PRIVATE KEY BLOCK-----"),
        "a private key of OpenPGP",
        "Give a key in PEM or DER",
    ),
    (
        re.compile(rb"\A\s*(?:<\?xml[^>]*>)?\s*<RSAKeyValue>"),
        "a private key in XML, as .NET writes it",
        "Export the key as PKCS #8, for example with ExportPkcs8PrivateKeyPem",
    ),
    (
        re.compile(rb"\A\x1e\xf1\xb5\xb0"),
        "a private key in Microsoft's format PVK",
        "Convert it: openssl rsa -inform PVK -in {} -out FILE",
    ),
    (
        re.compile(rb"\A\xfe\xed\xfe\xed"),
        "a Java key store (JKS)",
        "Convert it to PKCS #12: keytool -importkeystore -srckeystore {} -destkeystore FILE -deststoretype PKCS12",
    ),
)
"""What a form begins with, what it is, and what to do; ``{}`` is the file."""
_JWK_TYPES = ("EC", "RSA", "OKP", "oct")


def find_other_form(content: bytes, name: str) -> ConfigurationError | None:
    """The error of a file whose key has a form that is not read; None if the form is not known.

    :param name: what to call the file in messages.
    """
    if encoding := likely_encoding(content):
        return ConfigurationError(f"{name} is text in {encoding}", hint="Save it in UTF-8", reason=Reason.WRONG_TYPE)
    for pattern, title, hint in _FORMS:
        if pattern.search(content):
            return _other_form(name, title, hint.format(file_in_command(name)))
    if kind := _type_of_jwk(content):
        what = {"oct": "a secret key", "OKP": "a key"}.get(kind, "a private key")
        return _other_form(name, f"{what} in JSON (JWK, {kind})", "Convert the key to PEM in the format PKCS #8")
    return None


def _other_form(name: str, title: str, hint: str) -> ConfigurationError:
    return ConfigurationError(f"{name} holds {title}, which is not supported", hint=hint, reason=Reason.WRONG_TYPE)


def _type_of_jwk(content: bytes) -> str:
    """The type of key in a JSON Web Key or the first of a set of them (RFC 7517, 4.1); empty if it is none."""
    if content.lstrip()[:1] != b"{":
        return ""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    if isinstance(document, dict) and isinstance(document.get("keys"), list) and document["keys"]:
        document = document["keys"][0]
    kind = document.get("kty") if isinstance(document, dict) else None
    return kind if isinstance(kind, str) and kind in _JWK_TYPES else ""
