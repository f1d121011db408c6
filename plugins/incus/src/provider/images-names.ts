/** Where Incus takes an image from. */
export type ImageSource =
  | {readonly from: 'local'; readonly alias: string}
  | {readonly from: 'local'; readonly fingerprint: string}
  | {readonly from: 'remote'; readonly remote: string; readonly alias: string}

/** The image server that every Incus knows by default. */
export const IMAGES_REMOTE = 'images'

/** Distributions of the image server, and other names of them. */
const DISTRIBUTIONS: Readonly<Record<string, string>> = {
  almalinux: 'almalinux',
  alma: 'almalinux',
  alpine: 'alpine',
  amazonlinux: 'amazonlinux',
  archlinux: 'archlinux',
  arch: 'archlinux',
  centos: 'centos',
  debian: 'debian',
  devuan: 'devuan',
  fedora: 'fedora',
  gentoo: 'gentoo',
  kali: 'kali',
  mint: 'mint',
  openeuler: 'openeuler',
  opensuse: 'opensuse',
  oracle: 'oracle',
  rocky: 'rockylinux',
  rockylinux: 'rockylinux',
  ubuntu: 'ubuntu',
  voidlinux: 'voidlinux',
  void: 'voidlinux',
}

/** Code names and the like, by which a release is known too. */
const RELEASES: Readonly<Record<string, readonly [distribution: string, version: string]>> = {
  bullseye: ['debian', '11'],
  bookworm: ['debian', '12'],
  trixie: ['debian', '13'],
  focal: ['ubuntu', '20.04'],
  jammy: ['ubuntu', '22.04'],
  noble: ['ubuntu', '24.04'],
  lts: ['ubuntu', '24.04'],
}

/** Distributions that have one image only, without a number. */
const ROLLING: ReadonlySet<string> = new Set(['archlinux', 'gentoo', 'kali', 'voidlinux'])

/**
 * `ubuntu:22.04`, `ubuntu/22.04`, `jammy`, `22.04` → the alias on the image server, in its variant with cloud-init.
 * Undefined for what is no name of a distribution.
 */
function distributionAlias(text: string): string | undefined {
  const [name = '', version, ...rest] = text.toLowerCase().split(/[:/]/)
  if (rest.length > 0) return rest.length === 1 && Object.hasOwn(DISTRIBUTIONS, name) ? text.toLowerCase() : undefined
  const found = releaseOf(name, version)
  return found === undefined ? undefined : `${found.join('/')}/cloud`
}

function releaseOf(name: string, version: string | undefined): readonly string[] | undefined {
  const known = Object.hasOwn(RELEASES, version ?? name) ? RELEASES[version ?? name] : undefined
  if (version === undefined && /^\d\d\.(04|10)$/.test(name)) return ['ubuntu', name]
  if (version === undefined && known !== undefined) return known
  const distribution = Object.hasOwn(DISTRIBUTIONS, name) ? DISTRIBUTIONS[name] : undefined
  if (distribution === undefined) return undefined
  if (known?.[0] === distribution) return known
  if (version !== undefined) return /^[a-z0-9.-]+$/.test(version) ? [distribution, version] : undefined
  if (ROLLING.has(distribution)) return [distribution]
  return distribution === 'ubuntu' ? RELEASES.lts : undefined
}

/** What the image of a plan means when no local alias has this very name. Undefined: nothing that we know. */
export function imageSource(text: string): ImageSource | undefined {
  const prefix = /^([A-Za-z][A-Za-z0-9_.-]*):(.+)$/.exec(text)
  const [, remote = '', name = ''] = prefix ?? []
  if (remote === 'local') return localImage(name)
  if (isFingerprint(text)) return {from: 'local', fingerprint: text}
  const alias = distributionAlias(text)
  if (alias !== undefined) return {from: 'remote', remote: IMAGES_REMOTE, alias}
  return prefix === null ? undefined : {from: 'remote', remote, alias: name}
}

export const localImage = (name: string): ImageSource =>
  isFingerprint(name) ? {from: 'local', fingerprint: name} : {from: 'local', alias: name}

const isFingerprint = (text: string) => /^[0-9a-f]{12,64}$/.test(text)

/** The image of a machine that omni did not make, as a plan would write it; else the start of its fingerprint. */
export function foreignImage(config: Readonly<Record<string, string>>): string | undefined {
  const [name, release] = [config['image.os']?.toLowerCase(), config['image.release']?.toLowerCase()]
  if (name === undefined || release === undefined) return config['volatile.base_image']?.slice(0, 12)
  const version = Object.hasOwn(RELEASES, release) ? RELEASES[release]?.[1] : release
  return `${name}:${version}`
}
