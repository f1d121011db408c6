import {ERROR_CODES} from '@omni-cli/sdk'
import {type ItemView, itemView, type TextLine} from '@omni-cli/sdk/cli'
import type {FailoverResult} from './failover.ts'

/** Exit status 9 when machines of the plan stay behind: they are still down. */
export function failoverView(result: FailoverResult): ItemView<FailoverResult> {
  const {from, to, moved, left, done} = result
  return itemView({
    data: result,
    ref: moved.map((name) => `instance/${name}`),
    exitCode: left.length === 0 && done ? 0 : ERROR_CODES.DEGRADED.exit,
    text: () => [
      ...moved.map((name): TextLine => [['✔ ', 'good'], `${name} runs at ${to}`]),
      ...left.map(({name, reason}): TextLine => [['✖ ', 'bad'], `${name} stays down: it ${reason}`]),
      ...(done
        ? [[['next: ', 'dim'], `omni switch ${to}, as long as ${from} is away`] satisfies TextLine]
        : ['nothing was made']),
    ],
  })
}
