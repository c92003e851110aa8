"""What the parts of the stand-in for AWS have in common: how it is asked, how it answers, how it refuses."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, NoReturn
from uuid import uuid4
from xml.sax.saxutils import escape

Asked = dict[str, Any]
"""What an operation is asked with, by AWS's own names."""
Answer = dict[str, Any]
_XML = ("sts", "ec2", "iam", "s3", "cloudformation", "monitoring", "rds", "route53", "sns")
"""Services that answer in XML, by the names that requests are signed for; of those that the stand-in does not have, the
ones that are asked for most.
"""


class AwsError(Exception):
    """An error of AWS IoT.

    :param code: as AWS's model has it, which knows its status.
    :param status: of HTTP, for a code that is in no model; 0 for that of the model.
    :param members: what the error holds besides its message.
    """

    def __init__(self, code: str, message: str, *, status: int = 0, **members: str) -> None:
        super().__init__(message)
        self.code: str = code
        self.message: str = message
        self.status: int = status
        self.members: dict[str, str] = members


def refuse(message: str, code: str = "InvalidRequestException") -> NoReturn:
    raise AwsError(code, message)


def read_json(text: str, name: str) -> Asked:
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        refuse(f"{name} is no JSON object")
    return read


def now() -> datetime:
    return datetime.now(timezone.utc)


def send_json(answer: Answer, status: int = 200, error: str = "") -> Any:
    """An answer of AWS IoT over HTTP.

    :param error: the error's code, if it is one.
    """
    from werkzeug.wrappers import Response

    return Response(json.dumps(answer, default=_seconds), status, _headers(error), content_type="application/json")


def send_error(service: str, code: str, status: int, message: str, **members: str) -> Any:
    """An error over HTTP: JSON, but XML for services that have it.

    :param members: what the error holds besides its message.
    """
    from werkzeug.wrappers import Response

    if service not in _XML:
        kind = {} if service == "iot" else {"__type": code}
        return send_json({"message": message, **kind, **members}, status, code)
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        f"<RequestId>{uuid4()}</RequestId></ErrorResponse>"
    )
    return Response(body, status, _headers(code), content_type="text/xml")


def _headers(error: str) -> dict[str, str]:
    return {"x-amzn-RequestId": str(uuid4()), **({"x-amzn-ErrorType": error} if error else {})}


def _seconds(moment: datetime) -> float:
    """A time as AWS sends it; moto's own have no zone and are UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
