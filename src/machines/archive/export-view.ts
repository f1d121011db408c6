import {relative} from 'node:path'
import {formatBytes} from '@omni-cli/sdk'
import {itemView, type TextLine, type View} from '@omni-cli/sdk/cli'
import type {ExportedMachine} from './export.ts'

/** A line a machine. */
export const exportView = (exported: readonly ExportedMachine[]): View<readonly ExportedMachine[]> =>
  itemView({
    data: exported,
    ref: exported.map(({instance}) => `instance/${instance}`),
    text: () =>
      exported.map(
        ({instance, file, bytes, sha256}): TextLine => [
          ['✔ ', 'good'],
          `${instance}  ${relative(process.cwd(), file)}  ${formatBytes(bytes)}`,
          [`  sha256:${sha256.slice(0, 12)}`, 'dim'],
        ],
      ),
  })
