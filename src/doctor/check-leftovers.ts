import {readdir, rm, stat} from 'node:fs/promises'
import {connect} from 'node:net'
import {join} from 'node:path'
import {type Check, type Finding, fine} from './finding.ts'

/** Younger ones may belong to a command that is at work. */
const OLD_MS = 3_600_000

/** What a killed process leaves behind: sockets nobody listens on, half-written files. */
export const checkLeftovers: Check = async ({home}) => {
  const sockets = await filesIn(join(home, 'run'), /\.sock$/)
  const dead = await Promise.all(sockets.map(async (path) => ((await isDead(path)) ? [path] : [])))
  const halves = await Promise.all(['', 'cache', 'state'].map((folder) => filesIn(join(home, folder), /\.tmp$/)))
  const old = await Promise.all(halves.flat().map(async (path) => ((await isOld(path)) ? [path] : [])))
  const left = [...dead.flat(), ...old.flat()]
  if (left.length === 0) return [fine('leftovers', 'none')]
  return left.map(
    (path): Finding => ({
      subject: 'leftovers',
      status: 'warning',
      message: `'${path}' was left behind by a process that has ended`,
      fix: `rm '${path}'`,
      repair: () => rm(path, {force: true}),
    }),
  )
}

async function filesIn(folder: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => pattern.test(name)).map((name) => join(folder, name))
}

const isOld = async (path: string): Promise<boolean> =>
  Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now()) > OLD_MS

/** Only a refusal proves that nobody listens. */
const isDead = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.setTimeout(1_000, () => socket.destroy())
    socket.on('connect', () => socket.destroy())
    socket.on('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'))
    socket.on('close', () => resolve(false))
  })
