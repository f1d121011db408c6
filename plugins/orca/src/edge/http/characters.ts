type Test = (code: number) => boolean

/** A table indexed by byte: 1 where the byte is allowed. Looking up beats comparing in the loops over every byte of a head. */
const table = (allowed: Test): Uint8Array => Uint8Array.from({length: 256}, (_, code) => (allowed(code) ? 1 : 0))

const TOKEN_SIGNS = new Set(Array.from("!#$%&'*+-.^_`|~", (sign) => sign.charCodeAt(0)))
const isDigit: Test = (code) => code >= 0x30 && code <= 0x39
const isLetter: Test = (code) => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)

/** Methods and field names (RFC 9110, token). */
export const TOKEN = table((code) => isDigit(code) || isLetter(code) || TOKEN_SIGNS.has(code))

/** Field values: visible characters, space, tab and bytes above ASCII; no NUL, no other control character. */
export const FIELD_VALUE = table((code) => code === 0x09 || (code >= 0x20 && code !== 0x7f))

/** Request targets: visible characters without `#`, and raw bytes above ASCII, which many clients send. */
export const TARGET = table((code) => code > 0x20 && code !== 0x7f && code !== 0x23)

export const CR = 0x0d
export const LF = 0x0a
export const SPACE = 0x20
export const TAB = 0x09
export const COLON = 0x3a
export const SEMICOLON = 0x3b
