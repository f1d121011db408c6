import {type InstanceProvider, isAbort, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {ensureInstalled, type InstallHost, type InstallOutcome} from '../machines/install.ts'
import type {InitAnswers} from './answers.ts'

/**
 * Finds what makes machines, or brings it here: the driver that was named, or with `auto` the first that answers, else the
 * first that can be installed. Undefined when nothing is to be found: no machines wanted, machines on other hosts, or a
 * driver whose plugin is not there. UNSUPPORTED for a named one that cannot be installed here.
 */
export async function prepareMachines(
  session: Session,
  answers: InitAnswers,
  host: InstallHost,
): Promise<InstallOutcome | undefined> {
  const {instances: wanted} = answers
  if (wanted === undefined || wanted === 'none' || answers['ssh-host'] !== undefined) return undefined
  if (wanted !== 'auto') {
    const isThere = session.contributions.some(({kind, id}) => kind === 'instance' && id === wanted)
    return isThere ? installNamed(await session.open('instance', wanted), host) : undefined
  }
  const providers = await candidates(session)
  for (const provider of providers) {
    if (await answersNow(provider, host)) return ensureInstalled(provider, host)
  }
  const remarks: string[] = []
  for (const provider of providers) {
    const outcome = await ensureInstalled(provider, host)
    if (outcome.state !== 'by-hand') return outcome
    remarks.push(`${provider.name}: ${outcome.remarks.join('; ')}`)
  }
  return providers.length === 0 ? undefined : {provider: 'auto', state: 'by-hand', commands: [], remarks}
}

async function installNamed(provider: InstanceProvider, host: InstallHost): Promise<InstallOutcome> {
  const outcome = await ensureInstalled(provider, host)
  if (outcome.state !== 'by-hand') return outcome
  const [message = `'${provider.name}' is not here`, ...ways] = outcome.remarks
  throw new OmniError('UNSUPPORTED', message, {
    hint: [...ways, 'omni init --no-install: only write it down'].filter((line) => line !== '').join('\n'),
  })
}

/** By priority; one that cannot be opened is none. */
async function candidates(session: Session): Promise<InstanceProvider[]> {
  const opened = await session.openAll('instance')
  return opened
    .toSorted((a, b) => b.contribution.priority - a.contribution.priority)
    .flatMap(({provider}) => (provider instanceof Error ? [] : [provider]))
}

const answersNow = (provider: InstanceProvider, {signal}: InstallHost): Promise<boolean> =>
  provider.check({signal}).then(
    ({ok}) => ok,
    (error: unknown) => {
      if (isAbort(error)) throw error
      return false
    },
  )
