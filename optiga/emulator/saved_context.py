"""The application context that CloseApplication saves and OpenApplication restores. SRM, sections of the same names.

It holds the sessions, the authorization states and the application's security status. Commands that are sent in parts
do not survive.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple, TypedDict

from optiga.emulator import keys
from optiga.emulator.machine import Machine, is_session
from optiga.emulator.sessions import Origin, SessionContent, SessionSecret, UsableKey
from optiga.protocol import objects as oids
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ALL_KEY_USAGES, KeyUsage
from optiga.protocol.commands.open_application import HANDLE_SIZE


def encode(machine: Machine, handle: bytes) -> bytes:
    """The context of an open application, as it lies in the store."""
    content = {
        "handle": handle.hex(),
        "security_status": machine.security_status[oids.SECURITY_STATUS_APPLICATION],
        "authorized": sorted(machine.authorized),
        "sessions": {oids.format_oid(oid): _describe(held) for oid, held in sorted(machine.sessions.items())},
    }
    return json.dumps(content).encode()


class SavedContext(NamedTuple):
    """A context as it was when the application was closed."""

    handle: bytes
    security_status: int
    authorized: frozenset[int]
    sessions: dict[int, SessionContent]


def decode(saved: bytes) -> SavedContext:
    """What :func:`encode` gave.

    :raises ValueError: if it is anything else.
    """
    try:
        content = json.loads(saved)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not a saved application context: {error}") from None
    try:
        handle, status, authorized = (content[name] for name in ("handle", "security_status", "authorized"))
        context = SavedContext(
            bytes.fromhex(handle),
            _number(status, 0xFF),
            frozenset(_number(oid, 0xFFFF) for oid in authorized),
            {_session(label): _rebuild(held) for label, held in content["sessions"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a saved application context: {error!r}") from None
    if len(context.handle) != HANDLE_SIZE or len(content) != len(context):
        raise ValueError("not a saved application context: it must contain a handle of 8 bytes and nothing else")
    return context


def _number(value: object, most: int) -> int:
    if type(value) is int and 0 <= value <= most:
        return value
    raise ValueError(f"not a saved application context: {value!r} is not a number up to {most}")


def _session(label: str) -> int:
    oid = oids.parse_oid(label)
    if oid is not None and is_session(oid):
        return oid
    raise ValueError(f"not a saved application context: {label!r} is not a session")


def restore(machine: Machine, saved: bytes, handle: bytes) -> bool:
    """Put a context that :func:`encode` gave into an application that has just been opened.

    :returns: False if it goes by another handle, or there is none; nothing is changed then.
    """
    if not saved:
        return False
    context = decode(saved)
    if context.handle != handle:
        return False
    machine.security_status[oids.SECURITY_STATUS_APPLICATION] = context.security_status
    machine.authorized.update(context.authorized)
    machine.sessions.update(context.sessions)
    return True


class _SavedKey(TypedDict):
    """A session's key."""

    algorithm: int
    usage: int
    private: str


class _SavedSecret(TypedDict):
    """A session's secret, and where it came from."""

    origin: str
    secret: str


def _describe(held: SessionContent) -> _SavedKey | _SavedSecret:
    if isinstance(held, UsableKey):
        private = keys.to_stored(held.private).hex()
        return {"algorithm": int(held.algorithm), "usage": int(held.usage), "private": private}
    return {"origin": held.origin.name, "secret": held.value.hex()}


def _rebuild(held: dict[str, Any]) -> SessionContent:
    if "private" not in held:
        return SessionSecret(bytes.fromhex(held["secret"]), Origin[held["origin"]])
    algorithm, usage = KeyAlgorithm(held["algorithm"]), _number(held["usage"], ALL_KEY_USAGES)
    try:
        return UsableKey(keys.from_stored(algorithm, bytes.fromhex(held["private"])), algorithm, KeyUsage(usage))
    except ValueError:
        raise ValueError(
            f"not a saved application context: a session's key is not a key for {algorithm.title}"
        ) from None
