"""``python -m optiga.testing.aws``: a stand-in for AWS IoT for who has no account there."""

from __future__ import annotations

import gc
import os
import re
import select
import shlex
import sys
from collections.abc import Iterator, Mapping

import click

from optiga.cli.support.choices import WholeNumber
from optiga.cli.support.printing import HELP_COLUMNS, say
from optiga.cli.support.settings import Settings, pass_settings
from optiga.emulator.running import check_program, run_with_environment
from optiga.emulator.server import stop_on_signals
from optiga.testing.aws.cloud import without_aws
from optiga.testing.aws.server import served_aws

_LOOK_S = 0.5
"""How often to look for signals, which do not end the waiting on Windows."""
_LEAD_AWAY = (
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL_IOT",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)
"""Variables of another terminal that count more than those that lead here, or stop AWS's SDKs beside them."""
_NAME = re.compile(r"\w+", re.ASCII)


class _WithProgram(click.Command):
    """A command with a program behind ``--``, which must not be empty, as a variable of a script may be."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        has_none = "--" in args and args.index("--") == len(args) - 1
        left = super().parse_args(ctx, args)
        if has_none and not ctx.params["program"]:
            raise click.UsageError("Missing argument: name the program to run.", ctx)
        return left


@click.command(
    cls=_WithProgram,
    context_settings={
        "allow_interspersed_args": False,
        "help_option_names": ["-h", "--help"],
        "max_content_width": HELP_COLUMNS,
    },
)
@click.option(
    "--port", type=WholeNumber(0, 0xFFFF), default=0, metavar="PORT", help="TCP port (default: any free port)."
)
@click.option("-q", "--quiet", is_flag=True, help="Do not print how to use it in another terminal.")
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="[[--] PROGRAM [ARGS]...]")
@pass_settings
def command(settings: Settings, port: int, quiet: bool, program: tuple[str, ...]) -> None:
    """Serve a stand-in for AWS IoT and AWS STS on this computer (127.0.0.1).

    It is not AWS: it needs no account, its credentials are fake, and everything in it is lost when it ends.

    With PROGRAM, it is served while the program runs, and the command exits with the program's exit code. The
    program gets the environment variables that lead it there, and none of your own AWS settings. Without PROGRAM,
    it is served until interrupted: the command prints one line, the URL.
    """
    gc.enable()  # a server runs for long
    settings.quiet = quiet
    if program:
        check_program(program[0])  # before the seconds that it takes to start
    settings.show_waiting()
    with served_aws(port=port) as cloud:
        settings.stop_waiting()
        about = f"This is not AWS: it is a stand-in for AWS IoT on this computer, at {cloud.url}"
        if program:
            told = f"{about}. The program runs with fake credentials"
            code = run_with_environment(program, cloud.environment, started=lambda: say(told))
            raise click.exceptions.Exit(code)
        say(f"# {about}. Everything in it is lost when it ends, and its credentials are fake")
        settings.note("\n".join(how_to_use(cloud.variables, os.environ)))
        with stop_on_signals() as stop:
            click.echo(cloud.url)
            while not select.select([stop], [], [], _LOOK_S)[0]:
                pass
    settings.note("# Stopped")


def how_to_use(
    variables: Mapping[str, str], environment: Mapping[str, str], platform: str = sys.platform
) -> Iterator[str]:
    """The lines that lead the programs of another terminal to the stand-in, below what they are for.

    Every other line is a comment there, so that all of them can be pasted. It has no quotes, which zsh minds.

    :param variables: what is to be set.
    :param environment: what that terminal has, as far as it is known: AWS's other variables there are to be unset, and
        so are those that would lead away from here.
    """
    known = environment.keys() - without_aws(environment).keys()
    others = sorted((known | {*_LEAD_AWAY}) - variables.keys())
    others = [name for name in others if _NAME.fullmatch(name)]
    if platform == "win32":
        yield "# To use it in another terminal, paste these lines there (PowerShell):"
        yield from (f"    Remove-Item Env:{name} -ErrorAction Ignore" for name in others)
        yield from (f"    $env:{name} = '{_doubled(value)}'" for name, value in variables.items())
        yield "# or these (Command Prompt):"
        yield from (f'    set "{name}="' for name in others)
        yield from (f'    set "{name}={value}"' for name, value in variables.items())
    else:
        yield "# To use it in another terminal, paste these lines there:"
        if others:
            yield f"    unset {' '.join(others)}"
        yield from (f"    export {name}={shlex.quote(value)}" for name, value in variables.items())
    yield "# To end it, press Ctrl-C"


def _doubled(value: str) -> str:
    """A value as it stands in PowerShell's single quotes."""
    return value.replace("'", "''")
