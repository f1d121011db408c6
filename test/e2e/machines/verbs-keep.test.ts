import {readdir, readFile, stat, truncate} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test, vi} from 'vitest'
import {run} from '../harness.ts'
import {createVerbsLab, socket, type VerbsLab} from './verbs-lab.ts'

// Snapshots, exports and imports of machines on a real Incus.
let lab: VerbsLab
const cli = (...args: string[]) => lab.cli(...args)
const names = async () => (await lab.json('get', 'instances')).map(({name}: {name: string}) => name)
const contentOf = async (name: string) => (await cli('exec', name, 'cat /root/state')).stdout

vi.setConfig({testTimeout: 120_000})
const verb = test.skipIf(socket === undefined)

beforeAll(async () => {
  if (socket === undefined) return
  lab = await createVerbsLab()
  for (const name of ['web', 'db']) {
    await lab.launch(name, 'shop')
    await cli('exec', name, `echo ${name} before > /root/state`)
  }
}, 120_000)
afterAll(() => lab?.remove(), 120_000)

verb('a snapshot brings back what was, and the machine runs again', async () => {
  expect((await cli('snapshot', 'web', 'good', '--expires', '7d')).code).toBe(0)
  await cli('exec', 'web', 'echo worse > /root/state')

  expect((await cli('snapshot', 'restore', 'web', 'good')).code).toBe(2)
  expect(await contentOf('web')).toBe('worse\n')
  expect((await cli('snapshot', 'restore', 'web', 'good', '--yes')).code).toBe(0)

  expect(await contentOf('web')).toBe('web before\n')
  const [listed] = await lab.json('snapshot', 'list', 'web')
  expect(listed).toMatchObject({instance: 'web', name: 'good', isOfGroup: false})
  expect(Date.parse(listed.expiresAt)).toBeGreaterThan(Date.now() + 6 * 86_400_000)
  expect((await cli('snapshot', 'web', 'good')).code).toBe(5)
  expect((await cli('describe', 'web')).stdout).toMatch(/snapshots\n {2}good/)
  expect((await cli('snapshot', 'delete', 'web', 'good', '--yes')).code).toBe(0)
  expect((await cli('snapshot', 'restore', 'web', 'good', '--yes')).code).toBe(4)
})

verb('a group has one name, goes back as a whole, and becomes new machines', async () => {
  const group = await lab.json('snapshot', '--all')
  expect(group).toMatchObject({status: 'complete', provider: 'incus', wanted: ['db', 'web']})
  expect(group.name).toMatch(/^omni-\d{8}t\d{6}z$/)
  expect(await lab.incus('snapshot', 'list', 'db', '-f', 'csv')).toContain(group.name)
  for (const name of ['web', 'db']) await cli('exec', name, 'echo worse > /root/state')

  expect((await cli('snapshot', 'restore', group.name, '--as', 'copy', '--start')).code).toBe(0)
  expect([await contentOf('web-copy'), await contentOf('web')]).toEqual(['web before\n', 'worse\n'])
  expect((await cli('snapshot', 'restore', group.name, '--yes')).code).toBe(0)
  expect([await contentOf('web'), await contentOf('db')]).toEqual(['web before\n', 'db before\n'])

  expect((await cli('snapshot', 'list', '--groups')).stdout).toContain(group.name)
  expect((await cli('snapshot', 'delete', group.name, '--yes')).code).toBe(0)
  expect(await lab.json('snapshot', 'list', '--groups')).toEqual([])
  expect((await cli('delete', 'instance', 'web-copy', 'db-copy', '--yes')).code).toBe(0)
})

verb('a name that one of a group has already is refused before any is taken', async () => {
  await lab.incus('snapshot', 'create', 'db', 'clash')
  const refused = await cli('snapshot', 'web', 'db', '--name', 'clash')
  expect(refused.code).toBe(5)
  expect(refused.stderr).toContain("'db' has a snapshot 'clash' already")
  expect(await lab.json('snapshot', 'list', 'web')).toEqual([])
  await lab.incus('snapshot', 'delete', 'db', 'clash')
})

verb('an export is one file with its sum, and becomes a machine with what was in it', async () => {
  const folder = join(lab.home, 'backup')
  const exported = await lab.json('export', '-l', 'role=shop', '--dir', folder)
  expect(exported.map(({instance}: {instance: string}) => instance)).toEqual(['db', 'web'])
  const {file, sha256, bytes} = exported[1]
  expect([(await stat(file)).size, (await stat(file)).mode & 0o777]).toEqual([bytes, 0o600])
  expect((await run(['sha256sum', '-c', `${file}.sha256`], {home: lab.home, cwd: folder})).code).toBe(0)
  expect(await readFile(`${file}.sha256`, 'utf8')).toContain(sha256)
  expect((await cli('export', 'web', file)).code).toBe(5)

  const imported = await cli('import', 'instance', file, '--name', 'again', '--start')
  expect(imported.code, imported.stderr).toBe(0)
  expect(await contentOf('again')).toBe('web before\n')
  expect((await cli('import', 'instance', file)).stderr).toContain("there is an instance 'web' already")
})

verb('a file that is cut off makes no machine, with a sum beside it or without', async () => {
  const file = join(lab.home, 'cut.tar.gz')
  expect((await cli('export', 'db', file)).code).toBe(0)
  await truncate(file, Math.floor((await stat(file)).size / 2))
  expect((await cli('import', 'instance', file, '--name', 'half')).code).toBe(13)
  await run(['rm', `${file}.sha256`], {home: lab.home})
  const half = await cli('import', 'instance', file, '--name', 'half')
  expect(half.code, half.stderr).toBe(13)
  expect(await names()).not.toContain('half')
})

verb('a disk that is full leaves no file behind', async () => {
  const folder = join(lab.home, 'small')
  const script = `mkdir -p "$3" && mount -t tmpfs -o size=64k none "$3" && "$1" "$2" export db "$3/db.tar.gz"; code=$?; ls -A "$3"; exit $code`
  const full = await run(
    ['unshare', '-m', 'sh', '-c', script, 'sh', process.execPath, join(process.cwd(), 'bin/run.js'), folder],
    {home: lab.home},
  )
  if (/^(unshare|mount):/m.test(full.stderr)) return
  expect(full.code).toBe(13)
  expect(full.stderr).toContain('the disk is full')
  expect(full.stdout).toBe('')
  expect(await readdir(folder)).toEqual([])
})
