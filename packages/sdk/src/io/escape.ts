/**
 * C0, DEL and C1 controls, line separators, invisible and zero-width characters, bidirectional overrides, tags and lone
 * surrogates. A joiner before a pictograph is a part of an emoji and stays.
 */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\u{e0000}-\u{e0fff}]|\u034f|\u200d(?!\p{Extended_Pictographic})/gu

const SHORT: Readonly<Record<string, string>> = {'\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e'}

/**
 * Text from elsewhere, safe to print: one line, no control sequence, nothing invisible or reordering.
 * What is unsafe is shown as `\n`, `\e`, `\x07`, `\u202e`.
 */
export function escapeTerminal(text: string): string {
  // Nearly every text is plain, and the test is much cheaper than a replacement.
  if (/^[\u0020-\u007e]*$/.test(text)) return text
  return text.replace(UNSAFE, escapeCharacter)
}

/** Like `escapeTerminal`, for whole lines of programs' output: tabs stay. */
export const escapeTerminalLine = (line: string): string => line.split('\t').map(escapeTerminal).join('\t')

function escapeCharacter(character: string): string {
  const short = SHORT[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0) ?? 0
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
}
