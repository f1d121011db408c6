import {formatDuration} from '@omni-cli/sdk'
import {at, listAt, textAt, textMapAt} from '../../../../fields.ts'
import {wordsOf} from '../agent-words.ts'
import type {Facts} from '../facts.ts'
import {failureIn, modelNameOf, some, together} from '../look.ts'
import type {Found, Rule} from '../rule.ts'

/** Schemes for which the model agent has no way to fetch. */
const UNSERVED: readonly string[] = ['s3', 'gs', 'az', 'github', 'pvc']
const STALLED_MS = 10 * 60_000

const whenNamed = (find: (facts: Facts, name: string) => readonly Found[]) => (facts: Facts) => {
  const name = modelNameOf(facts)
  return name === undefined ? [] : find(facts, name)
}

const state = ({model}: Pick<Facts, 'model'>): string | undefined => textAt(model, 'status', 'state')

const ON_NO_NODE: Rule = {
  id: 'model-on-no-node',
  looksAt: 'the label that its pods want of a node, and the agents',
  severity: 'cause',
  find(facts) {
    const waiting = facts.pods.filter((pod) => pod.spec?.nodeName === undefined || pod.spec.nodeName === '')
    const labels = [...new Set(waiting.flatMap(modelLabels))]
    const none = labels.filter(
      (label) => !facts.nodes.some((node) => textMapAt(node, 'metadata', 'labels')[label] === 'Ready'),
    )
    if (facts.nodes.length === 0) return []
    return together(none, ([label]) => {
      const words = wordsOf(facts)
      const onNodes = facts.nodes.flatMap((node) => {
        const value = textMapAt(node, 'metadata', 'labels')[label]
        return value === undefined ? [] : [`${node.metadata.name}: ${value}`]
      })
      return {
        message: `no node has the model ready: the pods wait for a node with ${label}=Ready`,
        evidence: some(
          words.length > 0 ? words.map(({text}) => text) : onNodes.length > 0 ? onNodes : ['no agent knows it'],
        ),
        fix: `omni get model ${modelNameOf(facts) ?? ''} --watch`.replace('  ', ' '),
      }
    })
  },
}

