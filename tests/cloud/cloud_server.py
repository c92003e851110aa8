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
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Condition, Lock, Thread
from typing import Any, ClassVar, NamedTuple, NoReturn, cast
from unittest.mock import patch
from urllib.parse import unquote
from urllib.request import ProxyHandler, build_opener
from uuid import uuid4
from xml.sax.saxutils import escape

from cloud_iot import Iot, find_store
from cloud_terms import Answer, Asked, AwsError, refuse

REGION = "eu-central-1"
_ACCESS_KEY, _SECRET_KEY = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
_OWN = "tests-own-client"
"""In the user agent of :attr:`Cloud.iot`."""
_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")
_SETTLE = "/settle"
_LIMIT_S = 60
Hook = Callable[[str, str], None]


@dataclass(frozen=True)
class Fault:
    """A way for a call to fail. An operation is carried out only with :attr:`BREAK_AFTER`."""

    code: str = ""
    status: int = 200
    message: str = ""
    breaks: bool = False
    is_carried_out: bool = False

    THROTTLE: ClassVar[Fault]
    """AWS asks to be called less often."""
    BREAK_BEFORE: ClassVar[Fault]
    """The connection is closed without an answer, and nothing was done."""
    BREAK_AFTER: ClassVar[Fault]
    """The operation is carried out, and then the connection closed without an answer."""
    GARBAGE: ClassVar[Fault]
    """Status 200 with a page of HTML, as from a network that wants its user to log in first."""

    @classmethod
    def page(cls, status: int) -> Fault:
        """A page of HTML, as from a proxy.

        :param status: of HTTP.
        """
        return cls(status=status)

    @classmethod
    def error(cls, code: str, status: int, message: str) -> Fault:
        """An error as AWS sends it.

        :param code: as ``AccessDeniedException``.
        :param status: of HTTP.
        """
        return cls(code, status, message)


Fault.THROTTLE = Fault.error("ThrottlingException", 400, "Rate exceeded")
Fault.BREAK_BEFORE = Fault(breaks=True)
Fault.BREAK_AFTER = Fault(breaks=True, is_carried_out=True)
Fault.GARBAGE = Fault()


@dataclass
class _Plan:
    fault: Fault
    skip: int
    times: int | None

    def strikes(self) -> bool:
        """Whether the fault strikes this call; counts it."""
        if self.skip:
            self.skip -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class _Call(NamedTuple):
    """One request.

    :param uri: the values in its path, by AWS's names on the wire.
    """

    service: str
    region: str
    operation: str
    uri: dict[str, str]


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
            assert self._changed.wait_for(lambda: self._count == 0, _LIMIT_S), "a request does not end"


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
        from moto.core import DEFAULT_ACCOUNT_ID
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
        self.model = _Model()
        self._forget()

    def fail(self, operation: str, fault: Fault, *, times: int | None = None, skip: int = 0) -> None:
        """Let an operation fail.

        :param times: how often; every time if it is None.
        :param skip: how many calls succeed before.
        """
        with self._noting:
            self._plans.setdefault(operation, []).append(_Plan(fault, skip, times))

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
        self._plans: dict[str, list[_Plan]] = {}
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
        call = self.model.read_call(request)
        if _OWN in request.headers.get("User-Agent", ""):
            response: Any = self._carry_out(call, request)
        else:
            response = self._answer_client(call, request)
        return cast("Iterable[bytes]", response(environ, start_response))

    def _answer_client(self, call: _Call, request: Any) -> Any:
        with self._noting:
            self.calls.append(call.operation)
            fault = next((plan.fault for plan in self._plans.get(call.operation, ()) if plan.strikes()), None)
        self._tell(call.operation, "before")
        response = None
        if fault is None or fault.is_carried_out:
            response = self._carry_out(call, request)
            self._tell(call.operation, "after")
        if fault is None:
            return response
        if fault.breaks:
            _hang_up(request.environ["werkzeug.socket"])
        return _send_fault(call.service, fault)

    def _tell(self, operation: str, moment: str) -> None:
        for hook in list(self._hooks):
            hook(operation, moment)

    def _carry_out(self, call: _Call, request: Any) -> Any:
        from werkzeug.exceptions import HTTPException
        from werkzeug.wrappers import Response

        with self._doing:
            try:
                if call.service == "iot":
                    region = self._regions.setdefault(call.region, Iot(self, call.region))
                    answer = region.carry_out(call.operation, self.model.read_asked(call, request))
                    if answer is not None:
                        return _send_json(answer)
                return Response.from_app(self._moto, request.environ, buffered=True)
            except AwsError as error:
                return _send_json(
                    {"message": error.message, **error.members}, self.model.status(error.code), error.code
                )
            except HTTPException as error:  # moto's own errors
                return Response(error.get_body(), error.code, error.get_headers())
            except NotImplementedError as error:
                return _send_json({"message": str(error)}, 501, "NotImplementedByMoto")


