import {escapeTerminal, formatDuration, OmniError} from '@omni-cli/sdk'

export interface AnswerHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface Asked {
  /** What was asked for, in words: `'org/name'`, `'config.json' of 'org/name'`. */
  readonly what: string
  readonly endpoint: string
  readonly repo?: string | undefined
  readonly hasToken: boolean
}

/** One value of a header. */
export function headerOf({headers}: Pick<AnswerHead, 'headers'>, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** What a refusal of the hub means, by its `X-Error-Code` and status. */
export function hubError(answer: AnswerHead, asked: Asked): OmniError {
  const code = headerOf(answer, 'x-error-code') ?? ''
  const {what, repo, hasToken} = asked
  const name = repo === undefined ? 'it' : `'${repo}'`
  if (code === 'GatedRepo') return gated(asked)
  if (code === 'RevisionNotFound') return new OmniError('NOT_FOUND', `${name} has no such revision: ${what}`)
  if (code === 'EntryNotFound') return new OmniError('NOT_FOUND', `there is no ${what}`)
  if (code === 'DisabledRepo') return new OmniError('FORBIDDEN', `the hub has closed ${name}`)
  if (code === 'RepoNotFound' || answer.status === 404) return notFound(asked)
  if (answer.status === 401 && hasToken) {
    return new OmniError('UNAUTHORIZED', `the hub does not accept the token${reason(answer)}`, {
      hint: 'set HF_TOKEN to a valid one, or unset it for public models',
    })
  }
  if (answer.status === 401) return notFound(asked)
  if (answer.status === 403 || answer.status === 451) {
    return new OmniError('FORBIDDEN', `the token may not read ${what}${reason(answer)}`, {
      hint: `give the token the right to read ${name}: ${asked.endpoint}/settings/tokens`,
    })
  }
  if (answer.status === 429) return limited(answer)
  return new OmniError('UNAVAILABLE', `the hub answered ${answer.status} for ${what}${reason(answer)}`, {
    retryable: answer.status >= 500,
  })
}

/** Of a repository whose terms must be accepted first. */
export function gated({repo = '', endpoint, hasToken}: Asked): OmniError {
  const page = `${endpoint}/${repo}`
  const then = hasToken ? 'with the account of the token' : 'then set HF_TOKEN'
  return new OmniError('FORBIDDEN', `the terms of '${repo}' are not accepted${hasToken ? ' by this account' : ''}`, {
    hint: `accept them at ${page}, ${then}`,
    details: {terms: page},
  })
}

function notFound({repo, what, hasToken}: Asked): OmniError {
  if (repo === undefined) return new OmniError('NOT_FOUND', `the hub has no ${what}`)
  // Without a token the hub does not tell what is hidden from what is not there.
  return hasToken
    ? new OmniError('NOT_FOUND', `the hub has no model '${repo}', or the token may not see it`, {
        hint: `omni search hf ${lastWord(repo)}`,
      })
    : new OmniError('NOT_FOUND', `the hub has no model '${repo}', or it is private`, {
        hint: `omni search hf ${lastWord(repo)}\nset HF_TOKEN when it is private`,
      })
}

const lastWord = (repo: string): string => repo.split('/').at(-1) ?? repo

/** Too many requests, and when the hub counts anew. */
export function limited(answer: AnswerHead): OmniError {
  const waitMs = pauseMs(answer)
  const when = waitMs === undefined ? 'later' : `in ${formatDuration(Math.max(1000, waitMs))}`
  return new OmniError('UNAVAILABLE', `the hub limits the number of requests; it answers again ${when}`, {
    hint: 'set HF_TOKEN: who has an account may ask more often',
    retryable: true,
    details: {waitMs},
  })
}

/** How long the hub asks to wait: `Retry-After`, else the `t` of `RateLimit`. */
export function pauseMs(answer: AnswerHead): number | undefined {
  const after = headerOf(answer, 'retry-after')
  if (after !== undefined) {
    const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now()
    if (Number.isFinite(ms)) return Math.max(0, ms)
  }
  const seconds = /(?:^|;)\s*t=(\d+)/.exec(headerOf(answer, 'ratelimit') ?? '')?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

function reason(answer: AnswerHead): string {
  const text = headerOf(answer, 'x-error-message')
  return text === undefined ? '' : `: ${escapeTerminal(text.slice(0, 200))}`
}
