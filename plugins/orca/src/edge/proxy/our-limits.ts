const CODES: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'])

/** This process has no descriptors, ports or memory left: no target is to blame, and another would fail the same way. */
export const isOurLimit = (error: Error): boolean => 'code' in error && CODES.has(error.code)
