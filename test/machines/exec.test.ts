import {PassThrough} from 'node:stream'
import {type ExecFacet, type InstanceProvider, instanceSpec, OmniError} from '@omni-cli/sdk'
import {createMemoryInstances} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {execIn} from '../../src/apps/exec.ts'
import {failuresText, gatherFromMany, showFromMany, worstOf} from '../../src/machines/exec-many.ts'
import {execWords, machineArgv, parseVariables, splitAtDashes} from '../../src/machines/exec-words.ts'
import {prefixedOutput} from '../../src/machines/prefixed-output.ts'
import {machineOf} from '../../src/machines/workload.ts'

test.each([
  [['web', 'uptime'], false, {targets: ['web'], program: ['uptime']}],
  [['web', '--', 'ls', '-l'], false, {targets: ['web'], program: ['ls', '-l']}],
  [['a', 'b', '--', 'ls', '--', 'x'], false, {targets: ['a', 'b'], program: ['ls', '--', 'x']}],
  [['service', 'web', 'uptime'], false, {targets: ['service', 'web'], program: ['uptime']}],
  [['service', 'web'], false, {targets: ['service', 'web'], program: []}],
  [['web'], false, {targets: ['web'], program: []}],
  [['uptime'], true, {targets: [], program: ['uptime']}],
  [['vms', '--', 'uptime'], true, {targets: ['vms'], program: ['uptime']}],
])('%j, selected by labels: %j', (argv, isSelector, expected) => {
  const {before, program} = splitAtDashes(argv)
  expect(execWords(before, program, isSelector)).toEqual(expected)
})

test.each([
  [[], undefined, false, 'name what to run'],
  [['web'], [], false, 'name the program'],
  [[], undefined, true, 'name the program'],
])('%j -- %j is refused', (words, program, isSelector, message) => {
  expect(() => execWords(words, program, isSelector)).toThrow(message)
})

test.each([
  [['df -h | tail -1'], ['sh', '-c', 'df -h | tail -1']],
  [['uptime'], ['uptime']],
  [
    ['echo', 'a b'],
    ['echo', 'a b'],
  ],
])('%j runs as %j', (words, argv) => {
  expect(machineArgv(words)).toEqual(argv)
})

test('variables have a key, and may have "=" in their value', () => {
  expect(parseVariables(['A=1', 'B=x=y', 'C='])).toEqual({A: '1', B: 'x=y', C: ''})
  expect(() => parseVariables(['A'])).toThrow("--env 'A' is no KEY=VALUE")
  expect(() => parseVariables(['=1'])).toThrow('is no KEY=VALUE')
})

test.each([
  [false, ['on', 'e\ntw', 'o\n', 'end'], 'x | one\nx | two\nx | end\n'],
  [false, ['a\u001b[2Jb\n'], 'x | a\u001b[2Jb\n'],
  [true, ['a\u001b[2J\tb\r\n'], 'x | a\\e[2J\tb\n'],
  [true, ['caf\u00e9\n'], 'x | café\n'],
  [false, ['\n\n'], 'x | \nx | \n'],
  [false, [], ''],
])('lines stand behind a prefix; on a terminal (%j) they are safe: %j', async (isTerminal, chunks, expected) => {
  const written: Buffer[] = []
  const output = prefixedOutput('x | ', async (bytes) => void written.push(bytes), {isTerminal})
  for (const chunk of chunks) await output.take(Buffer.from(chunk))
  await output.end()
  expect(Buffer.concat(written).toString()).toBe(expected)
})

test('a character in two pieces and a line without an end come out whole', async () => {
  const written: Buffer[] = []
  const output = prefixedOutput('', async (bytes) => void written.push(bytes), {isTerminal: true})
  const [head, tail] = [Buffer.from('é\n').subarray(0, 1), Buffer.from('é\n').subarray(1)]
  for (const chunk of [head, tail, Buffer.alloc(200_000, 'x')]) await output.take(chunk)
  await output.end()
  const text = Buffer.concat(written).toString()
  expect(text.startsWith('é\n')).toBe(true)
  expect(text.replaceAll('\n', '')).toHaveLength(200_001)
})

async function machines(run: ExecFacet['run'], names = ['worker-1', 'worker-2', 'worker-10']) {
  const memory = createMemoryInstances()
  const provider: InstanceProvider = {...memory, exec: {run}}
  return Promise.all(names.map(async (name) => machineOf(provider, await memory.create(instanceSpec.parse({name})))))
}

const request = {argv: ['uptime'], parallel: 16, signal: new AbortController().signal}

