import {parseDuration, type ServiceInput, serviceProblems, serviceSpec} from '@omni-cli/sdk'
import {problemsError} from '@omni-cli/sdk/engine'
import {commandWords} from '../runtimes/process/command.ts'
import {buildOf} from './build.ts'
import {environmentOf} from './environment.ts'
import {healthOf} from './health.ts'
import {noteLeftOut, noteTopLevel} from './left-out.ts'
import type {ComposeProject} from './load.ts'
import {labelOf, labelsOf} from './names.ts'
import {entriesOf, get, type MapNode, pairsOf, textAt, textOf, textsOf} from './node.ts'
import type {Notes} from './notes.ts'
import {hostRules, networkAliases, portsOf} from './ports.ts'
import {resourcesOf} from './resources.ts'
import {sharedVolumes, volumesOf} from './volumes.ts'

export interface ConvertOptions {
  readonly notes: Notes
  /** Services of these profiles are taken, too; `*` = all. */
  readonly profiles: readonly string[]
  /** Folder of the file that is written; `source` is relative to it. */
  readonly target: string
}

export interface Converted {
  readonly project: string
  readonly services: readonly ServiceInput[]
}

/** The services of a project as omni knows them. MANIFEST_INVALID with all places for what cannot be a service. */
export async function convertProject(project: ComposeProject, options: ConvertOptions): Promise<Converted> {
  const {notes} = options
  const name = labelOf(project.name) ?? 'project'
  if (name !== project.name) notes.add(project.root.place, `the project '${project.name}' is called '${name}'`)
  const taken = new Map([...project.services].filter(([service, {node}]) => isTaken(service, node, options)))
  const names = labelsOf([...taken.keys()])
  const shared = sharedVolumes([...taken.values()].map(({node}) => node))
  noteTopLevel(project.root, notes)
  const services: ServiceInput[] = []
  for (const [key, {node, folder}] of taken) {
    services.push(await convertService(key, node, {...options, project, name, names, shared, folder}))
  }
  return {project: name, services}
}

function isTaken(service: string, node: MapNode, {profiles, notes}: ConvertOptions): boolean {
  const own = textsOf(get(node, 'profiles'))
  if (own.length === 0 || profiles.includes('*') || own.some((profile) => profiles.includes(profile))) return true
  notes.add(
    node.place,
    `service '${service}' is left out: it is only in the profile ${own.join(', ')} (--profile ${own[0]})`,
  )
  return false
}

interface Surroundings extends ConvertOptions {
  readonly project: ComposeProject
  /** Of the project, as a label. */
  readonly name: string
  readonly names: ReadonlyMap<string, string>
  readonly shared: ReadonlySet<string>
  /** That paths of this service are relative to. */
  readonly folder: string
}

async function convertService(key: string, node: MapNode, around: Surroundings): Promise<ServiceInput> {
  const {notes, project, folder} = around
  const name = around.names.get(key) ?? key
  if (name !== key)
    notes.add(node.place, `service '${key}' is called '${name}'; on the network it also answers to '${key}'`)
  noteLeftOut(node, notes)
  const ports = portsOf(node, notes)
  const env = await environmentOf(node, {folder, variables: project.variables, project: around.name, notes})
  const labels = labelsOfService(node, notes)
  for (const host of hostRules([...pairsOf(get(node, 'labels')), ...pairsOf(get(node, 'environment'))])) {
    notes.add(node.place, `a proxy serves it as ${host}; with omni: domain = "${host}"`)
  }
  const volumeOptions = {root: project.root, project: project.name, folder, shared: around.shared, notes}
  const wish: ServiceInput = {
    name,
    project: around.name,
    runtime: 'container',
    ...buildOf(node, {folder, target: around.target, notes}),
    ...commandsOf(node),
    working_dir: textAt(node, 'working_dir'),
    user: textAt(node, 'user'),
    replicas: replicasOf(node),
    ...ports,
    ...healthOf(node, ports.port, notes),
    ...(Object.keys(env).length === 0 ? {} : {env}),
    ...(Object.keys(labels).length === 0 ? {} : {labels}),
    resources: resourcesOf(node, notes),
    ...volumesOf(node, volumeOptions),
    network: around.name,
    aliases: aliasesOf(key, node),
    depends_on: dependenciesOf(node, around),
    restart_policy: restartOf(node, notes),
    stop_grace_secs: graceOf(node),
    pull_policy: pullPolicyOf(node, notes),
  }
  return checked(wish, node)
}

