import {own} from '../client/own.ts'

/** Releases of Ubuntu by their other names. */
const CODE_NAMES: Readonly<Record<string, string>> = {focal: '20.04', jammy: '22.04', noble: '24.04'}

/** Servers of images that Multipass itself knows. */
const REMOTES: ReadonlySet<string> = new Set(['release', 'daily', 'core', 'snapcraft', 'appliance'])

/**
 * The word of `launch` for the image of a plan: `ubuntu:22.04`, `ubuntu/22.04/cloud` and `jammy` are `22.04`. Undefined for
 * what Multipass cannot have. `has` tells about the distributions that came with 1.17.
 */
export function imageWord(image: string, hasOthers: boolean): string | undefined {
  if (/^(file|https?):\/\//.test(image)) return image
  const [name = '', release, variant, ...rest] = image.toLowerCase().split(/[:/]/)
  if (rest.length > 0 || (variant !== undefined && variant !== 'cloud')) return undefined
  if (REMOTES.has(name)) return release === undefined || variant !== undefined ? undefined : `${name}:${release}`
  if (name === 'ubuntu') return release === undefined ? 'lts' : ubuntuWord(release)
  if (name === 'debian' || name === 'trixie') {
    return hasOthers && ['13', 'trixie', undefined].includes(release) ? 'debian' : undefined
  }
  if (name === 'fedora') return hasOthers && release === undefined ? 'fedora' : undefined
  return release === undefined ? ubuntuWord(name) : undefined
}

const ubuntuWord = (release: string): string | undefined =>
  own(CODE_NAMES, release) ?? (/^(\d\d\.\d\d|[a-z]+)$/.test(release) && !OTHERS.has(release) ? release : undefined)

/** Distributions that Multipass never had. */
const OTHERS: ReadonlySet<string> = new Set([
  'almalinux',
  'alpine',
  'archlinux',
  'bookworm',
  'bullseye',
  'centos',
  'docker',
  'opensuse',
  'rocky',
  'rockylinux',
])
