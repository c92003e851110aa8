"""AWS IoT and STS over real HTTP on this machine: moto's server, put right where AWS does otherwise.

Moto keeps what is stored and answers all that it answers as AWS does. :class:`~cloud_iot.Iot` stands before it with
what moto lacks or has otherwise; each of its public methods is an operation. AWS's own model (botocore's) says
how an operation is asked for, which names it takes, and which status an error has. :class:`Cloud` stands before both:
it knows what was asked for, and fails where a test wants it to.

Nothing of moto is imported before :func:`serve_cloud`, so that a test module may import this one freely.
"""

from __future__ import annotations

import io
import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Condition, Lock, Thread
from typing import Any, NoReturn, cast
from unittest.mock import patch
from urllib.request import ProxyHandler, build_opener

from optiga.testing.aws.certificates import find_store
from optiga.testing.aws.faults import Fault, Plan, send_fault
from optiga.testing.aws.iot import Iot
from optiga.testing.aws.model import Call, Model
from optiga.testing.aws.terms import AwsError, send_json

REGION = "eu-central-1"
_ACCESS_KEY, _SECRET_KEY = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
_OWN = "tests-own-client"
"""In the user agent of :attr:`Cloud.iot`."""
_SETTLE = "/settle"
_LIMIT_S = 60
Hook = Callable[[str, str], None]