function checked(wish: ServiceInput, node: MapNode): ServiceInput {
  const input = serviceSpec.safeParse(wish)
  const wrong = input.success ? serviceProblems(input.data) : input.error.issues
  if (wrong.length === 0) return wish
  const problems = wrong.map(({path, message}) => {
    const field = path.map(String).join('.')
    const place = node.entries.get(String(path[0]))?.place ?? node.place
    return {...place, message: field === '' ? message : `service '${wish.name}': '${field}': ${message}`}
  })
  throw problemsError(problems)
}

/** Words, so that nothing of them is read as a shell would. */
function commandsOf(node: MapNode): Pick<ServiceInput, 'command' | 'entrypoint'> {
  const words = (key: string): string[] | undefined => {
    const given = get(node, key)
    const text = textOf(given)
    const found = text === undefined ? textsOf(given) : commandWords(text, {})
    return found.length === 0 ? undefined : [...found]
  }
  return {command: words('command'), entrypoint: words('entrypoint')}
}

function replicasOf(node: MapNode): number | undefined {
  const text = textAt(get(node, 'deploy'), 'replicas') ?? textAt(node, 'scale')
  return text === undefined || !/^\d{1,4}$/.test(text) ? undefined : Number(text)
}

/** `labelMap` takes keys of up to 63 characters. */
function labelsOfService(node: MapNode, notes: Notes): Record<string, string> {
  const found: Record<string, string> = {}
  for (const {key, value = '', place} of pairsOf(get(node, 'labels'))) {
    if (key.startsWith('traefik.'))
      notes.add(place, `the label '${key}' is left out: the proxy of omni has its own fields`)
    else if (key === '' || key.length > 63)
      notes.add(place, `the label '${key}' is left out: its name has more than 63 characters`)
    else found[key] = value
  }
  return found
}

/** What it answers to on the network: its name in the file first. */
function aliasesOf(key: string, node: MapNode): string[] {
  const names = [key, textAt(node, 'container_name'), textAt(node, 'hostname'), ...networkAliases(node)]
  const known = names.filter((name): name is string => name !== undefined)
  return [...new Set(known)].filter((name) => /^[A-Za-z0-9][\w.-]*$/.test(name))
}

function dependenciesOf(node: MapNode, {names, notes}: Surroundings): string[] | undefined {
  const given = get(node, 'depends_on')
  const keys = given?.kind === 'map' ? [...given.entries.keys()] : textsOf(given)
  for (const [key, {value, place}] of entriesOf(given)) {
    const condition = textAt(value, 'condition')
    if (condition === 'service_completed_successfully') {
      notes.add(place, `omni waits until '${key}' is ready, not until it has ended; a task that ends is no service`)
    }
  }
  const found = keys.flatMap((key) => {
    const name = names.get(key)
    if (name === undefined && given !== undefined)
      notes.add(given.place, `the dependency '${key}' is left out: there is no such service`)
    return name ?? []
  })
  return found.length === 0 ? undefined : found
}

function restartOf(node: MapNode, notes: Notes): string | undefined {
  const policy = get(get(node, 'deploy'), 'restart_policy')
  const condition = textAt(policy, 'condition')
  const attempts = textAt(policy, 'max_attempts')
  const text = condition === undefined ? textAt(node, 'restart') : {none: 'no', any: 'always'}[condition]
  if (condition === 'on-failure') return attempts === undefined ? 'on-failure' : `on-failure:${attempts}`
  if (text === undefined || /^(no|always|unless-stopped|on-failure(:\d+)?)$/.test(text)) return text
  notes.add(get(node, 'restart')?.place ?? node.place, `the restart policy '${text}' is left out: it is not known`)
  return undefined
}

function graceOf(node: MapNode): number | undefined {
  const ms = parseDuration(textAt(node, 'stop_grace_period') ?? '')
  return ms === undefined ? undefined : Math.min(86_400, ms / 1000)
}

function pullPolicyOf(node: MapNode, notes: Notes): ServiceInput['pull_policy'] {
  const text = textAt(node, 'pull_policy')
  if (text === undefined || text === 'build') return undefined
  if (text === 'always' || text === 'never') return text
  if (text === 'missing' || text === 'if_not_present') return 'if-not-present'
  notes.add(get(node, 'pull_policy')?.place ?? node.place, `the pull policy '${text}' is left out: omni has no such`)
  return undefined
}
