import {describeModelCatalog, startFakeKube} from '@omni-cli/testkit'
import {openCatalog} from './open-catalog.ts'

describeModelCatalog({
  name: 'kubernetes',
  create: async () => {
    const kube = await startFakeKube()
    const {catalog, ...open} = await openCatalog({kubeconfig: kube.kubeconfig, cluster: 'fake'})
    return {
      driver: catalog,
      close: async () => {
        await open[Symbol.asyncDispose]()
        await kube[Symbol.asyncDispose]()
      },
    }
  },
})
