"""Children that run the command line until they end or are killed. Run by ``test_provision_killed.py``.

Each line of standard input, a JSON list of a folder and arguments, forks a child, which works in that folder; standard
output tells its ``pid`` and, once it is gone, ``gone`` and its exit code (negative for a signal).
"""

from __future__ import annotations

import json
import os
import sys

import boto3
import botocore.loaders
import botocore.session

import optiga.cli.provision
import optiga.emulator.store
import optiga.personalize.aws.fleet
import optiga.personalize.aws.policies
import optiga.personalize.provision.run  # noqa: F401 - loaded here, once for all children
from optiga.cli import main


def tell(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def share_models() -> None:
    """Have AWS's models of its services loaded once, not in each child."""
    loader = botocore.loaders.create_loader()
    botocore.session.create_loader = lambda *_, **__: loader
    session = boto3.Session(region_name="eu-central-1")
    for service in ("iot", "sts"):
        session.client(service)


def run(folder: str, arguments: list[str]) -> int:
    """What a process of its own does."""
    os.chdir(folder)
    quiet = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    return main(arguments)


def serve() -> None:
    share_models()
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
