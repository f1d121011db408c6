import {
  type ApiObject,
  type CallOptions,
  isOmniError,
  type ObjectKind,
  OmniError,
  type RuntimeTest,
} from '@omni-cli/sdk'
import {fieldsAt, isFields} from '../../../fields.ts'
import {checkObject} from '../../objects/problems/check.ts'
import {ServedSchemas} from '../../objects/problems/served-schemas.ts'
import type {DeviceSources} from '../accelerators.ts'
import {ACCELERATOR_CLASS, getTwin, listServed, listTwins} from '../kinds.ts'
import {RUNTIME_TWIN} from '../runtimes.ts'
import {listScope} from '../scope.ts'
import type {RuntimeCheck} from './rule.ts'
import {runtimeChecks} from './rules.ts'

/** Everything that can be told of a runtime before a model depends on it. Changes nothing. */
export async function testRuntime(
  sources: DeviceSources,
  home: string,
  name: string,
  call: CallOptions = {},
): Promise<RuntimeTest> {
  const {client} = sources
  const found = await getTwin(client, RUNTIME_TWIN, name, call)
  if (found === undefined)
    throw new OmniError('NOT_FOUND', `there is no runtime '${name}'`, {hint: 'omni get runtimes'})
  const {kind, object: runtime} = found
  const [others, classes, nodes, schema, taken] = await Promise.all([
    listTwins(client, RUNTIME_TWIN, listScope(client, call)),
    listServed(client, ACCELERATOR_CLASS, {...call, whole: true}),
    nodesOf(sources, call),
    schemaCheck(sources, home, {kind, runtime}, call),
    dryRun(sources, {kind, runtime}, call),
  ])
  const rules = runtimeChecks({runtime, others, nodes, classes: classes?.map(({metadata}) => metadata.name)})
  return {name, checks: [schema, ...rules, taken]}
}

interface Subject {
  readonly kind: ObjectKind
  readonly runtime: ApiObject
}

async function nodesOf(sources: DeviceSources, call: CallOptions) {
  try {
    return (await sources.capacity(call)).nodes
  } catch (error) {
    if (isOmniError(error) && error.code === 'FORBIDDEN') return undefined
    throw error
  }
}

async function schemaCheck(
  {client}: DeviceSources,
  home: string,
  {kind, runtime}: Subject,
  call: CallOptions,
): Promise<RuntimeCheck> {
  const schemas = await new ServedSchemas({client, home}, call).find(kind)
  if (schemas === undefined) return {name: 'schema', status: 'warning', message: 'this user may not read the schema'}
  const problems = checkObject(schemas, runtime).map(({path, message}) => `${path.join('.')}: ${message}`)
  return problems.length === 0
    ? {name: 'schema', status: 'ok', message: 'all fields are known'}
    : {name: 'schema', status: 'failed', message: problems.join('; ')}
}

/** The server's own answer, with those of its webhooks. */
async function dryRun({client}: DeviceSources, {kind, runtime}: Subject, call: CallOptions): Promise<RuntimeCheck> {
  const {name, namespace, labels, annotations} = runtime.metadata
  const metadata = {
    name,
    ...(namespace === undefined ? {} : {namespace}),
    ...(isFields(labels) ? {labels} : {}),
    ...(isFields(annotations) ? {annotations} : {}),
  }
  const object: ApiObject = {
    apiVersion: `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata,
    spec: fieldsAt(runtime, 'spec'),
  }
  const warnings: string[] = []
  try {
    await client.apply(kind, object, {...call, dryRun: true, force: true, onWarning: (text) => warnings.push(text)})
  } catch (error) {
    if (!isOmniError(error)) throw error
    if (error.code === 'FORBIDDEN') return {name: 'server', status: 'warning', message: `not asked: ${error.message}`}
    if (!['INVALID', 'CONFLICT', 'UNSUPPORTED'].includes(error.code)) throw error
    return {name: 'server', status: 'failed', message: error.message}
  }
  return warnings.length > 0
    ? {name: 'server', status: 'warning', message: warnings.join('; ')}
    : {name: 'server', status: 'ok', message: 'the API server would take it'}
}
