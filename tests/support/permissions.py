"""Permissions that bite: the superuser of a test run, as in a container, gives up the power to pass over them."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_VERSION = 0x20080522
_PASS_OVER = 0b111 << 1
"""CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER."""


@contextmanager
def permissions_count() -> Iterator[None]:
    """A time in which this thread may read and write what the permissions allow, and no more.

    The test is skipped where that cannot be had.
    """
    if os.name != "posix" or (os.geteuid() == 0 and sys.platform != "linux"):
        pytest.skip("nothing is forbidden here")
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None)
    head = (ctypes.c_uint32 * 2)(_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # twice: effective, permitted, inheritable
    if libc.capget(head, sets):
        pytest.skip("the superuser's powers are unknown")
    before = sets[0]
    sets[0] = before & ~_PASS_OVER
    assert libc.capset(head, sets) == 0
    try:
        yield
    finally:
        sets[0] = before
        assert libc.capset(head, sets) == 0
