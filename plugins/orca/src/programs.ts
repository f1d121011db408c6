import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, join} from 'node:path'

/** Background programs of this plugin. They always run from the built files, also when the caller runs from sources. */
export type Program = 'server' | 'edge' | 'supervisor'

const MODULES: Readonly<Record<Program, string>> = {
  server: 'dist/server/main.js',
  edge: 'dist/edge/main.js',
  supervisor: 'dist/runtimes/process/supervisor/main.js',
}

/** Absolute file of a background program, to be started with `process.execPath`. */
export const programPath = (program: Program): string => join(packageFolder(), MODULES[program])

/** Folder of this plugin, wherever it is installed; works from `src`, from `dist` and from a bundle. */
export const packageFolder = (): string =>
  dirname(createRequire(import.meta.url).resolve('@omni-cli/plugin-orca/package.json'))

/** Version of this plugin as it is on the disk; a program that was started before an upgrade is of another one. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8'))
  const version: unknown =
    typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'version') : undefined
  return typeof version === 'string' ? version : '0.0.0'
}
