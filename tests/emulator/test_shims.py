"""The libraries that show a program an emulated board: compiled once, into a folder that nobody else can write."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optiga import ConfigurationError
from optiga.emulator import shims
from optiga.emulator.shims import HIDRAW, I2CDEV, LIBUSB, Shim, build_shims
from optiga.files import owners
from optiga.files.interruptions import INTERRUPTIONS, EndRequested

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the libraries are Linux's")
COMPILER = shutil.which("cc")
# Stands in for a compiler: keeps account of its calls, and makes what it is asked for of what it is given.
FAKE = """#!/bin/sh
echo "$@" >> "{log}"
while [ $# -gt 0 ]; do
    if [ "$1" = -o ]; then cat > "$2"; fi
    shift
done
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache, which is not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CC", raising=False)
    return tmp_path / "cache"


class Compiler:
    """A compiler that keeps account of its calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._log = folder / "log"

    def add(self, name: str, script: str = FAKE) -> Path:
        path = self.folder / name
        path.write_text(script.format(log=self._log))
        path.chmod(0o755)
        return path

    @property
    def calls(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []


@pytest.fixture
def compiler(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    """Programs of which one can be the compiler; ``cc`` is there."""
    compiler = Compiler(tmp_path / "bin")
    compiler.add("cc")
    monkeypatch.setenv("PATH", f"{compiler.folder}:{os.environ['PATH']}")
    return compiler


def test_a_request_to_end_while_the_compiler_starts(compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler does not run on alone, whenever the request comes."""
    compiler.add("cc", "#!/bin/sh\nexec sleep 60\n")
    begun = []

    class Started(subprocess.Popen[bytes]):
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            begun.append(self)
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(subprocess, "Popen", Started)
    with pytest.raises(EndRequested), INTERRUPTIONS:
        build_shims(I2CDEV)
    assert [process.poll() for process in begun] == [-signal.SIGKILL]


def refusal(*wanted: Shim) -> str:
    with pytest.raises(ConfigurationError) as caught:
        build_shims(*(wanted or (I2CDEV,)))
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return str(caught.value)


class TestOnce:
    def test_used_again(self, compiler: Compiler, cache: Path) -> None:
        first = build_shims(HIDRAW, LIBUSB, I2CDEV)
        assert [path.name for path in first] == ["hidraw_shim.so", "libusb-1.0.so.0", "i2cdev_shim.so"]
        assert all(path.is_absolute() and cache in path.parents for path in first)
        assert b"LD_PRELOAD" in first[2].read_bytes(), "the source, as this compiler has it"
        assert len(compiler.calls) == 3
        assert build_shims(I2CDEV, HIDRAW, LIBUSB) == [first[2], first[0], first[1]]
        assert len(compiler.calls) == 3
        assert all([each.name for each in path.parent.iterdir()] == [path.name] for path in first), "nothing is left"

    def test_anew_where_it_would_be_another(
        self, compiler: Compiler, monkeypatch: pytest.MonkeyPatch, cache: Path
    ) -> None:
        paths = build_shims(I2CDEV)
        compiler.add("other")
        for text in ("other", "cc -g", "other -g -m32"):
            monkeypatch.setenv("CC", text)
            paths += build_shims(I2CDEV)
        assert len(set(paths)) == len(compiler.calls) == 4
        assert "-g -m32" in compiler.calls[3]
        assert compiler.calls[3].index("-m32") < compiler.calls[3].index("-o ")

    def test_an_empty_variable_names_none(self, compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
        for text in ("", "  "):
            monkeypatch.setenv("CC", text)
            build_shims(I2CDEV)
        assert len(compiler.calls) == 1

    def test_its_folder_is_the_users_alone_whatever_the_umask(self, compiler: Compiler, cache: Path) -> None:
        """Systems where each user has a group of his own have 002."""
        for mask in (0o002, 0o000, 0o077):
            shutil.rmtree(cache, ignore_errors=True)
            before = os.umask(mask)
            try:
                (path,) = build_shims(I2CDEV)
                build_shims(I2CDEV)
            finally:
                os.umask(before)
            for folder in (path.parent, path.parent.parent):
                assert folder.stat().st_mode & 0o777 == 0o700


class TestNoCompiler:
    def test_none(self, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
        said = refusal()
        assert "no C compiler" in said
        assert "apt install gcc" in said
        assert not cache.exists()

    @pytest.mark.parametrize("text", ["no-such-compiler", "no-such-compiler -g", "/no/such"])
    def test_the_one_named_is_not_there(self, compiler: Compiler, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CC", text)
        assert text.split(maxsplit=1)[0] in refusal()
        assert not compiler.calls, "no other is taken in its place"

    def test_what_is_no_command(self, compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CC", "gcc '-g")
        assert "CC" in refusal()

    @pytest.mark.parametrize(
        ("script", "words"),
        [
            ("#!/bin/sh\necho 'a.c:1: warning: x' >&2\necho 'a.c:3: fatal error: linux/i2c.h' >&2\nexit 1", "i2c.h"),
            ("#!/bin/sh\necho 'cannot execute cc1' >&2\nexit 1", "cannot execute cc1"),
            ("#!/bin/sh\nexit 3", "code 3"),
            ("#!/bin/sh\nkill -9 $$", "code -9"),
            ("#!/bin/sh\nexit 0", "writes no output"),
            ("#!/no/such/shell\n", "no such file"),
            ("#!/bin/sh\nprintf '%5000d error' 1 >&2; exit 1", "fails"),
        ],
    )
    def test_one_that_fails(self, compiler: Compiler, cache: Path, script: str, words: str) -> None:
        path = compiler.add("cc", script)
        said = refusal()
        assert str(path) in said
        assert words in said
        assert "libc6-dev" in said
        assert len(said) < 600
        assert not [path for path in cache.rglob("*") if not path.is_dir()], "nothing is left that could be loaded"
        compiler.add("cc")
        assert build_shims(I2CDEV)[0].is_file()

    def test_what_it_says_is_no_text(self, compiler: Compiler) -> None:
        compiler.add("cc", "#!/bin/sh\nprintf 'error \\377\\376' >&2\nexit 1")
        assert "fails" in refusal()


def _others_can_write(cache: Path, folder: Path) -> None:
    folder.chmod(0o777)


def _group_can_write(cache: Path, folder: Path) -> None:
    folder.parent.chmod(0o770)


def _link(cache: Path, folder: Path) -> None:
    folder.rename(cache / "elsewhere")
    folder.symlink_to(cache / "elsewhere")


def _link_above(cache: Path, folder: Path) -> None:
    folder.parent.rename(cache / "elsewhere")
    folder.parent.symlink_to(cache / "elsewhere")


def _dead_link(cache: Path, folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(cache / "nowhere")


def _file(cache: Path, folder: Path) -> None:
    shutil.rmtree(folder)
    folder.touch()


class TestPlaces:
    @pytest.mark.parametrize(
        "spoil", [_others_can_write, _group_can_write, _link, _link_above, _dead_link, _file], ids=lambda f: f.__name__
    )
    def test_not_the_users_alone(
        self, compiler: Compiler, cache: Path, spoil: Callable[[Path, Path], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(owners, "_has_others", lambda gid, mine: True)
        (path,) = build_shims(I2CDEV)
        spoil(cache, path.parent)
        said = refusal()
        assert str(path.parent.parent) in said
        assert "XDG_CACHE_HOME" in said
        assert len(compiler.calls) == 1
        assert not (cache / "nowhere").exists()

    def test_another_users(self, compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
        build_shims(I2CDEV)
        me = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: me + 1)
        assert "belongs to another user" in refusal()

    def test_no_home(self, compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shims, "cache_folder", lambda: None)
        assert "home" in refusal()

    @pytest.mark.parametrize("place", ["/proc/none", "/dev/null"])
    def test_nothing_can_be_made_there(self, compiler: Compiler, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", place)
        said = refusal()
        assert place in said
        assert "XDG_CACHE_HOME" in said

    def test_a_full_disk(self, compiler: Compiler, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def replace(*_: object) -> None:
            raise OSError(28, os.strerror(28))

        monkeypatch.setattr(Path, "replace", replace)
        assert "disk is full" in refusal()
        assert not [path for path in cache.rglob("*") if path.is_file()]


@pytest.mark.parametrize("platform", ["win32", "darwin", "freebsd14"])
def test_another_system(platform: str, compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert "Linux" in refusal()
    assert not compiler.calls


@pytest.mark.long
@pytest.mark.skipif(COMPILER is None, reason="needs a C compiler: cc")
@pytest.mark.parametrize("shim", [I2CDEV, HIDRAW, LIBUSB], ids=lambda shim: shim.library)
def test_each_compiles_without_a_warning(shim: Shim, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "cc -Wall -Wextra -Werror -Wno-unused-parameter")
    (path,) = build_shims(shim)
    assert path.read_bytes()[:4] == b"\x7fELF"
    done = subprocess.run(
        ["/bin/sh", "-c", "echo loaded"],
        env={**os.environ, "LD_PRELOAD": str(path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("loaded\n", "")
