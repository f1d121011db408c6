import assert from 'node:assert/strict'
import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import {type FileFacet, poll} from '@omni-cli/sdk'
import {aborted, rejects, rejectsWith} from './expect.ts'
import {bytesOf, type InstanceCheck, ifSupported, ran, SOON_MS} from './instance-harness.ts'

/** Every byte, and more than fits into one piece of anything. */
const BINARY = Buffer.from(Array.from({length: 300_000}, (_, index) => (index * 7) % 256))

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

const textOf = async (files: FileFacet, path: string) => (await buffer(await files.read('web', path))).toString()

/** Files inside. */
export const fileChecks: readonly InstanceCheck[] = [
  {
    name: 'files come back byte-equal',
    async run({provider, spec}) {
      const {files} = provider
      if (files === undefined) return 'no files facet'
      await provider.create(spec('web'))
      await files.write('web', '/tmp/blob', Readable.from([BINARY]), {sizeBytes: BINARY.length})
      assert.ok((await buffer(await files.read('web', '/tmp/blob'))).equals(BINARY))
      await files.write('web', '/tmp/blob', bytesOf('shorter'))
      assert.equal(await textOf(files, '/tmp/blob'), 'shorter', 'a file is replaced as a whole')
      await files.write('web', '/tmp/empty', Readable.from([]))
      assert.equal(await textOf(files, '/tmp/empty'), '')
      for (const name of [`it's "a" $HOME`, '-rf', 'ümläut 漢', 'two  spaces ']) {
        await files.write('web', `/tmp/${name}`, bytesOf(name))
        assert.equal(await textOf(files, `/tmp/${name}`), name)
      }
      return undefined
    },
  },
  {
    name: 'files have the permission bits and the owner that were given, else those they had',
    async run({provider, spec}) {
      const {files} = provider
      if (files === undefined) return 'no files facet'
      await provider.create(spec('web'))
      const modeOf = async () => ((await files.stat('web', '/tmp/f'))?.mode ?? 0) & 0o7777
      await files.write('web', '/tmp/f', bytesOf('1'))
      assert.equal(await modeOf(), 0o644)
      await files.write('web', '/tmp/f', bytesOf('2'), {mode: 0o750})
      assert.equal(await modeOf(), 0o750, 'of a file that was there')
      await files.write('web', '/tmp/f', bytesOf('3'))
      assert.equal(await modeOf(), 0o750, 'kept')
      if (provider.traits.types.includes('container')) {
        await files.write('web', '/tmp/f', bytesOf('4'), {uid: 12, gid: 34})
        const {uid, gid} = (await files.stat('web', '/tmp/f')) ?? {}
        assert.deepEqual([uid, gid], [12, 34])
      }
      return undefined
    },
  },
  {
    name: 'folders and symlinks are made, told as themselves and listed',
    async run({provider, spec}) {
      const {files} = provider
      if (files === undefined) return 'no files facet'
      await provider.create(spec('web'))
      await files.makeFolder('web', '/tmp/box', {mode: 0o700})
      await files.makeFolder('web', '/tmp/box')
      await files.write('web', '/tmp/box/file', bytesOf('text'))
      await files.makeFolder('web', '/tmp/box/inner')
      await files.makeSymlink('web', '/tmp/box/link', 'file')
      await files.makeSymlink('web', '/tmp/box/nowhere', '../not/there')
      await rejectsWith('CONFLICT', () => files.makeSymlink('web', '/tmp/box/file', 'x'), 'a symlink over a file')
      const listed = (await files.list('web', '/tmp/box')).toSorted((a, b) => (a.name < b.name ? -1 : 1))
      assert.deepEqual(
        listed.map(({name, type, target}) => [name, type, target]),
        [
          ['file', 'file', undefined],
          ['inner', 'directory', undefined],
          ['link', 'symlink', 'file'],
          ['nowhere', 'symlink', '../not/there'],
        ],
      )
      const box = await files.stat('web', '/tmp/box')
      assert.deepEqual([box?.name, box?.type, (box?.mode ?? 0) & 0o777], ['/tmp/box', 'directory', 0o700])
      assert.equal((await files.stat('web', '/tmp/box/file'))?.sizeBytes, 4)
      assert.equal((await files.stat('web', '/tmp/box/link'))?.type, 'symlink')
      assert.equal(await textOf(files, '/tmp/box/link'), 'text', 'reading follows it')
      return undefined
    },
  },
  {
    name: 'what is not there is NOT_FOUND, and stat is undefined',
    async run({provider, spec}) {
      const {files} = provider
      if (files === undefined) return 'no files facet'
      await provider.create(spec('web'))
      const reading = async () => buffer(await files.read('web', '/tmp/none'))
      assert.equal(await files.stat('web', '/tmp/none'), undefined)
      assert.equal(await files.stat('web', '/tmp/none/deeper'), undefined)
      await rejectsWith('NOT_FOUND', reading, 'read')
      await rejectsWith('NOT_FOUND', () => files.list('web', '/tmp/none'), 'list')
      await rejectsWith('NOT_FOUND', () => files.write('web', '/tmp/none/file', bytesOf('')), 'write into no folder')
      await rejectsWith('NOT_FOUND', () => files.makeFolder('web', '/tmp/none/deeper'), 'makeFolder in no folder')
      await rejectsWith('NOT_FOUND', () => files.makeSymlink('web', '/tmp/none/link', 'x'), 'makeSymlink in no folder')
      await rejectsWith('NOT_FOUND', () => files.stat('absent', '/tmp'), 'an absent machine')
      return undefined
    },
  },
  {
    name: 'exec and files see the same file system; a file that is no program ends with 126',
    async run({provider, spec}) {
      const {files, exec} = provider
      if (files === undefined || exec === undefined) return 'no files or exec facet'
      await provider.create(spec('web'))
      await files.write('web', '/tmp/seen', bytesOf('seen'), {mode: 0o644})
      assert.equal((await ran(provider, ['cat', '/tmp/seen'])).stdout.toString(), 'seen')
      assert.equal((await ran(provider, ['/tmp/seen'])).exitCode, 126)
      return undefined
    },
  },
]

