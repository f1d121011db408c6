import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {withLock} from '@omni-cli/sdk/engine'
import {afterEach, beforeEach, expect, test} from 'vitest'

let home: string
const children: ChildProcess[] = []

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'omni-lock-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(home, {recursive: true})
})

const options = (command = 'omni apply', name = 'default') => ({home, name, command})

/** A process that holds the lock until it is killed. */
async function holder(): Promise<ChildProcess> {
  const lock = new URL('../../src/engine/lock.ts', import.meta.url).href
  const script = `import {withLock} from ${JSON.stringify(lock)}
await withLock({home: ${JSON.stringify(home)}, name: 'default', command: 'omni up'}, () => new Promise(() => {
  process.send('held')
  setInterval(() => undefined, 1000)
}))`
  const file = join(home, 'holder.mts')
  writeFileSync(file, script)
  const child = spawn(process.execPath, [file], {stdio: ['ignore', 'inherit', 'inherit', 'ipc']})
  children.push(child)
  await once(child, 'message')
  return child
}

test('the work is done and its value returned; the lock is free afterwards, also after a failure', async () => {
  expect(await withLock(options(), async () => 1)).toBe(1)
  await expect(withLock(options(), () => Promise.reject(new Error('boom')))).rejects.toThrow('boom')
  expect(await withLock(options(), async () => 2)).toBe(2)
  expect(readdirSync(join(home, 'locks')).filter((name) => name.endsWith('.json'))).toEqual([])
})

test('a second one is LOCKED at once and told who, when and what; another name is free', async () => {
  await withLock(options('omni apply -f x'), async () => {
    await expect(withLock(options(), async () => undefined)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(/^'omni apply -f x' of .+@.+ \(process \d+\) is at work here since 20/),
      details: {pid: process.pid, command: 'omni apply -f x'},
    })
    expect(await withLock(options('x', 'other/context'), async () => 3)).toBe(3)
  })
})

test('whoever says only a moment later that it holds the lock is named all the same', async () => {
  const base = join(home, 'locks', 'default')
  await withLock(options('omni up'), async () => {
    const said = readFileSync(`${base}.json`)
    rmSync(`${base}.json`)
    const second = withLock(options(), async () => undefined)
    setTimeout(() => writeFileSync(`${base}.json`, said), 30)
    await expect(second).rejects.toMatchObject({code: 'LOCKED', details: {command: 'omni up'}})
  })
})

test('of many at once exactly one gets it', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({length: 10}, () => withLock(options(), () => new Promise((resolve) => setTimeout(resolve, 50)))),
  )
  expect(outcomes.filter(({status}) => status === 'fulfilled')).toHaveLength(1)
})

test('another process holds it, and its death, however sudden, lets go', async () => {
  const child = await holder()
  await expect(withLock(options(), async () => undefined)).rejects.toMatchObject({
    code: 'LOCKED',
    details: {pid: child.pid, command: 'omni up'},
  })

  child.kill('SIGKILL')
  await once(child, 'exit')

  expect(await withLock(options(), async () => 'taken over')).toBe('taken over')
})

test('a home that cannot be written is IO', async () => {
  const file = join(home, 'file')
  writeFileSync(file, '')
  await expect(withLock({...options(), home: file}, async () => undefined)).rejects.toMatchObject({code: 'IO'})
})
