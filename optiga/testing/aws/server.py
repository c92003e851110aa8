"""The stand-in for AWS over HTTP, on this computer only."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from threading import Lock, Thread
from typing import Any

from optiga.arguments import takes
from optiga.contexts import context
from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.activity import Activity
from optiga.naming import pip_install
from optiga.testing.aws.cloud import HOST, Cloud, UnderWay, application

_NEEDED = {"moto": "moto", "flask": "flask", "flask_cors": "flask-cors"}
"""Modules that the stand-in needs, and the packages that bring them."""
_WAITING = 128
"""Connections that may wait to be accepted."""
_STARTING = "Starting the stand-in for AWS"
_ONE = Lock()
"""Moto has one store for a process: two stand-ins would share it."""


@takes
@context("served_aws() as cloud")
def served_aws(*, port: int = 0) -> Iterator[Cloud]:
    """A stand-in for AWS IoT and AWS STS, served on 127.0.0.1 by this process for as long as a context lasts.

    It is empty at first, and everything in it is gone at the end. It needs the extra ``testing`` of this package.

    :param port: TCP port; 0 for any that is free.
    :raises ConfigurationError: if a package that it needs is not installed, the port cannot be used, or this process
        serves a stand-in already.
    """
    check_installed()
    if not _ONE.acquire(blocking=False):
        raise ConfigurationError(
            "this process serves a stand-in for AWS already",
            hint="Use that one, and its reset() to begin anew",
            reason=Reason.BUSY,
        )
    try:
        with _listening(port) as listener, ExitStack() as started:
            with Activity(lambda: _STARTING, note=lambda: f"# {_STARTING}"):
                started.enter_context(_ids_as_aws_has_them())
                cloud = started.enter_context(_serving(listener))
            yield cloud
    finally:
        _ONE.release()


def check_installed() -> None:
    """Make sure that the packages of others are there that the stand-in needs.

    :raises ConfigurationError: if one is not.
    """
    missing = [package for module, package in _NEEDED.items() if find_spec(module) is None]
    if missing:
        *others, last = missing
        named = f"{', '.join(others)} and {last}" if others else last
        raise ConfigurationError(
            f"the stand-in for AWS needs {named}, which {'are' if others else 'is'} not installed",
            hint=f"Install this tool with its extra, [testing]; or: {pip_install(*missing)}",
            reason=Reason.NOT_INSTALLED,
        )


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """A socket that listens, and is closed at the end."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        try:
            if os.name == "posix":  # elsewhere the option would let two servers have one port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, port))
            listener.listen(_WAITING)
        except (OSError, OverflowError) as error:
            reason = (error.strerror or error) if isinstance(error, OSError) else "a port is a number up to 65535"
            raise ConfigurationError(
                f"cannot serve on {HOST}:{port}: {reason}",
                hint=naming("Use {port=0} for any free port"),
                reason=Reason.BUSY if isinstance(error, OSError) else Reason.BAD_VALUE,
            ) from error
        yield listener


@contextmanager
def _serving(listener: socket.socket) -> Iterator[Cloud]:
    from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

    class Handler(WSGIRequestHandler):
        def log(self, type: str, message: str, *arguments: Any) -> None:
            """Say nothing."""

    class Server(ThreadedWSGIServer):
        """Counts what is under way from where it is accepted, so that nothing is ever between two counts."""

        def process_request(self, request: Any, client_address: Any) -> None:
            under_way.change(1)
            super().process_request(request, client_address)

        def process_request_thread(self, request: Any, client_address: Any) -> None:
            try:
                super().process_request_thread(request, client_address)
            finally:
                under_way.change(-1)

    under_way = UnderWay()
    port = listener.getsockname()[1]
    server = Server(HOST, port, None, Handler, fd=listener.fileno())  # type: ignore[arg-type]
    try:
        cloud = Cloud(port, under_way)
        server.app = application(cloud)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            cloud.reset()  # another one may have been here before
            yield cloud
        finally:
            server.shutdown()
            thread.join()
    finally:
        server.server_close()


@contextmanager
def _ids_as_aws_has_them() -> Iterator[None]:
    """Have moto make a certificate's id from the certificate."""
    from moto.core.config import default_user_config

    settings: dict[str, Any] = default_user_config  # type: ignore[assignment]
    before = settings.get("iot")
    settings["iot"] = {"use_valid_cert": True}
    try:
        yield
    finally:
        settings["iot"] = before
