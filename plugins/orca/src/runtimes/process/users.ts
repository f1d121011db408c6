import {readFileSync} from 'node:fs'

export interface SystemUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/** By name or number; undefined when the machine has no such user. */
export function findUser(name: string, passwdFile = '/etc/passwd'): SystemUser | undefined {
  for (const line of readFileSync(passwdFile, 'utf8').split('\n')) {
    const [user, , uid, gid, , home] = line.split(':')
    if (user === undefined || uid === undefined || gid === undefined || home === undefined) continue
    if (user === name || uid === name) return {name: user, uid: Number(uid), gid: Number(gid), home}
  }
  return undefined
}
