"""Libraries that make an emulated board visible to a program: compiled once, in the user's cache.

Each is one file of C, to be loaded in front of the system's libraries (``LD_PRELOAD``). It finds the emulated board on
a Unix socket that a variable of the environment names; the top of each file describes the protocol. Linux only.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from optiga.errors import ConfigurationError, Reason
from optiga.files.files import cause_of
from optiga.files.interruptions import Uninterrupted
from optiga.files.owners import others_write
from optiga.files.user_folders import cache_folder

_COMPILERS = ("cc", "gcc", "clang")
_OPTIONS = ("-O2", "-shared", "-fPIC")
_MOST_SAID = 200
"""Characters of what a compiler says that an error repeats."""


class Shim(NamedTuple):
    """What a program is shown.

    :param source: the file of C.
    :param library: the name that the library must have.
    :param options: what the compiler is told besides.
    """

    source: str
    library: str
    options: tuple[str, ...]


I2CDEV = Shim("i2cdev_shim.c", "i2cdev_shim.so", ("-ldl",))
"""``/dev/i2c-N``, on the socket in ``I2C_SHIM``."""
LIBUSB = Shim("libusb_shim.c", "libusb-1.0.so.0", ("-Wl,-soname,libusb-1.0.so.0", "-lpthread"))
"""An FT260 for whoever uses libusb, on the socket in ``FT260_SHIM``."""
HIDRAW = Shim("hidraw_shim.c", "hidraw_shim.so", ("-ldl", "-lpthread"))
"""The same as ``/dev/hidrawN``; to be loaded in front of :data:`LIBUSB`, and with it."""


def build_shims(*shims: Shim) -> list[Path]:
    """The libraries, compiled if they are not yet: absolute paths, in the order of ``LD_PRELOAD``.

    :raises ConfigurationError: if the system is not Linux, no C compiler found, it fails, or there is no folder that
        nobody else can write.
    """
    if sys.platform != "linux":
        raise ConfigurationError(
            "an emulated I2C bus or FT260 for other programs is available only on Linux",
            hint="Serve the chip as a UART",
            reason=Reason.UNSUPPORTED,
        )
    return [_build(shim) for shim in shims]


def _build(shim: Shim) -> Path:
    source = files(__name__).joinpath(shim.source).read_bytes()
    compiler = _find_compiler()
    key = hashlib.sha256(b"\0".join([source, *map(os.fsencode, (*compiler, *shim.options))])).hexdigest()[:16]
    folder = _own_folder(key)
    path = folder / shim.library
    if not path.is_file():
        try:
            with tempfile.TemporaryDirectory(dir=folder) as work:
                _compile([*compiler, *_OPTIONS], source, Path(work, shim.library), shim.options).replace(path)
        except OSError as error:
            raise _no_place(folder, cause_of(error)) from error
    return path


def _find_compiler() -> list[str]:
    """The system's C compiler, as ``CC`` names it, with its options.

    :raises ConfigurationError: if there is none.
    """
    text = os.environ.get("CC", "")
    try:
        named = shlex.split(text)
    except ValueError as error:
        raise ConfigurationError(f"the variable CC is not a command: {text!r}: {error}", hint="Write CC=gcc") from None
    for words in [named] if named else [[name] for name in _COMPILERS]:
        if (found := shutil.which(words[0])) is not None:
            return [found, *words[1:]]
    missing = f"the C compiler {named[0]!r} in the variable CC does not exist" if named else "no C compiler found"
    raise ConfigurationError(
        f"{missing}: a C compiler is needed once, to offer an emulated board to other programs",
        hint="Install one (Debian: apt install gcc libc6-dev), or name it in CC",
        reason=Reason.MISSING,
    )


def _compile(compiler: list[str], source: bytes, made: Path, options: tuple[str, ...]) -> Path:
    """Run the compiler.

    :param made: the library that it is to make, and the result.
    :raises ConfigurationError: if it fails, with the first error that it says.
    """
    command = [*compiler, "-o", str(made), "-x", "c", "-", "-x", "none", *options]
    process = None
    try:
        with Uninterrupted():  # in the middle of a start nobody would know what to end
            process = subprocess.Popen(  # noqa: S603 - the system's own
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        _, errors = process.communicate(source)
    except OSError as error:
        raise _failed(compiler, cause_of(error)) from error
    finally:
        if process is not None:
            with process:
                process.kill()  # nothing happens to one that has ended
    said = errors.decode("utf-8", "replace").splitlines()
    if process.returncode:
        reason = next((line for line in said if "error" in line), said[0] if said else f"code {process.returncode}")
        raise _failed(compiler, reason)
    if not made.is_file():
        raise _failed(compiler, said[0] if said else "it writes no output")
    return made


def _failed(compiler: list[str], reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"the C compiler {compiler[0]} fails: {reason[:_MOST_SAID]}",
        hint="Install its headers (Debian: apt install libc6-dev), or name another compiler in CC",
        reason=Reason.UNSUPPORTED,
    )


def _own_folder(key: str) -> Path:
    """A folder of the user's cache that nobody else can write: what lies there is loaded into programs.

    :raises ConfigurationError: if there is none.
    """
    cache = cache_folder()
    if cache is None:
        raise ConfigurationError(
            "no folder to compile to: the system does not know your home folder",
            hint="Set XDG_CACHE_HOME",
            reason=Reason.MISSING,
        )
    folder = cache / "shims" / key
    try:
        for place in (folder.parent, folder):  # one by one: those above what is asked for would be as the umask says
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            status = place.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or others_write(status):
                raise _no_place(place, "other users can write to it, or it belongs to another user")
    except OSError as error:
        raise _no_place(folder, cause_of(error)) from error
    return folder


def _no_place(folder: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{folder}: {why}", hint="Set XDG_CACHE_HOME to a folder that only you can write", reason=Reason.UNSAFE
    )
