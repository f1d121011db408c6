import {mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {silentLogger} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {credentialsOf} from '../../src/client/kubeconfig/credentials.ts'
import {openExecPlugin} from '../../src/client/kubeconfig/exec-plugin.ts'
import {allowProgram} from '../../src/client/kubeconfig/exec-trust.ts'
import type {ExecPlugin} from '../../src/client/kubeconfig/kubeconfig.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-credentials-'))
})
afterEach(() => rm(home, {recursive: true}))

const NOW = {fresh: false} as const
const cluster = {server: 'https://kube', isInsecure: false}

describe('credentials of a user', () => {
  it.each([
    ['a token', {token: 't0'}, {authorization: 'Bearer t0'}],
    ['a name and a password', {username: 'a', password: 'b:c'}, {authorization: 'Basic YTpiOmM='}],
    ['nothing', {}, {}],
  ])('are %s', async (_, user, headers) => {
    expect(await credentialsOf({...user, headers: {}}, undefined)(NOW)).toMatchObject({headers})
  })

  it('are read from the token file again when the server refuses them', async () => {
    const tokenFile = join(home, 'token')
    await writeFile(tokenFile, 'first\n')
    const credentials = credentialsOf({tokenFile, token: 'old', headers: {}}, undefined)

    expect((await credentials(NOW)).headers.authorization).toBe('Bearer first')
    await writeFile(tokenFile, 'second\n')
    expect((await credentials(NOW)).headers.authorization).toBe('Bearer first')
    expect((await credentials({fresh: true})).headers.authorization).toBe('Bearer second')
  })

  it('name the file that cannot be read', async () => {
    const credentials = credentialsOf({cert: {file: '/nope.crt'}, key: {file: '/nope.key'}, headers: {}}, undefined)

    await expect(credentials(NOW)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining("'/nope.crt' as client-certificate, which is not there"),
    })
  })

  it('of a removed kind are refused at once', () => {
    expect(() => credentialsOf({authProvider: 'gcp', headers: {}}, undefined)).toThrow(/'gcp' is no more a part/)
  })
})

/** A program that prints what a test wants, and counts how often it was run. */
const program = (body: string, extra: Partial<ExecPlugin> = {}): ExecPlugin => ({
  file: '/home/anna/.kube/config',
  apiVersion: 'client.authentication.k8s.io/v1',
  argv: [process.execPath, '-e', `require('fs').appendFileSync('${home}/runs', 'x'); ${body}`],
  env: {},
  wantsCluster: false,
  interactive: 'Never',
  installHint: 'install it with: apt install tool',
  ...extra,
})

const printing = (status: Record<string, unknown>, apiVersion = 'client.authentication.k8s.io/v1'): string =>
  `console.log(JSON.stringify({kind: 'ExecCredential', apiVersion: '${apiVersion}', status: ${JSON.stringify(status)}}))`

const runs = async (): Promise<number> => (await readFile(join(home, 'runs'), 'utf8').catch(() => '')).length

const open = (plugin: ExecPlugin, confirm?: () => Promise<boolean>) =>
  openExecPlugin(plugin, {context: {home, env: process.env, log: silentLogger, confirm}, name: 'lab', cluster})

