"""Time limits of calls to AWS: one deadline for a complete call, and no retries of permanent failures.

Timeouts of sockets count from one byte to the next, so a line on which a byte comes now and then never ends by them.
What is sent here is sent by a thread of its own, which is left to itself when its time is over.
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from optiga.cloud.aws.errors import THROTTLED, AwsError
from optiga.cloud.aws.loopback import unreachable_hint
from optiga.errors import Reason, naming
from optiga.files.activity import Activity

TIMEOUT_S = 60.0
"""How long one call to AWS may take by default, asking again included."""
_SILENCE_S = 5.0
"""After how long without an answer a word is said."""
_SLICE_S = 0.5 if sys.platform == "win32" else _SILENCE_S
"""How long a wait is at most: on Windows Ctrl-C is seen between two waits only."""
_LONGEST_BACKOFF_S = 20.0
"""botocore's."""
_FEW = 3
"""How often something is asked where there is no network, or nobody listens."""
_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+")
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3}) ?(.*)")

Notice = Callable[[str], None]


class NoSuchHostError(AwsError):
    """The name of AWS's host does not exist."""


class Patience:
    """The deadline of each call of some clients.

    :param timeout_s: of one call, asking again included, in seconds.
    :param attempts: how often something is asked.
    :param notice: is told when it takes long.
    """

    def __init__(self, timeout_s: float, attempts: int, notice: Notice) -> None:
        self._timeout_s, self._attempts, self._notice = timeout_s, attempts, notice
        self._call = _Call()

    def watch(self, client: Any) -> None:
        """Have a client of boto3's keep the deadline."""
        endpoint = client._endpoint  # botocore has no other door to what sends
        endpoint.http_session = _Session(endpoint.http_session, self)
        events = client.meta.events
        events.register("before-call", self._begin)
        events.register_first("needs-retry", self._look)
        # A person is told from what is sent on until it is answered, but not while credentials are fetched: a code for
        # them may be typed at the terminal. What signs listens under the service's name, which comes first.
        created = f"request-created.{client.meta.service_model.service_id.hyphenize()}"
        events.register_first(created, self._end)
        events.register_last(created, self._sent)
        for event in ("after-call", "after-call-error"):
            events.register_first(event, self._end)

    def wait(self, finished: threading.Event) -> bool:
        """Wait for an answer; False if the call's time is over."""
        call = self._call
        while not finished.is_set():
            now = time.monotonic()
            if now >= call.end:
                return False
            if not call.is_said and now >= call.begin + _SILENCE_S:
                call.is_said = True
                if not call.is_shown:
                    self._notice(f"AWS has not answered {call.action} for {now - call.begin:.0f} seconds")
            until = call.end if call.is_said else min(call.end, call.begin + _SILENCE_S)
            finished.wait(min(_SLICE_S, until - now))
        return True

    def _begin(self, model: Any, **_: object) -> None:
        call = self._call
        self._end()
        call.begin = time.monotonic()
        call.end = call.begin + self._timeout_s
        call.action = f"{model.service_model.service_name}:{model.name}"
        call.is_said = False
        call.first_sent = 0.0

    def _sent(self, **_: object) -> None:
        """Something has been signed, and is sent."""
        call = self._call
        name = call.action.partition(":")[2]
        call.activity = call.waiting.enter_context(Activity(lambda: f"Waiting for AWS: {in_words(name)}"))
        if call.activity.began:  # seconds count from the first time that it was asked
            call.first_sent = call.activity.began = call.first_sent or call.activity.began

    def _end(self, **_: object) -> None:
        """AWS is not waited for."""
        self._call.waiting.close()

    def _look(self, attempts: int, operation: Any, response: Any, caught_exception: Any, **_: object) -> None:
        """Before botocore asks again: say so, or say that it is no use.

        :raises AwsError: if it is not, or if the time is over.
        """
        action = f"{operation.service_model.service_name}:{operation.name}"
        if caught_exception is not None:
            explain(caught_exception, action, attempts)
        code = "" if response is None else (response[1] or {}).get("Error", {}).get("Code", "")
        is_down = response is not None and response[0].status_code >= 500
        if caught_exception is None and not is_down and code not in THROTTLED:
            return
        backoff = min(_LONGEST_BACKOFF_S, 2.0 ** (attempts - 1)) if attempts < self._attempts else 0.0
        if time.monotonic() + backoff >= self._call.end:
            if caught_exception is not None:
                explain(caught_exception, action, _FEW)  # nobody listens: there is no time to ask again
            said = code or "it is out of order" if caught_exception is None else _in_short(caught_exception)
            endpoint = str(getattr(caught_exception, "kwargs", {}).get("endpoint_url") or "")
            otherwise = naming("Check the network, or wait longer with {timeout}. Try again to continue")
            raise AwsError(
                f"AWS has not completed {action} within {self._timeout_s:g} seconds ({said})",
                hint=unreachable_hint(endpoint, is_open=True, otherwise=otherwise),
                code=code,
                reason=Reason.UNREACHABLE,
            )
        if 2 <= attempts < self._attempts:
            why = code or type(caught_exception).__name__
            self._notice(f"AWS does not answer yet to {operation.name} ({why}); attempt {attempts + 1}")


