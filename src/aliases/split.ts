/** Blank, 'single', "double", \escaped, plain. */
const PIECE = /(?<blank>\s+)|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\.)*)"|\\(?<escaped>.)|(?<plain>[^\s'"\\]+)/sy

/**
 * Words of a text as a POSIX shell splits them: quotes and backslash, and nothing else. `$`, `*`, `;`, `|` and
 * backticks are plain characters, as no shell ever sees them. Undefined when a quote is not closed.
 */
export function splitWords(text: string): string[] | undefined {
  const pieces = new RegExp(PIECE)
  const words: string[] = []
  let isInWord = false
  while (pieces.lastIndex < text.length) {
    const groups = pieces.exec(text)?.groups
    if (groups === undefined) return undefined
    const isBlank = groups.blank !== undefined
    if (!isBlank) words.push(`${isInWord ? words.pop() : ''}${pieceText(groups)}`)
    isInWord = !isBlank
  }
  return words
}

/** Inside of double quotes a backslash only means something before these four. */
const pieceText = ({single, double, escaped, plain}: Record<string, string | undefined>): string =>
  single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? ''

/** The text that `splitWords` reads as these words. */
export const joinWords = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
