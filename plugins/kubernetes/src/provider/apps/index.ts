import type {EndpointAnswer, Service, ServiceSpec} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {AppFlavour} from '../flavour.ts'
import {CONTAINER, selectorOf, selectorText} from './names.ts'
import type {Sight} from './observe.ts'
import {listSights, readSight} from './store.ts'

/** Applications as Deployments. @param actor who deploys, for `omni releases` */
export function createApps(client: KubeClient, actor?: string): AppFlavour {
  // What changes something is only loaded when something is changed.
  const deploy = () => import('./deploy.ts')
  const verbs = () => import('./verbs.ts')
  const options = {reason: 'deploy', actor}
  return {
    list: async ({labels = {}, ...where} = {}) => {
      const wanted = Object.entries(labels)
      const services = await toServices(await listSights(client, where))
      return services.filter(({spec}) => wanted.every(([key, value]) => spec.labels[key] === value))
    },
    get: async (name, call): Promise<Service | undefined> => {
      const sight = await readSight(client, name, call)
      return (await toServices(sight === undefined ? [] : [sight]))[0]
    },
    create: async (spec: ServiceSpec, call) => (await deploy()).createApp(client, spec, {...call, ...options}),
    update: async (name, spec, call) => (await deploy()).updateApp(client, name, spec, {...call, ...options}),
    remove: async (name, call) => (await verbs()).removeApp(client, name, call),
    start: async (name, call) => (await verbs()).startApp(client, name, call),
    stop: async (name, call) => (await verbs()).stopApp(client, name, call),
    restart: async (name, call) => (await verbs()).restartApp(client, name, call),
    scale: async (name, replicas, call) => (await verbs()).scaleApp(client, name, replicas, call),
    pods: async (name, call) => {
      const sight = await readSight(client, name, call)
      if (sight === undefined) return undefined
      const {toService} = await import('./observe.ts')
      const {spec} = toService(sight)
      return {
        ...{namespace: sight.namespace, selector: selectorText(selectorOf(name)), container: CONTAINER, service: name},
        ...(spec.port === undefined ? {} : {port: spec.port}),
      }
    },
    probe: async (name, call): Promise<readonly EndpointAnswer[]> => {
      const sight = await readSight(client, name, call)
      if (sight === undefined) return []
      const {probeApp} = await import('./probe.ts')
      return probeApp(client, sight, call)
    },
  }
}

/** Specs of services, and their schema, are only read where there are applications. */
async function toServices(sights: readonly Sight[]): Promise<Service[]> {
  if (sights.length === 0) return []
  const {toService} = await import('./observe.ts')
  return sights.map((sight) => toService(sight))
}
