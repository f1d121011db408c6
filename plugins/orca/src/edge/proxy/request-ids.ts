import {randomBytes} from 'node:crypto'

/** Unique ids: a random part per process and a counter; asking the random source for each request would cost more than the rest of a head. */
export function createRequestIds(): () => string {
  const process = randomBytes(8).toString('hex')
  let count = 0
  return () => `${process}-${(++count).toString(36)}`
}
