import {type CallOptions, OmniError, type Service, type ServiceEngine} from '@omni-cli/sdk'
import type {KubeClient} from '../client/kube-client.ts'
import {createApps} from './apps/index.ts'
import {createReleases} from './apps/releases.ts'
import {checkCluster} from './check.ts'
import type {Flavour} from './flavour.ts'
import {createDiagnosis} from './inference/diagnose/create-diagnosis.ts'
import {createInference} from './inference/index.ts'
import {createNodes} from './nodes/index.ts'
import {createEvents} from './pods/events.ts'
import {createExec} from './pods/exec.ts'
import {createForward} from './pods/forward.ts'
import {createLogs} from './pods/logs.ts'
import {visible} from './visible.ts'

/**
 * Both flavours of services of a cluster behind one contract: names are looked up in both.
 * @param actor who deploys, for `omni releases`
 */
export function createServices(client: KubeClient, actor?: string): ServiceEngine {
  const apps = createApps(client, actor)
  const inference = createInference(client)
  const flavours: readonly Flavour[] = [apps, inference]

  const flavourOf = async (name: string, call: CallOptions = {}): Promise<Flavour> => {
    const found = await visible(flavours.map((flavour) => flavour.get(name, call)))
    const having = flavours.filter((_, index) => found[index] !== undefined)
    const [only, ...others] = having
    if (only === undefined) {
      throw new OmniError('NOT_FOUND', `there is no service '${name}' in namespace '${client.namespace}'`, {
        hint: 'omni get services --all-namespaces',
      })
    }
    if (others.length === 0) return only
    throw both(name)
  }
  const both = (name: string): OmniError =>
    new OmniError('CONFLICT', `'${name}' is an application and an inference service in '${client.namespace}'`, {
      hint: `omni get deployment ${name}; omni get isvc ${name}`,
    })
  const podsOf = async (name: string, call: CallOptions = {}) => {
    const [group, ...others] = (await Promise.all(flavours.map((flavour) => flavour.pods(name, call)))).filter(
      (found) => found !== undefined,
    )
    // Two, or none: told in words.
    return group === undefined || others.length > 0 ? (await flavourOf(name, call)).pods(name, call) : group
  }

  return {
    name: 'kubernetes',
    traits: {sources: ['image'], labels: true},
    check: (options) => checkCluster(client, options),
    list: async (options) =>
      (await visible(flavours.map((flavour) => flavour.list(options)))).flatMap((list) => list ?? []).toSorted(byName),
    get: async (name, options) => {
      const [app, served] = await visible(flavours.map((flavour) => flavour.get(name, options)))
      return app ?? served
    },
    // Not to carry anything along: all that a cluster refuses is told before the first of several services is touched.
    beforeDeploy: async (services, options) => {
      const {refuseAll} = await import('./apps/refuse-all.ts')
      await refuseAll(
        client,
        services.map(({spec}) => spec),
        options,
      )
    },
    create: apps.create,
    update: async (name, spec, options) => {
      const [app, served] = await visible(flavours.map((flavour) => flavour.get(name, options)))
      if (app !== undefined || served === undefined) return apps.update(name, spec, options)
      throw new OmniError('CONFLICT', `'${name}' is a served model in '${client.namespace}'`, {
        hint: 'give the application another name',
      })
    },
    remove: async (name, options) => {
      const found = await visible(flavours.map((flavour) => flavour.get(name, options)))
      const [only, ...others] = flavours.filter((_, index) => found[index] !== undefined)
      if (others.length > 0) throw both(name)
      await only?.remove(name, options)
    },
    start: async (name, options) => (await flavourOf(name, options)).start(name, options),
    stop: async (name, options) => (await flavourOf(name, options)).stop(name, options),
    restart: async (name, options) => (await flavourOf(name, options)).restart(name, options),
    scale: async (name, replicas, options) => (await flavourOf(name, options)).scale(name, replicas, options),
    probe: async (name, options) => (await flavourOf(name, options)).probe?.(name, options),
    logs: createLogs(client, podsOf),
    exec: createExec(client, podsOf),
    events: createEvents(client),
    forward: createForward(client, podsOf),
    releases: createReleases(client, actor),
    nodes: createNodes(client),
    diagnosis: createDiagnosis(client),
  }
}

const byName = (a: Service, b: Service): number =>
  (a.project ?? '').localeCompare(b.project ?? '') || a.name.localeCompare(b.name)
