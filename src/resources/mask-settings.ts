import {REDACTED, redact} from '@omni-cli/sdk'

/** Whole files for the first boot, in which passwords stand where no key tells: `cloud_init`, `cloud-init.user-data`. */
const FIRST_BOOT = /^cloud_init$|(user|vendor)-data$/

/** Settings of a machine or profile as they may be printed: what looks like a secret is masked, and text for its first boot. */
export function maskSettings<Settings extends object>(settings: Settings): Settings {
  const hidden = Object.entries(settings).filter(([key, value]) => FIRST_BOOT.test(key) && typeof value === 'string')
  return {...redact(settings), ...Object.fromEntries(hidden.map(([key]) => [key, REDACTED]))}
}
