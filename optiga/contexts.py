"""Functions for ``with`` statements, which tell how to write one where they are used without."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import NoReturn

P = ParamSpec("P")
T = TypeVar("T")


class Context(Generic[T]):
    """What such a function returns: a context manager that can be used once.

    :param manager: what is entered and left.
    :param name: of the function.
    :param use: what stands behind ``with``, as people write it.
    """

    def __init__(self, manager: AbstractContextManager[T], name: str, use: str) -> None:
        self._manager = manager
        self._name = name
        self._use = use
        self._is_used = False
        self._process = 0

    def __enter__(self) -> T:
        if self._is_used:
            raise RuntimeError(f"this result of {self._name} has been used already: call the function again")
        self._is_used = True
        self._process = os.getpid()
        return self._manager.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        if self._process != os.getpid():
            _leave(self._manager)
            return None
        return self._manager.__exit__(kind, error, traceback)

    def __repr__(self) -> str:
        return f"<{self.said}>"

    @property
    def said(self) -> str:
        """What it is, and what to write, for messages."""
        return f"the result of {self._name} without a with statement: write 'with {self._use}:'"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            # What Python itself looks for, such as the methods for copying, is not meant for what is opened.
            is_pythons = name.startswith("__")
            raise AttributeError(name if is_pythons else f"no attribute {name!r}: this is {self.said}")


def _leave(manager: object) -> None:
    """Leave to the process that has opened something to close it: one that it has forked does not, even as it ends."""
    with suppress(ImportError):
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(manager))  # so that nothing of it is ever cleared away here


def context(use: str) -> Callable[[Callable[P, Iterator[T]]], Callable[P, Context[T]]]:
    """Make a context manager of a generator function, as :func:`contextlib.contextmanager` does.

    :param use: what people write behind ``with``: ``open_journal(path) as journal``.
    """

    def decorate(function: Callable[P, Iterator[T]]) -> Callable[P, Context[T]]:
        make = contextmanager(function)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> Context[T]:
            return Context(make(*args, **kwargs), function.__name__, use)

        return call

    return decorate
