import {createHash} from 'node:crypto'
import {lstatSync} from 'node:fs'
import {tmpdir, userInfo} from 'node:os'
import {join} from 'node:path'
import {makePrivateFolder, OmniError} from '@omni-cli/sdk'

/** The shortest limit of the systems we run on is 104 bytes with the closing zero; longer paths are cut silently by some. */
const LONGEST_SOCKET_PATH = 100

/**
 * Path of a Unix socket of ours: `<home>/run/<name>.sock`, or a private folder under the temp folder when that is too long.
 * The folder exists afterwards, 0700. CONFLICT when somebody else owns the folder in the temp folder.
 */
export function socketPath(home: string, name: string): string {
  const folder = join(home, 'run')
  const path = join(folder, `${name}.sock`)
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) {
    makePrivateFolder(folder)
    return path
  }
  return join(privateTempFolder(home), `${name}.sock`)
}

function privateTempFolder(home: string): string {
  const {uid} = userInfo()
  const folder = join(tmpdir(), `omni-${uid}-${createHash('sha256').update(home).digest('hex').slice(0, 8)}`)
  makePrivateFolder(folder)
  const found = lstatSync(folder)
  // Anybody may create names in the temp folder: a link or a foreign folder could hand our sockets to others.
  if (!found.isDirectory() || (uid >= 0 && found.uid !== uid) || (uid >= 0 && (found.mode & 0o077) !== 0)) {
    throw new OmniError('CONFLICT', `'${folder}' is not a private folder of this user`, {
      hint: `rm -r '${folder}', or set OMNI_HOME to a shorter path`,
    })
  }
  return folder
}
