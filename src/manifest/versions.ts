import type {Interfaces} from '@oclif/core'
import {readIndex} from '../start/index-file.ts'

export interface Versions {
  readonly omni: string
  readonly node: string
  readonly platform: string
  readonly plugins: readonly {readonly name: string; readonly version: string; readonly type: string}[]
}

/** Versions of everything that runs: omni, Node, the plugins of the bundle and those that were added. */
export function versionsOf(config: Interfaces.Config): Versions {
  const bundled = readIndex(config.root).plugins.map((plugin) => ({...plugin, type: 'core'}))
  const loaded = config
    .getPluginsList()
    .filter(({isRoot}) => !isRoot)
    .map(({name, version, type}) => ({name, version, type}))
  return {
    omni: config.version,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    plugins: [...bundled, ...loaded],
  }
}