/** The model that the service names, and its way to the nodes. */
export const MODEL_RULES: readonly Rule[] = [
  {
    id: 'model-not-found',
    looksAt: 'the model that the service names',
    severity: 'cause',
    find: whenNamed(({model, unseen, service}, name) => {
      const isUnknown = failureIn({service})?.reason === 'BaseModelNotFound' && model === undefined
      if (!isUnknown && (model !== undefined || unseen.some((what) => what.startsWith('model')))) return []
      return [
        {
          message: `the model '${name}' is not in this cluster`,
          evidence: [`spec.model.name: ${name}`],
          fix: `omni search hf ${name}`,
        },
      ]
    }),
  },
  {
    id: 'model-disabled',
    looksAt: 'spec.disabled of the model',
    severity: 'cause',
    find: whenNamed(({model}, name) =>
      at(model, 'spec', 'disabled') === true
        ? [
            {
              message: `the model '${name}' is disabled`,
              evidence: ['spec.disabled: true'],
              fix: `omni get model ${name} -o yaml --export > model.yaml, set spec.disabled to false, omni apply -f model.yaml`,
            },
          ]
        : [],
    ),
  },
  {
    id: 'model-uri-unserved',
    looksAt: 'scheme of the storage URI',
    severity: 'cause',
    find: whenNamed(({model}, name) => {
      const uri = textAt(model, 'spec', 'storage', 'storageUri') ?? ''
      const scheme = uri.split('://')[0] ?? ''
      if (!UNSERVED.includes(scheme) || state({model}) === 'Ready') return []
      return [
        {
          message: `OME cannot bring '${name}' to a node: it has no download for ${scheme}://`,
          evidence: [`spec.storage.storageUri: ${uri}`],
          fix: `omni describe model ${name}`,
        },
      ]
    }),
  },
  {
    id: 'model-path-missing',
    looksAt: 'spec.storage.path of the model',
    severity: 'cause',
    find: whenNamed(({model}, name) =>
      model !== undefined && textAt(model, 'spec', 'storage', 'path') === undefined
        ? [
            {
              message: `the model '${name}' says no path on the nodes: its agent cannot put it anywhere`,
              evidence: ['spec.storage.path is empty'],
              fix: `omni describe model ${name}`,
            },
          ]
        : [],
    ),
  },
  {
    id: 'model-token-missing',
    looksAt: 'the Secret that the storage of the model names',
    severity: 'cause',
    find: whenNamed(({model, hasModelSecret}, name) =>
      hasModelSecret === false && state({model}) !== 'Ready'
        ? [
            {
              message: `the Secret '${textAt(model, 'spec', 'storage', 'key')}' with the token for '${name}' is not there`,
              evidence: [`spec.storage.key: ${textAt(model, 'spec', 'storage', 'key')}`],
              fix: `omni import hf ${repositoryOf(model)} --name ${name}`,
            },
          ]
        : [],
    ),
  },
  {
    id: 'model-gated',
    looksAt: 'answers of the hub in the logs of the model agents',
    severity: 'cause',
    find: whenNamed(({agentLines, model}, name) => {
      if (state({model}) === 'Ready') return []
      const lines = agentLines.filter((line) =>
        /gated|GatedRepo|\b401\b|\b403\b|unauthori[sz]ed|access to model .* is restricted/i.test(line),
      )
      return together(lines, (those) => ({
        message: `the hub refuses '${name}': its terms are not accepted, or the token is missing or wrong`,
        evidence: some(those, 3),
        fix: `open https://huggingface.co/${repositoryOf(model)}, accept its terms, then: omni import hf ${repositoryOf(model)}`,
      }))
    }),
  },
  {
    id: 'model-failed',
    looksAt: 'state of the model, and what the agents say of it',
    severity: 'cause',
    find: whenNamed((facts, name) => {
      const failed = listAt(facts.model, 'status', 'nodesFailed').map(String)
      if (state(facts) !== 'Failed') return []
      return [
        {
          message: `the model '${name}' could not be brought to ${failed.length === 0 ? 'any node' : failed.join(', ')}`,
          evidence: some([...wordsOf(facts).map(({text}) => text), ...facts.agentLines.slice(-3)]),
          fix: `omni describe model ${name}`,
        },
      ]
    }),
  },
  {
    id: 'model-stalled',
    looksAt: 'when the agents last told of the download',
    severity: 'cause',
    find: whenNamed((facts, name) =>
      together(
        wordsOf(facts).filter(({status, quietMs}) => status === 'Updating' && (quietMs ?? 0) > STALLED_MS),
        (those) => ({
          message: `the download of '${name}' stands still on ${those.map(({node}) => node).join(', ')} for ${formatDuration(those[0].quietMs ?? 0)}`,
          evidence: those.map(({text}) => text),
          fix: `omni describe model ${name}`,
        }),
      ),
    ),
  },
  ON_NO_NODE,
  {
    id: 'model-not-ready',
    looksAt: 'state of the model',
    severity: 'cause',
    find: whenNamed((facts, name) => {
      const now = state(facts)
      if (facts.model === undefined || now === 'Ready' || now === 'Failed') return []
      if (ON_NO_NODE.find(facts).length > 0) return []
      return [
        {
          message: `the model '${name}' is not ready: ${now ?? 'no agent has taken it up'}`,
          evidence: [`status.state: ${now ?? 'none'}`, ...some(wordsOf(facts).map(({text}) => text))],
          fix: `omni get model ${name} --watch`,
        },
      ]
    }),
  },
  {
    id: 'model-format-missing',
    looksAt: 'format of the model, by which a runtime is selected',
    severity: 'warning',
    find: whenNamed((facts, name) =>
      facts.model !== undefined &&
      textAt(facts.model, 'spec', 'modelFormat', 'name') === undefined &&
      textAt(facts.service, 'spec', 'runtime', 'name') === undefined
        ? [
            {
              message: `the model '${name}' says no format: no runtime can be selected for it before its agent has read it`,
              evidence: ['spec.modelFormat.name is empty'],
              fix: `omni runtime suggest ${name}`,
            },
          ]
        : [],
    ),
  },
]

const modelLabels = ({spec}: Facts['pods'][number]): string[] =>
  Object.entries(spec?.nodeSelector ?? {})
    .filter(([key, value]) => key.startsWith('models.ome.io/') && value === 'Ready')
    .map(([key]) => key)

function repositoryOf(model: unknown): string {
  const uri = textAt(model, 'spec', 'storage', 'storageUri') ?? ''
  return uri.startsWith('hf://') ? (uri.slice('hf://'.length).split('@')[0] ?? '') : 'OWNER/MODEL'
}
