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
