/** One line of an OpenMetrics text. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"\s*(?:,|$)/y
const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s+(\S+)/

/** All samples; comments, and lines that are none, are left out. */
export function parseMetrics(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', number = ''] = LINE.exec(line) ?? []
    const value = numberOf(number)
    return name === undefined || value === undefined ? [] : [{name, labels: parseLabels(labels), value}]
  })
}

function parseLabels(text: string): Record<string, string> {
  const labels: [string, string][] = []
  LABEL.lastIndex = 0
  for (let match = LABEL.exec(text); match !== null; match = LABEL.exec(text)) {
    labels.push([match[1] ?? '', unescaped(match[2] ?? '')])
  }
  return Object.fromEntries(labels)
}

const unescaped = (value: string): string =>
  value.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))

function numberOf(text: string): number | undefined {
  if (text === '+Inf' || text === 'Inf') return Infinity
  if (text === '-Inf') return -Infinity
  const value = Number(text)
  return text === '' || Number.isNaN(value) ? undefined : value
}
