"""What ends a server: Ctrl-C and a request to terminate, also where a ``select`` outlasts them, as on Windows."""

from __future__ import annotations

import os
import select
import signal

import pytest

from optiga.emulator import server


def is_pulled(stop: server.Stop) -> bool:
    return bool(select.select([stop], [], [], 0)[0])


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_pulls_it(windows: bool, number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_IS_WINDOWS", windows)
    before = signal.getsignal(number)
    with server.stop_on_signals() as stop:
        assert not is_pulled(stop)
        signal.raise_signal(number)
        assert is_pulled(stop)
    assert signal.getsignal(number) is before
    assert signal.set_wakeup_fd(-1) == -1


def test_on_windows_a_select_ends_before_a_handler_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_IS_WINDOWS", True)
    with server.stop_on_signals() as stop:
        signal.signal(signal.SIGTERM, lambda *_: None)  # what has not run yet
        os.kill(os.getpid(), signal.SIGTERM)
        assert is_pulled(stop)
