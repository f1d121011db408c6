import assert from 'node:assert/strict'
import {Readable} from 'node:stream'
import {aborted, rejects, rejectsWith} from './expect.ts'
import {BINARY, type InstanceCheck, ifSupported, ran} from './instance-harness.ts'

/** Programs that run inside. */
export const execChecks: readonly InstanceCheck[] = [
  {
    name: 'exec passes arguments byte-equal and gives the exit status of the program',
    async run({provider, spec}) {
      if (provider.exec === undefined) return 'no exec facet'
      await provider.create(spec('web'))
      const argument = `it's "a" $HOME; && \\ 漢`
      const printed = await ran(provider, ['printf', '%s', argument])
      assert.deepEqual([printed.exitCode, printed.stdout.toString()], [0, argument])
      assert.equal((await ran(provider, ['sh', '-c', 'exit 3'])).exitCode, 3)
      assert.equal((await ran(provider, ['no-such-program-here'])).exitCode, 127)
      assert.equal((await ran(provider, ['sh', '-c', 'exit 127'])).exitCode, 127)
      assert.equal((await ran(provider, ['sh', '-c', 'exit 126'])).exitCode, 126)
      await rejectsWith('NOT_FOUND', () => ran(provider, ['true'], {name: 'absent'}), 'exec in an absent machine')
      return undefined
    },
  },
  {
    name: 'exec passes input, environment and folder, and keeps the two outputs apart',
    async run({provider, spec}) {
      if (provider.exec === undefined) return 'no exec facet'
      await provider.create(spec('web'))
      const both = await ran(provider, ['sh', '-c', 'echo out; echo err >&2'])
      assert.deepEqual([both.stdout.toString(), both.stderr], ['out\n', 'err\n'])
      const copied = await ran(provider, ['cat'], {
        stdin: Readable.from([BINARY.subarray(0, 1000), BINARY.subarray(1000)]),
      })
      assert.ok(copied.stdout.equals(BINARY), 'input comes back byte-equal')
      assert.equal(
        (await ran(provider, ['cat'])).stdout.length,
        0,
        'without input there is none, and no waiting for it',
      )
      const value = `it's $HOME`
      const variables = (await ran(provider, ['env'], {env: {MARK: value}})).stdout.toString().split('\n')
      assert.ok(variables.includes(`MARK=${value}`), 'its environment has what was given')
      assert.match((await ran(provider, ['pwd'], {cwd: '/tmp'})).stdout.toString(), /(^|\/)tmp\n$/)
      return undefined
    },
  },
  {
    name: 'a reader that takes its time gets all of the output',
    async run({provider, spec}) {
      if (provider.exec === undefined) return 'no exec facet'
      await provider.create(spec('web'))
      let length = 0
      const onStdout = async (chunk: Buffer) => {
        await new Promise((resolve) => setImmediate(resolve))
        length += chunk.length
      }
      const {exitCode} = await provider.exec.run('web', ['head', '-c', '3000000', '/dev/zero'], {onStdout})
      assert.deepEqual([exitCode, length], [0, 3_000_000])
      return undefined
    },
  },
  {
    name: 'an aborted exec ends',
    async run({provider, spec}) {
      const {exec} = provider
      if (exec === undefined) return 'no exec facet'
      await provider.create(spec('web'))
      await rejects(() => exec.run('web', ['true'], {signal: aborted()}), 'exec with an aborted signal')
      const abort = new AbortController()
      const options = {signal: abort.signal}
      setTimeout(() => abort.abort(), 300)
      await rejects(() => exec.run('web', ['sleep', '100000'], options), 'exec that is aborted on its way')
      return undefined
    },
  },
  {
    name: 'exec runs as the user that was asked for',
    async run({provider, spec, hasUsers = true}) {
      if (provider.exec === undefined) return 'no exec facet'
      if (!hasUsers) return 'the backend of these tests has one user'
      await provider.create(spec('web'))
      assert.equal((await ran(provider, ['id', '-u'], {user: '1234'})).stdout.toString().trim(), '1234')
      return undefined
    },
  },
  {
    name: 'exec on a terminal has one, and without has none',
    async run({provider, spec}) {
      if (provider.exec === undefined) return 'no exec facet'
      await provider.create(spec('web'))
      assert.notEqual((await ran(provider, ['tty'])).exitCode, 0)
      const terminal = {size: {columns: 91, rows: 31}, onResize: () => () => undefined}
      const onTerminal = await ifSupported(() => ran(provider, ['tty'], {terminal}))
      if (onTerminal === undefined) return 'it gives no terminal to a program that has none itself'
      assert.equal(onTerminal.exitCode, 0)
      assert.match(onTerminal.stdout.toString(), /\/dev\/pts\/\d+/)
      return undefined
    },
  },
]
