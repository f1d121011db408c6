import {join} from 'node:path'
import {OmniError} from '@omni-cli/sdk'
import type {InstanceRequest} from '../runtime.ts'
import {baseEnv} from './base-env.ts'
import {isInside, listens} from './spec-check.ts'
import {findUser, type SystemUser} from './users.ts'
import type {CreateParams} from './wire.ts'

/** What the supervisor needs to know about a replica. MANIFEST_INVALID for a spec that `problems` would have refused. */
export function createParams(id: string, request: InstanceRequest): CreateParams {
  const {service, index, release, spec, env, prepared} = request
  if (spec.command === undefined) throw new OmniError('MANIFEST_INVALID', `'${service}' has no command`)
  const folder = spec.working_dir ?? '.'
  if (!isInside(folder)) throw new OmniError('MANIFEST_INVALID', `working_dir '${folder}' leads out of the sources`)
  const user = spec.user === undefined ? undefined : requireUser(spec.user)
  const own = user === undefined ? {} : {HOME: user.home, USER: user.name, LOGNAME: user.name}
  return {
    ...{id, service, index, release, command: spec.command},
    env: {
      ...baseEnv(prepared.location),
      ...own,
      ...env,
      OMNI_SERVICE: service,
      OMNI_RELEASE: release,
      OMNI_REPLICA: `${service}-${index}`,
      OMNI_INSTANCE: id,
    },
    cwd: join(prepared.location, folder),
    listens: listens(spec),
    limits: {memoryBytes: spec.resources?.memory, cpu: spec.resources?.cpu},
    uid: user?.uid,
    gid: user?.gid,
  }
}

function requireUser(name: string): SystemUser {
  const user = findUser(name)
  if (user === undefined) throw new OmniError('MANIFEST_INVALID', `this machine has no user '${name}'`)
  return user
}
