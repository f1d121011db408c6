import {constants} from 'node:fs'
import {access, chmod, lstat, statfs} from 'node:fs/promises'
import {makePrivateFolder, messageOf} from '@omni-cli/sdk'
import {type Check, type Finding, fine} from './finding.ts'

const NODE_FLOOR = 24
const MIN_FREE_BYTES = 200 * 1024 * 1024

export const checkNode: Check = async () => {
  const isEnough = Number(process.versions.node.split('.')[0]) >= NODE_FLOOR
  if (isEnough) return [fine('node', `${process.version} ${process.platform}-${process.arch}`)]
  return [
    {subject: 'node', status: 'error', message: `${process.version} is too old`, fix: `install Node ${NODE_FLOOR}`},
  ]
}

/** The folder of omni's own files: ours alone, writable, on a disk with room. */
export const checkHome: Check = async ({home}) => {
  const found = await lstat(home).catch(() => undefined)
  if (found === undefined) return [await checkAbsentHome(home)]
  if (!found.isDirectory()) return [error(`'${home}' is no folder`, `mv '${home}' '${home}.old'`)]
  if (process.getuid !== undefined && found.uid !== process.getuid()) {
    return [error(`'${home}' belongs to another user`, `sudo chown -R "$(id -un)" '${home}'`)]
  }
  const isWritable = await access(home, constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!isWritable) return [error(`'${home}' cannot be written`, `chmod u+w '${home}'`)]
  const open: Finding = {
    subject: 'home',
    status: 'error',
    message: `other users can look into '${home}', where tokens are kept`,
    fix: `chmod 700 '${home}'`,
    repair: () => chmod(home, 0o700),
  }
  const isOpen = process.platform !== 'win32' && (found.mode & 0o077) !== 0
  return [isOpen ? open : fine('home', home), ...(await checkRoom(home))]
}

async function checkAbsentHome(home: string): Promise<Finding> {
  try {
    makePrivateFolder(home)
    return fine('home', `${home} (new)`)
  } catch (cause) {
    return error(`'${home}' cannot be made: ${messageOf(cause)}`, 'export OMNI_HOME=/some/folder')
  }
}

async function checkRoom(home: string): Promise<Finding[]> {
  const disk = await statfs(home).catch(() => undefined)
  if (disk === undefined) return []
  const freeBytes = disk.bavail * disk.bsize
  if (freeBytes >= MIN_FREE_BYTES) return []
  const message = `only ${Math.floor(freeBytes / 1024 / 1024)} MiB are free where '${home}' is`
  return [{subject: 'disk', status: 'warning', message, fix: `du -sh '${home}'/*`}]
}

const error = (message: string, fix: string): Finding => ({subject: 'home', status: 'error', message, fix})
