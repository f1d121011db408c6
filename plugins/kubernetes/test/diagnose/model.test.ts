import {describe, expect, it} from 'vitest'
import {rulesFind} from './rules-find.ts'
import {type Case, failed, found, node, object, pod, service} from './world.ts'

const model = (status: object = {}, spec: object = {}) =>
  object('ClusterBaseModel', 'tiny', {
    spec: {
      modelFormat: {name: 'safetensors'},
      storage: {storageUri: 'hf://acme/tiny', path: '/m/tiny', key: 'hub'},
      ...spec,
    },
    status,
  })

/** What an agent keeps about its node. */
const agent = (name: string, entry: object) =>
  object('ConfigMap', name, {data: {'clusterbasemodel.tiny': JSON.stringify({name: 'tiny', ...entry})}})

const downloading = (lastUpdated: string) =>
  agent('n1', {
    status: 'Updating',
    progress: {phase: 'Downloading', totalBytes: 4_000_000_000, completedBytes: 1_000_000_000, lastUpdated},
  })

const LABEL = 'models.ome.io/clusterbasemodel.tiny'

const CASES: readonly Case[] = [
  {
    rule: 'model-not-found',
    when: 'it is not there',
    facts: {service: service(failed('BaseModelNotFound', 'no'))},
    message: "the model 'tiny' is not in this cluster",
  },
  {
    rule: 'model-disabled',
    when: 'it is disabled',
    facts: {service: service(), model: model({state: 'Ready'}, {disabled: true})},
    message: 'is disabled',
  },
  {
    rule: 'model-uri-unserved',
    when: 'agents have no download for the scheme',
    facts: {service: service(), model: model({}, {storage: {storageUri: 's3://bucket/tiny', path: '/m'}})},
    message: 'no download for s3://',
  },
  {
    rule: 'model-path-missing',
    when: 'it says no path',
    facts: {service: service(), model: model({}, {storage: {storageUri: 'hf://acme/tiny'}})},
    message: 'says no path',
  },
  {
    rule: 'model-token-missing',
    when: 'the Secret of its storage is not there',
    facts: {service: service(), model: model(), hasModelSecret: false},
    message: "the Secret 'hub'",
  },
  {
    rule: 'model-gated',
    when: 'an agent was refused',
    facts: {service: service(), model: model({state: 'Failed'}), agentLines: ['tiny: 403 Forbidden: gated repo']},
    message: "the hub refuses 'tiny'",
  },
  {
    rule: 'model-failed',
    when: 'no node could get it',
    facts: {
      service: service(),
      model: model({state: 'Failed', nodesFailed: ['n1']}),
      agents: [agent('n1', {status: 'Failed'})],
    },
    message: "'tiny' could not be brought to n1",
  },
  {
    rule: 'model-stalled',
    when: 'the download stands still',
    facts: {service: service(), model: model({state: 'In_Transit'}), agents: [downloading('2026-02-01T11:00:00Z')]},
    message: 'stands still on n1 for 1h',
  },
  {
    rule: 'model-on-no-node',
    when: 'no node has it ready',
    facts: {
      service: service(),
      model: model({state: 'In_Transit'}),
      pods: [pod({selector: {[LABEL]: 'Ready'}, unscheduled: "1 node(s) didn't match node selector."})],
      nodes: [node('n1', {labels: {[LABEL]: 'Updating'}})],
      agents: [downloading('2026-02-01T11:59:59Z')],
    },
    message: `no node has the model ready: the pods wait for a node with ${LABEL}=Ready`,
  },
  {
    rule: 'model-not-ready',
    when: 'it is on its way',
    facts: {service: service(), model: model({state: 'In_Transit'}), agents: [downloading('2026-02-01T11:59:59Z')]},
    message: "'tiny' is not ready: In_Transit",
  },
  {
    rule: 'model-format-missing',
    when: 'it says no format and no runtime is named',
    facts: {service: service(), model: model({state: 'Ready'}, {modelFormat: undefined})},
    message: 'says no format',
    severity: 'warning',
  },
]

describe('the model', () => {
  rulesFind(CASES)

  it('evidence tells how far the download is', () => {
    const findings = found({
      service: service(),
      model: model({state: 'In_Transit'}),
      agents: [downloading('2026-02-01T11:59:59Z')],
    })
    expect(findings.find(({rule}) => rule === 'model-not-ready')?.evidence).toEqual([
      'status.state: In_Transit',
      expect.stringMatching(/^n1: Updating, Downloading 25 % of /),
    ])
  })

  it('pods that only wait for the model are no matter of other labels', () => {
    const waiting = pod({selector: {[LABEL]: 'Ready'}, unscheduled: "1 node(s) didn't match node selector."})
    expect(found({pods: [waiting], nodes: [node('n1')]}).map(({rule}) => rule)).not.toContain('node-selector')
  })

  it('a model that may not be looked at is not said to be absent', () => {
    expect(found({service: service(), unseen: ['model']}).map(({rule}) => rule)).not.toContain('model-not-found')
  })
})
