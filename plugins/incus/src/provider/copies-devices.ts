type Device = Readonly<Record<string, string>>
type Devices = Readonly<Record<string, Device>>

/** What no two machines may have at once. */
const UNIQUE = new Set(['hwaddr', 'ipv4.address', 'ipv6.address'])

/** The network devices that have an address of their own, without it; undefined when there are none. */
export function withoutAddresses(devices: Devices): Devices | undefined {
  const changed = Object.entries(devices)
    .filter(([, device]) => device.type === 'nic' && Object.keys(device).some((key) => UNIQUE.has(key)))
    .map(([name, device]) => [name, Object.fromEntries(Object.entries(device).filter(([key]) => !UNIQUE.has(key)))])
  return changed.length === 0 ? undefined : Object.fromEntries(changed)
}
