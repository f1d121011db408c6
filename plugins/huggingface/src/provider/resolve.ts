import {type CallOptions, OmniError, type ResolvedModel} from '@omni-cli/sdk'
import type {Hub} from '../client/hub.ts'
import {parseRef} from '../client/ref.ts'
import {isUnsafePath} from '../download/plan.ts'
import {sizeText} from '../reading/size-text.ts'
import {modelOf} from './map.ts'
import {type FilesReading, readFiles} from './read-files.ts'
import {openRepository, refuseEmpty} from './repository.ts'

/** A model of the hub at one commit, as the operator will read it. */
export async function resolveModel(hub: Hub, ref: string, {signal}: CallOptions = {}): Promise<ResolvedModel> {
  const {repo, revision} = parseRef(ref)
  const found = await hub.model({repo, revision}, signal)
  const {endpoint} = hub.target
  if (found.disabled === true) throw new OmniError('FORBIDDEN', `the hub has closed '${found.id}'`)
  const commit = found.sha
  if (!commit) throw new OmniError('UNAVAILABLE', `the hub does not tell the commit of '${repo}'`)
  const repository = await openRepository({hub, repo: found.id, commit, signal})
  refuseEmpty(found.id, repository.files)
  const listed = modelOf(found, {endpoint})
  const reading = await readFiles(repository, found)
  const unsafe = repository.files.filter(({path}) => isUnsafePath(path))
  const renamed = found.id.toLowerCase() === repo.toLowerCase() ? [] : [`'${repo}' is called '${found.id}' now`]
  return {
    ...listed,
    ...known(reading),
    ref: revision === undefined ? listed.ref : `${listed.ref}@${revision}`,
    sizeBytes: repository.files.reduce((sum, {size}) => sum + size, 0),
    readable: reading.isReadable,
    warnings: [
      ...renamed,
      ...unsafe.map(({path}) => `the name '${path}' leads out of its folder: the file is never downloaded`),
      ...repository.warnings,
      ...reading.warnings,
    ],
  }
}

/** Only what was found out goes before what the hub tells. */
function known({parameters, ...reading}: FilesReading): Partial<ResolvedModel> {
  const {modelType, architecture, quantization, format, framework, capabilities, maxTokens, configuration} = reading
  const counted = parameters === undefined || parameters === 0 ? {} : {parameters, size: sizeText(parameters)}
  const told = {modelType, architecture, quantization, format, framework, capabilities, maxTokens, configuration}
  return {...Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)), ...counted}
}
