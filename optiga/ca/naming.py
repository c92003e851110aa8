"""Which subject alternative names a CA certifies: the DNS names that are allowed in its folder (RFC 5280, 4.2.1.6)."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.errors import CertificateError, ConfigurationError, Reason, naming
from optiga.pki.name_parts import name_text

if TYPE_CHECKING:
    from cryptography import x509

MAX_NAMES = 16
"""Most names in a certificate: it has to fit into an object of the chip."""
MAX_PATTERNS = 64
_MAX_LENGTH = 253
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_HOST_LABEL = re.compile(r"[\w*-]+")
_OTHER_DOTS = re.compile("[\u3002\uff0e\uff61]")
"""What IDNA takes for a dot (RFC 3490, 3.1)."""
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_MAX_LOCAL, _MAX_MAILBOX = 64, 254
_PUNYCODE = "xn--"
_IDNA_CATEGORIES = ("Ll", "Lo", "Lm", "Mn", "Mc", "Nd")
_IDNA_OTHERS = "-\u00b7\u0375\u05f3\u05f4\u06fd\u06fe\u0f0b\u3007\u30fb\u200c\u200d"
"""Characters of internationalized names (RFC 5892): by category, and those beside."""
_KINDS = {
    "DNSName": "DNS name",
    "IPAddress": "IP address",
    "RFC822Name": "e-mail address",
    "UniformResourceIdentifier": "URI",
    "DirectoryName": "directory name",
    "RegisteredID": "registered ID",
    "OtherName": "name of another kind",
}
"""Kinds of names as people call them, by cryptography's classes."""


@dataclass(frozen=True, slots=True)
class AskedName:
    """A name that a CSR asks for.

    :param dns: the DNS name; empty for a name of another kind.
    :param title: kind and value for people, printable.
    """

    dns: str
    title: str

    @classmethod
    def of(cls, name: x509.GeneralName) -> AskedName:
        """From cryptography's name, of whatever kind."""
        from cryptography import x509

        kind = type(name).__name__
        if isinstance(name, x509.DirectoryName):
            value = name_text(name.value)
        elif isinstance(name, x509.RegisteredID):
            value = name.value.dotted_string
        elif isinstance(name, x509.OtherName):
            value = name.type_id.dotted_string
        else:
            value = str(name.value)
        shown = ascii(value if len(value) <= 80 else value[:80] + "…")
        return cls(value if kind == "DNSName" else "", f"the {_KINDS.get(kind, 'name')} {shown}")


def is_dns_name(text: str) -> bool:
    """Whether a text is a host's name (RFC 1123, 2.1): no wildcard, no final dot, no underscore, no IP address."""
    if len(text) > _MAX_LENGTH or not _NAME.fullmatch(text) or text.rpartition(".")[2].isdigit():
        return False
    return all(_is_idna(label) for label in text.lower().split(".") if label.startswith(_PUNYCODE))


def is_mailbox(text: str) -> bool:
    """Whether a text is an e-mail address (RFC 5321, 4.1.2 and 4.5.3.1): no quotes, no comments, the domain by name."""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > _MAX_MAILBOX or len(local) > _MAX_LOCAL:
        return False
    return bool(_LOCAL.fullmatch(local)) and is_dns_name(domain)


def _is_idna(label: str) -> bool:
    """Whether a label in lower case that begins with ``xn--`` is one in Punycode (RFC 5891, 5.4)."""
    digits = label.removeprefix(_PUNYCODE)
    try:
        text = digits.encode("ascii").decode("punycode")
        is_exact = text.encode("punycode").decode("ascii") == digits
    except (ValueError, OverflowError):
        return False
    if not is_exact or text.isascii() or unicodedata.normalize("NFC", text) != text:
        return False
    if unicodedata.category(text[0]).startswith("M") or text[0] == "-" or text[-1] == "-":
        return False
    return all(one in _IDNA_OTHERS or unicodedata.category(one) in _IDNA_CATEGORIES for one in text)


def check_patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    """DNS names, and patterns with ``*.`` in front that stand for one label, which a CA may certify.

    :returns: the same in lower case, each once.
    :raises ConfigurationError: if one is none, or there are too many.
    """
    checked = tuple(dict.fromkeys(pattern.lower() for pattern in patterns))
    for pattern in checked:
        base = pattern.removeprefix("*.")
        if not is_dns_name(base) or (base != pattern and "." not in base):
            raise ConfigurationError(
                f"{pattern!a} is neither a DNS name nor '*.' followed by a DNS name of at least two parts",
                hint="For example *.dev.example",
                parameter="allowed_dns",
            )
    if len(checked) > MAX_PATTERNS:
        raise ConfigurationError(
            f"{len(checked)} patterns of DNS names are given, but at most {MAX_PATTERNS} are possible",
            reason=Reason.TOO_LARGE,
            parameter="allowed_dns",
        )
    return checked


