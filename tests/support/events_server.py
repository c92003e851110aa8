"""The process that forks: ``python -m tests.support.events_server``, started by :class:`tests.support.events.Runner`.

Each line of standard input is a job in JSON; standard output tells the exit code of each, negative for a signal.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import optiga
from tests.support import event_hooks, sqlite_calls
from tests.support.event_watch import Action, Moment, Strike, Watch
from tests.support.patience import LIMIT_S


def load_all() -> None:
    """Have every module of the tool loaded, so that no child loads it."""
    for module in pkgutil.walk_packages(optiga.__path__, "optiga."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def find(name: str) -> Callable[..., Any]:
    """The function ``module:name``."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def work(asked: dict[str, Any], function: Callable[..., Any], modules: int) -> int:
    """What the child does.

    :param modules: a descriptor that takes the names of the modules that had to be loaded.
    """
    gc.disable()  # what is in a circle lives to the end, in each run alike
    signal.alarm(LIMIT_S)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    for descriptor, name in enumerate((os.devnull, asked["out"], asked["err"])):
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, descriptor)
        os.close(file)
    sys.dont_write_bytecode = True
    events = os.open(asked["events"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    strike = asked["strike"] and Strike(asked["strike"][0], Action[asked["strike"][1]], Moment[asked["strike"][2]])
    watch = Watch(asked["folder"], events, strike)
    write = os.write
    event_hooks.install(watch)
    if asked["inside"]:
        sqlite_calls.install(watch)
    known = set(sys.modules)
    watch.begin()
    code = function(asked["arguments"])
    watch.end()
    write(modules, "\n".join(set(sys.modules) - known).encode())
    return code if isinstance(code, int) else 0


def fork(asked: dict[str, Any], function: Callable[..., Any]) -> int:
    """Have a child do it; its exit code."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            code = work(asked, function, writer)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        names = pipe.read().split()
    _, status = os.waitpid(child, 0)
    for name in sorted(names):  # the next child finds them loaded
        with suppress(Exception):
            importlib.import_module(name)
    return os.waitstatus_to_exitcode(status)


def serve() -> None:
    load_all()
    loaded = set()
    for line in sys.stdin:
        asked = json.loads(line)
        function = find(asked["function"])
        if asked["load"] and asked["load"] not in loaded:
            loaded.add(asked["load"])
            find(asked["load"])()
        print(fork(asked, function), flush=True)


if __name__ == "__main__":
    serve()
