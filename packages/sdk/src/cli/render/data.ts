/** Characters that JSON leaves as they are and a terminal acts on: C1, DEL, invisible and reordering ones. */
const UNSAFE_IN_JSON =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb]/g

const escapeUnit = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** JSON of plain data; whole numbers beyond 2^53 are texts. What a terminal could act on is escaped, losslessly. */
export function toJson(value: unknown, indent = 2): string {
  const text = JSON.stringify(value, replaceBigInt, indent) ?? 'null'
  return text.replace(UNSAFE_IN_JSON, escapeUnit)
}

/** YAML of plain data. */
export async function toYaml(value: unknown): Promise<string> {
  const {Document, visit, Scalar} = await import('yaml')
  // Through JSON, so that both formats show the same: `toJSON` is called, undefined is left out.
  const document = new Document(JSON.parse(JSON.stringify(value ?? null, replaceBigInt)), {
    aliasDuplicateObjects: false,
  })
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'string' || !isUnsafe(node.value)) return
      node.type = Scalar.QUOTE_DOUBLE
    },
  })
  // Unsafe characters are only left inside of double quotes, where YAML reads the same escapes as JSON.
  return document.toString({lineWidth: 0}).replace(UNSAFE_IN_JSON, escapeUnit)
}

const isUnsafe = (text: string): boolean =>
  text.search(UNSAFE_IN_JSON) !== -1 || /[\u0000-\u0008\u000b-\u001f]/.test(text)

function replaceBigInt(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value)
}
