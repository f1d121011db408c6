import {readFile, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {ensurePrivateDir, writeFileAtomic} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import type {ApplyResult, Plan} from '@omni-cli/sdk/engine'

/**
 * Machines that an apply of this user began to make and has not seen ready: it failed, was interrupted or killed. A hint for the
 * next apply, which then waits for them. Never more: what exists is always asked of the driver.
 */
export async function readUnready(session: Session): Promise<ReadonlySet<string>> {
  const text = await readFile(fileOf(session), 'utf8').catch(() => '')
  return new Set(text.split('\n').filter((line) => line !== ''))
}

/** Notes the machines that the plan will make ready, until `settle` is told how it ended. */
export async function trackUnready(
  session: Session,
  {operations}: Pick<Plan, 'operations'>,
): Promise<{settle(result: Pick<ApplyResult, 'done'>): Promise<void>}> {
  const isMade = (action: string) => action !== 'keep' && action !== 'remove'
  const made = operations.filter(({ref, action}) => ref.startsWith('instance/') && isMade(action)).map(({ref}) => ref)
  const before = await readUnready(session)
  const all = new Set([...before, ...made])
  if (made.length > 0) await write(session, all)
  return {
    async settle({done}) {
      for (const {ref} of done) all.delete(ref)
      if (made.length > 0 || all.size < before.size) await write(session, all)
    },
  }
}

const fileOf = ({home, context}: Session) => join(home, 'state', `unready-${encodeURIComponent(context.name)}`)

async function write(session: Session, refs: ReadonlySet<string>): Promise<void> {
  const file = fileOf(session)
  if (refs.size === 0) return rm(file, {force: true})
  await ensurePrivateDir(dirname(file))
  await writeFileAtomic(file, `${[...refs].join('\n')}\n`)
}
