import type {InstanceSpec} from '@omni-cli/sdk'
import {fixedAddress} from './devices.ts'
import type {Problem} from './refusals.ts'
import type {Facts} from './refusals-facts.ts'

type Port = NonNullable<InstanceSpec['ports']>[number]

/** Ports of the host: each leads to one machine. */
export function portProblems(spec: InstanceSpec, {wanted}: Facts): Problem[] {
  const all = wanted.instances.flatMap(({name, ports = []}) => ports.map((port, index) => ({name, port, index})))
  return (spec.ports ?? []).flatMap((port, index) => {
    const earlier = all.slice(
      0,
      all.findIndex((other) => other.name === spec.name && other.index === index),
    )
    const twin = earlier.find((other) => isSame(other.port, port))
    const message = `port ${port.listen} of the host leads to '${twin?.name}' already`
    const taken = twin === undefined ? [] : [{path: ['ports', index, 'listen'], message}]
    return [...taken, ...vmProblems(spec, port, index)]
  })
}

const isAnywhere = (host: string) => host === '0.0.0.0' || host === '::'

const isSame = (one: Port, other: Port): boolean =>
  one.listen === other.listen &&
  one.protocol === other.protocol &&
  (one.host_ip === other.host_ip || isAnywhere(one.host_ip) || isAnywhere(other.host_ip))

/** Into a virtual machine only rules of the firewall lead. */
function vmProblems(spec: InstanceSpec, {host_ip: host}: Port, index: number): Problem[] {
  if (spec.type !== 'vm') return []
  const path = ['ports', index]
  const hint = 'write "network.ipv4" with an address of its network'
  const isGeneral = isAnywhere(host) || host.startsWith('127.')
  return [
    ...(fixedAddress(spec) === undefined
      ? [{path, message: 'ports of a virtual machine need its fixed address', hint}]
      : []),
    ...(isGeneral
      ? [
          {
            path: [...path, 'host_ip'],
            message: `${host} cannot lead into a virtual machine; name an address of the host`,
          },
        ]
      : []),
  ]
}
