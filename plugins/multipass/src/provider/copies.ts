import {type CopyFacet, OmniError} from '@omni-cli/sdk'
import * as requests from '../client/requests.ts'
import {learned} from './belief.ts'
import {trashed} from './create.ts'
import type {Driver} from './driver.ts'
import {isTrashed} from './map.ts'
import {requireInstance} from './observe.ts'
import {requireStopped} from './snapshots.ts'

const CLONE_MS = 900_000

export const createCopyFacet = (driver: Driver): CopyFacet => ({
  needsStop: true,
  async copy(name, to, options = {}) {
    const {client, locks, records} = driver
    const {signal, snapshot} = options
    if (snapshot !== undefined) {
      throw new OmniError('UNSUPPORTED', 'Multipass copies machines, not their snapshots', {
        hint: `omni snapshot restore ${name} ${snapshot}`,
      })
    }
    const before = await requireInstance(driver, name, options)
    const taken = await client.instance(to, {signal})
    if (taken !== undefined) {
      throw isTrashed(taken) ? trashed(to) : new OmniError('CONFLICT', `instance '${to}' exists already`)
    }
    requireStopped(name, before.status)
    await locks.change(() => client.run(requests.clone(name, to), {signal, timeoutMs: CLONE_MS}), options)
    const seen = await client.instance(to, {signal})
    if (seen === undefined) throw new OmniError('UNAVAILABLE', `Multipass does not list the copy '${to}'`)
    const {image, cpus, memoryBytes, diskBytes, labels} = before
    const own = Object.entries(labels).filter(([key]) => !key.startsWith('omni.'))
    await records.put(to, {
      ...learned(
        {
          labels: {},
          image: image ?? '',
          createdAt: new Date().toISOString(),
          cpus,
          memory: memoryBytes,
          disk: diskBytes,
        },
        seen,
      ),
      labels: Object.fromEntries(own),
    })
    return await requireInstance(driver, to, options)
  },
})
