import type {ModelRuntime, RuntimeTest} from '@omni-cli/sdk'
import {itemView, type TextLine, type View} from '@omni-cli/sdk/cli'
import {runtimeKind} from '../resources/runtime.ts'

type Manifest = Readonly<Record<string, unknown>>

export const madeView = (runtime: ModelRuntime): View<ModelRuntime> =>
  itemView({
    data: runtime,
    ref: `runtime/${runtime.name}`,
    text: (made) => [[['✔ ', 'good'], `runtime ${made.name} created`], ...runtimeKind.lines(made)],
  })

/** What would be created: with `-o yaml` a file for `omni apply`. */
export const manifestView = (manifest: Manifest, name: string): View<Manifest> =>
  itemView({
    data: manifest,
    ref: `runtime/${name}`,
    text: () => [`runtime ${name} would be created; --output yaml shows it`],
  })

const nameWidth = (checks: RuntimeTest['checks']): number => Math.max(...checks.map(({name}) => name.length))

const TONE = {ok: 'good', warning: 'warn', failed: 'bad'} as const
const MARK = {ok: '✔', warning: '!', failed: '✘'} as const

/** Exit status 9 when a check failed. */
export const testView = (test: RuntimeTest): View<RuntimeTest> =>
  itemView({
    data: test,
    ref: `runtime/${test.name}`,
    exitCode: test.checks.some(({status}) => status === 'failed') ? 9 : undefined,
    text: ({checks}) =>
      checks.flatMap(({name, status, message, hint}): TextLine[] => [
        [
          [`${MARK[status]} `, TONE[status]],
          `${name.padEnd(nameWidth(checks))}  `,
          [message, status === 'ok' ? 'dim' : 'plain'],
        ],
        ...(hint === undefined ? [] : [[[`    ${hint}`, 'dim']] satisfies TextLine]),
      ]),
  })
