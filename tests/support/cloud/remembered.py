"""What botocore and moto work out anew each time, though it is always the same, is worked out once.

A session of botocore costs 70 ms of processor time, and hundreds of tests have one each. Nothing of what is remembered
depends on credentials, endpoint, requests or answers: names of events, signatures of handlers, files of service models,
the names of moto's modules and of its methods.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def remembered() -> Iterator[None]:
    """While this is open, sessions and requests share what does not depend on them."""
    import botocore.client
    import botocore.hooks
    import botocore.session
    import moto.backends
    import moto.core.responses
    import moto.core.utils

    make_methods = botocore.client.ClientCreator._create_methods
    methods: dict[str, dict[str, Any]] = {}

    def create_methods(creator: Any, service_model: Any) -> dict[str, Any]:
        name = service_model.service_name
        if name not in methods:
            methods[name] = make_methods(creator, service_model)
        return dict(methods[name])

    rename = botocore.hooks.EventAliaser._alias_event_name
    names: dict[str, str] = {}

    def alias_event_name(aliaser: Any, event_name: str) -> str:
        if event_name not in names:
            names[event_name] = rename(aliaser, event_name)
        return names[event_name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        patch.setattr(botocore.hooks, "accepts_kwargs", functools.cache(botocore.hooks.accepts_kwargs))
        patch.setattr(botocore.client.ClientCreator, "_create_methods", create_methods)
        patch.setattr(botocore.hooks.EventAliaser, "_alias_event_name", alias_event_name)
        modules = tuple(moto.backends.list_of_moto_modules())
        patch.setattr(moto.backends, "list_of_moto_modules", lambda: modules)
        named = functools.cache(moto.core.utils.method_names_from_class)
        patch.setattr(moto.core.responses, "method_names_from_class", named)
        yield
