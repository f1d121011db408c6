import type {Facts} from '../facts.ts'
import {eventTexts, placeOf, type SeenContainer, some, together, waitingFor, waitingText} from '../look.ts'
import type {Rule} from '../rule.ts'

const PULL = ['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable']

interface Kind {
  readonly id: string
  readonly looksAt: string
  readonly pattern: RegExp
  readonly message: (image: string) => string
  readonly fix: (facts: Facts) => string
}

/** The first that fits is what it is. */
const KINDS: readonly Kind[] = [
  {
    id: 'image-forbidden',
    looksAt: 'registries that want a login',
    pattern: /unauthorized|denied|forbidden|\b401\b|\b403\b|no basic auth|authorization failed/i,
    message: (image) =>
      `the registry does not give out '${image}' without the right login, or there is no such repository`,
    fix: ({namespace, name}) =>
      `omni apply -f SECRET.yaml (kubernetes.io/dockerconfigjson, in '${namespace}'), named under imagePullSecrets of ${name}`,
  },
  {
    id: 'image-platform',
    looksAt: 'images that are not for the node',
    pattern: /no match for platform|no matching manifest/i,
    message: (image) => `the image '${image}' is not made for the processor of the node`,
    fix: () => 'omni get nodes -o wide',
  },
  {
    id: 'image-not-found',
    looksAt: 'images that the registry does not know',
    pattern: /not found|manifest unknown|does not exist|no such image/i,
    message: (image) => `the registry has no image '${image}': its name or tag is wrong`,
    fix: ({name}) => `omni get service ${name} -o yaml`,
  },
  {
    id: 'image-registry-unreachable',
    looksAt: 'registries that do not answer',
    pattern:
      /no such host|i\/o timeout|connection refused|timed? ?out|network is unreachable|server misbehaving|x509|TLS|EOF|lookup /i,
    message: (image) => `the node does not reach the registry of '${image}'`,
    fix: () => 'omni cluster health',
  },
]

/** A pull that failed keeps its reason in an event, while the container only says that it waits. */
function words(facts: Facts, container: SeenContainer): string {
  const pod = container.pod.metadata.name
  const events = eventTexts(facts, /^Failed$/, /failed to pull/i).filter((text) => text.startsWith(`Pod/${pod}:`))
  return [waitingText(container), ...events].join('\n')
}

const kindOf = (facts: Facts, container: SeenContainer): Kind | undefined =>
  KINDS.find(({pattern}) => pattern.test(words(facts, container).replaceAll(container.image, '')))

const evidenceOf = (facts: Facts, containers: readonly SeenContainer[]): string[] =>
  some(
    containers.map((container) => `${placeOf(container)}: ${words(facts, container).split('\n').at(-1) ?? ''}`),
    3,
  )

const pullRule = (kind: Kind): Rule => ({
  ...{id: kind.id, looksAt: kind.looksAt, severity: 'cause'},
  find: (facts) =>
    together(
      waitingFor(facts, PULL).filter((container) => kindOf(facts, container) === kind),
      (those) => ({message: kind.message(those[0].image), evidence: evidenceOf(facts, those), fix: kind.fix(facts)}),
    ),
})

/** Images of the containers. */
export const IMAGE_RULES: readonly Rule[] = [
  {
    id: 'image-name-invalid',
    looksAt: 'images whose name is none',
    severity: 'cause',
    find: (facts) =>
      together(waitingFor(facts, ['InvalidImageName']), (those) => ({
        message: `'${those[0].image}' is no name of an image`,
        evidence: those.map((one) => `${placeOf(one)}: ${waitingText(one)}`),
        fix: `omni get service ${facts.name} -o yaml`,
      })),
  },
  {
    id: 'image-never-pulled',
    looksAt: 'images that may not be pulled and are not on the node',
    severity: 'cause',
    find: (facts) =>
      together(waitingFor(facts, ['ErrImageNeverPull']), (those) => ({
        message: `the image '${those[0].image}' is not on the node, and imagePullPolicy Never forbids to pull it`,
        evidence: those.map((one) => `${placeOf(one)}: ${waitingText(one)}`),
        fix: `omni get service ${facts.name} -o yaml`,
      })),
  },
  ...KINDS.map(pullRule),
  {
    id: 'image-pull',
    looksAt: 'any other failure to pull an image',
    severity: 'cause',
    find: (facts) =>
      together(
        waitingFor(facts, PULL).filter((container) => kindOf(facts, container) === undefined),
        (those) => ({
          message: `the image '${those[0].image}' cannot be pulled`,
          evidence: evidenceOf(facts, those),
          fix: `omni events service ${facts.name}`,
        }),
      ),
  },
  {
    id: 'image-pulling',
    looksAt: 'images that are being pulled',
    severity: 'info',
    find(facts) {
      const starting = waitingFor(facts, ['ContainerCreating', 'PodInitializing'])
      const pulling = starting.filter(({pod}) => {
        const own = facts.events.filter(({involvedObject}) => involvedObject?.name === pod.metadata.name)
        return own.some(({reason}) => reason === 'Pulling') && !own.some(({reason}) => reason === 'Pulled')
      })
      return together(pulling, (those) => ({
        message: `the image '${those[0].image}' is being pulled`,
        evidence: those.map(placeOf),
        fix: `omni events service ${facts.name} --follow`,
      }))
    },
  },
]
