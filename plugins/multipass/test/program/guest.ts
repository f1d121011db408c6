import {cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {delimiter, dirname, join, normalize} from 'node:path'
import type {Store} from './store.ts'

/** Folders that a machine has of its own; everything else (`/bin`, `/usr`) is the host's. */
const OWN_FOLDERS = ['home', 'tmp', 'etc', 'var', 'run', 'root', 'opt', 'srv', 'mnt', 'media']
const OWN_PATH = new RegExp(`(?<![\\w./-])/(?:${OWN_FOLDERS.join('|')})(?![\\w.-])`, 'g')

/** Absolute paths of the machine in a text → where they are on the host. */
export const toHost = (text: string, root: string): string => text.replace(OWN_PATH, (path) => `${root}${path}`)

/** The place of one path; relative ones start at the home folder. Never outside of the root. */
export const placeOf = (path: string, root: string): string =>
  join(root, normalize(path.startsWith('/') ? path : `/home/ubuntu/${path}`))

/** What exec and everything else inside gets. */
export const guestEnvironment = (store: Store, root: string): NodeJS.ProcessEnv => ({
  PATH: `${join(store.folder, 'guest-bin')}${delimiter}${process.env.PATH ?? '/usr/bin:/bin'}`,
  HOME: join(root, 'home/ubuntu'),
  USER: 'ubuntu',
  LOGNAME: 'ubuntu',
  SHELL: '/bin/bash',
  LANG: 'C.UTF-8',
  MULTIPASS_GUEST_ROOT: root,
})

const PASSWD = `root:x:0:0:root:/root:/bin/sh
ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/sh
`

/** A root file system as after the first boot. */
export function makeRoot(root: string, hostname: string): void {
  for (const folder of [
    ...OWN_FOLDERS,
    'home/ubuntu',
    'var/tmp',
    'var/log',
    'var/lib/cloud/instance',
    'run/cloud-init',
  ]) {
    mkdirSync(join(root, folder), {recursive: true})
  }
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )
  writeFileSync(join(root, 'etc/machine-id'), `${id}\n`)
  writeFileSync(join(root, 'etc/hostname'), `${hostname}\n`)
  writeFileSync(join(root, 'etc/passwd'), PASSWD)
}

/** A real copy; links stay links. */
export function copyRoot(from: string, to: string): void {
  rmSync(to, {recursive: true, force: true})
  mkdirSync(dirname(to), {recursive: true})
  cpSync(from, to, {recursive: true, verbatimSymlinks: true, preserveTimestamps: true})
}

/** Programs that exist in a machine only; the first ones in its PATH. */
const PROGRAMS: Readonly<Record<string, string>> = {
  // The user of the tests is root enough; unknown users and the closed PATH are as they are with the real one.
  sudo: `user=root
while [ $# -gt 0 ]; do
  case "$1" in
    -u) user=$2; shift 2 ;;
    -n|-H|-E|-S) shift ;;
    --) shift; break ;;
    *) break ;;
  esac
done
case "$user" in
  root|ubuntu|nobody|www-data|\\#*) ;;
  *) echo "sudo: unknown user $user" >&2; exit 1 ;;
esac
command -v "$1" >/dev/null || { echo "sudo: $1: command not found" >&2; exit 1; }
[ "$user" = root ] && HOME=$MULTIPASS_GUEST_ROOT/root
USER=$user LOGNAME=$user
export HOME USER LOGNAME
exec "$@"`,
  'cloud-init': `folder=$MULTIPASS_GUEST_ROOT/run/cloud-init
[ "$1" = status ] || exit 2
waits=
for word in "$@"; do [ "$word" = --wait ] && waits=1; done
done_at=$(cat "$folder/done-at")
while [ "$(date +%s%3N)" -lt "$done_at" ]; do
  [ -n "$waits" ] || { echo '{"status": "running", "errors": [], "recoverable_errors": {}}'; exit 0; }
  sleep 0.05
done
cat "$folder/status.json"
exit "$(cat "$folder/exit")"`,
  hostname: `cat "$MULTIPASS_GUEST_ROOT/etc/hostname"`,
  systemctl: `exit 0`,
}

export function writeGuestPrograms(folder: string): void {
  mkdirSync(folder, {recursive: true})
  for (const [name, script] of Object.entries(PROGRAMS)) {
    if (existsSync(join(folder, name)) && readFileSync(join(folder, name), 'utf8').endsWith(script)) continue
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}`, {mode: 0o755})
  }
}
