/** A kept connection may be closed by the backend just as we use it. Requests that cannot be repeated take only those used just now. */
export const MAX_IDLE_FOR_UNREPEATABLE_MS = 1_000

/** A request that kills its backend must not go through all of them. */
export const MAX_REPEATS_AFTER_RESET = 2

export const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
