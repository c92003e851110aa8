"""The options of every command that works with AWS IoT."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from optiga.cli.support.file_names import FILE
from optiga.cli.support.options import is_default
from optiga.cli.support.settings import Decorator, Settings, together
from optiga.cloud.aws.aws_names import check_attributes, check_name, check_region
from optiga.cloud.aws.connection import AwsOptions
from optiga.cloud.aws.patience import TIMEOUT_S
from optiga.cloud.aws.templates import EVERYTHING, THING, own_template
from optiga.errors import ConfigurationError
from optiga.provision.specs import ThingSpec


class _Seconds(click.FloatRange):
    """A number in a range, which a refusal repeats as it was written; nan is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = click.FLOAT.convert(value, param, ctx)
        try:
            super().convert(number, param, ctx)
        except click.BadParameter as error:
            self.fail(error.message.replace(str(number), str(value), 1), param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number

    def _describe_range(self) -> str:
        return f"{self.min:g} to {self.max:g}"


def _pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for value in values:
        name, sign, content = value.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"{value!r} is not of the form {param.metavar}", ctx, param)
        if name in pairs:
            raise click.BadParameter(f"{name!r} is given twice", ctx, param)
        pairs[name] = content
    return pairs


def _attributes(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = _pairs(ctx, param, values)
    with _naming_line(ctx, param):
        check_attributes(pairs, typed=True)  # the type of the thing may be another's
    return pairs


def _checked(check: Callable[[str], None]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Callback of an option: what it says is looked at before anything is done."""

    def take(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        with _naming_line(ctx, param):
            for one in value if isinstance(value, tuple) else [value] if value else []:
                check(one)
        return value

    return take


@contextmanager
def _naming_line(ctx: click.Context, param: click.Parameter) -> Iterator[None]:
    """A mistake in the value of an option names the file of defaults and the line that it comes from, if it does."""
    try:
        yield
    except ConfigurationError as error:
        defaults = ctx.ensure_object(Settings).defaults
        if defaults is not None and ctx.get_parameter_source(str(param.name)) is ParameterSource.DEFAULT_MAP:
            option = param.opts[0].lstrip("-")
            error.locate(f"{defaults.where(option)}: {option!r}")
        raise


aws_options: Decorator = together(
    click.option(
        "--region", metavar="REGION", callback=_checked(check_region), help="AWS region, for example eu-central-1."
    ),
    click.option("--profile", metavar="NAME", help="Profile in AWS's configuration files."),
    click.option("--endpoint-url", metavar="URL", help="URL to use instead of AWS's own endpoint."),
    click.option(
        "--timeout",
        type=_Seconds(1, 3600),
        metavar="SECONDS",
        help="Time limit for one call to AWS, including retries (default: 60).",
    ),
    click.option(
        "--allow-http", is_flag=True, help="Allow an http:// endpoint on another computer, without encryption."
    ),
)
"""The way to AWS; AWS's own environment variables and files count, too."""

device_options: Decorator = together(
    click.option(
        "--thing-type",
        metavar="NAME",
        callback=_checked(partial(check_name, "thing type")),
        help="Thing type, if the thing is created.",
    ),
    click.option(
        "--thing-group",
        metavar="NAME",
        multiple=True,
        callback=_checked(partial(check_name, "thing group")),
        help="Thing group for the thing. May be given several times.",
    ),
    click.option(
        "--attribute",
        metavar="KEY=VALUE",
        multiple=True,
        callback=_attributes,
        help="Attribute of the thing. May be given several times.",
    ),
    click.option(
        "--policy-template",
        type=FILE,
        help="Template of the policy document: a path, or the name of a built-in template (default: "
        "thing_policy.template).",
    ),
    click.option(
        "--template", metavar="NAME|FILE", help="Provisioning template that creates the thing and the policy instead."
    ),
    click.option("--billing-group", metavar="NAME", help="Billing group for the thing, if the thing has none."),
    click.option("--exclusive", is_flag=True, help="Attach the certificate to the thing exclusively."),
    click.option(
        "--join", is_flag=True, help="Attach the certificate even if the thing has another active certificate."
    ),
    click.option(
        "--parameter",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_pairs,
        help="Parameter for --template. May be given several times.",
    ),
)
"""What a device is to be in AWS IoT."""


def build_aws_options(options: dict[str, Any]) -> AwsOptions:
    """What the options of :func:`aws_options` say; they are taken out of ``options``."""
    return AwsOptions(
        options.pop("region"),
        options.pop("profile"),
        options.pop("endpoint_url"),
        options.pop("allow_http"),
        options.pop("timeout") or TIMEOUT_S,
    )


def build_thing(options: dict[str, Any], *, thing: str | None = None, policy: str | None = None) -> ThingSpec:
    """What the options of :func:`device_options` say; they are taken out of ``options``."""
    policy_template = options.pop("policy_template")
    return ThingSpec(
        thing,
        policy,
        None if policy_template is None else _policy_template(policy_template),
        options.pop("thing_type"),
        tuple(options.pop("thing_group")),
        tuple(options.pop("attribute").items()),
        options.pop("template"),
        tuple(options.pop("parameter").items()),
        options.pop("join"),
        options.pop("exclusive"),
        options.pop("billing_group"),
    )


def _policy_template(text: str) -> Path:
    """A template by its path; one of the project's own also by its name, whatever lies in the current folder."""
    return own_template(text) if text in (EVERYTHING, THING) else Path(text)


def refuse_cloud_options(options: dict[str, Any]) -> None:
    """Refuse the options of :func:`aws_options` and :func:`device_options` where there is no cloud.

    :raises click.UsageError: if one is given.
    """
    if given := given_options(options):
        raise click.UsageError(f"{given} and --no-cloud do not go together.")


def given_options(options: Mapping[str, Any]) -> str:
    """The options that are given, and not by a file of defaults, for a message; empty if there are none.

    :param options: values by the names of the parameters.
    """
    given = sorted(name for name, value in options.items() if value and not is_default(name))
    return ", ".join(f"--{name.replace('_', '-')}" for name in given)
