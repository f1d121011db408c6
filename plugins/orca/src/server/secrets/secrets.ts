/** Fills `${secrets.KEY}` in: the service's project first, then the secrets of all. `${secrets.other.KEY}` names a project. */
export interface SecretResolver {
  /** References of the environment that nothing is set for, sorted: `DB_PASS`, `other.DB_PASS`. */
  missing(env: Readonly<Record<string, string>>, project: string | undefined): string[]
  /** The environment with values in place of references; a filled-in value is not looked at again. NOT_FOUND for missing ones. */
  resolve(env: Readonly<Record<string, string>>, project: string | undefined): Record<string, string>
}
