"""The scripts that have a shell ask the program what may stand at the cursor, for each shell one.

The program gets the line up to the cursor in the environment. It answers with a line for each word that may stand
there: its kind, the text and its meaning, with tabs between. The kind ``word`` is a whole word, ``part`` the beginning
of one. The shell itself knows ``files`` and ``folders`` best; their text is what stands before the name in that word,
their meaning the endings of the files that fit, if not all do. Bash's own list of files depends on the quotes that were
typed. It gets each ``file`` that fits, and quotes the names; or it completes as by ``default`` if there is none. Its
words are quoted already.

Who calls the program is the word on the command line. For ``python optiga.py`` that is the interpreter with the
script, and whatever completed the interpreter's words before goes on to do so where it runs anything else.
"""

from __future__ import annotations

import shlex

VARIABLE = "_OPTIGA_COMPLETE"
"""The environment variable with the name of the shell that asks."""
LINE = "_OPTIGA_LINE"
"""That with the command line up to the cursor."""
BREAKS = "_OPTIGA_BREAKS"
"""That with the characters at which bash breaks words."""
WIDTH = "_OPTIGA_WIDTH"
"""That with the columns of bash's terminal; 0 where a word is inserted as it is listed."""
QUOTES = "_OPTIGA_QUOTES"
"""That which is there where bash can quote the names of files itself."""

_INTERPRETERS = ("python", "python3")

_BASH = r"""
_optiga_answer() {
    local kind text meaning answer width=${COLUMNS:-80}
    [[ $COMP_TYPE == 37 || $COMP_TYPE == 42 ]] && width=0
    COMPREPLY=()
    answer=$(export _OPTIGA_COMPLETE=bash _OPTIGA_LINE="${COMP_LINE:0:COMP_POINT}" \
        _OPTIGA_BREAKS="$COMP_WORDBREAKS" _OPTIGA_WIDTH="$width"; type compopt &>/dev/null && export _OPTIGA_QUOTES=1
        "${@:2}" 2>/dev/null </dev/null) || return 0
    while IFS=$'\t' read -r kind text meaning; do
        case $kind in
            word | part)
                if [[ $kind == part ]] && type compopt &>/dev/null; then compopt -o nospace; fi
                COMPREPLY+=("$text${meaning:+  $meaning}")
                ;;
            file)
                compopt -o filenames
                COMPREPLY+=("${text%/}")
                ;;
            default)
                if type compopt &>/dev/null; then compopt -o default; else COMPREPLY=($(compgen -f -- "$1")); fi
                ;;
        esac
    done <<< "$answer"
    return 0
}
"""
_BASH_COMMAND = r"""
_optiga_complete() { _optiga_answer "$2" "${COMP_WORDS[0]/#\~\//$HOME/}"; }
complete -o nosort -F _optiga_complete optiga 2>/dev/null || complete -F _optiga_complete optiga
"""
_BASH_SCRIPT = r"""
_optiga_script_complete() {
    local i word
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]//[\\\"\']/}
        case $word in
            -[mc]*) break ;;
            -[WX]) ((i++)) ;;
            -*) ;;
            *)
                word=${word/#\~\//$HOME/}
                [[ $word -ef @script@ ]] || break
                _optiga_answer "$2" "${COMP_WORDS[0]/#\~\//$HOME/}" "$word"
                return
                ;;
        esac
    done
    local before="_optiga_before_${1##*/}"
    before=${!before:-}
    if [[ $before == *' -F '* ]]; then
        before=${before##* -F }
        "${before%% *}" "$@"
    elif [[ -n $before ]]; then
        before=${before#complete}
        COMPREPLY=($(eval "compgen ${before% *} -- \"\$2\""))
    else
        type compopt &>/dev/null && compopt -o bashdefault -o default
        COMPREPLY=()
    fi
}
_optiga_hook() {
    local options=
    complete -p "$1" &>/dev/null || { type _completion_loader &>/dev/null && _completion_loader "$1" &>/dev/null; }
    if complete -p "$1" &>/dev/null; then
        case $(complete -p "$1") in
            *_optiga_script_complete*) return ;;
            *_minimal*) ;;
            *) printf -v "_optiga_before_$1" '%s' "$(complete -p "$1")" ;;
        esac
    fi
    local before="_optiga_before_$1" found
    for found in ${!before:-}; do
        [[ $options == *-o ]] && options+=" $found"
        [[ $found == -o ]] && options+=" -o"
    done
    complete $options -F _optiga_script_complete "$1"
}
for _optiga_name in @interpreters@; do _optiga_hook "$_optiga_name"; done
unset _optiga_name
"""

