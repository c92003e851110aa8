"""What the stand-in for AWS holds, and how it answers a request.

Moto keeps what is stored and answers all that it answers as AWS does. :class:`~optiga.testing.aws.iot.Iot` stands
before it with what moto lacks or has otherwise; each of its public methods is an operation. AWS's own model
(botocore's) says how an operation is asked for, which names it takes, and which status an error has. :class:`Cloud`
stands before both: it knows what was asked for, and fails where a test wants it to.

Nothing of moto, Flask or boto3 is imported before a stand-in is served.
"""

from __future__ import annotations

import io
import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Condition, Lock
from typing import Any, NoReturn, cast
from urllib.request import ProxyHandler, build_opener, getproxies

from optiga.arguments import takes
from optiga.errors import CloudError, Reason
from optiga.testing.aws.certificates import empty_stores, find_store, knows_region
from optiga.testing.aws.faults import CloudFault, Plan, send_fault
from optiga.testing.aws.iot import Iot
from optiga.testing.aws.model import Call, Model
from optiga.testing.aws.terms import AwsError, send_error, send_json
from optiga.values import NotCopied

HOST = "127.0.0.1"
REGION = "eu-central-1"
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
"""Of WSGI (PEP 3333)."""
_ACCESS_KEY, _SECRET_KEY = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
"""Those of AWS's own documents, which nobody has."""
_OWN = "optiga-testing-own-client"
"""In the user agent of :attr:`Cloud.iot`."""
_SETTLE = "/settle"
_LIMIT_S = 60
_SERVICES = ("iot", "sts")
_UNSIGNED = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
"""Operations of STS that are asked for without credentials."""
_ABOUT = """This is a stand-in for AWS IoT and AWS STS, on this computer. It is not AWS.
Set AWS_ENDPOINT_URL to this address for programs that use AWS.
"""


class UnderWay:
    """How many requests are under way."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = Condition()

    def change(self, by: int) -> None:
        """Count one more, or one less."""
        with self._changed:
            self._count += by
            self._changed.notify_all()

    def wait_for_end(self) -> None:
        """Wait until there is none.

        :raises CloudError: if a request does not end within 60 seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._count == 0, _LIMIT_S):
                raise CloudError(
                    f"a request to the stand-in for AWS has not ended within {_LIMIT_S} seconds",
                    hint="Check whether a hook is waiting",
                    reason=Reason.UNREACHABLE,
                )


