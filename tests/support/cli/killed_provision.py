"""Children that run the command line until they end or are killed. Run by ``test_provision_killed.py``.

Each line of standard input, a JSON list of a folder and arguments, forks a child, which works in that folder; standard
output tells its ``pid`` and, once it is gone, ``gone`` and its exit code (negative for a signal).
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from tempfile import TemporaryDirectory

import boto3
import botocore.loaders
import botocore.session

import optiga.cloud.aws.fleet
import optiga.cloud.aws.policies
import optiga.cloud.aws.registry  # noqa: F401 - loaded here, once for all children
from optiga.cli import main
from tests.support.places import CONFIG


def tell(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def share_models() -> None:
    """Have AWS's models of its services loaded once, not in each child."""
    loader = botocore.loaders.create_loader()
    botocore.session.create_loader = lambda *_, **__: loader
    session = boto3.Session(region_name="eu-central-1")
    for service in ("iot", "sts"):
        session.client(service)


def load_code() -> None:
    """Have everything loaded that a run takes: a CSR and a certificate's writing take most of it."""
    config = CONFIG
    with TemporaryDirectory() as folder:
        port = ["--port", f"emulator:{folder}/chip", "-q"]
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            assert main(["ca", "init", "--no-passphrase", f"{folder}/ca", "-q"]) == 0
            arguments = ["provision", str(config), "--ca", f"{folder}/ca", "--no-cloud", "--out-dir", folder]
            assert main([*port, *arguments]) == 0


def run(folder: str, arguments: list[str]) -> int:
    """What a process of its own does."""
    os.chdir(folder)
    quiet = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    return main(arguments)


def serve() -> None:
    share_models()
    load_code()
    for line in sys.stdin:
        folder, *arguments = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = run(folder, arguments)
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        tell("pid", child)
        _, status = os.waitpid(child, 0)
        tell("gone", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    serve()
