"""Room for a file whose name is not known before its content is: taken first, filled later."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError, Reason
from optiga.files.files import check_folder, not_writable, put_in_place, refused
from optiga.files.opening import about
from optiga.files.temporary import Temporary

if TYPE_CHECKING:
    from types import TracebackType


class ReservedFile:
    """A file that has its full size, under a name of its own, until :meth:`keep` gives it its content.

    A context manager: leaving it takes the file away, unless it has been kept. That the disk has the room for it is
    sure after :meth:`secure`, which takes the disk's time.

    :param folder: where the file goes.
    :param size: most bytes that it is going to have.
    :param hint: what to do where it cannot be had there: how the user chooses another folder.
    :raises ConfigurationError: if the folder cannot be written to, or the disk has no room.
    """

    def __init__(self, folder: Path, size: int, hint: str = "") -> None:
        check_folder(folder)
        self._folder, self._hint = folder, hint
        self._is_secured = False
        self._failure: ConfigurationError | None = None
        self._temporary = Temporary(folder / ".optiga-reserved", 0o666)
        try:
            with ExitStack() as stack:
                made = stack.enter_context(self._temporary)
                _write(made.descriptor, bytes(size))
                stack.pop_all()
        except OSError as error:
            raise not_writable(self._folder, error, self._hint) from None

    def __enter__(self) -> ReservedFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._temporary.drop()

    def secure(self) -> None:
        """Have the room on the disk, if it is not there yet: before anything is lost that only the file will hold.

        :raises ConfigurationError: if the disk has none, each time; the system may say it only once.
        """
        if self._failure is not None:
            raise self._failure
        if self._is_secured:
            return
        try:
            os.fsync(self._temporary.descriptor)
        except OSError as error:
            self._failure = not_writable(self._folder, error, self._hint)
            raise self._failure from None
        self._is_secured = True

    def keep(self, name: str, data: bytes) -> None:
        """Give the file its content and its name; a file of that name before it is replaced. On the disk at the end.

        :raises ConfigurationError: if that cannot be; nothing of the file is left then.
        """
        path = self._folder / name
        try:
            os.lseek(self._temporary.descriptor, 0, os.SEEK_SET)
            _write(self._temporary.descriptor, data)
            os.ftruncate(self._temporary.descriptor, len(data))
            os.fsync(self._temporary.descriptor)
            put_in_place(self._temporary, path)
        except ConfigurationError:
            self._temporary.drop()
            raise
        except OSError as error:
            self._temporary.drop()
            with about(path):
                raise refused(f"cannot write {path}", error, Reason.NOT_WRITABLE) from None
        self._temporary.drop()


def _write(descriptor: int, data: bytes) -> None:
    """Write all of it."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
