import {type CallOptions, type Instance, OmniError, type Service} from '@omni-cli/sdk'
import {type ItemView, itemView, type Session, type TextLine} from '@omni-cli/sdk/cli'
import {choose} from '../machines/choose.ts'
import {instanceKind, withoutMachineSecrets} from '../resources/instance.ts'
import {reasonDown} from './overview.ts'
import {DEGRADED_EXIT} from './overview-view.ts'
import {serviceDetailsView} from './service-details.ts'

/**
 * The service or machine that the words name. Exit status 9 when it does not run as it should. USAGE for several; else
 * the errors of `choose`.
 */
export async function statusOf(
  session: Session,
  words: readonly string[],
  options: CallOptions = {},
): Promise<ItemView<Service> | ItemView<Instance>> {
  const [only, ...others] = await choose(session, {words}, options)
  if (only === undefined || others.length > 0) {
    throw new OmniError('USAGE', 'name one service or instance: NAME, KIND NAME or KIND/NAME', {hint: 'omni status'})
  }
  if (only.kind === 'service') return serviceDetailsView(only.state, new Date())
  return machineDetailsView(only.state, await reasonDown(session, only.driver.name, only.state))
}

/** `reason`: why it is not well, as far as that is known without asking it. */
function machineDetailsView(machine: Instance, reason: string | undefined): ItemView<Instance> {
  const ref = `instance/${machine.name}`
  const advice: TextLine[] =
    reason === undefined ? [] : ['', [[reason, 'bad']], [['try: ', 'dim'], `omni health ${ref} --recover`]]
  return itemView({
    data: withoutMachineSecrets(machine),
    ref,
    text: (data) => [...instanceKind.lines(data), ...advice],
    exitCode: reason === undefined ? 0 : DEGRADED_EXIT,
  })
}