describe('a program that prints credentials', () => {
  it('is not run before somebody has agreed to it', async () => {
    await expect(open(program(printing({token: 't'})))(NOW)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      hint: 'omni cluster connect --kubeconfig /home/anna/.kube/config --context lab --allow-exec',
    })
    await expect(open(program(printing({token: 't'})), async () => false)(NOW)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    expect(await runs()).toBe(0)
  })

  it('is asked for once, and again when its words change', async () => {
    let questions = 0
    const confirm = async () => {
      questions++
      return true
    }

    await open(program(printing({token: 't'})), confirm)(NOW)
    await open(program(printing({token: 't'})), confirm)(NOW)
    expect(questions).toBe(1)
    await open(program(printing({token: 't'}), {env: {A: 'b'}}), confirm)(NOW)
    expect(questions).toBe(2)
    expect((await stat(join(home, 'state', 'kubeconfig-programs.json'))).mode & 0o777).toBe(0o600)
  })

  it('is shown word by word with its variables, but not with their secrets', async () => {
    const asked: string[] = []
    const plugin = program('', {argv: ['/bin/get', 'a b', 'c\nrun it?'], env: {PATH: '/tmp/x', API_TOKEN: 'hush'}})
    const confirm = async (question: string) => {
      asked.push(question)
      return false
    }
    const credentials = openExecPlugin(plugin, {
      ...{context: {home, env: {}, log: silentLogger, confirm}, name: 'lab', cluster},
    })

    await expect(credentials(NOW)).rejects.toMatchObject({code: 'FORBIDDEN'})

    expect(asked[0]?.split('\n')[1]?.trim()).toBe("PATH=/tmp/x 'API_TOKEN=***' /bin/get 'a b' 'c\\nrun it?'")
  })

  it('is run once until its credentials are over, also by the next command', async () => {
    const expirationTimestamp = new Date(Date.now() + 3_600_000).toISOString()
    const plugin = program(printing({token: 'abc', expirationTimestamp}))
    await allowProgram(home, plugin)
    const credentials = open(plugin)

    const answers = await Promise.all([credentials(NOW), credentials(NOW)])
    expect(answers.map(({headers}) => headers.authorization)).toEqual(['Bearer abc', 'Bearer abc'])
    await open(plugin)(NOW)
    expect(await runs()).toBe(1)
    await credentials({fresh: true})
    expect(await runs()).toBe(2)
  })

  it('is run again by the next command when it does not say until when', async () => {
    const plugin = program(printing({token: 'abc'}))
    await allowProgram(home, plugin)

    await open(plugin)(NOW)
    await open(plugin)(NOW)

    expect(await runs()).toBe(2)
  })

  it('may print a certificate with its key', async () => {
    const plugin = program(printing({clientCertificateData: 'CERT', clientKeyData: 'KEY'}))
    await allowProgram(home, plugin)

    expect(await open(plugin)(NOW)).toEqual({headers: {}, cert: 'CERT', key: 'KEY'})
  })

  it('is told of the cluster when it wants to know', async () => {
    const echo = `const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO); ${printing({}).replace('{}', '{token: info.spec.cluster.server + process.env.REGION}')}`
    const plugin = program(echo, {wantsCluster: true, env: {REGION: 'eu'}})
    await allowProgram(home, plugin)

    expect((await open(plugin)(NOW)).headers.authorization).toBe('Bearer https://kubeeu')
  })
})

describe('a program that fails', () => {
  it.each([
    ['no JSON', "console.log('token=secret')", 'its output is no JSON'],
    ['another version', printing({token: 't'}, 'client.authentication.k8s.io/v1beta1'), 'the version is not'],
    ['no credential', printing({}), 'neither a token nor'],
    ['a failure', 'process.exit(3)', 'it ended with status 3'],
    ['what is over', printing({token: 't', expirationTimestamp: '2001-01-01T00:00:00Z'}), 'over already'],
  ])('that prints %s is told apart, without its output', async (_, body, message) => {
    const plugin = program(body)
    await allowProgram(home, plugin)

    const error = await open(plugin)(NOW).catch((caught: unknown) => caught)

    expect(error).toMatchObject({code: 'UNAUTHORIZED', message: expect.stringContaining(message)})
    expect(String(error)).not.toContain('secret')
  })

  it('that is interrupted, or prints without an end, is waited for no longer, whatever it has started', async () => {
    const shell = (script: string) => program('', {argv: ['/bin/sh', '-c', script]})
    const [silent, noisy] = [
      shell('trap "" TERM; sleep 4; sleep 4; true'),
      shell('exec 2>/dev/null; cat /dev/zero; true'),
    ]
    await allowProgram(home, silent)
    await allowProgram(home, noisy)

    await expect(open(silent)({fresh: false, signal: AbortSignal.timeout(50)})).rejects.toMatchObject({code: 'ABORTED'})
    await expect(open(noisy)(NOW)).rejects.toThrow(/more than 1 MiB/)
  }, 3_000)

  it('that is not installed tells how to install it', async () => {
    const plugin = program('', {argv: ['/nowhere/get-token']})
    await allowProgram(home, plugin)

    await expect(open(plugin)(NOW)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: 'install it with: apt install tool',
    })
  })
})
