import {type CallOptions, type Instance, type InstanceSpec, isAbort, isOmniError, OmniError} from '@omni-cli/sdk'
import {instanceWire, type WireInstance} from '../client/wire.ts'
import {inheritedDevices, isBridge} from './create.ts'
import {userDataOf} from './create-config.ts'
import {RECORD_KEY, readRecord} from './map-record.ts'
import {type InstancePut, patchConfig, putInstance, readInstance, rebuildInstance} from './requests.ts'
import {type Mender, whileStopped} from './update.ts'
import {nextInstance} from './update-next.ts'
import {currentInstance, refuseEphemeral, stopInstance} from './update-state.ts'

/** For the root disk is given up anyway. */
const GRACE_MS = 30_000
/** Told as the image of a machine whose rebuild has not come to its end. */
const UNFINISHED = '(a rebuild was not finished)'

/**
 * A new root disk by the spec: its image, its user data, the first boot once more. Hardware addresses, labels, devices and
 * what others keep on the machine stay. Nothing is touched when the image is not
 * there; CONFLICT when the machine has snapshots, or is ephemeral. What is cut off in between is seen as not done.
 */
export async function rebuildFrom(
  shop: Mender,
  name: string,
  spec: InstanceSpec,
  options?: CallOptions,
): Promise<Instance> {
  const {client} = shop
  const [source, userData, inherited, isHostBridge, before] = await Promise.all([
    shop.images.source(spec.image, options),
    userDataOf(spec),
    inheritedDevices(client, spec.profiles, options),
    isBridge(client, spec, options),
    currentInstance(client, name, options),
  ])
  refuseEphemeral(before)
  refuseSnapshots(before)
  options?.onProgress?.('rebuilding')
  await stopOrCut(shop, name, options)
  return whileStopped(shop, name, options, async () => {
    const {value: wire, etag} = await client.fetch(instanceWire, readInstance(name), options)
    const next = nextInstance(wire, {spec, inherited, isHostBridge, rebuilt: {userData}})
    await client.operate(putInstance(name, asUnfinished(next), etag), options)
    try {
      await client.operate(rebuildInstance(name, source), options)
    } catch (error) {
      // The disk is the old one still: so is what is said of it.
      if (!isAbort(error))
        await client.operate(putInstance(name, {...next, config: wire.config}, undefined)).catch(() => undefined)
      throw error
    }
    await client.send(patchConfig(name, {[RECORD_KEY]: next.config[RECORD_KEY] ?? ''}, undefined), options)
  })
}

/** With a record that fits no spec, until the disk is new. */
function asUnfinished(next: InstancePut): InstancePut {
  const record = readRecord(next.config)
  const marked = JSON.stringify({...record, image: UNFINISHED})
  return {...next, config: {...next.config, [RECORD_KEY]: marked}}
}

/** Incus gives no new disk to what has snapshots of the old one. */
function refuseSnapshots({name, snapshots}: WireInstance): void {
  const names = (snapshots ?? []).map((snapshot) => snapshot.name)
  if (names.length === 0) return
  throw new OmniError('CONFLICT', `'${name}' has snapshots, which a new disk cannot keep: ${names.join(', ')}`, {
    hint: `omni snapshot remove ${name} ${names[0]}`,
    details: {snapshots: names},
  })
}

async function stopOrCut({client}: Mender, name: string, options?: CallOptions): Promise<void> {
  try {
    await stopInstance(client, name, {...options, timeoutMs: GRACE_MS})
  } catch (error) {
    if (!isOmniError(error) || error.code !== 'TIMEOUT') throw error
    await stopInstance(client, name, {...options, force: true})
  }
}
