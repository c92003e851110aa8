"""Which slots and objects an option or argument takes: completion offers no others."""

from __future__ import annotations

from typing import NamedTuple

import click

_CERTIFICATES = ("certificate", "trust anchor", "data")
"""Kinds of objects that hold certificates; those of the other kinds hold data that no user chooses, or none."""
_KEYS = ("EC key", "RSA key", "symmetric key")
_NOT_KEYS = (*_CERTIFICATES, "counter", "secret", "system")


class Fitting(NamedTuple):
    """Slots and objects.

    :param kinds: those of the objects, as in :func:`~optiga.objects.names.object_names`; all where there are none.
    :param has_certificate: only slots with an object for their certificate.
    :param is_rsa: only slots for RSA keys, or only others; None for both.
    :param is_own: without the slot and the certificate of Infineon, which nobody can change.
    """

    kinds: tuple[str, ...] = ()
    has_certificate: bool = False
    is_rsa: bool | None = None
    is_own: bool = False


_READ = Fitting(_NOT_KEYS, has_certificate=True)
_WRITTEN = Fitting(_NOT_KEYS, has_certificate=True, is_own=True)
_ANY_OBJECT = Fitting(has_certificate=True)
_OWN_SLOT = Fitting(is_own=True)
_COUNTER = Fitting(("counter",))
_SECRET = Fitting(("data",))
_PLACES: dict[str, Fitting] = {
    "read_oid": _READ,
    "slot": _OWN_SLOT,
    "object_id": Fitting(_CERTIFICATES, is_own=True),
    "anchor": Fitting(("trust anchor",)),
    "secret_oid": _SECRET,
    "config check slot": _OWN_SLOT,
    "config new slot": _OWN_SLOT,
    "counter count oid": _COUNTER,
    "counter set oid": _COUNTER,
    "counter show oid": _COUNTER,
    "deprovision slot": Fitting(),
    "export oids": _ANY_OBJECT,
    "hash oid": _READ,
    "hmac oid": _SECRET,
    "import oids": Fitting(has_certificate=True, is_own=True),
    "key decrypt name": Fitting(is_rsa=True),
    "key derive hkdf oid": _SECRET,
    "key derive tls-prf oid": _SECRET,
    "key ecdh name": Fitting(is_rsa=False, is_own=True),
    "key generate name": _OWN_SLOT,
    "key public where": Fitting(_CERTIFICATES),
    "key verify name": Fitting(_CERTIFICATES, has_certificate=True),
    "object lock oid": _ANY_OBJECT,
    "object metadata oid": _ANY_OBJECT,
    "object read oid": _READ,
    "object write oid": _WRITTEN,
    "provision object_id": Fitting(("certificate", "data"), is_own=True),
    "register slot": Fitting(has_certificate=True),
    "rsa decrypt name": Fitting(is_rsa=True),
    "rsa encrypt oid": Fitting(_CERTIFICATES),
    "update make data oid": _WRITTEN,
    "update make key oid": Fitting(_KEYS, is_own=True),
    "update make metadata oid": Fitting(has_certificate=True, is_own=True),
}
"""By the command and the name of the parameter, or by that name alone."""


def fitting(ctx: click.Context, param: click.Parameter) -> Fitting:
    """What an option or argument takes; everything where it is not known."""
    root, name = ctx.find_root(), str(param.name)
    path = ctx.command_path.removeprefix(root.command_path).strip()
    found = _PLACES.get(f"{path} {name}".strip()) or _PLACES.get(name, Fitting())
    is_written = ctx is root and name == "slot" and ctx.params.get("write_path") is not None
    return found._replace(has_certificate=True) if is_written else found
