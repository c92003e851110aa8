"""Pages for people where AWS should answer: of a proxy, a network that wants a login, or somebody else's endpoint.

Where AWS answers with nothing, botocore takes anything for that; else it takes a page for AWS's own words.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from optiga.cloud.aws.errors import AwsError
from optiga.cloud.aws.loopback import endpoint_variables
from optiga.errors import Reason, naming

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROXY, _LOG_IN = 407, 511
"""HTTP status codes of what stands between (RFC 9110, 15.5.8; RFC 6585, 6)."""
_GATEWAYS = (502, 503, 504)
"""What passes by itself."""
_BEGINNINGS = (b"<html", b"<!doctype html")


def watch_for_pages(client: Any) -> None:
    """Refuse pages in the place of a client's answers.

    :param client: one of boto3's.
    """
    url = str(client.meta.endpoint_url)

    def look_before_parsing(response_dict: Mapping[str, Any], operation_model: Any, **_: object) -> None:
        """Before botocore stumbles over a page; it asks again by itself where a gateway may be down."""
        if response_dict["status_code"] < 500:
            _refuse_page(url, operation_model, response_dict["status_code"], bytes(response_dict["body"] or b""))

    def look(http_response: Any, model: Any, **_: object) -> None:
        status, body = http_response.status_code, http_response.content.strip()
        _refuse_page(url, model, status, body)
        _refuse_others(model, status, body, http_response.headers.get("Location", ""))

    client.meta.events.register("before-parse", look_before_parsing)
    client.meta.events.register("after-call", look)


def _refuse_page(url: str, model: Any, status: int, body: bytes) -> None:
    if not body.lstrip()[: len(_BEGINNINGS[-1])].lower().startswith(_BEGINNINGS):
        return
    again = "Try again. If that does not help, check" if status in _GATEWAYS else "Check"
    action = f"{model.service_model.service_name}:{model.name}"
    raise AwsError(
        f"{url} answered {action} with a web page (HTTP {status}), not as AWS does",
        hint=naming(
            "{again} whether the endpoint ({endpoint_url}, {variables}) is one of AWS, whether a proxy "
            "interferes, and whether the network needs a login in the browser",
            variables=endpoint_variables(),
            again=again,
        ),
        reason=Reason.UNREACHABLE if status in _GATEWAYS else Reason.BAD_ANSWER,
    )


def _refuse_others(model: Any, status: int, body: bytes, place: str) -> None:
    """Refuse what is no page, and no answer of AWS's either.

    :param place: where a redirection leads to.
    """
    from botocore.parsers import ResponseParserError

    if status >= 500 and status != _LOG_IN:  # botocore takes it for the failure that it is
        return
    if 300 <= status < 400 or status in (_PROXY, _LOG_IN):
        raise ResponseParserError(f"HTTP {status}" + f" to {place}" * bool(place))
    if model.service_model.service_name == "iot":
        try:
            json.loads(body or b"{}")
        except ValueError:
            raise ResponseParserError(f"no JSON: {body[:40]!r}") from None