test('all of them answer, also when some fail; the worst exit status counts', async () => {
  const all = await machines(async (name, _, options) => {
    if (name === 'worker-2') throw new OmniError('CONFLICT', 'it is stopped')
    options?.onStdout?.(Buffer.from(`${name} is up\n`))
    return {exitCode: name === 'worker-10' ? 3 : 0}
  })

  const answers = await gatherFromMany(all, request)

  expect(answers).toEqual([
    {instance: 'worker-1', exitCode: 0, stdout: 'worker-1 is up\n', stderr: ''},
    {
      ...{instance: 'worker-2', exitCode: 125, stdout: '', stderr: ''},
      error: {code: 'CONFLICT', message: 'it is stopped'},
    },
    {instance: 'worker-10', exitCode: 3, stdout: 'worker-10 is up\n', stderr: ''},
  ])
  expect(worstOf(answers)).toBe(125)
  expect(failuresText(answers)).toBe('2 of 3 failed: worker-2 (125), worker-10 (3)')
})

test('each line stands behind the whole name of its instance', async () => {
  const all = await machines(async (_, __, options) => {
    await options?.onStdout?.(Buffer.from('ok'))
    await options?.onStderr?.(Buffer.from('hm\n'))
    return {exitCode: 0}
  })
  const written = {out: [] as Buffer[], err: [] as Buffer[]}
  await showFromMany(all, request, {
    stdout: async (bytes) => void written.out.push(bytes),
    stderr: async (bytes) => void written.err.push(bytes),
    isTerminal: {stdout: true, stderr: true},
    paintName: (name, index) => `${index}:${name}`,
  })
  expect(Buffer.concat(written.out).toString()).toBe('0:worker-1  | ok\n1:worker-2  | ok\n2:worker-10 | ok\n')
  expect(Buffer.concat(written.err).toString()).toBe('0:worker-1  | hm\n1:worker-2  | hm\n2:worker-10 | hm\n')
})

test('no more than so many run at the same time', async () => {
  let running = 0
  let most = 0
  const names = Array.from({length: 12}, (_, index) => `worker-${index}`)
  const all = await machines(async () => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    return {exitCode: 0}
  }, names)
  await gatherFromMany(all, {...request, parallel: 4})
  expect(most).toBe(4)
})

test('an interruption ends all of them', async () => {
  const controller = new AbortController()
  const ended: string[] = []
  const all = await machines(
    (name, _, options) =>
      new Promise((_resolve, reject) => {
        options?.signal?.addEventListener('abort', () => {
          ended.push(name)
          reject(new OmniError('ABORTED', 'interrupted'))
        })
        if (name === 'worker-10') controller.abort(new OmniError('ABORTED', 'interrupted'))
      }),
  )
  await expect(gatherFromMany(all, {...request, signal: controller.signal})).rejects.toMatchObject({code: 'ABORTED'})
  expect(ended.toSorted()).toEqual(['worker-1', 'worker-10', 'worker-2'])
})

test.each([
  [127, '', 'make: not found\n'],
  [127, 'sh: make: not found\n', 'sh: make: not found\n'],
  [1, '', ''],
])('a program that ends with %j and says %j is told as %j', async (exitCode, said, expected) => {
  const facet: ExecFacet = {
    async run(_name, _argv, {onStderr, onProgress} = {}) {
      if (said !== '') await onStderr?.(Buffer.from(said))
      onProgress?.('make: not found')
      return {exitCode}
    },
  }
  const stderr = Object.assign(new PassThrough(), {isTTY: false})
  const around = {stdin: process.stdin, stdout: process.stdout, stderr: stderr as never, signal: request.signal}
  const choice = {replica: undefined, tty: false, stdin: false, isData: false}
  expect(await execIn(facet, {name: 'web', argv: ['make']}, {choice, around})).toEqual({exitCode})
  expect(stderr.read()?.toString() ?? '').toBe(expected)
})

const MIB = 1024 * 1024
test.each([
  [MIB, undefined],
  [MIB + 1, true],
])('of %j bytes of output, as data, 1 MiB is kept, and what is cut is told (%j)', async (length, truncated) => {
  const run: ExecFacet['run'] = async (_name, [stream], options) => {
    const take = stream === 'err' ? options?.onStderr : options?.onStdout
    await take?.(Buffer.alloc(length - 1, 'x'))
    await take?.(Buffer.from('x'))
    return {exitCode: 0}
  }
  const around = {stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, signal: request.signal}
  const choice = {replica: undefined, tty: false, stdin: false, isData: true}
  for (const stream of ['out', 'err']) {
    const {view} = await execIn({run}, {name: 'web', argv: [stream]}, {choice, around})
    const [answer] = await gatherFromMany(await machines(run, ['worker-1']), {...request, argv: [stream]})
    const one: unknown = view && 'data' in view ? view.data : undefined
    for (const data of [one, answer]) {
      expect(data).toMatchObject({exitCode: 0, [`std${stream}`]: expect.toSatisfy((text) => text.length === MIB)})
      expect(Object(data).truncated).toBe(truncated)
    }
  }
})
