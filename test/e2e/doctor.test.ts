import {chmod, mkdir, stat, writeFile} from 'node:fs/promises'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {createHome, omni, removeHome, run} from './harness.ts'

let home: string
beforeEach(async () => {
  home = await createHome()
})
afterEach(() => removeHome(home))

const ome = (...path: string[]) => join(home, '.ome', ...path)

async function examine(
  ...flags: string[]
): Promise<{code: number; findings: Record<string, {status: string; fix?: string}>}> {
  const {code, stdout} = await omni(['doctor', '-o', 'json', ...flags], {home})
  const {findings}: {findings: {subject: string; status: string}[]} = JSON.parse(stdout)
  return {code, findings: Object.fromEntries(findings.map((finding) => [finding.subject, finding]))}
}

it('finds nothing in a fresh home, and starts no engine', async () => {
  const {code, findings} = await examine()

  expect(code).toBe(0)
  expect(Object.values(findings).map(({status}) => status)).not.toContain('error')
  expect(findings['provider orca']).toMatchObject({status: 'ok'})
  await expect(stat(ome('run', 'server.sock'))).rejects.toMatchObject({code: 'ENOENT'})
})

it('repairs what can lose nothing: an open home and a dead socket', async () => {
  await chmod(ome(), 0o755)
  await mkdir(ome('run'))
  await leaveSocket(ome('run', 'server.sock'))
  expect(await examine()).toMatchObject({code: 9, findings: {home: {status: 'error'}, leftovers: {status: 'warning'}}})

  expect(await examine('--fix')).toMatchObject({
    code: 0,
    findings: {home: {status: 'fixed'}, leftovers: {status: 'fixed'}},
  })

  expect((await stat(ome())).mode & 0o777).toBe(0o700)
  await expect(stat(ome('run', 'server.sock'))).rejects.toMatchObject({code: 'ENOENT'})
})

it('leaves a socket that somebody listens on', async () => {
  await mkdir(ome('run'))
  const server = createServer().listen(ome('run', 'server.sock'))
  try {
    await examine('--fix')

    expect((await stat(ome('run', 'server.sock'))).isSocket()).toBe(true)
  } finally {
    server.close()
  }
})

it('tells the line of a broken configuration, and looks at the rest all the same', async () => {
  await writeFile(ome('config.yaml'), 'contexts:\n  - nam: x\n')

  const {code, findings} = await examine()

  expect(code).toBe(9)
  expect(findings.configuration).toMatchObject({status: 'error', fix: 'omni config edit'})
  expect(JSON.stringify(findings.configuration)).toContain('config.yaml:2:')
  expect(findings.node).toMatchObject({status: 'ok'})
})

/** A socket file whose owner was killed. */
async function leaveSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  await run([process.execPath, '-e', script, path], {home})
}
