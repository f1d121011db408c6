import {formatDuration, OmniError, type Release, type ReleaseStatus} from '@omni-cli/sdk'
import {type ListView, listView, type Tone} from '@omni-cli/sdk/cli'
import {failureText} from './service-view.ts'
import {withoutSecrets} from './without-secrets.ts'

const TONE = {
  active: 'good',
  canary: 'warn',
  deploying: 'warn',
  superseded: 'dim',
  failed: 'bad',
} as const satisfies Record<ReleaseStatus, Tone>

/** Releases as a table: which, when, by whom, why, and how a failed one failed. */
export function releasesView(releases: readonly Release[], now: Date): ListView<Release> {
  return listView({
    rows: releases,
    data: withoutSecrets,
    ref: ({service, id}) => `release/${service}/${id}`,
    empty: 'there are no releases yet',
    columns: [
      {header: 'RELEASE', value: ({id}) => id},
      {header: 'STATUS', value: ({status}) => status, tone: ({status}) => TONE[status]},
      {header: 'AGE', value: (release) => ageOf(release, now), align: 'right'},
      {header: 'BY', value: ({actor}) => actor},
      {header: 'REASON', value: ({reason}) => reason},
      {header: 'FAILURE', value: ({failure}) => (failure === undefined ? '' : failureText(failure))},
      {
        header: 'ARTIFACT',
        value: ({spec}) => spec.artifact?.slice('sha256:'.length, 'sha256:'.length + 12),
        wide: true,
      },
    ],
  })
}

/** Releases that can be gone back to, newest first: all that once served but the one that serves now. */
export const rollbackTargets = (releases: readonly Release[]): Release[] =>
  releases.filter(({status}) => status === 'superseded')

/** One line to choose by. */
export const releaseChoice = (release: Release, now: Date): string =>
  `${release.id}  ${ageOf(release, now)} ago  ${release.reason}${release.actor === undefined ? '' : ` by ${release.actor}`}`

/** The release to go back to. NOT_FOUND when it is none of the service's, CONFLICT when it serves now or never did. */
export function chooseRelease(releases: readonly Release[], service: string, to: string): Release {
  const found = releases.find(({id}) => id === to)
  const hint = `omni releases ${service}`
  if (found === undefined) throw new OmniError('NOT_FOUND', `'${service}' has no release '${to}'`, {hint})
  if (found.status === 'active')
    throw new OmniError('CONFLICT', `release '${to}' of '${service}' serves already`, {hint})
  if (found.status === 'canary') {
    throw new OmniError('CONFLICT', `release '${to}' of '${service}' is its canary`, {hint: `omni promote ${service}`})
  }
  if (found.failure?.reason === 'CanaryAborted') {
    throw new OmniError('CONFLICT', `release '${to}' of '${service}' was aborted as a canary`, {hint})
  }
  if (found.status === 'failed')
    throw new OmniError('CONFLICT', `release '${to}' of '${service}' never became ready`, {hint})
  return found
}

const ageOf = ({createdAt}: Release, now: Date): string =>
  formatDuration(Math.max(0, now.getTime() - Date.parse(createdAt)))
