import {OmniError} from '@omni-cli/sdk'

const MAX_LINE_BYTES = 16 * 1024 * 1024

/** Lines of a byte stream, without their ends; empty lines (a server's sign of life) are left out. */
export async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    rest += decoder.decode(chunk, {stream: true})
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield line
    if (rest.length > MAX_LINE_BYTES) throw new OmniError('UNAVAILABLE', 'the server sent a line without end')
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
