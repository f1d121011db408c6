import {homedir} from 'node:os'
import {join, resolve} from 'node:path'

/** Absolute, as they are written down; a `~` that no shell has seen means the home folder. */
export const absolutePaths = (files: readonly string[]): string[] =>
  files.map((file) => resolve(file.startsWith('~/') ? join(homedir(), file.slice(2)) : file))
