import {statSync} from 'node:fs'
import {join} from 'node:path'
import {makePrivateFolder} from '@omni-cli/sdk'
import {createTempHome} from '@omni-cli/testkit'
import {describe, expect, it} from 'vitest'

describe('a private folder', () => {
  it('is made with the parents it lacks, for its owner alone', async () => {
    await using home = await createTempHome()
    const folder = join(home.path, 'a', 'b', 'c')

    makePrivateFolder(folder)
    makePrivateFolder(folder)

    expect(['a', 'a/b', 'a/b/c'].map((part) => statSync(join(home.path, part)).mode & 0o777)).toEqual([
      0o700, 0o700, 0o700,
    ])
  })

  it.runIf(process.platform === 'linux')('is refused at once where nothing can be made', () => {
    expect(() => makePrivateFolder('/proc/omni/a/b')).toThrow('ENOENT')
  })
})
