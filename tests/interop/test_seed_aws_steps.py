"""The predecessor's documents end with steps in a shell: its commands and the real ``aws``, line by line.

The lines stand here as those documents print them; what a reader fills in stands in angle brackets. Its thing has two
names there; it is the one of the summary that a certificate is attached to.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest
from cryptography import x509

from optiga.testing import Cloud
from tests.support.patience import LIMIT_S
from tests.support.places import ROOT

PROGRAMS = Path(sys.executable).parent
THING = "IoT_Object_With_OPTIGA_Trust"
POLICY = "IoT_Thing_Weak_Policy"
WEAK_POLICY = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "iot:Connect",
            "Resource": "arn:aws:iot:<aws-region>:<aws-account-id>:*"
        },
        {
            "Effect": "Allow",
            "Action": "iot:Publish",
            "Resource": "arn:aws:iot:<aws-region>:<aws-account-id>:*"
        },
        {
            "Effect": "Allow",
            "Action": "iot:Subscribe",
            "Resource": "arn:aws:iot:<aws-region>:<aws-account-id>:*"
        },
        {
            "Effect": "Allow",
            "Action": "iot:Receive",
            "Resource": "arn:aws:iot:<aws-region>:<aws-account-id>:*"
        }
    ]
}
"""
_END = "-- end of output --"

pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None or not all((PROGRAMS / name).exists() for name in ("aws", "python")),
    reason="there is no bash, or no aws command beside this Python",
)


class Shell:
    """A user's shell, which ends with the first command that fails.

    :param errors: the file that it has for standard error.
    """

    def __init__(self, folder: Path, errors: Path) -> None:
        self._errors = errors
        with errors.open("wb") as stream:
            self._process = subprocess.Popen(
                ["bash", "-euo", "pipefail"],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                encoding="utf-8",
            )

    def run(self, line: str) -> str:
        """Type a line.

        :returns: what it prints on standard output.
        :raises AssertionError: if it fails.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\necho '{_END}'\n")
        self._process.stdin.flush()
        printed: list[str] = []
        while (read := self._process.stdout.readline()) != f"{_END}\n":
            assert read, f"{line}\n{''.join(printed)}{self._errors.read_text(encoding='utf-8')}"
            printed.append(read)
        return "".join(printed)

    def close(self) -> None:
        """End it however it is."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def open_shell(folder: Path, errors: Path) -> Iterator[Shell]:
    """A shell in a folder, as long as the context lasts."""
    shell = Shell(folder, errors)
    watch = Timer(2 * LIMIT_S, shell.close)
    watch.start()
    try:
        yield shell
    finally:
        watch.cancel()
        shell.close()


@pytest.fixture
def workspace(tmp_path: Path, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The documents' folder two below the repository, with an emulated chip and what ``aws configure`` leaves."""
    folder = tmp_path / "using-amazon-root-ca" / "workspace"
    folder.mkdir(parents=True)
    for name in ("optiga.py", "optiga"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn", folder)
    settings = tmp_path / "aws.config"
    settings.write_text(f"[default]\nregion = {cloud.region}\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("OPTIGA_PORT", f"emulator:{tmp_path / 'chip'}")
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.mark.long
def test_every_line(workspace: Path, cloud: Cloud, tmp_path: Path) -> None:
    """From the CSR to a thing, a policy and a chip that hold AWS's certificate."""
    errors = tmp_path / "errors"
    with open_shell(workspace, errors) as shell:
        run = shell.run

        run("python ../../optiga.py --csr config_nistp256_ecdsa_secondslot.jsn")
        (request,) = workspace.glob("*.csr")
        name = request.stem

        endpoint = json.loads(run("aws iot describe-endpoint"))["endpointAddress"]
        assert endpoint.endswith(f".iot.{cloud.region}.amazonaws.com")

        run(
            f"aws iot create-certificate-from-csr --region {cloud.region} "
            f"--certificate-signing-request file://{name}.csr --certificate-pem-outfile {name}.pem "
            "--set-as-active --query certificateArn > optiga.aws_arn"
        )
        pem = (workspace / f"{name}.pem").read_text(encoding="utf-8")
        (listed,) = cloud.iot.list_certificates()["certificates"]
        arn = listed["certificateArn"]
        assert (workspace / "optiga.aws_arn").read_text(encoding="utf-8") == f'"{arn}"\n'
        assert listed["status"] == "ACTIVE"

        run(f"python ../../optiga.py --write {name}.pem --slot second")
        assert "Certificate has been written" in errors.read_text(encoding="utf-8")

        created = json.loads(run(f'aws iot create-thing --thing-name "{THING}"'))
        assert created.keys() == {"thingArn", "thingName", "thingId"}
        run("export AWS_ARN=$(sed 's/.//;s/.$//' optiga.aws_arn)")
        assert run("echo $AWS_ARN") == f"{arn}\n"
        run(f'aws iot attach-thing-principal --thing-name "{THING}" --principal $AWS_ARN')

        region = run("aws configure get region").strip()
        account = json.loads(run("aws sts get-caller-identity"))["Account"]
        assert (region, account) == (cloud.region, cloud.account)
        document = WEAK_POLICY.replace("<aws-region>", region).replace("<aws-account-id>", account)
        (workspace / POLICY).write_text(document, encoding="utf-8")

        policy = json.loads(run(f"aws iot create-policy --policy-name {POLICY} --policy-document file://{POLICY}"))
        assert (policy["policyDocument"], policy["policyVersionId"]) == (document, "1")
        run(f'aws iot attach-principal-policy --policy-name "{POLICY}" --principal $AWS_ARN')

        held = run("python ../../optiga.py --read second")

    assert cloud.iot.list_thing_principals(thingName=THING)["principals"] == [arn]
    attached = cloud.iot.list_attached_policies(target=arn)["policies"]
    assert [one["policyName"] for one in attached] == [POLICY]
    issued = cloud.iot.describe_certificate(certificateId=listed["certificateId"])["certificateDescription"]
    assert issued["certificatePem"] == pem
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert x509.load_pem_x509_certificates(held.encode()) == [certificate]
    assert certificate.public_key() == x509.load_pem_x509_csr(request.read_bytes()).public_key()
    assert "Error" not in errors.read_text(encoding="utf-8")


@pytest.mark.long
def test_a_line_that_fails_is_seen(workspace: Path, cloud: Cloud, tmp_path: Path) -> None:
    with (
        open_shell(workspace, tmp_path / "errors") as shell,
        pytest.raises(AssertionError, match="ResourceNotFoundException"),
    ):
        shell.run("aws iot describe-thing --thing-name none")
    assert cloud.calls == ["DescribeThing"]
