"""What AWS answers wrongly, and where it is asked without encryption: every command stops before anything is active."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optiga.provision.journal import FILE_NAME
from optiga.testing import Cloud
from tests.support.cli.cloud_helpers import CHIP, CLOUD, refused
from tests.support.cli.provisioned import Bench
from tests.support.cli.runner import Cli
from tests.support.journals import edit_version_1
from tests.support.places import CONFIG
from tests.support.sampling import sampled

CONFIGURATION = 2
OPEN = "http://aws.example:4566"
OTHER_ID = "ab" * 32
FALSIFIED: dict[str, Callable[[dict[str, Any]], None]] = {
    "another id": lambda answer: answer.update(certificateId=OTHER_ID),
    "upper case": lambda answer: answer.update(certificateId=answer["certificateId"].upper()),
    "another id and its ARN": lambda answer: answer.update(
        certificateId=OTHER_ID, certificateArn=f"{answer['certificateArn'].rpartition('/')[0]}/{OTHER_ID}"
    ),
    "another account": lambda answer: answer.update(
        certificateArn=answer["certificateArn"].replace("123456789012", "210987654321")
    ),
    "another region": lambda answer: answer.update(
        certificateArn=answer["certificateArn"].replace("eu-central-1", "us-east-1")
    ),
}


class TestEveryCommand:
    @pytest.mark.long
    @pytest.mark.parametrize("command", sampled(["provision", "dry run", "register", "deprovision", "ca register"]))
    def test_refused(self, cli: Cli, cloud: Cloud, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
        assert cli("--port", CHIP, "provision", CONFIG).code == 0
        assert cli("ca", "init", "ca", "--no-passphrase").code == 0
        words = {
            "provision": ("provision", CONFIG, "--renew"),
            "dry run": ("provision", CONFIG, "--dry-run"),
            "register": ("register",),
            "deprovision": ("deprovision", "--yes"),
            "ca register": ("ca", "register", "ca"),
        }[command]
        assert "not encrypted" in refused(cli, cloud, CLOUD, *words, "--endpoint-url", OPEN)
        monkeypatch.setenv("AWS_ENDPOINT_URL_IOT", OPEN)
        assert "not encrypted" in refused(cli, cloud, CLOUD, *words)
        monkeypatch.delenv("AWS_ENDPOINT_URL_IOT")
        assert cli("--port", CHIP, *words, "--allow-http").code == 0


class TestFalsified:
    @pytest.mark.long
    @pytest.mark.parametrize("change", sampled(FALSIFIED.values(), keep=2), ids=FALSIFIED)
    def test_certificate_made(self, cli: Cli, run: Cli, bench: Bench, change: Callable[[dict[str, Any]], None]) -> None:
        bench.cloud.falsify("CreateCertificateFromCsr", change)
        result = run()
        assert (result.code, result.out) == (CLOUD, "")
        assert "iot:CreateCertificateFromCsr" in result.errors[0]
        assert bench.active() == bench.stored() == []
        bench.cloud.falsify("CreateCertificateFromCsr", lambda _: None)
        assert run().code == 0
        bench.check_finished()

    @pytest.mark.parametrize("change", sampled(FALSIFIED.values(), keep=2), ids=FALSIFIED)
    def test_certificate_registered(self, cli: Cli, bench: Bench, change: Callable[[dict[str, Any]], None]) -> None:
        bench.cloud.falsify("RegisterCertificateWithoutCA", change)
        result = cli("--port", bench.port, "register")
        assert (result.code, result.out) == (CLOUD, "")
        assert bench.active() == []

    @pytest.mark.long
    def test_found_again(self, run: Cli, bench: Bench) -> None:
        """The certificate that AWS shows of a finished chip is the journal's, or the chip is not finished."""
        assert run().code == 0
        other = bench.cloud.iot.create_keys_and_certificate(setAsActive=True)

        def change(answer: dict[str, Any]) -> None:
            answer["certificateDescription"]["certificatePem"] = other["certificatePem"]

        bench.cloud.falsify("DescribeCertificate", change)
        result = run()
        assert (result.code, result.out) == (CLOUD, "")
        assert "iot:DescribeCertificate" in result.errors[0]

    @pytest.mark.long
    def test_an_older_journal_holds_another_id(self, run: Cli, bench: Bench) -> None:
        """One written before answers were checked: the id in it names a certificate that is not this chip's."""
        assert run().code == 0
        other = bench.cloud.iot.create_keys_and_certificate(setAsActive=True)
        edit_version_1(Path(FILE_NAME), {"certificate_id": other["certificateId"]})
        result = run()
        assert (result.code, result.out) == (CONFIGURATION, "")
        assert "its certificate ID belongs to another certificate" in result.errors[0]

    def test_registration_code(self, cli: Cli, cloud: Cloud) -> None:
        """Our CA signs no name that a false AWS asks for."""
        assert cli("ca", "init", "ca", "--no-passphrase").code == 0
        cloud.falsify("GetRegistrationCode", lambda answer: answer.update(registrationCode="*.example.com"))
        assert "64 hex digits" in refused(cli, cloud, CLOUD, "ca", "register", "ca")
