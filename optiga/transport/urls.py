"""The URLs that are ports: a board behind a plain socket, or behind a serial server."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, urlsplit

from optiga.errors import ConfigurationError

SOCKET, RFC2217 = "socket", "rfc2217"
_OPTIONS = {SOCKET: (), RFC2217: ("ign_set_control", "poll_modem", "timeout")}
_LONGEST_TIMEOUT_S = 10.0
_FORMS = "Use a serial device, ft260, /dev/i2c-1, socket://HOST:PORT, rfc2217://HOST:PORT or emulator"


def is_url(port: str) -> bool:
    """Whether a port is written as a URL; what is not is a device's name."""
    return "://" in port


def split_url(port: str) -> SplitResult:
    """The parts of a port's URL, with a scheme in small letters.

    :raises ConfigurationError: if it is none of the documented forms; pyserial knows more, and some of them write what
        passes over the line into files.
    """
    scheme = port.partition("://")[0]
    if scheme.lower() not in _OPTIONS:
        raise _not_a_port(port, f"{scheme}:// is not supported")
    try:
        parts = urlsplit(port)
        host, number = parts.hostname, parts.port
    except ValueError as error:
        raise _not_a_port(port, str(error)) from None
    if not host:
        raise _not_a_port(port, "the URL has no host")
    if not number:
        raise _not_a_port(port, "the URL has no port number")
    if "@" in parts.netloc or parts.path not in ("", "/") or parts.fragment:
        raise _not_a_port(port, "the URL has more than a host and a port number")
    return parts


def check_options(port: str, parts: SplitResult) -> None:
    """Refuse options behind ``?`` that a URL does not have.

    :raises ConfigurationError: if there is one.
    """
    known = _OPTIONS[parts.scheme]
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in known:
            hint = f"A port {parts.scheme}:// has {', '.join(known) or 'none'}"
            raise _not_a_port(port, f"unknown option {name!r}", hint)
        if name == "timeout" and not _is_timeout(value):
            hint = f"Give a number of seconds, up to {_LONGEST_TIMEOUT_S:g}"
            raise _not_a_port(port, f"the timeout is {value!r}", hint)


def _is_timeout(text: str) -> bool:
    try:
        return 0 < float(text) <= _LONGEST_TIMEOUT_S
    except ValueError:
        return False


def _not_a_port(port: str, why: str, hint: str = _FORMS) -> ConfigurationError:
    return ConfigurationError(f"{port}: not a port: {why}", hint=hint)
