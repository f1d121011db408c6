import {text} from 'node:stream/consumers'
import {escapeTerminal} from '@omni-cli/sdk'
import type {IncusClient} from '../client/client.ts'
import type {WireInstance} from '../client/wire.ts'
import {getInstanceLog} from './requests.ts'

/** The first complaints in the log that Incus keeps of the start of a machine. Rejects when there is none. */
export async function firstErrors(client: IncusClient, {name, type}: WireInstance): Promise<string[]> {
  const {body} = await client.download(getInstanceLog(name, type === 'container' ? 'lxc.log' : 'qemu.log'))
  return complaintsIn(await text(body), type)
}

/** `lxc NAME TIME ERROR    place - file:function:line - message`; the name may be missing. */
const LXC_ERROR = /^lxc (?:\S+ )?\d+\.\d+ ERROR +(\S+) - \S+ - (.*)$/

/** What the parts of LXC say of each other once something has failed already. */
const AFTERMATH = ['af_unix', 'commands']

/** Errors of LXC without what only its makers can use; of a virtual machine all lines. */
export function complaintsIn(log: string, type: WireInstance['type']): string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '')
  const found = type === 'container' ? lines.flatMap(complaintOf) : lines
  return found.slice(0, 4).map(escapeTerminal)
}

function complaintOf(line: string): string[] {
  const [, place, message] = LXC_ERROR.exec(line) ?? []
  return place === undefined || message === undefined || AFTERMATH.includes(place) ? [] : [message]
}
