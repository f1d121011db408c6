import {mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {sleep} from '@omni-cli/sdk'
import {expect, it} from 'vitest'
import {createServerIdentity} from '../../src/server/secrets/server-identity.ts'

it.each([1, 2, 3, 4, 5])(
  'all who ask a new server one after another get one key, and no draft is left (%i)',
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'omni-identity-'))
    try {
      const {recipient} = createServerIdentity(home)
      const keys = await Promise.all(Array.from({length: 12}, (_, place) => sleep(place).then(recipient)))
      expect(new Set(keys).size).toBe(1)
      expect(readdirSync(join(home, 'engine'))).toEqual(['age.key'])
    } finally {
      rmSync(home, {recursive: true})
    }
  },
)
