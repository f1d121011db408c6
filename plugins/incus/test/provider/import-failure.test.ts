import {expect, it} from 'vitest'
import {importFailure} from '../../src/provider/import-failure.ts'

const UNPACK = 'Failed to run: tar -zxf - -C /var/lib/incus/storage-pools/default/containers/a --strip-components=2'

it.each([
  [`${UNPACK}: exit status 2 (gzip: stdin: unexpected end of file\ntar: Error is not recoverable)`, 'IO'],
  [`${UNPACK}: exit status 2 (tar: Unexpected EOF in archive)`, 'IO'],
  [`${UNPACK}: exit status 2 (gzip: stdin: invalid compressed data--crc error\ntar: Child returned status 1)`, 'IO'],
  [`${UNPACK}: exit status 2 (tar: a: Cannot write: No space left on device\ntar: Error is not recoverable)`, 'IO'],
  ['yaml: input error: unexpected EOF', 'IO'],
  ['Unsupported compression', 'USAGE'],
  ['Backup is missing at "backup/index.yaml"', 'USAGE'],
  ['Requested profile "web" doesn\'t exist', 'NOT_FOUND'],
  ['Storage pool not found', 'NOT_FOUND'],
  ['the sky fell', 'UNAVAILABLE'],
])('a backup file that ends in %j is %s', (text, code) => {
  expect(importFailure('web', text)).toMatchObject({code, message: expect.stringContaining(text.slice(0, 20))})
})

it('a file that is cut off or damaged is told as that, a full disk is not', () => {
  expect(importFailure('web', 'tar: Unexpected EOF in archive').hint).toMatch(/copy .*again.*export/)
  expect(importFailure('web', 'tar: No space left on device\ntar: Error is not recoverable').hint).toContain('space')
})