class _Call(threading.local):
    """The call that a thread is in."""

    begin = 0.0
    end = float("inf")
    action = "AWS"
    is_said = False
    first_sent = 0.0
    activity: Activity | None = None

    def __init__(self) -> None:
        self.waiting = ExitStack()

    @property
    def is_shown(self) -> bool:
        """Whether a person sees that it is waited for."""
        return self.activity is not None and self.activity.is_shown


def in_words(action: str) -> str:
    """What AWS is asked: ``create certificate from CSR`` for ``CreateCertificateFromCsr``."""
    words = (one if one.isupper() else one.lower() for one in _WORD.findall(action))
    return " ".join("CSR" if one == "csr" else one for one in words)


class _Session:
    """Sends requests as botocore's own session does, with a deadline."""

    def __init__(self, session: Any, patience: Patience) -> None:
        self._session, self._patience = session, patience

    def send(self, request: Any) -> Any:
        """What is answered.

        :raises botocore.exceptions.HTTPClientError: if nothing whole is answered in time.
        """
        from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

        sending = _Sending(lambda: self._session.send(request))
        if not self._patience.wait(sending.finished):
            raise ReadTimeoutError(endpoint_url=request.url)
        response = sending.result()
        length = response.headers.get("Content-Length", "")
        # With a plain close in the midst of it, older versions of urllib3 take a part for the whole.
        if request.method != "HEAD" and length.isdecimal() and len(response.content) < int(length):
            raise ConnectionClosedError(endpoint_url=request.url, request=request, error="the answer was cut off")
        return response

    def close(self) -> None:
        self._session.close()


class _Sending:
    """Something done by a thread of its own.

    :ivar finished: set when it is done, or has failed.
    """

    def __init__(self, send: Callable[[], Any]) -> None:
        self._send = send
        self._answer: Any = None
        self._error: BaseException | None = None
        self.finished = threading.Event()
        threading.Thread(target=self._work, name="AWS", daemon=True).start()

    def _work(self) -> None:
        try:
            self._answer = self._send()
        except BaseException as error:  # for the one who waits
            self._error = error
        finally:
            self.finished.set()

    def result(self) -> Any:
        """What came out of it."""
        if self._error is not None:
            raise self._error
        return self._answer


def explain(error: Exception, action: str, attempts: int) -> None:
    """Say of a failure on the way to AWS what it is, where asking again will not change it.

    :param action: as IAM names it.
    :param attempts: how often it was asked so far.
    :raises AwsError: in that case.
    """
    kwargs = getattr(error, "kwargs", {})
    endpoint = str(kwargs.get("endpoint_url") or "")
    url = endpoint or str(kwargs.get("proxy_url") or "AWS")
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise AwsError(
                f"no trusted connection to AWS at {action}: the certificate of {url} is not AWS's own: "
                f"{cause.verify_message or cause.reason}",
                hint="Check this computer's clock, and whether a proxy intercepts the connection (give its CA with "
                "AWS_CA_BUNDLE)",
                reason=Reason.UNTRUSTED,
            ) from error
        if isinstance(cause, socket.gaierror) and cause.errno in _NO_NAMES:
            raise NoSuchHostError(
                f"AWS cannot be reached at {action}: the host name in {url} cannot be resolved",
                hint="Check the region or endpoint, and the network's DNS",
                reason=Reason.UNREACHABLE,
            ) from error
        if (found := _TUNNEL.search(str(cause))) and found[1] < "500":
            raise AwsError(
                f"the proxy does not let {action} through: HTTP {found[1]} {found[2]}".rstrip(),
                hint="Give a user name and password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"
                if found[1] == "407"
                else "Check HTTPS_PROXY; to bypass the proxy for a host, use NO_PROXY",
                reason=Reason.UNREACHABLE,
            ) from error
        is_nobody = isinstance(cause, (socket.gaierror, ConnectionRefusedError))
        if is_nobody and attempts >= _FEW:
            raise AwsError(
                f"AWS cannot be reached at {action}: {url}: {cause.strerror or cause}",  # type: ignore[attr-defined]
                hint=unreachable_hint(endpoint, is_open=False),
                reason=Reason.UNREACHABLE,
            ) from error


def _in_short(error: Exception) -> str:
    """What became of a request that was not answered, in a few words."""
    from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

    for cause in _causes(error):
        if isinstance(cause, (TimeoutError, ReadTimeoutError, ConnectTimeoutError)):
            return "no answer"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return "the connection was closed"


_NO_NAMES = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it came from."""
    seen: set[int] = set()
    left: list[object] = [error]
    while left:
        one = left.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            left += [one.__cause__, one.__context__, *one.args, getattr(one, "reason", None)]
            left += getattr(one, "kwargs", {}).values()
