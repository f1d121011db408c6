export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const
export type Shell = (typeof SHELLS)[number]

/** How the script gets into the shell for good. */
export const INSTALLATION: Readonly<Record<Shell, string>> = {
  bash: 'source <(omni completion bash)   # in ~/.bashrc',
  zsh: 'source <(omni completion zsh)   # in ~/.zshrc, after compinit',
  fish: 'omni completion fish | source   # in ~/.config/fish/config.fish',
  powershell: 'omni completion powershell | Out-String | Invoke-Expression   # in $PROFILE',
}

/**
 * Script for a shell. Each asks `omni __complete WORDS…` at every TAB and gets `value<TAB>note` lines, or `:files`;
 * no list of commands is in the script, so it never is out of date.
 */
export const completionScript = (shell: Shell): string => SCRIPTS[shell]

// A word with ":" or "=" is one word for omni and several for readline: what stands before its last piece is cut off.
const bash = `# omni completion for bash
__omni_complete() {
  local cur words cword line value
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n "=:" cur words cword
  else
    cur="\${COMP_WORDS[COMP_CWORD]}" words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    value="\${line%%$'\\t'*}"
    [[ -n $value ]] && COMPREPLY+=("$(printf '%q' "$value")")
  done < <("\${words[0]}" __complete "\${words[@]:1:cword}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -F __omni_complete omni ome
`

const zsh = `#compdef omni ome
# omni completion for zsh
__omni_complete() {
  local line value
  local -a candidates
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      _files
      return
    fi
    value="\${line%%$'\\t'*}"
    candidates+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe -V omni candidates
}
if [[ "\${funcstack[1]}" == "_omni" ]]; then
  __omni_complete "$@"
else
  compdef __omni_complete omni ome
fi
`

const fish = `# omni completion for fish
function __omni_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] __complete $words[2..-1] 2>/dev/null)
    if test "$found" = ":files"
        __fish_complete_path (commandline -ct)
    else if test (count $found) -gt 0
        printf '%s\\n' $found
    end
end
complete -c omni -f -k -a '(__omni_complete)'
complete -c ome -f -k -a '(__omni_complete)'
`

const powershell = `# omni completion for PowerShell
Register-ArgumentCompleter -Native -CommandName omni, ome -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -le $cursorPosition } | ForEach-Object { $_.ToString() })
  $program = $words[0]
  $rest = @($words | Select-Object -Skip 1)
  if ($wordToComplete -eq '') { $rest += '' }
  & $program __complete @rest 2>$null | ForEach-Object {
    if ($_ -eq ':files') { return }
    $value, $note = $_ -split "\`t", 2
    if (-not $note) { $note = $value }
    [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $note)
  }
}
`

const SCRIPTS: Readonly<Record<Shell, string>> = {bash, zsh, fish, powershell}