_ZSH = r"""
_optiga_answer() {
    local answer kind text meaning line="${(j: :)${(@qq)${(@Q)words[1,CURRENT-1]}}} $QIPREFIX$PREFIX"
    local -a whole parts
    for answer in "${(@f)$(export _OPTIGA_COMPLETE=zsh _OPTIGA_LINE=$line; "$@" 2>/dev/null </dev/null)}"; do
        kind=${answer%%$'\t'*} answer=${answer#*$'\t'}
        text=${answer%%$'\t'*} meaning=${answer#*$'\t'}
        case $kind in
            word) whole+=("$text${meaning:+:$meaning}") ;;
            part) parts+=("$text${meaning:+:$meaning}") ;;
            files) compset -P "${(b)text}"; _files ${meaning:+-g "*.(#i)(${meaning// /|})"} ;;
            folders) compset -P "${(b)text}"; _files -/ ;;
        esac
    done
    (( $#whole )) && _describe -V optiga whole -U
    (( $#parts )) && _describe -V optiga parts -U -S ''
    return 0
}
"""
_ZSH_COMPDEF = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }\n"
_ZSH_COMMAND = rf"""
_optiga() {{ _optiga_answer "${{${{(Q)words[1]}}/#\~\//$HOME/}}" }}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _optiga "$@"
else
    {_ZSH_COMPDEF}    compdef _optiga optiga
fi
"""
_ZSH_SCRIPT = r"""
_optiga_script() {
    local word
    local -i i
    for ((i = 2; i < CURRENT; i++)); do
        word=${${(Q)words[i]}/#\~\//$HOME/}
        case $word in
            -[mc]*) break ;;
            -[WX]) (( i++ )) ;;
            -*) ;;
            *)
                [[ $word -ef @script@ ]] || break
                _optiga_answer "${${(Q)words[1]}/#\~\//$HOME/}" "$word"
                return
                ;;
        esac
    done
    ${_optiga_before[${words[1]:t}]:-_default} "$@"
}
@compdef@typeset -gA _optiga_before
for _optiga_name in @interpreters@; do
    [[ ${_comps[$_optiga_name]} == _optiga_script ]] && continue
    _optiga_before[$_optiga_name]=${_comps[$_optiga_name]:-${_patcomps[(k)$_optiga_name]:-${_postpatcomps[(k)$_optiga_name]}}}
    compdef _optiga_script $_optiga_name
done
unset _optiga_name
"""

_FISH = r"""
function __optiga_answer
    set -lx _OPTIGA_COMPLETE fish
    set -l typed (commandline --current-token --cut-at-cursor)
    set -l quote ''
    set -l plain (string unescape -- "$typed")
    or for quote in "'" '"'
        set plain (string unescape -- "$typed$quote")
        and break
    end
    set -l words (commandline --tokenize --current-process --cut-at-cursor) $plain
    set -lx _OPTIGA_LINE (string join ' ' -- "'"(string replace --all -- "'" "'\\''" $words)"'" | string collect)
    test -n "$quote"
    and set _OPTIGA_LINE (string sub --end -1 -- "$_OPTIGA_LINE" | string collect)
    for answer in ($argv 2>/dev/null </dev/null)
        set -l part (string split --max 2 \t -- $answer)
        set -l rest (string sub --start (math (string length -- "$part[2]") + 1) -- "$plain")
        switch $part[1]
            case word part
                printf '%s\t%s\n' $part[2] $part[3]
            case files
                set -l names (__fish_complete_path (string replace --regex -- '^~/' "$HOME/" "$rest"))
                if string match --quiet -- '~/*' "$rest"
                    set names (string replace -- "$HOME/" '~/' $names)
                end
                set -l ends (string replace --all ' ' '|' -- "$part[3]")
                if test -n "$ends"; and string match --quiet --ignore-case --regex -- "\\.(?:$ends)(?:\t|\$)" $names
                    set names (string match --ignore-case --entire --regex -- "(?:/|\\.(?:$ends))(?:\t|\$)" $names)
                end
                for name in $names
                    printf '%s%s\n' "$part[2]" $name
                end
            case folders
                __fish_complete_directories $rest ''
        end
    end
end
function __optiga_command
    set -l words (commandline --tokenize --current-process --cut-at-cursor)
    string replace --regex '^~/' "$HOME/" -- $words[1]
end
"""
_FISH_COMMAND = r"""
complete --no-files --keep-order --command optiga --arguments '(__optiga_answer (__optiga_command))'
"""
_FISH_SCRIPT = r"""
function __optiga_script
    set -l words (commandline --tokenize --current-process --cut-at-cursor)
    set -l skip 0
    for word in $words[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case '-m*' '-c*'
                return 1
            case -W -X
                set skip 1
            case '-*'
            case '*'
                set word (string replace --regex '^~/' "$HOME/" -- $word)
                test "$(realpath -- $word 2>/dev/null)" = @script@; or return 1
                printf '%s\n' $word
                return 0
        end
    end
    return 1
end
for interpreter in @interpreters@
    complete --no-files --keep-order --command $interpreter --condition '__optiga_script >/dev/null' \
        --arguments '(__optiga_answer (__optiga_command) (__optiga_script))'
end
"""

