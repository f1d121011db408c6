import type {CallOptions, InstanceSpec} from '@omni-cli/sdk'
import * as requests from '../client/requests.ts'
import type {InstanceWire} from '../client/wire.ts'
import type {Driver} from './driver.ts'
import {mountsOf} from './map.ts'

interface Wanted {
  readonly name: string
  readonly seen: InstanceWire
  readonly mounts: NonNullable<InstanceSpec['mounts']>
}

const MOUNT_MS = 120_000

/** Mounts what is wanted and takes away what is not. */
export async function changeMounts(driver: Driver, {name, seen, mounts}: Wanted, options: CallOptions): Promise<void> {
  const before = mountsOf(seen)
  const isSame = (a: {source: string; target: string}, b: {source: string; target: string}) =>
    a.source === b.source && a.target === b.target
  const gone = before.filter((mount) => !mounts.some((wanted) => isSame(mount, wanted)))
  const missing = mounts.filter((wanted) => !before.some((mount) => isSame(mount, wanted)))
  const words = [
    ...gone.map(({target}) => requests.umount(name, target)),
    ...missing.map(({source, target}) => requests.mount(source, name, target)),
  ]
  if (words.length === 0) return
  await driver.locks.change(async () => {
    for (const request of words) await driver.client.run(request, {signal: options.signal, timeoutMs: MOUNT_MS})
  }, options)
}
