import {instanceSpec, serviceSpec} from '@omni-cli/sdk'
import {
  createMemoryCatalog,
  createMemoryInstances,
  createMemoryServices,
  createMemorySource,
  describeInstanceProvider,
  describeModelCatalog,
  describeModelSource,
  describeServiceEngine,
} from '@omni-cli/testkit'

describeInstanceProvider({
  name: 'memory',
  create: async () => ({driver: createMemoryInstances({images: ['debian/12'], nodes: ['one', 'two']})}),
  spec: (name) => instanceSpec.parse({name, image: 'debian/12'}),
  missingImage: 'debian/7',
})

describeServiceEngine({
  name: 'memory',
  create: async () => ({driver: createMemoryServices()}),
  spec: (name, version = 1) => serviceSpec.parse({name, command: 'serve', env: {VERSION: String(version)}}),
  broken: (name) => serviceSpec.parse({name, command: 'exit 7'}),
})

describeModelCatalog({name: 'memory', create: async () => ({driver: createMemoryCatalog()})})

describeModelSource({
  name: 'memory',
  create: async () => ({
    driver: createMemorySource([
      {ref: 'mem://one', revision: '1'},
      {ref: 'mem://two', revision: '2'},
      {ref: 'mem://three', revision: '3'},
    ]),
  }),
  known: 'mem://one',
  unknown: 'mem://nine',
})