def grant_names(
    asked: Iterable[AskedName], patterns: Sequence[str], *, ignore: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The DNS names that a certificate gets, and the titles of those that are left out.

    :param patterns: what the CA allows.
    :param ignore: leave out what is not allowed, in place of refusing it.
    :raises CertificateError: if a name is not allowed, or there are too many.
    """
    granted, left_out = dict[str, str](), []
    for name in asked:
        mistake = _find_mistake(name, patterns)
        if not mistake:
            granted.setdefault(name.dns.lower(), name.dns)
        elif ignore:
            left_out.append(name.title)
        else:
            raise CertificateError(
                naming("the CSR asks for {asked}: {mistake}", asked=name.title, mistake=mistake),
                hint=naming("To leave such names out, use {ignore_names}"),
                reason=Reason.REFUSED,
                parameter="csr",
            )
    if len(granted) > MAX_NAMES:
        raise CertificateError(
            f"the CSR asks for {len(granted)} names, but at most {MAX_NAMES} are certified",
            reason=Reason.REFUSED,
            parameter="csr",
        )
    return tuple(granted.values()), tuple(left_out)


def check_server_names(subject: x509.Name, patterns: Sequence[str]) -> None:
    """Refuse a TLS server whose common name is a host's that the CA does not certify.

    There are clients that take the common name for the host's where there is no DNS name (RFC 2818, 3.1), or always.

    :param patterns: what the CA allows.
    :raises CertificateError: if a common name looks like a host's, and is not allowed.
    """
    for text in _host_names(subject, with_local=True):
        if mistake := _find_mistake(AskedName(text, text), patterns):
            raise CertificateError(
                naming(
                    "the common name {text} looks like a host name, so the device could act as a TLS server of this "
                    "name: "
                    "{mistake}",
                    text=ascii(text),
                    mistake=mistake,
                ),
                hint=naming(
                    "Use a CA that was made with {allowed_dns} for such names, or omit {server} to make the device a "
                    "client"
                ),
                reason=Reason.REFUSED,
                parameter="server",
            )


def find_foreign_hosts(subject: x509.Name, patterns: Sequence[str]) -> list[str]:
    """The common names that look like a host's outside of what an intermediate's nameConstraints permit.

    OpenSSL holds them against these, too, where a certificate has no DNS name, and refuses it.

    :param patterns: what the intermediate's CA allows; nameConstraints are none if nothing is.
    """
    bases = [pattern.removeprefix("*.") for pattern in patterns]
    names = {text: f".{text.lower()}" for text in _host_names(subject) if bases}
    return [text for text, name in names.items() if not any(name.endswith(f".{base}") for base in bases)]


def _host_names(subject: x509.Name, *, with_local: bool = False) -> list[str]:
    """The common names that look like a host's.

    :param with_local: also those without a dot that every host has, or that stand for all.
    """
    from cryptography.x509.oid import NameOID

    texts = [str(attribute.value) for attribute in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return [text for text in texts if looks_like_host(text) or (with_local and _is_everybody(text))]


def _is_everybody(text: str) -> bool:
    """Whether a common name without a dot is ``localhost`` or a wildcard."""
    name = text.strip().strip(".").lower()
    return name == "localhost" or ("*" in name and _HOST_LABEL.fullmatch(name) is not None)


def looks_like_host(text: str) -> bool:
    """Whether a client may take a common name for a host's: names with a dot, wildcards and other scripts included,
    and IP addresses.
    """
    text = text.strip()
    with suppress(ValueError):
        ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
        return True
    name = _OTHER_DOTS.sub(".", text).removesuffix(".")
    return "." in name and all(_HOST_LABEL.fullmatch(label) for label in name.split(".") if label)


def _find_mistake(name: AskedName, patterns: Sequence[str]) -> str:
    if not name.dns:
        return "this CA can certify only DNS names"
    if "*" in name.dns:
        return "this CA does not certify wildcards"
    if not is_dns_name(name.dns):
        return "not a valid DNS name of a host"
    if not patterns:
        return naming("this CA certifies no DNS names: none were allowed when it was made ({allowed_dns})")
    folded = name.dns.lower()
    if folded in patterns or f"*.{folded.partition('.')[2]}" in patterns:
        return ""
    return f"this CA certifies {', '.join(patterns[:3])}{' …' if len(patterns) > 3 else ''} only"
