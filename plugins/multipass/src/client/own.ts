/** Names of machines are keys here: `constructor` must not be found on the prototype. */
export const own = <T>(fields: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(fields, key) ? fields[key] : undefined
