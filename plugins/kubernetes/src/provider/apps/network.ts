import type {ApiObject, ServiceSpec} from '@omni-cli/sdk'
import {objectLabels} from './deployment.ts'
import type {AppFacts, Entrance} from './facts.ts'
import {hostsOf, PORT_NAME, portsName, selectorOf} from './names.ts'

/** Ports that nodes may open unless their API server was told otherwise. */
export const NODE_PORTS = {first: 30_000, last: 32_767} as const

export const isNodePort = (port: number): boolean => port >= NODE_PORTS.first && port <= NODE_PORTS.last

/** `30022:22[/udp]`; a text says what is wrong. */
export function parseExtraPort(text: string): {nodePort: number; port: number; protocol: string} | string {
  const [, address, outside = '', inside = '', protocol = 'tcp'] =
    /^(?:(?:([0-9.]+|\[[0-9a-fA-F:.]+\]):)?(\d+):)?(\d+)(?:\/(tcp|udp|sctp))?$/.exec(text) ?? []
  if (inside === '') return `'${text}' is not written "30022:22" or "30053:53/udp"`
  if (address !== undefined && address !== '0.0.0.0') return `'${text}': nodes open a port on all their addresses`
  if (!isNodePort(Number(outside))) {
    return `'${text}': nodes open ports ${NODE_PORTS.first} to ${NODE_PORTS.last}, as in "30022:${inside}"`
  }
  return {nodePort: Number(outside), port: Number(inside), protocol: protocol.toUpperCase()}
}

/** The Service of that name, one for each alias, and one for further ports that nodes open. */
export function services(spec: ServiceSpec, {namespace}: AppFacts): ApiObject[] {
  const extra = (spec.extra_ports ?? []).map(parseExtraPort).filter((port) => typeof port !== 'string')
  const make = (name: string, type: string, ports: readonly object[]): ApiObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {name, namespace, labels: objectLabels(spec)},
    spec: {type, selector: selectorOf(spec.name), ports},
  })
  // By name, so that old pods are reached while a version with another port takes over.
  const main =
    spec.port === undefined ? [] : [{name: PORT_NAME, port: spec.port, targetPort: PORT_NAME, protocol: 'TCP'}]
  const open = main.map((port) => (spec.host_port === undefined ? port : {...port, nodePort: spec.host_port}))
  const further = extra.map(({nodePort, port, protocol}) => ({
    ...{name: `port-${nodePort}`, port, targetPort: port, nodePort, protocol},
  }))
  return [
    ...(main.length === 0 ? [] : [make(spec.name, spec.host_port === undefined ? 'ClusterIP' : 'NodePort', open)]),
    ...(main.length === 0 ? [] : spec.aliases.map((alias) => make(alias, 'ClusterIP', main))),
    ...(further.length === 0 ? [] : [make(portsName(spec.name), 'NodePort', further)]),
  ]
}

/** Host names: an Ingress or an HTTPRoute, as the cluster has them; none without a domain. */
export function entrances(spec: ServiceSpec, {namespace, entrance}: AppFacts): ApiObject[] {
  if (spec.port === undefined || hostsOf(spec).length === 0) return []
  const metadata = {name: spec.name, namespace, labels: objectLabels(spec)}
  if (entrance.via === 'gateway') return [httpRoute(spec, metadata, entrance)]
  return entrance.via === 'ingress' ? [ingress(spec, metadata, entrance)] : []
}

type Metadata = ApiObject['metadata']

function httpRoute(
  spec: ServiceSpec,
  metadata: Metadata,
  {apiVersion, gateway}: Entrance & {via: 'gateway'},
): ApiObject {
  const rewrite = {type: 'URLRewrite', urlRewrite: {path: {type: 'ReplacePrefixMatch', replacePrefixMatch: '/'}}}
  const matches = pathsOf(spec).map(({path, isPrefix}) => ({
    path: {type: isPrefix ? 'PathPrefix' : 'Exact', value: path},
  }))
  return {
    apiVersion,
    kind: 'HTTPRoute',
    metadata,
    spec: {
      parentRefs: [{namespace: gateway.namespace, name: gateway.name}],
      hostnames: hostsOf(spec),
      rules: [
        {
          matches,
          ...(spec.strip_prefix === undefined ? {} : {filters: [rewrite]}),
          backendRefs: [{name: spec.name, port: spec.port}],
        },
      ],
    },
  }
}

/** Taking off a prefix is no part of Ingress: this controller has its own way. */
export const NGINX = 'k8s.io/ingress-nginx'

function ingress(spec: ServiceSpec, metadata: Metadata, {className}: Entrance & {via: 'ingress'}): ApiObject {
  const strips = spec.strip_prefix !== undefined
  const backend = {service: {name: spec.name, port: {name: PORT_NAME}}}
  const paths = pathsOf(spec).map(({path, isPrefix}) =>
    strips
      ? {path: `${path.replace(/\/$/, '')}(/|$)(.*)`, pathType: 'ImplementationSpecific', backend}
      : {path, pathType: isPrefix ? 'Prefix' : 'Exact', backend},
  )
  const annotations = {
    'nginx.ingress.kubernetes.io/use-regex': 'true',
    'nginx.ingress.kubernetes.io/rewrite-target': '/$2',
  }
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {...metadata, ...(strips ? {annotations} : {})},
    spec: {
      ...(className === undefined ? {} : {ingressClassName: className}),
      rules: hostsOf(spec).map((host) => ({host, http: {paths}})),
    },
  }
}

function pathsOf({routes, strip_prefix: prefix}: ServiceSpec) {
  const all = routes.length > 0 ? routes : [prefix === undefined ? '/*' : `${prefix.replace(/\/$/, '')}/*`]
  return all.map((route) => {
    const isPrefix = route.endsWith('*')
    const path = isPrefix ? route.slice(0, -1).replace(/(.)\/$/, '$1') : route
    return {path: path === '' ? '/' : path, isPrefix}
  })
}
