import assert from 'node:assert/strict'
import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import type {FileFacet} from '@omni-cli/sdk'
import {rejectsWith} from './expect.ts'
import {BINARY, bytesOf, type InstanceCheck, ran} from './instance-harness.ts'

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
