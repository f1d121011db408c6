import {formatBytes} from '@omni-cli/sdk'
import {type ItemView, itemView} from '@omni-cli/sdk/cli'
import type {CopyOutcome} from './copy.ts'

/** Exit status when something could not be copied, as of every act that is done in part. */
const PARTLY = 9

/** `12 files, 3.4Mi`, and the paths that were left out. */
export const copyView = (outcome: CopyOutcome): ItemView<CopyOutcome> =>
  itemView({
    data: outcome,
    exitCode: outcome.skipped.length === 0 ? 0 : PARTLY,
    text: ({files, links, bytes, target, skipped}) => [
      [
        skipped.length === 0 ? ['✔ ', 'good'] : ['! ', 'warn'],
        [many(files, 'file'), ...(links === 0 ? [] : [many(links, 'symlink')]), formatBytes(bytes)].join(', '),
        [`  → ${target}`, 'dim'],
      ],
      ...skipped.map((path) => `  left out, it is no regular file: ${path}`),
    ],
  })

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
