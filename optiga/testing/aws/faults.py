"""Ways for a call to AWS to fail, and the answers that come of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from optiga.arguments import check_fields, takes
from optiga.testing.aws.terms import send_error

_STATUSES = range(200, 600)
"""Those of whole answers (RFC 9110, 15)."""


@dataclass(frozen=True, slots=True)
class CloudFault:
    """A way for a call to AWS to fail: ``THROTTLE``, ``BREAK_BEFORE``, ``BREAK_AFTER``, ``GARBAGE``, or made by
    :meth:`error` or :meth:`page`.

    :param code: AWS's code of the error, for example ``AccessDeniedException``; empty for an answer that is not AWS's.
    :param status: status of HTTP.
    :param message: text of the error.
    :param breaks: close the connection instead of answering.
    :param is_carried_out: carry out the operation before; otherwise a call that fails changes nothing.
    """

    code: str = ""
    status: int = 200
    message: str = ""
    breaks: bool = False
    is_carried_out: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        if self.status not in _STATUSES:
            raise ValueError(f"a status of HTTP is {_STATUSES[0]} to {_STATUSES[-1]}, not {self.status}")

    THROTTLE: ClassVar[CloudFault]
    """AWS refuses the call because there are too many: ``ThrottlingException``."""
    BREAK_BEFORE: ClassVar[CloudFault]
    """The connection is closed without an answer. Nothing was done."""
    BREAK_AFTER: ClassVar[CloudFault]
    """The operation is carried out, and the connection is closed without an answer."""
    GARBAGE: ClassVar[CloudFault]
    """A page of HTML with status 200, as from a network that requires a login."""

    @classmethod
    @takes
    def page(cls, status: int) -> CloudFault:
        """A page of HTML, as from a proxy.

        :param status: status of HTTP, for example 502.
        """
        return cls(status=status)

    @classmethod
    @takes
    def error(cls, code: str, status: int, message: str) -> CloudFault:
        """An error of AWS.

        :param code: AWS's code of the error, for example ``AccessDeniedException``.
        :param status: status of HTTP, for example 403.
        :param message: text of the error.
        """
        return cls(code, status, message)


CloudFault.THROTTLE = CloudFault.error("ThrottlingException", 400, "Rate exceeded")
CloudFault.BREAK_BEFORE = CloudFault(breaks=True)
CloudFault.BREAK_AFTER = CloudFault(breaks=True, is_carried_out=True)
CloudFault.GARBAGE = CloudFault()


@dataclass
class Plan:
    """When a fault strikes.

    :param skip: how many calls succeed before.
    :param times: how often; every time if it is None.
    """

    fault: CloudFault
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


def send_fault(service: str, fault: CloudFault) -> Any:
    from werkzeug.wrappers import Response

    if not fault.code:
        return Response("<!DOCTYPE html><title>Log in</title>", fault.status, content_type="text/html")
    return send_error(service, fault.code, fault.status, fault.message)
