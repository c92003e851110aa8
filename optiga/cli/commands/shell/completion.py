"""``completion``: the script that teaches a shell our words."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from optiga.cli.support.printing import print_lines
from optiga.cli.support.settings import common_options
from optiga.cli.support.shell_scripts import SHELLS, completion_script
from optiga.errors import ConfigurationError, Reason


@click.command(name="completion")
@common_options(forms=())
@click.argument("shell", type=click.Choice(SHELLS))
@click.option("--for-script", is_flag=True, help="For 'python optiga.py' in place of the command optiga.")
def command(shell: str, for_script: bool) -> None:
    """Print the script with which a shell completes commands, options, files, slots, objects, ports and more.

    \b
    bash   eval "$(optiga completion bash)"      in ~/.bashrc
    zsh    eval "$(optiga completion zsh)"       in ~/.zshrc
    fish   optiga completion fish | source       in ~/.config/fish/config.fish
    In $PROFILE of PowerShell:
           optiga completion powershell | Out-String | Invoke-Expression

    With --for-script the same for 'python optiga.py', this script alone: what the shell completes for any other use
    of python stays as it was.
    """
    print_lines(completion_script(shell, _script() if for_script else None))


def _script() -> str:
    """The script ``optiga.py`` of the checkout that this is.

    :raises ConfigurationError: if it is none.
    """
    script = Path(str(files("optiga"))).resolve().parent / "optiga.py"
    if not script.is_file():
        raise ConfigurationError(
            "there is no optiga.py: the tool runs from an installed package",
            hint="Leave --for-script out: the command is optiga",
            reason=Reason.NOT_FOUND,
        )
    return str(script)
