import {accessSync, constants} from 'node:fs'
import {delimiter, join} from 'node:path'
import type {Health} from '@omni-cli/sdk'

/** Whether services can run as processes here. */
export function checkMachine(): Health {
  const version = process.version
  if (process.platform === 'win32') {
    return {ok: false, version, message: 'processes are not supervised on Windows', hint: 'wsl --install'}
  }
  const folders = (process.env.PATH ?? '').split(delimiter)
  if (!folders.some((folder) => isExecutable(join(folder, 'mkfifo')))) {
    return {ok: false, version, message: "the program 'mkfifo' (coreutils) is missing", hint: 'apt install coreutils'}
  }
  return {ok: true, version}
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
