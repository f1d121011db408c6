import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {formatBytes} from '@omni-cli/sdk'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {createEngine} from '../runtimes/docker/engine/engine.ts'
import {openTransport} from '../runtimes/docker/engine/transport.ts'
import {type PushedImage, pushImage} from '../runtimes/docker/images/push.ts'

/** `-o json`: `{reference, digest, id, architecture, layers, layersPresent, sentBytes}`. */
export default class Push extends BaseCommand {
  static override summary = 'push an image of the local Docker Engine to a registry'
  static override description =
    'Credentials are those of Docker: its configuration and its credential helpers (docker login). Ends when the registry itself has given the digest that was pushed. The Engine is that of DOCKER_HOST.'
  static override examples = [
    '<%= config.bin %> push ghcr.io/acme/web:1.4',
    '<%= config.bin %> push web --registry registry.example.com/acme --tag 1.4',
  ]
  static override args = {image: Args.string({required: true, description: 'name of the image, with its tag'})}
  static override flags = {
    registry: Flags.string({summary: 'registry, and path in it, that the image goes to', helpValue: 'HOST/PATH'}),
    tag: Flags.string({summary: 'tag in the registry instead of that of the image', helpValue: 'TAG'}),
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(Push)
    const engine = createEngine(openTransport(process.env))
    try {
      const progress = await this.progress()
      const {registry, tag} = flags
      const data = await progress.step(`pushing ${args.image}`, (step) =>
        pushImage(engine, {
          ...{image: args.image, registry, tag},
          ...{env: process.env, signal: this.signal, onProgress: (text) => step.note(text)},
        }),
      )
      return itemView({data, ref: `image/${data.reference}`, text: linesOf})
    } finally {
      engine.close()
    }
  }
}

const linesOf = ({reference, digest, layers, layersPresent, sentBytes}: PushedImage): string[] => [
  `pushed ${reference}`,
  `digest  ${digest}`,
  `layers  ${layers - layersPresent} sent (${formatBytes(sentBytes)}), ${layersPresent} there already`,
]
