import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {createHome, omni, removeHome} from '../harness.ts'

// The way from nothing to a cluster, on a real API server.
const kubeconfig = process.env.OMNI_TEST_KUBECONFIG

let home: string
beforeAll(async () => {
  home = await createHome()
})
afterAll(() => removeHome(home))

const cli = (...args: string[]) => omni(args, {home, env: {KUBECONFIG: kubeconfig}})

describe.skipIf(kubeconfig === undefined)('omni cluster on a real API server', () => {
  it('connects, and tells capacity and who has reserved it', async () => {
    const connected = await cli('cluster', 'connect', '--context', 'omni-test', '--namespace', 'default', '-o', 'json')
    expect(JSON.parse(connected.stdout)).toMatchObject({version: expect.stringMatching(/^v1\./), written: true})

    const capacity = JSON.parse((await cli('cluster', 'capacity', '-o', 'json')).stdout)
    expect(capacity.nodes.find(({name}: {name: string}) => name === 'node1')).toMatchObject({usable: true})
    expect((await cli('cluster', 'capacity')).stdout).toMatch(/^node1 +ready/m)
    expect((await cli('cluster', 'resources', '-o', 'json')).code).toBe(0)
  })

  it('tells doctor and health the same about what is missing', async () => {
    const health = JSON.parse((await cli('cluster', 'health', '-o', 'json')).stdout)
    const {stdout} = await cli('doctor', '-o', 'json')

    const failed = health.checks.filter(({status}: {status: string}) => status === 'failed')
    const found: {subject: string; status: string}[] = JSON.parse(stdout).findings
    const told = found.filter(({subject, status}) => subject.startsWith('cluster: ') && status === 'error')
    expect(told.map(({subject}) => subject)).toEqual(failed.map(({name}: {name: string}) => `cluster: ${name}`))
  })

  it('shows a user who may do nothing what is not known to him', async () => {
    await cli('cluster', 'connect', '--context', 'omni-test-viewer', '--protected', '--use')
    const {code, stdout} = await cli('cluster', 'health')

    expect(code).toBe(9)
    expect(stdout).toMatch(/^unknown {2}nodes: .*cannot list resource "nodes"/m)
    expect(stdout).toMatch(/^failed {3}permissions: this user may do nothing in 'default'/m)
    expect((await cli('cluster', 'capacity')).code).toBe(7)
  })
})
