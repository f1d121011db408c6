/** Longest head of a request or an answer, and longest trailer section. */
export const MAX_HEAD_BYTES = 65_536

export const MAX_REQUEST_LINE_BYTES = 16_384

export const MAX_FIELDS = 200

/** Longest size line of a chunk, extensions included. */
export const MAX_CHUNK_LINE_BYTES = 1_024
