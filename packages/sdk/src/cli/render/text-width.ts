const PLAIN = /^[\u0020-\u007e]*$/

/** Scripts and signs that terminals draw two columns wide. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3fffd}]/u
const EMOJI =
  /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|[0-9#*]\ufe0f?\u20e3|\p{Regional_Indicator}{2})/u
const MARKS = /^\p{M}+$/u

const clusters = (text: string): Iterable<string> =>
  new Intl.Segmenter('en', {granularity: 'grapheme'})
    .segment(text)
    [Symbol.iterator]()
    .map((part) => part.segment)

/** Columns that a line without control characters takes on a terminal. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const cluster of clusters(text)) width += clusterWidth(cluster)
  return width
}

/** The text in at most `width` columns; when something had to go, it ends in `…`. */
export function cutText(text: string, width: number): string {
  if (width <= 0) return ''
  if (PLAIN.test(text)) return text.length <= width ? text : `${text.slice(0, width - 1)}…`
  if (textWidth(text) <= width) return text
  let kept = ''
  let used = 0
  for (const cluster of clusters(text)) {
    used += clusterWidth(cluster)
    if (used > width - 1) break
    kept += cluster
  }
  return `${kept}…`
}

function clusterWidth(cluster: string): number {
  if (cluster.length === 1 && cluster < '\u0300') return 1
  if (EMOJI.test(cluster) || WIDE.test(cluster)) return 2
  return MARKS.test(cluster) ? 0 : 1
}
