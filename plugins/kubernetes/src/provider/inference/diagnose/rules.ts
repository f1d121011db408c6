import type {Rule} from './rule.ts'

/** All rules, from what others follow from to what follows from others. */
export const RULES: readonly Rule[] = []
