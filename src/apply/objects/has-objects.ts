import type {Session} from '@omni-cli/sdk/cli'

/** A driver of objects is there for this context. */
export const hasObjects = ({contributions, context}: Pick<Session, 'contributions' | 'context'>): boolean =>
  contributions.some(
    ({kind, requires}) => kind === 'object' && (requires === undefined || context[requires] !== undefined),
  )
