import type {CallOptions, Finding} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {gatherFacts} from './gather-facts.ts'
import {findingsOf} from './rule.ts'
import {RULES} from './rules.ts'

/** What keeps an application or an inference service of the context's namespace from serving. */
export async function diagnose(client: KubeClient, name: string, options: CallOptions = {}): Promise<Finding[]> {
  const facts = await gatherFacts(client, name, options)
  const findings = findingsOf(RULES, facts)
  if (facts.unseen.length === 0) return findings
  return [
    ...findings,
    {
      rule: 'not-looked-at',
      severity: 'info',
      message: `this user may not look at ${facts.unseen.join(', ')}: what is wrong there is not seen`,
      evidence: [],
      fix: 'omni cluster health',
    },
  ]
}
