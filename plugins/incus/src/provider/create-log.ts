import {text} from 'node:stream/consumers'
import {escapeTerminal} from '@omni-cli/sdk'
import type {IncusClient} from '../client/client.ts'
import type {WireInstance} from '../client/wire.ts'
import {getInstanceLog} from './requests.ts'

/** The last complaints in the log that Incus keeps of the start of a machine, oldest first. Rejects when there is none. */
export async function lastErrors(client: IncusClient, {name, type}: WireInstance): Promise<string[]> {
  const {body} = await client.download(getInstanceLog(name, type === 'container' ? 'lxc.log' : 'qemu.log'))
  return complaintsIn(await text(body), type)
}

/** Lines of LXC that are errors, without what the machine can know: `lxc NAME TIME ERROR  file - place - message`. */
export function complaintsIn(log: string, type: WireInstance['type']): string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '')
  const wanted = type === 'container' ? lines.filter((line) => / ERROR /.test(line)) : lines
  return wanted.slice(-5).map((line) => escapeTerminal(line.replace(/^lxc \S+ \S+ ERROR +\S+ - /, '')))
}
