"""``completion``: the script that teaches a shell our words."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from optiga.cli.completion.shell_scripts import SHELLS, completion_script
from optiga.cli.support.choices import NamedChoice
from optiga.cli.support.printing import print_lines
from optiga.cli.support.settings import common_options
from optiga.errors import ConfigurationError, Reason


@click.command(name="completion")
@common_options(board=False, forms=())
@click.argument("shell", type=NamedChoice(SHELLS))
@click.option("--for-script", is_flag=True, help="Complete 'python optiga.py' instead of the command optiga.")
def command(shell: str, for_script: bool) -> None:
    """Print a script that makes the shell complete commands, options, files, slots, objects, ports and more.

    \b
    bash   eval "$(optiga completion bash)"      in ~/.bashrc
    zsh    eval "$(optiga completion zsh)"       in ~/.zshrc
    fish   optiga completion fish | source       in ~/.config/fish/config.fish
    In $PROFILE of PowerShell:
           optiga completion powershell | Out-String | Invoke-Expression

    With --for-script, the shell completes 'python optiga.py' instead. The completion of other python commands does
    not change.
    """
    print_lines(completion_script(shell, _script() if for_script else None))


def _script() -> str:
    """The script ``optiga.py`` of the checkout that this is.

    :raises ConfigurationError: if it is none.
    """
    script = Path(str(files("optiga"))).resolve().parent / "optiga.py"
    if not script.is_file():
        raise ConfigurationError(
            "cannot complete 'python optiga.py': the tool runs from an installed package",
            hint="Omit --for-script: the command is optiga",
            reason=Reason.NOT_FOUND,
        )
    return str(script)
