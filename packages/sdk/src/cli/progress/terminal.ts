import {DefaultRenderer, Listr, ListrLogger, type ListrTaskObject, ListrTaskState, ProcessOutput} from 'listr2'
import {escapeTerminal} from '../../io/escape.ts'
import type {Progress} from '../progress.ts'
import {progressOf, type StepSink, tookText} from './plain.ts'

/** The display is on stderr, so it does not matter whether stdout is a terminal. */
class StderrRenderer extends DefaultRenderer {
  static override nonTTY = true
}

type Task = ListrTaskObject<object, typeof StderrRenderer, 'simple' extends string ? typeof StderrRenderer : never>

/** Spinners and ticks with listr2. Steps are not known beforehand, so a task without a title holds the list open. */
export async function terminalProgress(stream: NodeJS.WriteStream): Promise<Progress> {
  const opened = Promise.withResolvers<void>()
  const closing = Promise.withResolvers<void>()
  const hold = () => {
    opened.resolve()
    return closing.promise
  }
  const list = new Listr<object, typeof StderrRenderer, typeof StderrRenderer>([{task: hold}], {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    renderer: StderrRenderer,
    fallbackRenderer: StderrRenderer,
    rendererOptions: {
      formatOutput: 'truncate',
      collapseErrors: false,
      logger: new ListrLogger({useIcons: true, toStderr: [], processOutput: new ProcessOutput(stream, stream)}),
    },
  })
  const running = list.run({})
  // What is added before would be run by the list, too.
  await opened.promise
  return progressOf(
    (title) => {
      list.add({title: escapeTerminal(title), task: () => undefined})
      const task = list.tasks.at(-1)
      return task === undefined ? {note: () => undefined, end: () => undefined} : taskSink(task, escapeTerminal(title))
    },
    async () => {
      closing.resolve()
      await running
    },
  )
}

function taskSink(task: Task, title: string): StepSink {
  // Tasks that are added to a running list are not checked by it, and only enabled ones are shown.
  void task.check({})
  task.state$ = ListrTaskState.STARTED
  return {
    note(text) {
      task.output$ = escapeTerminal(text)
    },
    end(outcome, text, tookMs) {
      task.title$ = `${title} ${tookText(tookMs, text)}`
      task.state$ = STATES[outcome]
    },
  }
}

const STATES = {
  done: ListrTaskState.COMPLETED,
  skipped: ListrTaskState.SKIPPED,
  failed: ListrTaskState.FAILED,
} as const
