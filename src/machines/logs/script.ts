/** First line of the output: what the lines below are. */
export const SOURCES = {journal: 'omni:journal', file: 'omni:file', none: 'omni:none'} as const

/**
 * Finds what keeps the log of a machine and gives it out: the journal, else the file of the system log.
 * Arguments: how many lines (empty: all), seconds since 1970 (empty: all), 1 to go on with new lines.
 */
const SCRIPT = `lines=$1 since=$2 follow=$3
if command -v journalctl >/dev/null 2>&1 && journalctl --quiet --no-pager --lines 1 --output cat >/dev/null 2>&1; then
  echo ${SOURCES.journal}
  set -- --no-pager --quiet --output json --lines "\${lines:-all}"
  if [ -n "$since" ]; then set -- "$@" --since "@$since"; fi
  if [ "$follow" = 1 ]; then set -- "$@" --follow; fi
  exec journalctl "$@"
fi
for file in /var/log/syslog /var/log/messages; do
  if [ -r "$file" ]; then
    echo ${SOURCES.file}
    if [ "$follow" = 1 ]; then exec tail -n "\${lines:-+1}" -F "$file"; fi
    exec tail -n "\${lines:-+1}" "$file"
  fi
done
echo ${SOURCES.none}`

export interface ScriptOptions {
  readonly tail?: number | undefined
  /** RFC 3339. */
  readonly since?: string | undefined
  readonly follow?: boolean | undefined
}

export const logArgv = ({tail, since, follow}: ScriptOptions): readonly string[] => [
  ...['sh', '-c', SCRIPT, 'omni-logs'],
  tail === undefined ? '' : String(tail),
  since === undefined ? '' : String(Math.floor(Date.parse(since) / 1000)),
  follow === true ? '1' : '',
]
