import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Config, flush, Help, handle, type Interfaces, settings} from '@oclif/core'
import {OmniError} from '@omni-cli/sdk'
import {provideHost} from '@omni-cli/sdk/cli'
import {readIndex} from './index-file.ts'
import {resolve} from './resolve.ts'

/** Runs the command that `argv` means. */
export async function dispatch(argv: readonly string[], root: string): Promise<void> {
  settings.enableAutoTranspile = false
  const index = readIndex(root)
  const found = resolve(argv, {
    has: (id) => Object.hasOwn(index.commands, id),
    alias: (id) => (Object.hasOwn(index.aliases, id) ? index.aliases[id] : undefined),
    isTopic: (id) => Object.hasOwn(index.topics, id),
  })
  try {
    provideHost({
      contributions: index.contributions.map((entry) => ({...entry, module: join(root, 'dist', entry.module)})),
    })
    if (found.type === 'unknown') throw new OmniError('USAGE', `unknown command '${found.words.join(' ')}'`)
    const config = await Config.load({root, pjson: readPackage(root)})
    if (found.type === 'help') await new Help(config).showHelp(found.id === undefined ? [] : [found.id])
    else await config.runCommand(found.id, [...found.args])
    await flush()
  } catch (error) {
    await handle(error instanceof Error ? error : new Error(String(error)))
  }
}

function readPackage(root: string): Interfaces.PJSON {
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return {...pjson, oclif: {...pjson.oclif, plugins: ['@oclif/plugin-autocomplete']}}
}
