import {existsSync} from 'node:fs'
import {delimiter, dirname, join} from 'node:path'

const KEPT = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR'] as const

/**
 * What a program of the user may know of our own environment: nothing that could be a secret. Programs of the folder
 * (`node_modules/.bin`) come first on the PATH, the Node that runs us last, for machines that have no other.
 */
export function baseEnv(folder: string, source: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const kept = KEPT.map((name) => [name, source[name]] as const).filter(
    (pair): pair is [(typeof KEPT)[number], string] => pair[1] !== undefined,
  )
  const bin = join(folder, 'node_modules', '.bin')
  const path = [
    existsSync(bin) ? bin : undefined,
    source.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    dirname(process.execPath),
  ]
  return {...Object.fromEntries(kept), PATH: path.filter((part) => part !== undefined).join(delimiter)}
}

/** Settings of package managers and TLS libraries; without them nothing can be fetched behind a proxy of a company. */
const DOWNLOAD =
  /^(https?_proxy|no_proxy|all_proxy|node_extra_ca_certs|ssl_cert_(file|dir)|nix_ssl_cert_file|pip_cert|requests_ca_bundle|curl_ca_bundle|git_ssl_cainfo|npm_config_(registry|cafile)|pip_(extra_)?index_url|pip_find_links)$/i

/** What a build, which fetches packages, may know besides. Services do not get it: a proxy may be named with a password. */
export const downloadEnv = (source: NodeJS.ProcessEnv = process.env): Record<string, string> =>
  Object.fromEntries(
    Object.entries(source).filter((pair): pair is [string, string] => pair[1] !== undefined && DOWNLOAD.test(pair[0])),
  )
