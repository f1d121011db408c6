import {OmniError, redact} from '@omni-cli/sdk'

const HOST = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*)|\\[[0-9A-Fa-f:.]+\\])'
const URL_FORM = new RegExp(`^(?:https?|ssh)://(?:[^/@\\s]+@)?${HOST}(?::\\d+)?/\\S+$`, 'i')
/** `git@host:path`, which is ssh. */
const SCP_FORM = new RegExp(`^[A-Za-z0-9_][A-Za-z0-9._-]*@${HOST}:(?!:)[^\\s:][^\\s]*$`)

/**
 * MANIFEST_INVALID for anything but https, ssh and http addresses: other transports of git run programs or read files of
 * this machine, and what begins with '-' would be an option.
 */
export function checkRepository(repo: string, allowsLocal: boolean): void {
  if ((URL_FORM.test(repo) && URL.canParse(repo)) || SCP_FORM.test(repo)) {
    if (!/^ssh:\/\/(?:-|[^/]*@-)/i.test(repo)) return
  }
  if (allowsLocal && repo.startsWith('/') && !/[\0\n\r]/.test(repo)) return
  throw new OmniError('MANIFEST_INVALID', `'${redact(repo)}' is no address of a git repository that is fetched from`, {
    hint: 'write https://HOST/PATH, or USER@HOST:PATH for ssh',
  })
}

/** By the rules of git for names of references. */
export function checkBranch(branch: string): void {
  const isGood =
    /^[^\s~^:?*[\\\0-\x1f\x7f]{1,200}$/.test(branch) &&
    !/^[-/.]|\.\.|\/\.|\/\/|@\{|[/.]$|\.lock(\/|$)/.test(branch) &&
    branch !== '@'
  if (isGood) return
  throw new OmniError('MANIFEST_INVALID', `'${branch}' is no name of a branch`)
}

/** Arguments are seen by everyone on the machine, so a password of the address is told to git in its environment. */
export function withoutCredentials(repo: string): {
  readonly url: string
  readonly env: Readonly<Record<string, string>>
} {
  if (!/^https?:\/\//i.test(repo)) return {url: repo, env: {}}
  const url = new URL(repo)
  const [username, password] = [decoded(url.username), decoded(url.password)]
  if (username === '' && password === '') return {url: repo, env: {}}
  url.username = ''
  url.password = ''
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  return {
    url: url.href,
    env: {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${url.origin}/.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
    },
  }
}

/** As git reads it: a '%' that begins no code is one. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
