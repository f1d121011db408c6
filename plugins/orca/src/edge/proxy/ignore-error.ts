/** For errors of sockets: `close` follows and says all that matters. */
export const ignoreError = (): void => undefined
