"""Whatever has a chip work for longer than half a second says what it is, whichever command it is.

The time is a clock of the test's own, which only the chip's work moves: no test waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from optiga.cli.support.settings import Settings
from optiga.cli.support.waiting import PATIENCE_S
from optiga.emulator import timing
from optiga.files import activity
from optiga.files.activity import Activity
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled_rows

_SLACK_S = 0.25
"""A few exchanges that belong to nothing longer: those that open the chip, and those between two parts of a command."""


class Clock:
    """A time that the chip's work alone moves, and what is told meanwhile."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.told: list[tuple[float, float, str]] = []

    def pass_by(self, seconds: float) -> None:
        self.now += seconds

    def begin(self, activity: Activity) -> None:
        """Its beginning is noted in itself."""

    def end(self, activity: Activity) -> None:
        seen = activity.began + PATIENCE_S
        if self.now > seen:
            self.told.append((seen, self.now, activity.say() + ", %" * bool(activity.of)))

    def longest_silence(self, began: float) -> float:
        """The longest time in which nothing is told."""
        longest, at = 0.0, began
        for seen, ended, _ in [*sorted(self.told), (self.now, self.now, "")]:
            longest, at = max(longest, seen - at), max(at, ended)
        return longest


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()

    class Timing(timing.RealTiming):
        def __init__(self, execute: Callable[[bytes], bytes], *, delay: Callable[[], float]) -> None:
            super().__init__(execute, delay=delay, sleep=clock.pass_by, now=lambda: clock.now)

    monkeypatch.setattr(timing, "RealTiming", Timing)
    monkeypatch.setattr(activity, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(Settings, "show_waiting", lambda _: None)  # the clock is told in its place
    end = activity.watch(clock)
    yield clock
    end()


@pytest.fixture
def files(cli: Cli, port: str) -> None:
    """What the commands read, and a chip that has a key and secrets for them."""
    Path("large").write_bytes(bytes(12_000))
    Path("data").write_bytes(bytes(range(250)) * 6)
    Path("secret").write_bytes(bytes(range(48)))
    for words in (
        ("object", "metadata", "0xE200", "change: always", "--yes"),
        ("key", "generate", "aes"),
        ("object", "write", "0xF1D0", "secret"),
        ("object", "metadata", "0xF1D0", "type: pre_shared_secret", "--yes"),
        ("object", "metadata", "0xF1D0", "execute: always", "--yes"),
        ("aes", "encrypt", "large", "--iv", "00" * 16, "--out", "encrypted"),
        ("export", "exported.json"),
    ):
        assert cli("--port", port, *words).code == 0, words


@pytest.mark.parametrize(
    ("words", "expected"),
    sampled_rows(
        [
            (("info",), "Reading slots and objects, %"),
            (("random", "20000", "--out", "random"), "Getting random bytes, %"),
            (("hash", "large"), "Hashing, %"),
            (("hmac", "large", "--key", "0xF1D0"), "Calculating the MAC, %"),
            (("aes", "encrypt", "large", "--iv", "00" * 16, "--out", "result"), "Encrypting, %"),
            (("aes", "decrypt", "encrypted", "--iv", "00" * 16, "--out", "result"), "Decrypting, %"),
            (("aes", "mac", "large"), "Calculating the MAC, %"),
            (("key", "generate", "five", "--algorithm", "rsa2048"), "The chip works: generate a key pair in 0xE0FC"),
            (("key", "draw", "rsa1024", "--out", "key.pem"), "The chip works: generate a key pair"),
            (("object", "list"), "Reading metadata, %"),
            (("object", "write", "0xF1E0", "data"), None),
            (("object", "read", "0xF1E0"), None),
            (("key", "list"), None),
            (("counter", "list"), "Reading counters, %"),
            (("export", "again.json"), "Reading objects, %"),
            (("import", "exported.json", "--dry-run"), "Comparing objects, %"),
        ],
        keep=5,
    ),
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_says_what_it_is(
    cli: Cli, port: str, files: None, clock: Clock, words: tuple[str, ...], expected: str | None
) -> None:
    began = clock.now
    result = cli("--port", f"{port}?timing=real", *words)
    assert (result.code, result.errors) == (0, [])
    assert clock.now > began
    assert clock.longest_silence(began) <= PATIENCE_S + _SLACK_S
    if expected is not None:
        assert {said for _, _, said in clock.told} == {expected}