class _Model:
    """AWS's own description of the service, from botocore."""

    def __init__(self) -> None:
        from botocore.loaders import Loader
        from botocore.model import ServiceModel
        from werkzeug.routing import Map, Rule

        self._service = ServiceModel(Loader().load_service_model("iot", "service-2"), "iot")
        rules = []
        for name in self._service.operation_names:
            http = self._service.operation_model(name).http
            path = re.sub(r"\{(\w+)\}", r"<\1>", re.sub(r"\{(\w+)\+\}", r"<path:\1>", http["requestUri"]))
            rules.append(Rule(path, methods=[http["method"]], endpoint=name))
        self._paths = Map(rules, strict_slashes=False, merge_slashes=False).bind("localhost")

    def status(self, code: str) -> int:
        return int(self._service.shape_for(code).metadata["error"]["httpStatusCode"])

    def read_call(self, request: Any) -> _Call:
        """Whom a request is for, and for what."""
        from werkzeug.exceptions import HTTPException

        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        region, service = scope.groups() if scope else ("", "")
        if service == "iot":
            # The path as it was sent: in the decoded one an ARN's slash looks like the path's own.
            path = request.environ.get("RAW_URI", request.path).partition("?")[0]
            with suppress(HTTPException):
                operation, uri = self._paths.match(path, method=request.method)
                return _Call(service, region, operation, {name: unquote(value) for name, value in uri.items()})
        named = re.search(r"(?:^|&)Action=(\w+)", request.get_data(as_text=True))
        return _Call(service, region, named.group(1) if named else request.path, {})

    def read_asked(self, call: _Call, request: Any) -> Asked:
        """What an operation is asked with.

        :raises AwsError: if AWS would not take a name or a length.
        """
        if call.operation not in self._service.operation_names:
            return {}
        body = json.loads(request.get_data() or b"{}")
        places: dict[str, Any] = {"uri": call.uri, "querystring": request.args, "header": request.headers}
        asked: Asked = {}
        shape: Any = self._service.operation_model(call.operation).input_shape
        for name, member in shape.members.items():
            place = places.get(member.serialization.get("location"), body)
            wire = member.serialization.get("name", name)
            if wire in place:
                asked[name] = _typed(place[wire], member.type_name)
        self.check(call.operation, asked)
        return asked

    def check(self, operation: str, asked: Asked) -> None:
        """Hold what an operation is asked with against AWS's rules for names and lengths.

        :raises AwsError: if it breaks one.
        """
        self._check(self._service.operation_model(operation).input_shape, asked, "")

    def _check(self, shape: Any, value: Any, name: str) -> None:
        if shape.type_name == "structure":
            for inner in shape.members.keys() & value.keys():
                self._check(shape.members[inner], value[inner], inner)
        elif shape.type_name == "map":
            for key, inner in value.items():
                self._check(shape.key, key, name)
                self._check(shape.value, inner, name)
        elif shape.type_name == "string":
            _check_string(shape.metadata, value, name)


def _typed(value: Any, kind: str) -> Any:
    if isinstance(value, str) and kind == "boolean":
        return value == "true"
    return int(value) if kind == "integer" else value


def _check_string(rules: dict[str, Any], value: str, name: str) -> None:
    broken = ""
    if len(value) < rules.get("min", 0):
        broken = f"have length greater than or equal to {rules['min']}"
    elif len(value) > rules.get("max", len(value)):
        broken = f"have length less than or equal to {rules['max']}"
    elif "enum" in rules and value not in rules["enum"]:
        broken = f"satisfy enum value set: [{', '.join(rules['enum'])}]"
    else:
        pattern = rules.get("pattern", "")
        # Python's re has no classes like Java's \p{Graph}; they only stand in descriptions.
        if pattern and r"\p" not in pattern and not re.fullmatch(pattern, value, re.ASCII):
            broken = f"satisfy regular expression pattern: {pattern}"
    if broken:
        found = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint"
        refuse(f"{found}: Member must {broken}")


def _send_json(answer: Answer, status: int = 200, error: str = "") -> Any:
    from werkzeug.wrappers import Response

    headers = {"x-amzn-RequestId": str(uuid4()), **({"x-amzn-ErrorType": error} if error else {})}
    return Response(json.dumps(answer, default=_seconds), status, headers, content_type="application/json")


def _seconds(moment: datetime) -> float:
    """A time as AWS sends it; moto's own have no zone and are UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _send_fault(service: str, fault: Fault) -> Any:
    from werkzeug.wrappers import Response

    if not fault.code:
        return Response("<!DOCTYPE html><title>Log in</title>", fault.status, content_type="text/html")
    if service == "sts":
        body = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            f"<Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message></Error>"
            f"<RequestId>{uuid4()}</RequestId></ErrorResponse>"
        )
        return Response(body, fault.status, content_type="text/xml")
    return _send_json({"message": fault.message}, fault.status, fault.code)


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
