import {expect, it} from 'vitest'
import {RULES} from '../../src/provider/inference/diagnose/rules.ts'
import {type Case, facts, found} from './world.ts'

/** Each rule finds what it is for, with evidence and a command; and finds nothing in nothing. */
export function rulesFind(cases: readonly Case[]): void {
  it.each(cases)('$rule: $when', ({rule, facts: some, message, severity = 'cause'}) => {
    const findings = found(some)

    const finding = findings.find((one) => one.rule === rule)
    expect(finding, JSON.stringify(findings)).toMatchObject({severity, message: expect.stringContaining(message)})
    expect(finding?.evidence).not.toEqual([])
    expect(finding?.fix ?? (severity === 'ok' ? 'none' : '')).toMatch(/^omni |^open |^none$/)
    const [own] = RULES.filter(({id}) => id === rule)
    expect(own?.find(facts({}))).toEqual([])
  })
}