class Cloud(NotCopied):
    """A stand-in for AWS IoT and AWS STS, for tests. Made by :func:`optiga.testing.served_aws`.

    Everything is in memory. Any credentials are accepted; a request may name any region that AWS has.

    :ivar url: where it is served, ``http://127.0.0.1:PORT``.
    :ivar account: number of the account, 12 digits.
    :ivar region: the region in :attr:`variables`.
    :ivar calls: names of the operations that programs have called since the beginning or since :meth:`reset`, in their
        order, for example ``CreateThing``; also those that failed.
    :ivar certify_other_key: if True, ``CreateCertificateFromCsr`` certifies a new key instead of the key in the CSR,
        which AWS never does; False by default.
    :ivar iot: a client of boto3 for AWS IoT. Its calls are not in :attr:`calls`, never fail on purpose, and call no
        hook.
    """

    def __init__(self, port: int, under_way: UnderWay) -> None:
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self.url: str = f"http://{HOST}:{port}"
        self.account: str = os.environ.get("MOTO_ACCOUNT_ID") or DEFAULT_ACCOUNT_ID  # as moto has it
        self.region: str = REGION
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._under_way = under_way
        with _no_settings():
            self.iot: Any = _own_client(self.url)
            find_store(self.account, REGION)  # moto keeps the session of boto3's that it makes for this
        self._noting, self._doing = Lock(), Lock()
        self._model = Model()
        self.calls: list[str] = []
        self.certify_other_key: bool = False
        self._forget()

    def __repr__(self) -> str:
        return f"<Cloud at {self.url!r}, {len(self.calls)} calls>"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that lead boto3, the ``aws`` command and AWS's other SDKs here.

        The credentials are fake. The files of the user's own settings (``~/.aws``) are left out of account. If this
        computer uses a proxy, ``NO_PROXY`` excepts this address from it.
        """
        variables = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        if getproxies():
            excepted = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
            variables["NO_PROXY"] = variables["no_proxy"] = f"{excepted},{HOST}" if excepted else HOST
        return variables

    @property
    def environment(self) -> dict[str, str]:
        """The environment to run a program with: this process's own with :attr:`variables`, and without its other
        variables that begin with ``AWS_``.
        """
        return {**without_aws(os.environ), **self.variables}

    @takes
    def fail(self, operation: str, fault: CloudFault, *, times: int | None = None, skip: int = 0) -> None:
        """Have an operation fail.

        :param operation: AWS's name of an operation of AWS IoT or STS, for example ``CreateThing``.
        :param times: how many calls fail; None for every one.
        :param skip: how many calls succeed before.
        :raises ValueError: if there is no such operation, or a number is negative.
        :raises TypeError: if the fault is none.
        """
        self._check_operation(operation)
        if skip < 0 or (times is not None and times < 0):
            raise ValueError("'times' and 'skip' are numbers of calls, 0 or more")
        with self._noting:
            self._plans.setdefault(operation, []).append(Plan(fault, skip, times))

    @takes
    def falsify(self, operation: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Have an operation of AWS IoT give wrong answers from now on.

        :param operation: AWS's name of the operation, for example ``DescribeEndpoint``.
        :param change: is called with each answer, a dictionary as AWS documents it, and changes it in place.
        :raises ValueError: if there is no such operation.
        :raises TypeError: if ``change`` cannot be called.
        """
        self._check_operation(operation)
        self._changes[operation] = change

    @takes
    def on_call(self, hook: Callable[[str, str], None]) -> None:
        """Call a function at each call from now on, in the thread that serves the call. The call waits for it.

        :param hook: is called with the operation's name and ``"before"``, and again with ``"after"`` when the operation
            has been carried out, before it is answered.
        :raises TypeError: if it cannot be called.
        """
        self._hooks.append(hook)

    def settle(self) -> None:
        """Wait until every call that has come is finished, also those of programs that were killed meanwhile.

        :raises CloudError: if a call does not end within 60 seconds.
        """
        # Connections are accepted in their order: when this one is answered, those before it are all counted.
        with build_opener(ProxyHandler({})).open(f"{self.url}{_SETTLE}", timeout=_LIMIT_S) as answer:
            answer.read()
        self._under_way.wait_for_end()

    def reset(self) -> None:
        """Begin anew: delete what is stored, and forget calls, faults, wrong answers and hooks.

        Calls that are under way are finished first.

        :raises CloudError: if a call does not end within 60 seconds.
        """
        self.settle()
        with self._doing:
            empty_stores(self.account)
            self._forget()

    def _forget(self) -> None:
        self.calls = []
        self.certify_other_key = False
        self._plans: dict[str, list[Plan]] = {}
        self._changes: dict[str, Callable[[dict[str, Any]], None]] = {}
        self._hooks: list[Callable[[str, str], None]] = []
        self._regions: dict[str, Iot] = {}

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request (WSGI)."""
        from werkzeug.exceptions import ClientDisconnected
        from werkzeug.wrappers import Request, Response

        request = Request(environ)
        if request.path == _SETTLE:
            return Response()(environ, start_response)
        if (request.method, request.path) == ("GET", "/") and "Authorization" not in request.headers:  # a browser
            return Response(_ABOUT)(environ, start_response)
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
                self._check_service(call)
                if call.service == "iot":
                    region = self._regions.setdefault(call.region, Iot(self, call.region, self._model))
                    answer = region.carry_out(call.operation, self._model.read_asked(call, request))
                    if answer is not None:
                        return send_json(answer)
                return Response.from_app(self._moto, request.environ, buffered=True)
            except AwsError as error:
                status = error.status or self._model.status(error.code)
                return send_error(call.service, error.code, status, error.message, **error.members)
            except HTTPException as error:  # moto's own errors
                return Response(error.get_body(), error.code, error.get_headers())
            except NotImplementedError:
                why = f"the stand-in for AWS does not have the operation {call.operation}"
                return send_error(call.service, "NotImplementedByMoto", 501, why)
            except Exception as error:  # a mistake of ours, or of moto: no page of HTML, and no traceback
                why = f"the stand-in for AWS has failed: {type(error).__name__}: {error}"
                return send_error(call.service, "InternalFailureException", 500, why)

    def _check_service(self, call: Call) -> None:
        """Refuse what the stand-in does not have.

        :raises AwsError: if it is a call to another service, or in a region that AWS does not have.
        """
        if call.service not in _SERVICES and call.operation not in _UNSIGNED:
            what = f"has AWS IoT and AWS STS only, not {call.service}" if call.service else "needs a signed request"
            raise AwsError("NotImplementedByMoto", f"the stand-in for AWS {what}", status=501)
        if call.service == "iot" and not knows_region(self.account, call.region):
            raise AwsError("UnrecognizedClientException", f"AWS has no region {call.region}", status=403)

    def _check_operation(self, operation: str) -> None:
        if not self._model.has(operation):
            raise ValueError(f"neither AWS IoT nor STS has an operation {operation!r}")


def application(cloud: Cloud) -> Application:
    """What answers the requests to a stand-in."""
    return cloud._answer


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
    """None of the user's own settings; a profile that is not there would stop boto3 even in moto."""
    before = dict(os.environ)
    files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for name in before.keys() - without_aws(before).keys():
        del os.environ[name]
    os.environ.update(files)
    try:
        yield
    finally:
        for name in files:
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if name not in without_aws(before)})


def without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without the variables that begin with ``AWS_``."""
    return {name: value for name, value in environment.items() if not name.upper().startswith("AWS_")}
