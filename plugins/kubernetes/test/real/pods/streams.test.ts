import {createHash} from 'node:crypto'
import {connect} from 'node:net'
import {PassThrough, Readable} from 'node:stream'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {PodGroup} from '../../../src/provider/flavour.ts'
import {createExec} from '../../../src/provider/pods/exec.ts'
import {createForward} from '../../../src/provider/pods/forward.ts'
import {listReplicas} from '../../../src/provider/pods/pod.ts'
import {kubeconfig, type Lab, openLab} from './lab.ts'

const MEBIBYTE = 1024 * 1024
const SIZE = 50 * MEBIBYTE

const real = describe.skipIf(kubeconfig === undefined)

let lab: Lab
let group: PodGroup
const podsOf = async () => group

beforeAll(async () => {
  if (kubeconfig === undefined) return
  lab = await openLab()
  group = await lab.deploy(
    'web',
    'mkdir /www; hostname > /www/name; httpd -p 8080 -h /www; while :; do nc -l -p 9000 -e cat; done',
    1,
  )
})
afterAll(async () => lab?.[Symbol.asyncDispose]())

const run = async (argv: readonly string[], options: Parameters<ReturnType<typeof createExec>['run']>[2] = {}) => {
  const out: string[] = []
  const err: string[] = []
  const sinks = {
    onStdout: (chunk: Buffer) => out.push(String(chunk)),
    onStderr: (chunk: Buffer) => err.push(String(chunk)),
  }
  const {exitCode} = await createExec(lab.client, podsOf).run('web', argv, {...sinks, ...options})
  return {exitCode, out: out.join(''), err: err.join('')}
}

real('the end of a program in a real pod', () => {
  it.each([
    [['sh', '-c', 'echo a; echo b >&2; exit 3'], {exitCode: 3, out: 'a\n', err: 'b\n'}],
    [['true'], {exitCode: 0, out: '', err: ''}],
    [['no-such-program'], {exitCode: 127, out: '', err: ''}],
    [['/etc/passwd'], {exitCode: 126, out: '', err: ''}],
    [['sh', '-c', 'kill -9 $$'], {exitCode: 137, out: '', err: ''}],
    [['echo', 'a b', '$HOME', "'", ''], {exitCode: 0, out: "a b $HOME ' \n", err: ''}],
  ])('%j ends as it would here', async (argv, expected) => {
    expect(await run(argv)).toEqual(expected)
  })
})

real('bytes to and from a real pod', () => {
  it('a program sees the end of its input', async () => {
    expect(await run(['cat'], {stdin: Readable.from([Buffer.from('one\n'), Buffer.from('two')])})).toMatchObject({
      exitCode: 0,
      out: 'one\ntwo',
    })
    expect(await run(['cat'], {stdin: Readable.from([])})).toMatchObject({exitCode: 0, out: ''})
  })

  it('50 MiB go in and out, byte for byte, and are not held', async () => {
    const piece = Buffer.alloc(65_536, 'omni')
    const hash = createHash('sha256')
    let size = 0
    const before = process.memoryUsage.rss()
    let most = before
    const {exitCode} = await createExec(lab.client, podsOf).run('web', ['cat'], {
      stdin: Readable.from(Array.from({length: SIZE / piece.length}, () => piece)),
      async onStdout(chunk) {
        size += chunk.length
        hash.update(chunk)
        most = Math.max(most, process.memoryUsage.rss())
      },
    })

    expect({exitCode, size}).toEqual({exitCode: 0, size: SIZE})
    expect(hash.digest('hex')).toBe(createHash('sha256').update(Buffer.alloc(SIZE, 'omni')).digest('hex'))
    expect((most - before) / MEBIBYTE).toBeLessThan(200)
  })
})

real('terminals and cut connections of a real pod', () => {
  it('a terminal has the size of ours, also later', async () => {
    let resize: (size: {columns: number; rows: number}) => void = () => undefined
    const stdin = new PassThrough()
    const terminal = {
      size: {columns: 91, rows: 17},
      onResize(listener: typeof resize) {
        resize = listener
        return () => undefined
      },
    }
    let out = ''
    const running = run(
      [
        'sh',
        '-c',
        'until [ "$(stty size)" = "17 91" ]; do :; done; echo first; until [ "$(stty size)" = "40 100" ]; do :; done; tty; exit 4',
      ],
      {
        ...{stdin, terminal},
        onStdout(chunk) {
          out += String(chunk)
          if (out.includes('first')) resize({columns: 100, rows: 40})
        },
      },
    )

    expect(await running).toMatchObject({exitCode: 4})
    expect(out).toContain('/dev/pts/')
  })

  it('a connection that is cut in the middle is an error', async () => {
    const begun = Promise.withResolvers<void>()
    const exec = createExec(lab.relayed, podsOf)
    const running = exec.run('web', ['sh', '-c', 'echo begun; sleep 60'], {onStdout: () => begun.resolve()})
    const failed = expect(running).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('was lost before the end'),
    })
    await begun.promise
    await lab.relay.die()
    await failed
    await lab.relay.rise()
  })
})

real('ports of a real pod', () => {
  it('a port is reached, both directions end by themselves, and what does not listen is told', async () => {
    const notes: string[] = []
    const facet = createForward(lab.client, podsOf)
    await using web = await facet.open('web', {local: 0})
    await using echo = await facet.open('web', {local: 0, remote: 9000})
    await using none = await facet.open('web', {local: 0, remote: 7}, {onChange: (note) => notes.push(note)})

    const [pod] = await listReplicas(lab.client, group, {})
    expect(await (await fetch(`http://${web.address}/name`)).text()).toBe(`${pod?.pod.metadata.name}\n`)
    expect(await echoed(echo.address, 5 * MEBIBYTE)).toBe(5 * MEBIBYTE)
    await expect(fetch(`http://${none.address}/`)).rejects.toThrow()
    await poll({everyMs: 20, timeoutMs: 10_000}, () => notes.length > 0)
    expect(notes).toEqual([expect.stringContaining('nothing listens on port 7')])
  })

  it('a port goes on when its pod is exchanged, and says so', async () => {
    const notes: string[] = []
    const [before] = await listReplicas(lab.client, group, {})
    const old = before?.pod.metadata.name ?? ''
    await using forward = await createForward(lab.client, podsOf).open(
      'web',
      {local: 0},
      {onChange: (note) => notes.push(note)},
    )
    expect(forward.replica).toBe('web-0')

    await lab.removePod(old)

    const name = await poll({everyMs: 200, timeoutMs: 30_000}, async () => {
      const answer = await fetch(`http://${forward.address}/name`).catch(() => undefined)
      const text = await answer?.text()
      return text !== undefined && text.trim() !== old && answer?.ok ? text.trim() : undefined
    })
    expect(notes).toContain(`the pod '${old}' is gone`)
    expect(notes.at(-1)).toBe(`forwarding to web-0, the pod '${name}'`)
  })
})

/** How much comes back when so much is sent and then the end of it. */
function echoed(address: string, size: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
    let got = 0
    socket.on('data', (chunk) => {
      got += chunk.length
    })
    socket.on('end', () => resolve(got)).on('error', reject)
    socket.end(Buffer.alloc(size, 'x'))
  })
}
