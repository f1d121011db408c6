/** The nearest resource name to a text: `@acme/Web_Shop` → `web-shop`; `app` when nothing is left of it. */
export function toServiceName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/^@[^/]*\//, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+/, (start) => (/\d/.test(start) ? `app-${start.replace(/^-+/, '')}` : ''))
    .slice(0, 63)
    .replace(/-+$/, '')
  return name === '' ? 'app' : name
}
