"""Endpoints on this computer: which these are, and what to do if nobody answers there."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from optiga.errors import naming


def is_loopback(host: str) -> bool:
    """Whether a host of a URL is this computer: ``localhost``, 127.0.0.0/8 or ::1."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def unreachable_hint(url: str) -> str:
    """What to do if an endpoint cannot be reached.

    :param url: of the endpoint; empty if it is not known.
    """
    try:
        is_here = is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        is_here = False
    if is_here:
        return naming(
            "The endpoint is on this computer: start its server, or correct the endpoint ({endpoint_url}, "
            "AWS_ENDPOINT_URL). For AWS itself, give no endpoint"
        )
    return "Check the network, and give the proxy if there is one (HTTPS_PROXY)"
