import {randomBytes} from 'node:crypto'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import {createExec, createHttp, silentLogger} from '@omni-cli/sdk'
import {createTempHome, type TempHome} from '@omni-cli/testkit'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createMultipass} from '../src/provider/multipass.ts'
import {vm} from './open-driver.ts'
import {type MultipassProgram, makeMultipassProgram} from './program/make-program.ts'

let home: TempHome
let program: MultipassProgram
beforeEach(async () => {
  home = await createTempHome()
  program = await makeMultipassProgram(join(home.path, 'program'))
})
afterEach(() => home[Symbol.asyncDispose]())

/** Each look is a process. */
const SLOWLY = {timeout: 20_000, interval: 300}

const open = () =>
  createMultipass(
    {
      home: home.path,
      env: process.env,
      context: 'test',
      namespace: undefined,
      http: createHttp({log: silentLogger}),
      exec: createExec({log: silentLogger}),
      log: silentLogger,
      notice: () => undefined,
    },
    {program: join(program.bin, 'multipass')},
  )

describe('the driver on real processes', () => {
  it('makes machines, runs programs with standard input, and moves large files', async () => {
    const provider = await open()
    const content = randomBytes(3_000_000)
    const chunks: Buffer[] = []
    await provider.create(vm('web', {cloud_init: {runcmd: ['echo made > /var/made']}}))
    await provider.exec?.run('web', ['cat', '-', '/var/made'], {
      stdin: Readable.from(['typed ']),
      onStdout: (chunk) => chunks.push(chunk),
    })
    await provider.files?.write('web', '/srv/blob', Readable.from([content]))
    const read = await provider.files?.read('web', '/srv/blob')

    expect(Buffer.concat(chunks).toString()).toBe('typed made\n')
    expect(read === undefined ? undefined : (await buffer(read)).equals(content)).toBe(true)
    await provider.remove('web')
    expect(await provider.list()).toEqual([])
  })

  it('ends the client of a launch that is not wanted any more, and keeps its labels', async () => {
    await program.behave({bootMs: 1_000})
    const provider = await open()
    const controller = new AbortController()
    const making = provider.create(vm('web', {metadata: {role: 'x'}}), {signal: controller.signal})
    await expect.poll(() => provider.get('web'), SLOWLY).toBeDefined()
    controller.abort()

    await expect(making).rejects.toMatchObject({code: 'ABORTED'})
    await expect.poll(async () => (await provider.get('web'))?.status, SLOWLY).toBe('running')
    expect((await provider.get('web'))?.labels).toEqual({role: 'x'})
  })
})
