"""Endpoints: which are on this computer, what sets them, and what to do if nobody answers there."""

from __future__ import annotations

import ipaddress
import os
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


def endpoint_variables() -> str:
    """The environment variables that say where AWS is: those that are set, else the one that a user would set."""
    names = [
        name for name in ("AWS_ENDPOINT_URL_IOT", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL") if os.environ.get(name)
    ]
    return ", ".join(names) or "AWS_ENDPOINT_URL"


def unreachable_hint(url: str, *, is_open: bool, otherwise: str = "") -> str:
    """What to do if an endpoint cannot be reached.

    :param url: of the endpoint; empty if it is not known.
    :param is_open: whether somebody listens there, although no answer comes.
    :param otherwise: the same for an endpoint on another computer, where it is not the network or a proxy.
    """
    try:
        is_here = is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        is_here = False
    if not is_here:
        return otherwise or "Check the network, and give the proxy if there is one (HTTPS_PROXY)"
    if is_open:
        what = "its server runs, so look at its log, and check that it is one of AWS with this scheme, http or https"
    else:
        what = "start its server, or correct the endpoint"
    hint = naming(
        "The endpoint is on this computer: {what} ({endpoint_url}, {variables})",
        what=what,
        variables=endpoint_variables(),
    )
    if not is_open:
        stand_in = "A stand-in ('python -m optiga.testing.aws') has a new address at each start unless its port is set"
        hint = naming("{hint}. {stand_in}", hint=hint, stand_in=stand_in)
    return naming("{hint}. For AWS itself, give no endpoint", hint=hint)
