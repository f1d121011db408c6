import {hostname} from 'node:os'
import {type CallOptions, OmniError, type ServiceEngine} from '@omni-cli/sdk'

const THIS_MACHINE = ['localhost', '127.0.0.1', '::1']

/**
 * Makes sure that acting on a service means acting on this host. NOT_FOUND for a host that the engine does not know,
 * UNSUPPORTED for one of several, since an engine places replicas itself.
 */
export async function requireOnlyHost(engine: ServiceEngine, host: string, options: CallOptions = {}): Promise<void> {
  const nodes = (await engine.nodes?.list(options)) ?? []
  const isHere = THIS_MACHINE.includes(host) || host === hostname()
  const isKnown = isHere || nodes.some(({id, address}) => [id, address, address.split(':')[0]].includes(host))
  if (!isKnown) {
    throw new OmniError(
      'NOT_FOUND',
      `there is no host '${host}'; the services of '${engine.name}' run on this machine`,
      {
        hint: 'the same command without --host',
      },
    )
  }
  if (nodes.length > 1) {
    throw new OmniError('UNSUPPORTED', `'${engine.name}' chooses the host of a replica itself`, {
      hint: 'the same command without --host',
    })
  }
}
