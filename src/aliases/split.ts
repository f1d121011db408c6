/**
 * Words of a text as a POSIX shell splits them: quotes and backslash, and nothing else. `$`, `*`, `;`, `|` and
 * backticks are plain characters, as no shell ever sees them. Undefined when a quote is not closed.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let index = 0; index < text.length; index++) {
    const char = text.charAt(index)
    if (quote === undefined && /\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === quote) {
      quote = undefined
    } else if (quote === undefined && (char === '"' || char === "'")) {
      quote = char
      word ??= ''
    } else if (char === '\\' && quote !== "'") {
      const next = text[++index]
      if (next === undefined) return undefined
      // Inside of double quotes a backslash only means something before these.
      word = `${word ?? ''}${quote === '"' && !/["\\$`]/.test(next) ? '\\' : ''}${next}`
    } else {
      word = `${word ?? ''}${char}`
    }
  }
  if (quote !== undefined) return undefined
  return word === undefined ? words : [...words, word]
}

/** The text that `splitWords` reads as these words. */
export const joinWords = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
