import {type CallOptions, type OmniEvent, requireFacet, type ServiceEngine} from '@omni-cli/sdk'
import {age, factLines} from './cells.ts'
import {defineKind} from './kind.ts'

type NamedEvent = OmniEvent & {readonly name: string}

export const eventKind = defineKind<NamedEvent, 'service'>({
  kind: 'event',
  plural: 'events',
  short: ['ev'],
  contract: 'service',
  columns: [
    {header: 'AGE', value: ({time}) => age(time), align: 'right'},
    {
      header: 'TYPE',
      value: ({type}) => type,
      tone: ({type}) => (/fail|exit|crash|error/.test(type) ? 'warn' : 'plain'),
    },
    {header: 'ABOUT', value: ({ref}) => ref},
    {header: 'MESSAGE', value: ({message}) => message},
    {header: 'TIME', value: ({time}) => time, wide: true},
  ],
  list: readEvents,
  get: async (engine, name, options) =>
    /^\d+$/.test(name) ? (await readEvents(engine, options)).find((event) => event.name === name) : undefined,
  events: (engine) => engine.events,
  lines: (event) =>
    factLines({id: event.id, time: event.time, about: event.ref, type: event.type, message: event.message}),
})

async function readEvents(engine: ServiceEngine, {signal}: CallOptions): Promise<NamedEvent[]> {
  const events: NamedEvent[] = []
  for await (const event of requireFacet(engine, 'events').read({signal}))
    events.push({name: String(event.id), ...event})
  return events
}
