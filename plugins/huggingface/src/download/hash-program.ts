/**
 * Runs in a thread of its own: reads chunks in their order, compares their checksums and hashes the whole. A text and not a
 * module, as a bundle has no file for a thread.
 */
export const HASH_PROGRAM = `
const load = (name) => process.getBuiltinModule('node:' + name)
const {parentPort} = load('worker_threads')
const {closeSync, openSync, readSync} = load('fs')
const {createHash} = load('crypto')
const {crc32} = load('zlib')

const files = new Map()
const buffer = Buffer.allocUnsafeSlow(1024 * 1024)

function begin(file) {
  file.hash = createHash(file.algorithm).update(file.prefix)
  file.next = 0
}

function advance(file) {
  while (file.next < file.chunks && file.ready.has(file.next)) {
    const start = file.next * file.chunkBytes
    const length = Math.min(file.chunkBytes, file.size - start)
    const hash = file.hash.copy()
    let checksum = 0
    let done = 0
    while (done < length) {
      const read = readSync(file.fd, buffer, 0, Math.min(buffer.length, length - done), start + done)
      if (read === 0) break
      const part = buffer.subarray(0, read)
      checksum = crc32(part, checksum)
      hash.update(part)
      done += read
    }
    const wanted = file.ready.get(file.next)
    if (done < length || (wanted !== null && wanted !== checksum)) {
      file.ready.delete(file.next)
      parentPort.postMessage({id: file.id, bad: file.next})
      return
    }
    file.hash = hash
    file.next++
  }
  if (file.next === file.chunks) {
    parentPort.postMessage({id: file.id, digest: file.hash.digest('hex')})
    file.next++
  }
}

const ACTS = {
  open(message) {
    const file = {...message, ready: new Map(), fd: openSync(message.path, 'r')}
    files.set(message.id, file)
    begin(file)
    if (file.chunks === 0) advance(file)
  },
  ready({id, chunks}) {
    const file = files.get(id)
    if (file === undefined) return
    for (const [index, checksum] of chunks) file.ready.set(index, checksum)
    advance(file)
  },
  again({id}) {
    const file = files.get(id)
    if (file === undefined) return
    begin(file)
    advance(file)
  },
  close({id}) {
    const file = files.get(id)
    files.delete(id)
    if (file !== undefined) closeSync(file.fd)
  },
}

parentPort.on('message', (message) => {
  try {
    ACTS[message.act](message)
  } catch (error) {
    parentPort.postMessage({id: message.id, error: error.message, code: error.code})
  }
})
`
