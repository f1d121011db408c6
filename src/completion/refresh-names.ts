import {spawn} from 'node:child_process'
import {statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {makePrivateFolder} from '@omni-cli/sdk'

export interface RefreshPlace {
  readonly root: string
  readonly home: string
  readonly context: string
}

/** A second TAB within this time does not start a second process. */
const PATIENCE_MS = 3_000

/** Lets another process look up the names of a kind; this one does not wait. Never throws. */
export function refreshNames(kind: string, {root, home, context}: RefreshPlace): void {
  try {
    if (statSync(home, {throwIfNoEntry: false}) === undefined) return
    const folder = join(home, 'cache', 'names')
    const mark = join(folder, `.${encodeURIComponent(context)}-${encodeURIComponent(kind)}`)
    const marked = statSync(mark, {throwIfNoEntry: false})
    if (marked !== undefined && Math.abs(Date.now() - marked.mtimeMs) < PATIENCE_MS) return
    makePrivateFolder(folder)
    writeFileSync(mark, '', {mode: 0o600})
    const env = {...process.env, OMNI_CONTEXT: context, OMNI_NO_ALIAS: '1'}
    spawn(process.execPath, [join(root, 'bin', 'run.js'), '__names', kind], {
      detached: true,
      stdio: 'ignore',
      env,
    }).unref()
  } catch {
    // The shell is waiting for candidates; there will be another TAB.
  }
}
