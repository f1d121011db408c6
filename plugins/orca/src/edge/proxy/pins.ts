import type {EdgePin} from '../table.ts'

/** What a request says about the targets it wants; values of clients, so anything may be in them. */
export interface PinWish {
  /** Of the header. */
  readonly named: string | undefined
  /** Of all cookies of that name, first to last. */
  readonly cookies: readonly string[]
}

/** Reads the wish from the field lines of a request. */
export function pinWish(kept: string, {header, cookie}: EdgePin): PinWish {
  return {
    named: header === undefined ? undefined : fieldValues(kept, header)[0],
    cookies: cookie === undefined ? [] : fieldValues(kept, 'cookie').flatMap((value) => cookieValues(value, cookie)),
  }
}

/** Line of the answer that pins its client. `pin` must be a token. */
export const pinLine = (cookie: string, pin: string, isHttps: boolean): string =>
  `Set-Cookie: ${cookie}=${pin}; Path=/; HttpOnly; SameSite=Lax${isHttps ? '; Secure' : ''}\r\n`

/** Values of all lines with the name (lower case), in their order. */
export function fieldValues(kept: string, name: string): string[] {
  const values: string[] = []
  for (let position = 0; position < kept.length; ) {
    const end = kept.indexOf('\n', position) + 1
    const colon = position + name.length
    if (kept[colon] === ':' && kept.slice(position, colon).toLowerCase() === name) {
      values.push(kept.slice(colon + 1, end).trim())
    }
    position = end
  }
  return values
}

/** Names of cookies know upper and lower case; a value may stand in quotes. */
function cookieValues(field: string, name: string): string[] {
  return field.split(';').flatMap((pair) => {
    const equals = pair.indexOf('=')
    if (equals < 0 || pair.slice(0, equals).trim() !== name) return []
    return [
      pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    ]
  })
}
