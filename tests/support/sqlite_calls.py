"""The calls that SQLite itself makes to the system, as events: its VFS "unix" lets them be replaced.

SQLite synchronizes without such a call; a process that is killed cannot tell the side before from the side behind it.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import os
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_size_t, c_ssize_t, c_void_p
from functools import partial
from typing import Any

from tests.support.event_watch import Names, Need, Watch

_METHODS = (
    "xOpen xDelete xAccess xFullPathname xDlOpen xDlError xDlSym xDlClose xRandomness xSleep xCurrentTime "
    "xGetLastError xCurrentTimeInt64 xSetSystemCall xGetSystemCall xNextSystemCall"
)
_kept: list[Any] = []
"""What SQLite calls must not be collected."""


class _Vfs(ctypes.Structure):
    """``sqlite3_vfs``, see sqlite.org/c3ref/vfs.html."""

    _fields_ = [
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        ("pAppData", c_void_p),
        *((name, c_void_p) for name in _METHODS.split()),
    ]


def _find_vfs() -> Any:
    """The default VFS, None where its calls cannot be replaced."""
    try:
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        vfs = library.sqlite3_vfs_find(None)
    except (AttributeError, OSError):  # built in, or hidden
        return None
    found = vfs.contents if vfs else _Vfs()
    return vfs if found.zName == b"unix" and found.iVersion >= 3 and found.xSetSystemCall else None


HAS_CALLS = _find_vfs() is not None
"""Whether there is such a VFS here."""


def install(watch: Watch) -> None:
    """Have a watch see what SQLite does in this process from here on."""
    vfs, names = _find_vfs(), Names(watch)
    find = CFUNCTYPE(c_void_p, POINTER(_Vfs), c_char_p)(vfs.contents.xGetSystemCall)
    put = CFUNCTYPE(c_int, POINTER(_Vfs), c_char_p, c_void_p)(vfs.contents.xSetSystemCall)

    def see(name: str, make: Callable[[Any], Callable[..., int]], result: Any, *arguments: Any) -> None:
        kind = CFUNCTYPE(result, *arguments, use_errno=True)
        address = find(vfs, name.encode())
        if address is None:  # not on this system
            return
        seen = make(kind(address))

        def call(*values: Any) -> int:
            try:
                return seen(*values)
            except OSError as error:
                ctypes.set_errno(error.errno or 0)
                return -1

        _kept.append(kind(call))
        put(vfs, name.encode(), ctypes.cast(_kept[-1], c_void_p))

    def see_open(real: Callable[..., int]) -> Callable[..., int]:
        def call(path: bytes, flags: int, mode: int) -> int:
            def do() -> int:
                return names.keep(real(path, flags, mode), path)

            is_new = flags & os.O_CREAT and not os.path.exists(path)  # noqa: PTH110
            return passing("open", watch.name_of(path), do, Need.ROOM) if is_new else do()

        return call

    def see_write(real: Callable[..., int]) -> Callable[..., int]:
        def call(file: int, data: int, size: int, *offset: int) -> int:
            grows = not offset or offset[0] + size > os.fstat(file).st_size
            do = partial(real, file, data, size, *offset)
            return passing("write", names.find(file), do, Need.ROOM if grows else Need.DISK)

        return call

    def see_change(kind: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
        def make(real: Callable[..., int]) -> Callable[..., int]:
            def call(file: Any, *values: int) -> int:
                return passing(kind, names.find(file), partial(real, file, *values), Need.DISK)

            return call

        return make

    def passing(kind: str, target: str, do: Callable[[], int], need: Need) -> int:
        return watch.passing(f"sqlite {kind}", target, do, need=need, in_callback=True)

    see("open", see_open, c_int, c_char_p, c_int, c_int)
    see("write", see_write, c_ssize_t, c_int, c_void_p, c_size_t)
    for name in ("pwrite", "pwrite64"):
        see(name, see_write, c_ssize_t, c_int, c_void_p, c_size_t, c_int64)
    see("ftruncate", see_change("truncate"), c_int, c_int, c_int64)
    see("unlink", see_change("unlink"), c_int, c_char_p)
