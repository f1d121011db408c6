import {itemView, type View} from '@omni-cli/sdk/cli'
import type {ConnectPlan} from './connect.ts'

/** What was connected, and what comes next. */
export function connectView({context, version, settings, write, change}: ConnectPlan, isDone: boolean): View {
  const {name} = write
  const {created, changed, switched} = change
  const verb = created ? 'created' : changed.length > 0 ? 'changed' : 'kept'
  const next = write.use ? 'omni cluster health' : `omni cluster use ${name}`
  return itemView({
    data: {
      context: name,
      cluster: context.name,
      server: context.server,
      version,
      namespace: settings.namespace,
      protected: settings.protected === true,
      file: context.file,
      created: isDone && created,
      changed: isDone ? changed.map(({key}) => key) : [],
      switched: isDone && switched,
      written: isDone,
    },
    text: () =>
      isDone
        ? [
            `${context.server} answers${version === undefined ? '' : ` (${version})`}`,
            `${verb} the context '${name}'${write.use ? '; it is the current one' : ''}`,
            `next: ${next}`,
          ]
        : [`${context.server} answers; nothing was written`],
    ref: `context/${name}`,
  })
}