class _UnderWay:
    """How many requests are under way."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = Condition()

    def change(self, by: int) -> None:
        with self._changed:
            self._count += by
            self._changed.notify_all()

    def wait_for_end(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._count == 0, _LIMIT_S), "a request does not end"  # noqa: S101


class Cloud:
    """The server, for tests. :func:`serve_cloud` makes one.

    :ivar url: ``http://127.0.0.1:PORT``.
    :ivar environment: what points boto3 and the ``aws`` command here, and away from the user's own settings.
    :ivar account: the account's id, 12 digits.
    :ivar calls: names of the operations that were asked for, in their order, those included that a fault has struck.
    :ivar certify_other_key: certify a key that is not the CSR's, which AWS never does.
    :ivar iot: a client of boto3's whose calls are not in ``calls`` and meet neither faults nor hooks.
    """

    def __init__(self, port: int, folder: Path, under_way: _UnderWay) -> None:
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self.url = f"http://127.0.0.1:{port}"
        self.account: str = DEFAULT_ACCOUNT_ID
        self.region = REGION
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_MAX_ATTEMPTS": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._under_way = under_way
        with _no_settings():
            self.iot = _own_client(self.url)
            find_store(self.account, REGION)  # moto keeps the session of boto3's that it makes for this
        self._noting, self._doing = Lock(), Lock()
        self._model = Model()
        self._forget()

    def fail(self, operation: str, fault: Fault, *, times: int | None = None, skip: int = 0) -> None:
        """Let an operation fail.

        :param times: how often; every time if it is None.
        :param skip: how many calls succeed before.
        """
        with self._noting:
            self._plans.setdefault(operation, []).append(Plan(fault, skip, times))

    def falsify(self, operation: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change what an operation answers, every time from now on.

        :param change: takes the answer's JSON, and changes it in place.
        """
        self._changes[operation] = change

    def before(self, hook: Hook) -> None:
        """Call a hook for each call that is not :attr:`iot`'s own, in the thread that serves it.

        :param hook: takes the operation's name and ``"before"``, or ``"after"`` if it was carried out but not answered.
        """
        self._hooks.append(hook)

    def settle(self) -> None:
        """Wait until all is done that was asked for before, by clients too that were killed since.

        :raises AssertionError: if a request does not end.
        """
        # Connections are accepted in their order: when this one is answered, those before it are all counted.
        with build_opener(ProxyHandler({})).open(f"{self.url}{_SETTLE}", timeout=_LIMIT_S) as answer:
            answer.read()
        self._under_way.wait_for_end()

    def reset(self) -> None:
        """Forget all: what is stored, the calls, the faults, the hooks. What is under way comes to its end first."""
        from moto.core.base_backend import BackendDict

        self.settle()
        with self._doing:
            BackendDict.reset()
            self._forget()

    def _forget(self) -> None:
        self.calls: list[str] = []
        self.certify_other_key = False
        self._plans: dict[str, list[Plan]] = {}
        self._changes: dict[str, Callable[[dict[str, Any]], None]] = {}
        self._hooks: list[Hook] = []
        self._regions: dict[str, Iot] = {}

    def answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request (WSGI)."""
        from werkzeug.exceptions import ClientDisconnected
        from werkzeug.wrappers import Request, Response

        request = Request(environ)
        if request.path == _SETTLE:
            return Response()(environ, start_response)
        try:
            environ["wsgi.input"] = io.BytesIO(request.get_data())
        except ClientDisconnected as error:
            raise ConnectionAbortedError from error
        call = self._model.read_call(request)
        if _OWN in request.headers.get("User-Agent", ""):
            response: Any = self._carry_out(call, request)
        else:
            response = self._answer_client(call, request)
        return cast("Iterable[bytes]", response(environ, start_response))

    def _answer_client(self, call: Call, request: Any) -> Any:
        with self._noting:
            self.calls.append(call.operation)
            fault = next((plan.fault for plan in self._plans.get(call.operation, ()) if plan.strikes()), None)
        self._tell(call.operation, "before")
        response = None
        if fault is None or fault.is_carried_out:
            response = self._carry_out(call, request)
            self._tell(call.operation, "after")
        if fault is None:
            change = self._changes.get(call.operation)
            return response if change is None else _changed(response, change)
        if fault.breaks:
            _hang_up(request.environ["werkzeug.socket"])
        return send_fault(call.service, fault)

    def _tell(self, operation: str, moment: str) -> None:
        for hook in list(self._hooks):
            hook(operation, moment)

    def _carry_out(self, call: Call, request: Any) -> Any:
        from werkzeug.exceptions import HTTPException
        from werkzeug.wrappers import Response

        with self._doing:
            try:
                if call.service == "iot":
                    region = self._regions.setdefault(call.region, Iot(self, call.region, self._model))
                    answer = region.carry_out(call.operation, self._model.read_asked(call, request))
                    if answer is not None:
                        return send_json(answer)
                return Response.from_app(self._moto, request.environ, buffered=True)
            except AwsError as error:
                return send_json(
                    {"message": error.message, **error.members}, self._model.status(error.code), error.code
                )
            except HTTPException as error:  # moto's own errors
                return Response(error.get_body(), error.code, error.get_headers())
            except NotImplementedError as error:
                return send_json({"message": str(error)}, 501, "NotImplementedByMoto")


def _changed(response: Any, change: Callable[[dict[str, Any]], None]) -> Any:
    """The same answer, changed."""
    answer = json.loads(response.get_data())
    change(answer)
    response.set_data(json.dumps(answer).encode())
    return response


def _hang_up(connection: socket.socket) -> NoReturn:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def _own_client(url: str) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(user_agent_extra=_OWN, proxies={}, retries={"total_max_attempts": 1})
    session = boto3.Session(_ACCESS_KEY, _SECRET_KEY, region_name=REGION)
    return session.client("iot", endpoint_url=url, config=config)


@contextmanager
def _no_settings() -> Iterator[None]:
    """No setting of the user's own; a profile that is not there would stop boto3 even in moto."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with patch.dict(os.environ, kept, clear=True):
        yield


@contextmanager
def serve_cloud() -> Iterator[Cloud]:
    """AWS IoT and STS on a free port of 127.0.0.1, in threads of this process, as long as the context lasts."""
    from moto.core.config import default_user_config
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

    under_way = _UnderWay()
    server = Server("127.0.0.1", 0, None, Handler)  # type: ignore[arg-type]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    valid_ids = patch.dict(default_user_config, {"iot": {"use_valid_cert": True}})
    with TemporaryDirectory() as folder, valid_ids:
        cloud = Cloud(server.server_port, Path(folder), under_way)
        server.app = cloud.answer
        thread.start()
        try:
            yield cloud
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
