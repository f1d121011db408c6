import type {Rule} from './rule.ts'
import {ADMISSION_RULES} from './rules/admission.ts'
import {CONTAINER_RULES} from './rules/containers.ts'
import {IMAGE_RULES} from './rules/images.ts'
import {MODEL_RULES} from './rules/model.ts'
import {NETWORK_RULES} from './rules/network.ts'
import {PLATFORM_RULES} from './rules/platform.ts'
import {READINESS_RULES} from './rules/readiness.ts'
import {RUNTIME_RULES} from './rules/runtime.ts'
import {SCALING_RULES} from './rules/scaling.ts'
import {SCHEDULING_RULES} from './rules/scheduling.ts'

/** All rules, from what others follow from to what follows from others. */
export const RULES: readonly Rule[] = [
  ...PLATFORM_RULES,
  ...MODEL_RULES,
  ...RUNTIME_RULES,
  ...ADMISSION_RULES,
  ...SCHEDULING_RULES,
  ...IMAGE_RULES,
  ...CONTAINER_RULES,
  ...READINESS_RULES,
  ...NETWORK_RULES,
  ...SCALING_RULES,
]
