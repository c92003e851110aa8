"""The stand-in for AWS fails where a test wants it to, and knows what it was asked for."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError

from optiga.testing import Cloud, CloudFault
from optiga.testing.aws.iot import Iot
from tests.support.cloud.asking import certify, refusal
from tests.support.patience import LIMIT_S
from tests.support.places import ROOT
from tests.support.processes import run_process


def post(cloud: Cloud, path: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
    """Status and body of the answer to a request that is made by hand."""
    connection = HTTPConnection(cloud.url.removeprefix("http://"), timeout=LIMIT_S)
    with closing(connection):
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


class TestFaults:
    def test_calls_are_written_down(self, iot: Any, cloud: Cloud) -> None:
        boto3.client("sts").get_caller_identity()
        certify(iot)
        cloud.fail("DescribeEndpoint", CloudFault.BREAK_BEFORE)
        with pytest.raises(BotoCoreError):
            iot.describe_endpoint()
        cloud.iot.list_things()
        assert cloud.calls == ["GetCallerIdentity", "CreateCertificateFromCsr", "DescribeEndpoint"]

    def test_error(self, iot: Any, cloud: Cloud) -> None:
        cloud.fail("CreateThing", CloudFault.error("AccessDeniedException", 403, "not authorized"))
        with pytest.raises(ClientError, match=r"AccessDeniedException.*not authorized") as raised:
            iot.create_thing(thingName="thing")
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert cloud.iot.list_things()["things"] == []

    def test_error_of_sts(self, cloud: Cloud) -> None:
        cloud.fail("GetCallerIdentity", CloudFault.error("ExpiredToken", 403, "expired & gone"))
        with pytest.raises(ClientError, match=r"ExpiredToken.*expired & gone"):
            boto3.client("sts").get_caller_identity()

    def test_throttle(self, iot: Any, cloud: Cloud) -> None:
        cloud.fail("CreateThing", CloudFault.THROTTLE)
        assert refusal(iot.create_thing, thingName="thing") == "ThrottlingException"

    @pytest.mark.parametrize(("fault", "things"), [(CloudFault.BREAK_BEFORE, 0), (CloudFault.BREAK_AFTER, 1)])
    def test_break(
        self, iot: Any, cloud: Cloud, fault: CloudFault, things: int, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """The server says nothing of it."""
        cloud.fail("CreateThing", fault)
        with pytest.raises(ConnectionClosedError):
            iot.create_thing(thingName="thing")
        assert len(cloud.iot.list_things()["things"]) == things
        assert capfd.readouterr() == ("", "")

    @pytest.mark.long
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_killed_client(self, cloud: Cloud, when: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """What it has asked for is carried out all the same, and the server says nothing of it."""
        program = "import boto3; boto3.client('iot').create_thing(thingName='thing')"
        started = Event()
        clients: list[subprocess.Popen[bytes]] = []

        def kill(_: str, moment: str) -> None:
            started.wait(LIMIT_S)
            if moment == when:
                clients[0].kill()
                clients[0].wait()

        cloud.on_call(kill)
        clients.append(subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path))
        started.set()
        assert clients[0].wait(LIMIT_S) != 0
        cloud.settle()
        assert len(cloud.iot.list_things()["things"]) == 1
        assert capfd.readouterr() == ("", "")

    def test_client_that_leaves_in_the_middle(self, cloud: Cloud, capfd: pytest.CaptureFixture[str]) -> None:
        """Nothing is carried out, and the server says nothing of it."""
        place = urlsplit(cloud.url)
        with socket.create_connection((place.hostname, place.port)) as connection:
            connection.sendall(b"POST /things/thing HTTP/1.1\r\nHost: iot\r\nContent-Length: 20\r\n\r\n{")
        cloud.settle()
        assert (cloud.calls, cloud.iot.list_things()["things"]) == ([], [])
        assert capfd.readouterr() == ("", "")

    def test_garbage(self, iot: Any, cloud: Cloud) -> None:
        """Boto3 lets it pass for an answer with nothing in it."""
        cloud.fail("DescribeEndpoint", CloudFault.GARBAGE)
        assert "endpointAddress" not in iot.describe_endpoint()

    def test_a_number_of_times(self, iot: Any, cloud: Cloud) -> None:
        cloud.fail("DescribeEndpoint", CloudFault.THROTTLE, skip=1, times=2)
        cloud.fail("DescribeEndpoint", CloudFault.error("InternalFailureException", 500, ""), skip=1, times=1)
        found = []
        for _ in range(5):
            try:
                iot.describe_endpoint()
                found.append("")
            except ClientError as error:
                found.append(error.response["Error"]["Code"])
        assert found == ["", "ThrottlingException", "ThrottlingException", "InternalFailureException", ""]

    def test_own_client_meets_no_fault(self, cloud: Cloud) -> None:
        cloud.fail("ListThings", CloudFault.THROTTLE)
        assert cloud.iot.list_things()["things"] == []

    def test_hooks(self, iot: Any, cloud: Cloud) -> None:
        seen: list[tuple[str, str, int]] = []

        def look(operation: str, moment: str) -> None:
            seen.append((operation, moment, len(cloud.iot.list_things()["things"])))

        cloud.on_call(look)
        iot.create_thing(thingName="thing")
        assert seen == [("CreateThing", "before", 0), ("CreateThing", "after", 1)]

    def test_hook_sees_that_nothing_was_carried_out(self, iot: Any, cloud: Cloud) -> None:
        seen: list[str] = []
        cloud.on_call(lambda _, moment: seen.append(moment))
        cloud.fail("CreateThing", CloudFault.THROTTLE)
        refusal(iot.create_thing, thingName="thing")
        assert seen == ["before"]

    def test_reset(self, iot: Any, cloud: Cloud) -> None:
        certify(iot)
        cloud.fail("ListCertificates", CloudFault.THROTTLE)
        cloud.certify_other_key = True
        cloud.reset()
        assert (cloud.calls, cloud.certify_other_key) == ([], False)
        assert iot.list_certificates()["certificates"] == []

    def test_operation_that_moto_does_not_know(self, iot: Any) -> None:
        assert refusal(iot.list_audit_tasks, startTime=0, endTime=1) == "NotImplementedByMoto"

    def test_region_that_aws_does_not_have(self, cloud: Cloud) -> None:
        iot = boto3.client("iot", region_name="mars-1")
        assert refusal(iot.list_things) == "UnrecognizedClientException"

    @pytest.mark.parametrize("service", ["s3", "ec2", "dynamodb", "iot-data"])
    def test_service_that_it_does_not_have(self, cloud: Cloud, service: str) -> None:
        call = {"s3": "list_buckets", "ec2": "describe_regions", "dynamodb": "list_tables"}
        client = boto3.client(service)
        with pytest.raises(ClientError, match=r"AWS IoT and AWS STS only, not [\w-]+$"):
            getattr(client, call.get(service, "list_retained_messages"))()

    def test_mistake_of_its_own(self, iot: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        """No page of HTML, and no traceback."""
        monkeypatch.setattr(Iot, "create_thing", lambda *_: 1 / 0)
        with pytest.raises(ClientError, match=r"\(InternalFailureException\).*ZeroDivisionError"):
            iot.create_thing(thingName="thing")

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("{", "not a JSON object"),
            ("[]", "not a JSON object"),
            ("{}", "Value null at 'certificateSigningRequest'"),
        ],
    )
    def test_request_that_no_sdk_sends(self, cloud: Cloud, body: str, said: str) -> None:
        scope = "AWS4-HMAC-SHA256 Credential=A/20200101/eu-central-1/iot/aws4_request"
        status, answer = post(cloud, "/certificates", body, {"Authorization": scope})
        assert status == 400
        assert said in json.loads(answer)["message"]

    def test_request_without_credentials(self, cloud: Cloud) -> None:
        status, answer = post(cloud, "/certificates", "{}", {})
        assert status == 501
        assert "needs a signed request" in json.loads(answer)["message"]

    def test_operation_that_aws_does_not_have(self, cloud: Cloud) -> None:
        with pytest.raises(ValueError, match="CreateThingy"):
            cloud.fail("CreateThingy", CloudFault.THROTTLE)
        with pytest.raises(ValueError, match="CreateThingy"):
            cloud.falsify("CreateThingy", print)

    def test_arguments_of_other_types(self, cloud: Cloud) -> None:
        """Where they are given, and not in the thread that serves a call."""
        for act, said in (
            (lambda: cloud.fail("CreateThing", "x"), "fault must be CloudFault, not str"),  # type: ignore[arg-type]
            (lambda: cloud.falsify("CreateThing", {}), "change must be .*, not dict"),  # type: ignore[arg-type]
            (lambda: cloud.on_call(None), "hook must be .*, not None"),  # type: ignore[arg-type]
        ):
            with pytest.raises(TypeError, match=said):
                act()

    def test_test_modules_may_import_it_freely(self, tmp_path: Path) -> None:
        program = "import sys, optiga.testing; sys.exit(any(name in sys.modules for name in ('moto', 'boto3')))"
        done = run_process([sys.executable, "-c", program], tmp_path, {"PYTHONPATH": str(ROOT)})
        assert done.returncode == 0, done.stderr
