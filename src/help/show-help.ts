import {Help, type Interfaces} from '@oclif/core'

/** Help of one command or topic, on stdout. */
export async function showHelp(config: Interfaces.Config, id: string): Promise<void> {
  const help = new Help(config, config.pjson.oclif.helpOptions)
  await help.showHelp([id])
}
