/** `web-before-20261121t142600z`: what a machine was before its disk was given up. At most 63 characters. */
export function copyName(name: string, at: Date): string {
  const stamp = at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()
  const ending = `-before-${stamp}z`
  return `${name.slice(0, 63 - ending.length).replace(/-+$/, '')}${ending}`
}
