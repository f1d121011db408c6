import {nameProblem, OmniError, type ServiceInput} from '@omni-cli/sdk'
import type {Toolchain} from './detection.ts'
import {toServiceName} from './service-name.ts'
import {shellCommand} from './shell-line.ts'

/**
 * Each process type of a Procfile is a service `<app>-<type>`; `web` listens on PORT. A `release` line is the last
 * step of the build. MANIFEST_INVALID names the line that is wrong.
 */
export function detectProcfile(
  text: string,
  app: string,
  code: Toolchain | undefined,
): {readonly services: ServiceInput[]; readonly notes: string[]} {
  const lines = parseProcfile(text)
  const bins = code?.bins ?? []
  const release = lines.find(({type}) => type === 'release')
  const commands = [
    ...(code?.build ?? []).map((words) => [...words]),
    ...(release === undefined ? [] : [[...shellCommand(release.line, bins)]]),
  ]
  const services = lines
    .filter(({type}) => type !== 'release')
    .map(
      ({type, line}): ServiceInput => ({
        name: `${app}-${type}`.slice(0, 63),
        project: app,
        source: '.',
        command: [...shellCommand(line, bins)],
        ...(type === 'web' ? {port: 8080} : {}),
        ...(commands.length === 0 ? {} : {build: {commands}}),
      }),
    )
  if (services.length === 0) throw new OmniError('MANIFEST_INVALID', 'Procfile declares no process')
  return {services, notes: release === undefined ? [] : ['the release line runs as the last step of the build']}
}

function parseProcfile(text: string): {type: string; line: string}[] {
  const found = new Map<string, string>()
  text.split(/\r?\n/).forEach((raw, index) => {
    if (raw.trim() === '' || raw.trimStart().startsWith('#')) return
    const match = /^([A-Za-z0-9_-]+)\s*:\s*(\S.*)$/.exec(raw.trim())
    const type = match?.[1] === undefined ? '' : toServiceName(match[1])
    if (match?.[2] === undefined || nameProblem(type) !== undefined) {
      throw new OmniError(
        'MANIFEST_INVALID',
        `Procfile:${index + 1}: expected "type: command", found "${raw.trim().slice(0, 80)}"`,
      )
    }
    if (found.has(type)) throw new OmniError('MANIFEST_INVALID', `Procfile:${index + 1}: '${type}' is declared twice`)
    found.set(type, match[2].trim())
  })
  return [...found].map(([type, line]) => ({type, line}))
}
