"""``completion``: the script that teaches a shell our words."""

from __future__ import annotations

import click

from optiga.cli.support.settings import common_options


@click.command(name="completion")
@common_options(forms=())
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that completes 'optiga' in a shell.

    \b
    bash:  eval "$(optiga completion bash)"      in ~/.bashrc
    zsh:   eval "$(optiga completion zsh)"       in ~/.zshrc
    fish:  optiga completion fish | source       in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    app = click.get_current_context().find_root().command
    complete = get_completion_class(shell)
    assert complete is not None  # noqa: S101 - click ships these three
    click.echo(complete(app, {}, "optiga", "_OPTIGA_COMPLETE").source())
