import {isSince, refused} from './command-line.ts'

export interface Image {
  readonly key: string
  readonly aliases: readonly string[]
  readonly os: string
  readonly release: string
  readonly version: string
  readonly remote: string
  readonly hash: string
  readonly minDisk: number
}

const ubuntu = (key: string, aliases: readonly string[], hash: string): Image => ({
  key,
  aliases,
  os: 'Ubuntu',
  release: `${key} LTS`,
  version: '20260801',
  remote: '',
  hash: hash.repeat(64),
  minDisk: 2_361_393_152,
})

const RELEASES = [
  ubuntu('20.04', ['focal'], 'a'),
  ubuntu('22.04', ['jammy'], 'b'),
  ubuntu('24.04', ['noble', 'lts'], 'c'),
]

const custom = (key: string, release: string, hash: string): Image => ({
  key,
  aliases: [],
  os: key === 'debian' ? 'Debian' : 'Fedora',
  release,
  version: '20260801',
  remote: '',
  hash: hash.repeat(64),
  minDisk: 1_073_741_824,
})

/** Debian and Fedora came with 1.17. */
export const imagesOf = (version: string): readonly Image[] =>
  isSince(version, '1.17') ? [...RELEASES, custom('debian', 'trixie', 'd'), custom('fedora', '44', 'e')] : RELEASES

const REMOTES = ['release', 'daily', 'appliance', 'snapcraft', 'core']

/** The image that a word of `launch` means; exit 2 for one that is nowhere. */
export function imageFor(word: string, version: string): Image {
  if (/^(file|https?):\/\//.test(word)) return {...ubuntu('22.04', [], 'f'), key: word, minDisk: 0}
  const [remote, name] = word.includes(':') ? word.split(':', 2) : [undefined, word]
  if (remote !== undefined && !REMOTES.includes(remote)) {
    throw refused('launch', `Remote "${remote}" is unknown or unreachable.`)
  }
  const found = imagesOf(version).find((image) => image.key === name || image.aliases.includes(name ?? ''))
  if (found === undefined)
    throw refused('launch', `Unable to find an image matching "${name}" in remote "${remote ?? ''}".`)
  return found
}
