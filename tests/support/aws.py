"""AWS's models of its services, for runs that are struck: they take longer to load than a run."""

from __future__ import annotations

import boto3
import botocore.loaders
import botocore.session


def load() -> None:
    """Have them loaded once, in the process that forks, not in each child."""
    loader = botocore.loaders.create_loader()
    botocore.session.create_loader = lambda *_, **__: loader
    session = boto3.Session(region_name="eu-central-1")
    for service in ("iot", "sts"):
        session.client(service)
