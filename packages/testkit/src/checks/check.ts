/** One promise of a contract. `run` throws when it is not kept; a returned text says why it does not apply to the driver. */
export interface Check<Harness> {
  readonly name: string
  run(harness: Harness): Promise<string | undefined>
}

export interface CheckResult {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped, or what failed. */
  readonly message?: string | undefined
}

/** Opens a fresh driver for each check; `close` is called afterwards whatever happened. */
export interface Opened<Driver> {
  readonly driver: Driver
  close?(): Promise<void>
}

/** Runs every check, each on a driver of its own. Never throws: failures are results. */
export async function runChecks<Harness>(
  checks: readonly Check<Harness>[],
  open: () => Promise<{readonly harness: Harness; close(): Promise<void>}>,
): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const check of checks) results.push(await runCheck(check, open))
  return results
}

async function runCheck<Harness>(
  check: Check<Harness>,
  open: () => Promise<{readonly harness: Harness; close(): Promise<void>}>,
): Promise<CheckResult> {
  const {harness, close} = await open()
  try {
    const reason = await check.run(harness)
    return reason === undefined
      ? {name: check.name, outcome: 'passed'}
      : {name: check.name, outcome: 'skipped', message: reason}
  } catch (error) {
    return {name: check.name, outcome: 'failed', message: error instanceof Error ? error.message : String(error)}
  } finally {
    await close()
  }
}
