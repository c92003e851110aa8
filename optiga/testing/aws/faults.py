"""Ways for a call to AWS to fail, and the answers that come of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import uuid4
from xml.sax.saxutils import escape

from optiga.testing.aws.terms import send_json


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
class Plan:
    """When a fault strikes.

    :param skip: how many calls succeed before.
    :param times: how often; every time if it is None.
    """

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


def send_fault(service: str, fault: Fault) -> Any:
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
    return send_json({"message": fault.message}, fault.status, fault.code)
