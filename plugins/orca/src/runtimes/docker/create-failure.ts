import {type ErrorCode, isOmniError, OmniError} from '@omni-cli/sdk'
import type {InstanceRequest} from '../runtime.ts'
import {isRefusal} from './engine/failure.ts'

interface Reason {
  readonly pattern: RegExp
  readonly code: ErrorCode
  readonly say: (request: InstanceRequest) => string
  readonly hint?: string | undefined
}

/** The Engine tells reasons only in words. The first that fits is taken. */
const REASONS: readonly Reason[] = [
  {
    pattern: /no such image/i,
    code: 'NOT_FOUND',
    say: ({spec}) => `its image ${spec.image === undefined ? '' : `'${spec.image}' `}is not on this machine any more`,
    hint: 'deploy it again: omni deploy',
  },
  {
    pattern: /bind source path does not exist/i,
    code: 'MANIFEST_INVALID',
    say: () => 'a folder of its mounts is missing on this machine',
  },
  {
    pattern: /port is already allocated|address already in use/i,
    code: 'CONFLICT',
    say: () => 'a port that it wants is in use',
    hint: 'ss -ltnp',
  },
  {
    pattern: /minimum memory limit|memory limit too low/i,
    code: 'MANIFEST_INVALID',
    say: () => 'resources.memory is too little',
  },
  {pattern: /range of cpus/i, code: 'MANIFEST_INVALID', say: () => 'resources.cpu is more than this machine has'},
  {
    pattern:
      /executable file not found|no such file or directory.*exec|exec.*no such file or directory|permission denied.*exec|exec.*permission denied|no command specified/is,
    code: 'MANIFEST_INVALID',
    say: () => 'its program cannot be run in the image',
  },
  {
    pattern: /unable to find user|no matching entries in passwd/i,
    code: 'MANIFEST_INVALID',
    say: ({spec}) => `the image has no user '${spec.user}'`,
  },
  {
    pattern: /could not select device driver|error gathering device information/i,
    code: 'UNSUPPORTED',
    say: () => 'this machine has no such accelerator, or Docker has no driver for it',
  },
  {
    pattern: /no space left on device/i,
    code: 'IO',
    say: () => 'the disk of the Docker Engine is full',
    hint: 'docker system df',
  },
]

/** Why a container could not be made: the known reasons in our words, with those of the Engine behind. */
export function createFailure(error: unknown, request: InstanceRequest): unknown {
  if (isOmniError(error) || !isRefusal(error)) return error
  const own = REASONS.find(({pattern}) => pattern.test(error.message))
  const name = `${request.service}-${request.index}`
  if (own === undefined) {
    return new OmniError('DEPLOY_FAILED', `the Docker Engine does not start '${name}': ${error.message}`, {
      cause: error,
    })
  }
  const message = `'${name}' cannot be started: ${own.say(request)} (${error.message})`
  return new OmniError(own.code, message, {hint: own.hint, cause: error})
}
