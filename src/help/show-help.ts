import {Help, type Interfaces} from '@oclif/core'
import {print} from '../start/print.ts'

/** Help of one command or topic, on stdout. IO when it cannot be written. */
export async function showHelp(config: Interfaces.Config, id: string): Promise<void> {
  const help = new CollectedHelp(config, config.pjson.oclif.helpOptions)
  await help.showHelp([id])
  print(`${help.lines.join('\n')}\n`)
}

/** oclif logs part by part, and a stdout that fails would end the process with a stack. */
class CollectedHelp extends Help {
  readonly lines: string[] = []

  protected override log(...args: string[]): void {
    this.lines.push(args.join(' '))
  }
}
