"""The settings of a CA, given when it is made and valid for all its certificates; a JSON file in its folder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.ca.naming import check_patterns
from optiga.errors import ConfigurationError, Reason
from optiga.files.files import is_there, read_input
from optiga.files.opening import about_its, at_fault

if TYPE_CHECKING:
    from pathlib import Path

_VERSION = 1
_MAX_FILE_SIZE = 1 << 16
_MAX_URL = 255
"""Most characters of a URL: a certificate has to fit into an object of the chip."""
_URL = re.compile(
    r"http://(?P<host>[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
    r"(/([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)


@dataclass(frozen=True, slots=True)
class CaSettings:
    """The settings of a CA.

    :param crl_url: where whoever checks its certificates finds the CRL; empty for nowhere.
    :param allow_dns: the DNS names, and patterns as ``*.dev.example``, that it certifies; none by default.
    """

    crl_url: str = ""
    allow_dns: tuple[str, ...] = ()

    @property
    def document(self) -> bytes:
        """The content of their file; empty if nothing is set."""
        if self == CaSettings():
            return b""
        members: dict[str, object] = {"version": _VERSION, "crl_url": self.crl_url}
        if self.allow_dns:
            members["allow_dns"] = list(self.allow_dns)
        return (json.dumps(members, indent=2) + "\n").encode("ascii")


@at_fault("crl_url")
def check_crl_url(url: str) -> str:
    """A URL that certificates may name as the place of the CRL.

    Not ``https``: who checks a certificate would have to check another one for that (RFC 5280, 8).

    :returns: the same.
    :raises ConfigurationError: if it is none.
    """
    if len(url) > _MAX_URL:
        raise ConfigurationError(
            f"the URL of the CRL has {len(url)} characters, but at most {_MAX_URL} are possible",
            reason=Reason.TOO_LARGE,
        )
    if url.lower().startswith("https:"):
        raise ConfigurationError(
            f"the URL of the CRL {url!r} starts with https: to fetch the CRL, a verifier would first have to check "
            "another certificate",
            hint="Use http: the CRL itself is signed",
        )
    found = _URL.fullmatch(url)
    if found is None or ".." in found["host"]:
        raise ConfigurationError(f"{url!r} is not a URL for a CRL", hint="For example http://pki.example/factory.crl")
    return url


@about_its("path")
def load_settings(path: Path) -> CaSettings:
    """The settings in a file; those of a CA that has none if it is not there.

    :raises ConfigurationError: if they cannot be read, or are none that this version knows.
    """
    if not is_there(path):
        return CaSettings()
    data = read_input(path, "CA's settings", _MAX_FILE_SIZE)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise ConfigurationError(
            f"{path} is not JSON", hint="Restore it from a backup", reason=Reason.DAMAGED
        ) from None
    if (
        not isinstance(value, dict)
        or value.get("version") != _VERSION
        or set(value) - {"version", "crl_url", "allow_dns"}
    ):
        raise ConfigurationError(
            f"{path} does not hold the settings of a CA, or was made by another version of this program",
            hint="Restore it from a backup",
            reason=Reason.DAMAGED,
        )
    url = value.get("crl_url", "")
    if not isinstance(url, str):
        raise ConfigurationError(f"{path}: crl_url must be a text in double quotes", reason=Reason.DAMAGED)
    names = value.get("allow_dns", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigurationError(f"{path}: allow_dns must be a list of texts in double quotes", reason=Reason.DAMAGED)
    try:
        return CaSettings(check_crl_url(url) if url else "", check_patterns(names))
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error.message}", hint=error.hint, reason=Reason.DAMAGED) from None
