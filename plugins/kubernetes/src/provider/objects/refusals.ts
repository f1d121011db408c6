import {type ApiObject, isOmniError, OmniError} from '@omni-cli/sdk'
import {valueAt} from './values.ts'

/** What a server says of an object that it does not want, in words that say what to do. Other errors stay as they are. */
export function clearer(error: unknown, object: ApiObject): unknown {
  if (!isOmniError(error)) return error
  const {message, details, cause} = error
  if (/request is too large|request entity too large|limit is \d+/i.test(message)) {
    const size = Buffer.byteLength(JSON.stringify(object))
    return new OmniError('INVALID', `the object has ${size} bytes, more than this server keeps`, {
      hint: 'split it; most servers keep 1.5 MiB an object',
      details: {server: message},
      cause,
    })
  }
  // Mistakes in the types of an object come as 500.
  if (
    valueAt(details, 'status') === 500 &&
    /typed patch|not declared in schema|associative list|unable to convert|error decoding/.test(message)
  ) {
    return new OmniError('INVALID', message, {details, cause})
  }
  return error
}
