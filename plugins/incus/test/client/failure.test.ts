import {describe, expect, it} from 'vitest'
import {failureOf} from '../../src/client/failure.ts'

const TEXTS: readonly [text: string, status: number | undefined, code: string][] = [
  ['not authorized', 403, 'UNAUTHORIZED'],
  ['Certificate is restricted', 403, 'UNAUTHORIZED'],
  ['User does not have permissions for project "default"', 500, 'UNAUTHORIZED'],
  ['Client is already trusted', 400, 'CONFLICT'],
  ["ETag doesn't match: b118 vs nope", 412, 'CONFLICT'],
  ['The profile already exists', 500, 'CONFLICT'],
  ['Network "omnibr0" already exists', 400, 'CONFLICT'],
  ['Add instance info to the database: UNIQUE constraint failed: instances.project_id', undefined, 'CONFLICT'],
  ['Instance is busy running a "create" operation', undefined, 'CONFLICT'],
  ['Profile is currently in use', 500, 'CONFLICT'],
  ['Failed start validation for device "eth0": Instance DNS name "web" already used on network', undefined, 'CONFLICT'],
  ['The network is currently in use', 400, 'CONFLICT'],
  ['The "default" profile cannot be deleted', 403, 'CONFLICT'],
  ['Only empty projects can be removed.', 500, 'CONFLICT'],
  ['Renaming of running instance not allowed', 500, 'CONFLICT'],
  ['Instance is protected', undefined, 'CONFLICT'],
  ['The instance is already running', undefined, 'CONFLICT'],
  ['The instance is already stopped', 400, 'CONFLICT'],
  ['Instance is running', 400, 'CONFLICT'],
  ['Instance is not running', 400, 'CONFLICT'],
  ['Instance must be stopped to be rebuilt', 400, 'CONFLICT'],
  ['Failed to automatically find an unused IPv4 subnet, manual configuration required', 500, 'CONFLICT'],
  ['Reached maximum number of instances in project "p"', 500, 'CONFLICT'],
  ['Instance "a" in project "p" has no "limits.cpu" config, either directly or via a profile', 500, 'MANIFEST_INVALID'],
  ['Requested profile "nope" doesn\'t exist', 500, 'NOT_FOUND'],
  ['Failed to fetch instance "nope" in project "p": Instance not found', 404, 'NOT_FOUND'],
  ['Image not provided for instance creation', undefined, 'NOT_FOUND'],
  ["The requested image couldn't be found", undefined, 'NOT_FOUND'],
  ['Snapshot web/nope does not exist', undefined, 'NOT_FOUND'],
  ['Failed getting instance pool: Instance storage pool not found', undefined, 'CONFLICT'],
  ['Failed loading storage pool: Storage pool not found', undefined, 'NOT_FOUND'],
  ['Requested image\'s type "container" doesn\'t match instance type "virtual-machine"', undefined, 'MANIFEST_INVALID'],
  ['Failed creating instance record: Invalid value: 1G', undefined, 'MANIFEST_INVALID'],
  ['Failed creating instance record: Invalid CPU limit syntax', undefined, 'MANIFEST_INVALID'],
  ['Unknown configuration key: nope.nope', undefined, 'MANIFEST_INVALID'],
  ['json: cannot unmarshal number into Go struct field', 400, 'MANIFEST_INVALID'],
  ['Invalid device type "nope"', undefined, 'MANIFEST_INVALID'],
  ['Failed add validation for device "x": Missing source path "/nope"', undefined, 'MANIFEST_INVALID'],
  ['Failed getting root disk: No root device could be found', undefined, 'MANIFEST_INVALID'],
  ['yaml: line 1: did not find expected node content', undefined, 'MANIFEST_INVALID'],
  ['Invalid instance name: Name can only contain alphanumeric and hyphen characters', 400, 'MANIFEST_INVALID'],
  ["Unknown action: 'dance'", 400, 'USAGE'],
  ['Server is not clustered', 500, 'UNSUPPORTED'],
  ['Target only allowed when clustered', 400, 'UNSUPPORTED'],
  ["Required tool 'dnsmasq' is missing", 500, 'UNSUPPORTED'],
  ['Instance type "virtual-machine" is not supported on this server: vhost_vsock', 500, 'UNSUPPORTED'],
  ["VM agent isn't currently running", 500, 'UNAVAILABLE'],
  [
    'Failed parsing stream: Get "https://x": dial tcp 127.0.0.1:1: connect: connection refused',
    undefined,
    'UNAVAILABLE',
  ],
  ['Failed shutting down instance, status is "Running": context deadline exceeded', undefined, 'TIMEOUT'],
  ['Failed to run: write /x: no space left on device', undefined, 'IO'],
  ['Failed to retrieve PID of executing child process', undefined, 'UNAVAILABLE'],
  ['', 404, 'NOT_FOUND'],
  ['', 500, 'UNAVAILABLE'],
]

describe('what Incus says becomes an error by its text', () => {
  it.each(TEXTS)('%s (%s) → %s', (text, status, code) => {
    expect(failureOf({text, status}).code).toBe(code)
  })

  it('says which may be tried again', () => {
    expect(failureOf({text: 'Instance is busy running a "create" operation'}).retryable).toBe(true)
    expect(failureOf({text: 'Instance is running', status: 400}).retryable).toBe(false)
  })

  it('is one safe line without secrets', () => {
    const {message} = failureOf({text: 'bad\u001b[31m\nthing token=abcdef123456 \u202e', status: 400})

    expect(message).toBe('bad\\e[31m\\nthing token=*** \\u202e')
  })

  it('is cut when it is very long, and never empty', () => {
    expect(failureOf({text: 'x'.repeat(100_000), status: 500}).message).toHaveLength(2_000)
    expect(failureOf({text: '', status: 500}).message).toBe('the server answered 500')
  })
})
