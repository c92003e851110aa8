"""The application context that CloseApplication saves and OpenApplication restores. SRM, sections of the same names.

It holds the sessions, the authorization states and the application's security status. Commands that are sent in parts
do not survive.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from optiga.emulator import keys
from optiga.emulator.machine import Machine
from optiga.emulator.sessions import Origin, SessionContent, SessionSecret, UsableKey
from optiga.protocol import objects as oids
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage

HANDLE_SIZE = 8
"""Bytes of the handle by which a context is asked for."""


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
        return SavedContext(
            bytes.fromhex(content["handle"]),
            content["security_status"],
            frozenset(map(int, content["authorized"])),
            {int(oid, 16): _rebuild(held) for oid, held in content["sessions"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a saved application context: {error!r}") from error


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


def _describe(held: SessionContent) -> dict[str, Any]:
    if isinstance(held, UsableKey):
        private = keys.to_stored(held.private).hex()
        return {"algorithm": int(held.algorithm), "usage": int(held.usage), "private": private}
    return {"origin": held.origin.name, "secret": held.value.hex()}


def _rebuild(held: dict[str, Any]) -> SessionContent:
    if "private" in held:
        algorithm = KeyAlgorithm(held["algorithm"])
        private = keys.from_stored(algorithm, bytes.fromhex(held["private"]))
        return UsableKey(private, algorithm, KeyUsage(held["usage"]))
    return SessionSecret(bytes.fromhex(held["secret"]), Origin[held["origin"]])
