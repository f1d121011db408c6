import {OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'

/** FORBIDDEN in a context that is `protected: true`, before anything is asked or tried. */
export function refuseProtectedContext({context}: Pick<Session, 'context'>): void {
  if (context.protected !== true) return
  throw new OmniError('FORBIDDEN', `context '${context.name}' is protected: nothing may be changed`, {
    hint: "use another context (omni context use NAME), or take 'protected' out of this one (omni config edit)",
  })
}
