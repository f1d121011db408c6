import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, expect, it, vi} from 'vitest'
import {readProcess} from '../../src/runtimes/process/process-table.ts'
import {Entry} from '../../src/runtimes/process/supervisor/entry.ts'
import {RecordFolder} from '../../src/runtimes/process/supervisor/record.ts'
import {terminate} from '../../src/runtimes/process/supervisor/terminate.ts'

const folder = mkdtempSync(join(tmpdir(), 'terminate-'))
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, {recursive: true, force: true})
})

it('the grace is the same when somebody sets the clock back meanwhile', async () => {
  const child = spawn(
    process.execPath,
    ['-e', 'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)'],
    {
      detached: true,
    },
  )
  const {pid = 0} = child
  await once(child.stdout, 'data')
  const record = {id: 'web-0-x', service: 'web', index: 0, release: 'r1', cwd: '/', startedAt: '', bootId: ''}
  const startTime = readProcess(pid)?.startTime ?? ''
  const entry = new Entry(new RecordFolder(folder), {...record, pid, startTime, isSwept: false})
  const now = Date.now()

  const ended = terminate(entry, 300)
  vi.spyOn(Date, 'now').mockReturnValue(now - 3_600_000)

  expect(await ended).toBe(true)
  expect(child.signalCode).toBe('SIGKILL')
}, 5_000)
