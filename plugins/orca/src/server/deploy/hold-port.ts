import type {ServiceSpec} from '@omni-cli/sdk'
import type {ControlContext} from '../context.ts'
import {portTaken} from '../ports.ts'

const ATTEMPTS = 10

/**
 * Opens the port of a service before anything of it starts, so that nobody takes it while it is built and boots. One that
 * somebody took since it was chosen is replaced; CONFLICT when the spec fixes it.
 */
export async function holdPort({edgeSync, ports, store}: ControlContext, spec: ServiceSpec): Promise<void> {
  const {name, port, host_port} = spec
  if (port === undefined || edgeSync.isOpen(name)) return
  for (let attempt = 1; ; attempt++) {
    await edgeSync.publish()
    const lost = edgeSync.lost(name)
    if (lost === undefined) return
    if (host_port !== undefined || attempt === ATTEMPTS) throw portTaken(name, lost.port)
    const another = await ports.replace(name)
    store.durably(() => store.services.update(name, {port: another}))
  }
}