/** What a machine says of itself. */
export const tellingChecks: readonly InstanceCheck[] = [
  {
    name: 'logs are lines with times, and tail limits them',
    async run({provider, spec}) {
      const {logs} = provider
      if (logs === undefined) return 'no logs facet'
      await provider.create(spec('web'))
      const lines = await Array.fromAsync(logs.read('web'))
      for (const {time, text} of lines) {
        assert.ok(!Number.isNaN(Date.parse(time)), `'${time}' is a time`)
        assert.doesNotMatch(text, /\n/)
      }
      assert.ok((await Array.fromAsync(logs.read('web', {tail: 1}))).length <= 1)
      await rejectsWith('NOT_FOUND', () => Array.fromAsync(logs.read('absent')), 'logs of an absent machine')
      return undefined
    },
  },
  {
    name: 'metrics tell of running machines only',
    async run({provider, spec}) {
      const {metrics} = provider
      if (metrics === undefined) return 'no metrics facet'
      await provider.create(spec('web'))
      const usage = await poll({everyMs: 200, timeoutMs: SOON_MS}, async () =>
        (await metrics.read()).find(({name}) => name === 'web'),
      )
      for (const [key, value] of Object.entries(usage)) {
        if (typeof value === 'number') assert.ok(value >= 0, `${key} is ${value}`)
      }
      await provider.stop('web', {force: true})
      assert.ok(!(await metrics.read()).some(({name}) => name === 'web'), 'a stopped machine uses nothing')
      return undefined
    },
  },
  {
    name: 'events tell of machines while they happen, until the reader goes',
    async run({provider, spec}) {
      const {events} = provider
      if (events === undefined) return 'no events facet'
      await provider.create(spec('web'))
      const abort = new AbortController()
      const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(SOON_MS)])
      const seen: string[] = []
      const reading = (async () => {
        for await (const {ref, id, time} of events.read({follow: true, signal})) {
          assert.ok(Number.isInteger(id) && !Number.isNaN(Date.parse(time)))
          seen.push(ref)
          if (ref === 'instance/web') break
        }
      })()
      // Who listens a moment too late hears the next one.
      const stopping = new AbortController()
      const making = poll({everyMs: 300, timeoutMs: SOON_MS, signal: stopping.signal}, async () => {
        await provider.stop('web', {force: true})
        await provider.start('web')
        return undefined
      }).catch(() => undefined)
      await reading
      stopping.abort()
      await making
      assert.ok(seen.includes('instance/web'), `saw ${seen.join(', ')}`)
      return undefined
    },
  },
]
