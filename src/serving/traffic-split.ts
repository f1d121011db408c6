import {OmniError} from '@omni-cli/sdk'

const OLD = ['prev', 'previous', 'stable']
const NEW = ['canary', 'new', 'latest']

/** `prev:90,canary:10` → 10. USAGE unless the two are whole percentages that make 100. */
export function parseTrafficSplit(text: string): number {
  const parts = new Map(text.split(',').map((part) => partOf(part.trim(), text)))
  const [before, canary] = [shareOf(parts, OLD), shareOf(parts, NEW)]
  if (parts.size !== 2 || before === undefined || canary === undefined) throw wrong(text)
  if (before + canary !== 100) {
    throw new OmniError('USAGE', `--traffic-split '${text}': ${before} and ${canary} make ${before + canary}, not 100`)
  }
  return canary
}

function partOf(part: string, text: string): readonly [string, number] {
  const match = /^([a-z]+):(\d{1,3})%?$/.exec(part)
  if (match === null) throw wrong(text)
  return [match[1] ?? '', Number(match[2])]
}

const shareOf = (parts: ReadonlyMap<string, number>, names: readonly string[]): number | undefined =>
  names.map((name) => parts.get(name)).find((share) => share !== undefined)

const wrong = (text: string): OmniError =>
  new OmniError('USAGE', `--traffic-split '${text}' is no split like prev:90,canary:10`)

/** `--canary` without a number, which `--traffic-split` gives, is taken out of the words; oclif would take the next one for it. */
export function withoutBareCanary(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  return argv.filter((word, index) => {
    const isBare = word === '--canary' && !/^\d+$/.test(argv[index + 1] ?? '')
    return !isBare || (end !== -1 && index > end)
  })
}

/** Percent for the new version, from either flag. USAGE when they differ, or when nothing says how much. */
export function canaryShare(wish: {
  readonly isAsked: boolean
  readonly canary: number | undefined
  readonly split: string | undefined
}): number | undefined {
  const {isAsked, canary, split} = wish
  const share = split === undefined ? undefined : parseTrafficSplit(split)
  if (canary !== undefined && share !== undefined && canary !== share) {
    throw new OmniError('USAGE', `--canary ${canary} and --traffic-split '${split}' contradict each other`)
  }
  if (isAsked && canary === undefined && share === undefined) {
    throw new OmniError('USAGE', 'how many percent of the requests for the canary?', {hint: '--canary 10'})
  }
  return canary ?? share
}
