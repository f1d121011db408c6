/** One line of the root help: a command, or a topic that stands for its commands. */
export interface HelpRow {
  readonly name: string
  readonly summary: string
}

/** Order and headings of the root help. What is named nowhere comes under the last heading. */
const GROUPS: readonly (readonly [title: string, names: readonly string[]])[] = [
  ['Start here', ['init', 'up', 'status', 'doctor']],
  [
    'Applications',
    [
      'deploy',
      'scale',
      'logs',
      'exec',
      'events',
      'releases',
      'rollback',
      'promote',
      'canary',
      'start',
      'stop',
      'restart',
      'port-forward',
      'debug',
    ],
  ],
  ['Machines', ['destroy', 'shell', 'cp', 'snapshot', 'export', 'switch']],
  ['Models', ['search', 'runtime', 'fit', 'create', 'test', 'update', 'autoscale', 'accelerators']],
  ['Clusters', ['cluster']],
  ['Images and imports', ['build', 'push', 'import']],
  ['Server', ['server', 'node', 'secrets', 'token', 'webhooks', 'conformance', 'service']],
  ['Everything', ['get', 'describe', 'delete', 'apply', 'diff', 'validate', 'explain', 'health']],
  [
    'Settings',
    ['config', 'context', 'provider', 'plugin', 'alias', 'completion', 'autocomplete', 'version', 'commands'],
  ],
]

export interface RootHelp {
  readonly version: string
  readonly rows: readonly HelpRow[]
  readonly aliases: readonly string[]
  readonly columns: number
  readonly bold: (text: string) => string
}

/** Text of `omni --help`: one line for each command and topic, in groups. */
export function rootHelp({version, rows, aliases, columns, bold}: RootHelp): string {
  const known = new Set(GROUPS.flatMap(([, names]) => names))
  const others = rows.filter(({name}) => !known.has(name)).map(({name}) => name)
  const width = Math.max(...rows.map(({name}) => name.length))
  const lines = [
    `omni ${version} — one command line for machines, applications and models`,
    '',
    `${bold('Usage:')} omni COMMAND [ARGUMENTS] [FLAGS]`,
  ]
  for (const [title, names] of [...GROUPS, ['Plugins', others] as const]) {
    const listed = names.flatMap((name) => rows.filter((row) => row.name === name))
    if (listed.length === 0) continue
    lines.push('', bold(title), ...listed.map((row) => line(row, width, columns)))
  }
  if (aliases.length > 0) lines.push('', bold('Your aliases'), `  ${aliases.join(', ')}`)
  lines.push('', "'omni COMMAND --help' explains a command; 'omni up' deploys the folder you are in.")
  return `${lines.join('\n')}\n`
}

function line({name, summary}: HelpRow, width: number, columns: number): string {
  const room = Math.max(20, columns - width - 5)
  const text = summary.length > room ? `${summary.slice(0, room - 1)}…` : summary
  return `  ${name.padEnd(width)}  ${text}`.trimEnd()
}
