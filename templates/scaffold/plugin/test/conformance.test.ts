import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describeInstanceProvider} from '@omni-cli/testkit'
import {createInstances} from '../src/provider/instances.ts'

describeInstanceProvider({
  name: '__name__',
  async create() {
    const folder = await mkdtemp(join(tmpdir(), '__name__-'))
    return {driver: createInstances(folder), close: () => rm(folder, {recursive: true})}
  },
  spec: (name) => ({name, image: 'debian/12', type: 'container'}),
})
