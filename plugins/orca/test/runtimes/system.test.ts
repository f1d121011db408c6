import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {findCgroupBases} from '../../src/runtimes/process/cgroup-bases.ts'
import {parseStat, readLinuxProcess} from '../../src/runtimes/process/proc-linux.ts'
import {parsePsLine, readPsProcess} from '../../src/runtimes/process/proc-ps.ts'
import {isRunning, readProcess} from '../../src/runtimes/process/process-table.ts'

describe('the process table', () => {
  it('reads a program whose name looks like fields', () => {
    const stat = `42 (a) Z 1 (b) S 7 42 40 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 987654 1000 20 184467440737`

    expect(parseStat(42, stat, 4096)).toEqual({
      ...{pid: 42, group: 42, session: 40, isDead: false, startTime: '987654', cpuMs: 3000, memoryBytes: 81_920},
    })
  })

  it.each([
    [
      '  12   11 S     2048     00:01:05 Thu Jan  1 00:00:00 2026',
      {pid: 12, group: 11, cpuMs: 65_000, memoryBytes: 2_097_152},
    ],
    ['1 1 Ss 10 0:00.25 Thu Jan  1 00:00:00 2026', {cpuMs: 250, isDead: false}],
    ['1 1 Z+ 0 1-02:03:04 Thu Jan  1 00:00:00 2026', {cpuMs: 93_784_000, isDead: true}],
  ])('reads %j from ps', (line, row) => {
    expect(parsePsLine(line)).toMatchObject(row)
  })

  it.runIf(process.platform === 'linux')('finds the same process through /proc and through ps', () => {
    const fromProc = readLinuxProcess(process.pid)
    const fromPs = readPsProcess(process.pid)

    expect(fromPs).toMatchObject({pid: fromProc?.pid, group: fromProc?.group, isDead: false})
    const ratio = (fromPs?.memoryBytes ?? 0) / (fromProc?.memoryBytes ?? 1)
    expect(ratio).toBeGreaterThan(0.5)
    expect(ratio).toBeLessThan(2)
  })

  it('tells a process from a later one with its number', () => {
    const startTime = readProcess(process.pid)?.startTime ?? ''

    expect(isRunning(process.pid, startTime)).toBe(true)
    expect(isRunning(process.pid, `${startTime}1`)).toBe(false)
  })
})

describe('where control groups can be made', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'omni-cgroup-'))
  })
  afterEach(() => rmSync(root, {recursive: true, force: true}))

  const put = (files: Record<string, string>) => {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), {recursive: true})
      writeFileSync(join(root, path), content)
    }
    return findCgroupBases(join(root, 'self'))
  }
  const mount2 = () => `30 20 0:26 / ${root}/cg rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n`

  it('version 1: below our own group of each controller', () => {
    mkdirSync(join(root, 'memory/own'), {recursive: true})
    mkdirSync(join(root, 'cpu'), {recursive: true})
    const bases = put({
      'self/mountinfo': `31 20 0:27 / ${root}/memory rw - cgroup cgroup rw,memory\n32 20 0:28 / ${root}/cpu rw - cgroup cgroup rw,cpu,cpuacct\n`,
      'self/cgroup': '4:memory:/own\n1:cpu,cpuacct:/\n0::/\n',
    })

    expect(bases).toEqual({version: 1, memory: join(root, 'memory/own'), cpu: `${join(root, 'cpu')}/`})
  })

  it('version 2: in the nearest group above that hands the controller down', () => {
    const bases = put({
      'self/mountinfo': mount2(),
      'self/cgroup': '0::/user.slice/app.slice/shell.scope\n',
      'cg/cgroup.subtree_control': 'cpu memory',
      'cg/cgroup.procs': '',
      'cg/user.slice/app.slice/cgroup.subtree_control': 'memory pids',
      'cg/user.slice/app.slice/cgroup.procs': '',
      'cg/user.slice/app.slice/shell.scope/cgroup.subtree_control': '',
      'cg/user.slice/app.slice/shell.scope/cgroup.procs': '',
    })

    expect(bases).toEqual({version: 2, memory: join(root, 'cg/user.slice/app.slice'), cpu: join(root, 'cg/')})
  })

  it('version 2: nowhere in a container, whose root has processes and hands nothing down', () => {
    const files = {
      'self/mountinfo': mount2(),
      'self/cgroup': '0::/\n',
      'cg/cgroup.controllers': 'cpu memory',
      'cg/cgroup.subtree_control': '',
      'cg/cgroup.procs': '1',
    }

    expect(put({...files, 'cg/cgroup.type': 'domain'})).toBeUndefined()
  })

  it('version 2: at the root of the machine, also when nothing is handed down yet', () => {
    const bases = put({
      'self/mountinfo': mount2(),
      'self/cgroup': '0::/\n',
      'cg/cgroup.controllers': 'cpu memory',
      'cg/cgroup.subtree_control': '',
      'cg/cgroup.procs': '1',
    })

    expect(bases).toMatchObject({version: 2, memory: join(root, 'cg/')})
  })

  it('nowhere without control groups', () => {
    expect(put({'self/mountinfo': '', 'self/cgroup': ''})).toBeUndefined()
  })
})
