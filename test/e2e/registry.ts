import {type ChildProcess, spawn} from 'node:child_process'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {poll} from '@omni-cli/sdk'

/** A real npm registry on loopback that knows nothing but what is published to it. */
export interface TestRegistry extends AsyncDisposable {
  readonly url: string
}

const CONFIG = (storage: string) => `storage: ${storage}
auth: {htpasswd: {file: ${storage}/htpasswd}}
packages: {'**': {access: $all, publish: $all, unpublish: $all}}
log: {type: stdout, level: error}
`

export async function startRegistry(): Promise<TestRegistry> {
  const storage = await mkdtemp(join(tmpdir(), 'omni-registry-'))
  const config = join(storage, 'config.yaml')
  await writeFile(config, CONFIG(storage))
  const url = `http://127.0.0.1:${await freePort()}/`
  const program = fileURLToPath(new URL('../../node_modules/verdaccio/bin/verdaccio', import.meta.url))
  const child = spawn(process.execPath, [program, '--config', config, '--listen', url], {stdio: 'ignore', cwd: storage})
  const dispose = async () => {
    await ended(child)
    await rm(storage, {recursive: true, force: true})
  }
  try {
    await poll({everyMs: 100, timeoutMs: 30_000}, () =>
      fetch(`${url}-/ping`).then(
        ({ok}) => ok,
        () => false,
      ),
    )
  } catch (error) {
    await dispose()
    throw error
  }
  return {url, [Symbol.asyncDispose]: dispose}
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(address)))
    })
  })
}
