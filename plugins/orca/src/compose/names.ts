/** The nearest name that every engine takes: a DNS label that begins with a letter. Undefined when nothing is left. */
export function labelOf(name: string): string | undefined {
  const label = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 63)
    .replace(/-+$/, '')
  return label === '' ? undefined : label
}

/** Old names → labels, each used once; a second `a_b` beside `a-b` becomes `a-b-2`. */
export function labelsOf(names: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  // Names that need no change keep theirs.
  const sorted = [...names].sort((a, b) => Number(labelOf(b) === b) - Number(labelOf(a) === a))
  const used = new Set<string>()
  for (const name of sorted) {
    const base = labelOf(name) ?? 'service'
    let label = base
    for (let count = 2; used.has(label); count++) label = `${base.slice(0, 60)}-${count}`
    used.add(label)
    found.set(name, label)
  }
  return found
}
