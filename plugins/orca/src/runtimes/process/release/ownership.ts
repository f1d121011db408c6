import {chmod, lchown, mkdir, readdir} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {messageOf, OmniError} from '@omni-cli/sdk'
import type {SystemUser} from '../users.ts'

/** Makes the user the owner of the folder and all in it. Links are not followed. */
export async function giveTo(user: SystemUser, folder: string): Promise<void> {
  try {
    await lchown(folder, user.uid, user.gid)
    for (const entry of await readdir(folder, {recursive: true})) await lchown(join(folder, entry), user.uid, user.gid)
  } catch (error) {
    throw new OmniError('IO', `cannot give '${folder}' to user '${user.name}': ${messageOf(error)}`, {cause: error})
  }
}

/** A folder that everybody may pass through and nobody may list, whatever the umask; also those above that are new. */
export async function makeOpenFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, {recursive: true})
  for (let made = folder; first !== undefined && made.length >= first.length; made = dirname(made)) {
    await chmod(made, 0o711)
  }
}