_POWERSHELL = r"""
$script:OptigaAnswer = {
    param([string[]] $call, $word, $ast, $cursor)
    $line = ''
    foreach ($element in $ast.CommandElements) {
        if ($element.Extent.EndOffset -ge $cursor -and $word -ne '') { break }
        if ($element.Extent.StartOffset -ge $cursor) { break }
        $text = $element.Extent.Text
        if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $text = $element.Value }
        $line += "'" + $text.Replace("'", "'\''") + "' "
    }
    $line += "'" + $word.Trim([char[]] "'`"").Replace("'", "'\''") + "'"
    $arguments = @($call | Select-Object -Skip 1)
    $before = [Console]::OutputEncoding
    try {
        $env:_OPTIGA_COMPLETE = 'powershell'
        $env:_OPTIGA_LINE = $line
        [Console]::OutputEncoding = [System.Text.UTF8Encoding]::new($false)
        $answers = @(& $call[0] @arguments 2>$null)
    } finally {
        [Console]::OutputEncoding = $before
        Remove-Item Env:_OPTIGA_COMPLETE, Env:_OPTIGA_LINE -ErrorAction SilentlyContinue
    }
    foreach ($answer in $answers) {
        $kind, $text, $meaning = $answer.Split([char] 9, 3)
        if ($kind -eq 'word' -or $kind -eq 'part') {
            $shown = $text
            if ($text -match "[\s'`"`$;|&(){}]") { $text = "'" + $text.Replace("'", "''") + "'" }
            if (-not $meaning) { $meaning = $shown }
            [System.Management.Automation.CompletionResult]::new($text, $shown, 'ParameterValue', $meaning)
        } elseif ($kind -eq 'files' -or $kind -eq 'folders') {
            $name = $word.Substring([Math]::Min($text.Length, $word.Length))
            $all = @([System.Management.Automation.CompletionCompleters]::CompleteFilename($name))
            $ending = '\.(' + $meaning.Replace(' ', '|') + ')$'
            $fits = @($all | Where-Object { $meaning -and $_.ListItemText -match $ending })
            foreach ($found in $all) {
                $isFolder = $found.ResultType -eq 'ProviderContainer'
                if ($fits.Count -and -not $isFolder -and $found.ListItemText -notmatch $ending) { continue }
                if ($kind -eq 'folders' -and -not $isFolder) { continue }
                [System.Management.Automation.CompletionResult]::new(
                    $text + $found.CompletionText, $found.ListItemText, $found.ResultType, $found.ToolTip)
            }
        }
    }
}
"""
_POWERSHELL_COMMAND = r"""
Register-ArgumentCompleter -Native -CommandName optiga, optiga.exe -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    & $script:OptigaAnswer @($commandAst.CommandElements[0].Extent.Text) $wordToComplete $commandAst $cursorPosition
}
"""
_POWERSHELL_SCRIPT = r"""
Register-ArgumentCompleter -Native -CommandName @interpreters@ -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $skip = $false
    foreach ($element in @($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.EndOffset -ge $cursorPosition) { return }
        $text = $element.Extent.Text.Trim([char[]] "'`"")
        if ($skip) { $skip = $false; continue }
        if ($text -cmatch '^-[mc]') { return }
        if ($text -ceq '-W' -or $text -ceq '-X') { $skip = $true; continue }
        if ($text.StartsWith('-')) { continue }
        $path = Resolve-Path -LiteralPath $text -ErrorAction SilentlyContinue
        if (-not $path -or $path.ProviderPath -ne @script@) { return }
        $call = @($commandAst.CommandElements[0].Extent.Text, $text)
        & $script:OptigaAnswer $call $wordToComplete $commandAst $cursorPosition
        return
    }
}
"""


def _with_backslashes(text: str) -> str:
    """A text in single quotes, as fish has it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _with_two_quotes(text: str) -> str:
    """A text in single quotes, as PowerShell has it."""
    return "'" + text.replace("'", "''") + "'"


_SCRIPTS = {
    "bash": (_BASH, _BASH_COMMAND, _BASH_SCRIPT, shlex.quote, " ".join(_INTERPRETERS)),
    "zsh": (_ZSH, _ZSH_COMMAND, _ZSH_SCRIPT.replace("@compdef@", _ZSH_COMPDEF), shlex.quote, " ".join(_INTERPRETERS)),
    "fish": (_FISH, _FISH_COMMAND, _FISH_SCRIPT, _with_backslashes, " ".join(_INTERPRETERS)),
    "powershell": (
        _POWERSHELL,
        _POWERSHELL_COMMAND,
        _POWERSHELL_SCRIPT,
        _with_two_quotes,
        ", ".join(("py", *_INTERPRETERS, *(f"{name}.exe" for name in ("py", *_INTERPRETERS)))),
    ),
}
SHELLS = tuple(_SCRIPTS)


def completion_script(shell: str, script: str | None = None) -> str:
    """The script for a shell.

    :param shell: one of :data:`SHELLS`.
    :param script: the file, with its whole path and no links, that an interpreter is to run for it to be ours; None for
        the command ``optiga``.
    """
    both, command, for_script, quote, interpreters = _SCRIPTS[shell]
    if script is None:
        text = both + command
    else:
        text = both + for_script.replace("@script@", quote(script)).replace("@interpreters@", interpreters)
    return (f"#compdef optiga\n{text}" if shell == "zsh" and script is None else text).strip("\n")
