import {askChoice, askText, type Contribution} from '@omni-cli/sdk/cli'
import {
  contextNameProblem,
  hostProblem,
  type InitAnswers,
  type PartialAnswers,
  urlProblem,
  variableProblem,
} from './answers.ts'

export interface WizardOptions {
  readonly given: PartialAnswers
  readonly contributions: readonly Contribution[]
  readonly signal: AbortSignal
}

/** Asks what was not given. */
export async function askAnswers({given, contributions, signal}: WizardOptions): Promise<InitAnswers> {
  const name =
    given.name ?? (await askText('name of this context', {default: 'default', validate: contextNameProblem, signal}))
  const services = await askServices(given, contributions, signal)
  const instances = given.instances ?? (await askInstances(contributions, signal))
  const hosts = given['ssh-host'] ?? (await askHosts(signal))
  return {...given, ...services, name, instances, 'ssh-host': hosts}
}

async function askServices(
  given: PartialAnswers,
  contributions: readonly Contribution[],
  signal: AbortSignal,
): Promise<PartialAnswers> {
  if (given.services !== undefined || given.url !== undefined || given.cluster !== undefined) return {}
  const where = await askChoice(
    'where shall applications run?',
    [
      {value: 'here', name: 'on this machine', description: 'the embedded engine; nothing else is needed'},
      {value: 'server', name: 'on a server', description: 'an Orca-compatible server that is already there'},
      {value: 'cluster', name: 'on a Kubernetes cluster', description: 'a context of your kubeconfig'},
    ],
    {signal},
  )
  if (where === 'here') {
    const [local] = contributions
      .filter(({kind, requires}) => kind === 'service' && requires === undefined)
      .sort((a, b) => b.priority - a.priority)
    // Left open when no plugin supplies it, so that the context stays true.
    return local === undefined ? {} : {services: local.id}
  }
  if (where === 'cluster') {
    const cluster = await askText('name of the kubeconfig context', {validate: required, signal})
    const namespace = await askText('namespace', {default: 'default', validate: required, signal})
    return {services: 'cluster', cluster, namespace}
  }
  const url = await askText('address of the server', {default: 'http://localhost:6880', validate: urlProblem, signal})
  const token = await askText('environment variable with its token (empty: none)', {
    validate: (text) => (text === '' ? undefined : variableProblem(text)),
    signal,
  })
  return {services: 'orca', url, ...(token === '' ? {} : {'token-env': token})}
}

async function askInstances(contributions: readonly Contribution[], signal: AbortSignal): Promise<string> {
  const installed = contributions.filter(({kind}) => kind === 'instance')
  const known = ['incus', 'multipass'].filter((id) => !installed.some((contribution) => contribution.id === id))
  return askChoice(
    'what makes your machines (virtual machines, containers)?',
    [
      {value: 'none', name: 'nothing: I need no machines'},
      {value: 'auto', name: 'whatever is there', description: 'each command takes the first that answers'},
      ...installed.map(({id, title}) => ({value: id, name: `${id}: ${title}`})),
      ...known.map((id) => ({value: id, name: id, description: `recorded now; its plugin is not installed yet`})),
    ],
    {signal},
  )
}

async function askHosts(signal: AbortSignal): Promise<readonly string[]> {
  const hosts: string[] = []
  for (;;) {
    const host = await askText(
      hosts.length === 0 ? 'SSH host, [user@]host[:port] (empty: none)' : 'another (empty: done)',
      {
        validate: (text) => (text === '' ? undefined : hostProblem(text)),
        signal,
      },
    )
    if (host === '') return hosts
    hosts.push(host)
  }
}

const required = (text: string): string | undefined => (text.trim() === '' ? 'is needed' : undefined)
