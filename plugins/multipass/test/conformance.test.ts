import {describeInstanceProvider} from '@omni-cli/testkit'
import {openDriver, vm} from './open-driver.ts'

describeInstanceProvider({
  name: 'multipass',
  create: async () => {
    const opened = await openDriver()
    return {driver: opened.provider, close: async () => await opened[Symbol.asyncDispose]()}
  },
  spec: (name) => vm(name),
  // The test program runs everything as the user of the tests.
  hasUsers: false,
})
