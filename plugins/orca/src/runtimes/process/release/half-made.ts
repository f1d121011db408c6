import {rename, rm, stat} from 'node:fs/promises'
import {writeFileAtomic} from '@omni-cli/sdk'

/**
 * Beside the folder of a release while that is not whole. A build writes absolute paths into its folder, so a release is
 * made where it will run and cannot be renamed when it is done. The mark is for the half, not for the whole: what earlier
 * versions have made has none, and may run.
 */
const MARK = '.partial'

const markOf = (folder: string): string => `${folder}${MARK}`

/** The release that a name beside releases belongs to: its folder or its mark. */
export const releaseOf = (name: string): string => (name.endsWith(MARK) ? name.slice(0, -MARK.length) : name)

/** The folder is there and was finished. */
export const isWhole = async (folder: string): Promise<boolean> =>
  !(await isThere(markOf(folder))) && (await isThere(folder))

/** Before the folder is made; on the disk when it resolves, so that no power cut shows the folder without it. */
export const markHalfMade = (folder: string): Promise<void> => writeFileAtomic(markOf(folder), '')

/** The last step: the release may be used from now on. */
export const markWhole = (folder: string): Promise<void> => rm(markOf(folder))

/** Removes the release, whole or not. What a crash leaves of it is half-made; a full disk does not hinder it. */
export async function removeRelease(folder: string): Promise<void> {
  const mark = markOf(folder)
  if (await isWhole(folder)) await rename(folder, mark)
  await removeAll(folder)
  await removeAll(mark)
}

/** What is killed a moment ago may still write into it. */
const removeAll = (path: string): Promise<void> => rm(path, {recursive: true, force: true, maxRetries: 5})

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
