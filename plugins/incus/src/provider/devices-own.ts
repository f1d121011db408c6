import {isIP} from 'node:net'
import type {InstanceSpec} from '@omni-cli/sdk'

type Device = Readonly<Record<string, string>>
type Devices = Readonly<Record<string, Device>>
type Port = NonNullable<InstanceSpec['ports']>[number]
type Mount = NonNullable<InstanceSpec['mounts']>[number]
type Kind = InstanceSpec['type']

const PORT = /^omni-port-(\d+)$/
const MOUNT = /^omni-mount-(\d+)$/

/** A device made of an entry of `ports`. */
export const isPortDevice = (name: string, device: Device): boolean => PORT.test(name) && portOf(device) !== undefined

/** A device made of an entry of `mounts`. */
export const isMountDevice = (name: string, {type, source, path}: Device): boolean =>
  MOUNT.test(name) && type === 'disk' && source !== undefined && path !== undefined

/**
 * Devices of `ports`, in their order. A container gets a process of the host that hands connections on; a virtual machine
 * needs rules of the firewall, which need its fixed address.
 */
export function portDevices(ports: readonly Port[], kind: Kind, ipv4: string | undefined): Devices {
  const target = kind === 'vm' ? (ipv4 ?? '0.0.0.0') : '127.0.0.1'
  const pairs = ports.map((port, index) => {
    const {listen, target: to, protocol, host_ip: host} = port
    const device = {
      type: 'proxy',
      listen: `${protocol}:${bracketed(host)}:${listen}`,
      connect: `${protocol}:${target}:${to}`,
      ...(kind === 'vm' ? {nat: 'true'} : {}),
    }
    return [`omni-port-${index + 1}`, device]
  })
  return Object.fromEntries(pairs)
}

/** Devices of `mounts`, in their order. Owners are the same inside as on the host. */
export function mountDevices(mounts: readonly Mount[], kind: Kind): Devices {
  const pairs = mounts.map(({source, target, readonly}, index) => {
    const device = {
      type: 'disk',
      source,
      path: target,
      ...(readonly ? {readonly: 'true'} : {}),
      ...(kind === 'container' ? {shift: 'true'} : {}),
    }
    return [`omni-mount-${index + 1}`, device]
  })
  return Object.fromEntries(pairs)
}

/** The entries of `ports` that the devices were made of. */
export const portsOf = (devices: Devices): Port[] => inOrder(devices, PORT).flatMap((device) => portOf(device) ?? [])

/** The entries of `mounts` that the devices were made of. */
export const mountsOf = (devices: Devices): Mount[] =>
  inOrder(devices, MOUNT).flatMap(({source, path, readonly}) =>
    source === undefined || path === undefined ? [] : [{source, target: path, readonly: readonly === 'true'}],
  )

const ADDRESS = /^(tcp|udp):(?:\[(.+)\]|([^[\]]+)):(\d+)$/

function portOf({type, listen = '', connect = ''}: Device): Port | undefined {
  const [from, to] = [ADDRESS.exec(listen), ADDRESS.exec(connect)]
  const host = from?.[2] ?? from?.[3]
  if (type !== 'proxy' || from === null || to === null || host === undefined) return undefined
  const protocol = from[1] === 'udp' ? 'udp' : 'tcp'
  return {listen: Number(from[4]), target: Number(to[4]), protocol, host_ip: host}
}

function inOrder(devices: Devices, pattern: RegExp): Device[] {
  return Object.entries(devices)
    .flatMap(([name, device]) => {
      const index = pattern.exec(name)?.[1]
      return index === undefined ? [] : [{index: Number(index), device}]
    })
    .sort((a, b) => a.index - b.index)
    .map(({device}) => device)
}

const bracketed = (host: string) => (isIP(host) === 6 ? `[${host}]` : host)
