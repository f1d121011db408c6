import {textsAt} from '../../../fields.ts'
import {isOpenRange, isSelectable} from '../../../ome/select.ts'
import type {SelectRuntime} from '../../../ome/shapes.ts'
import {omeSize} from '../../../ome/size.ts'
import {failed, ok, type Rule, ruleOf, warning} from './rule.ts'

/* What the operator's choice depends on. */

export const sizes: Rule = ({runtime}) => {
  const rule = ruleOf(runtime)
  const {min, max} = rule.range ?? {}
  if (rule.range === undefined)
    return warning('sizes', 'no modelSizeRange: it takes models of every size, before those with a range')
  if (isOpenRange(rule))
    return failed('sizes', `modelSizeRange has no ${min === undefined ? 'min' : 'max'}: the operator crashes on it`)
  const wrong = [min, max].find((text) => omeSize(text ?? '') === 0)
  if (wrong !== undefined) return failed('sizes', `'${wrong}' is read as 0: write 70B, 340M or 1.5T`)
  if (omeSize(min ?? '') > omeSize(max ?? '')) return failed('sizes', `${min} is more than ${max}: no model fits in`)
  return ok('sizes', `${min} to ${max}`)
}

export const choice: Rule = ({runtime}) => {
  const rule = ruleOf(runtime)
  if (rule.isDisabled) return warning('choice', 'disabled: nothing can use it')
  if (rule.formats.length === 0) return failed('choice', 'supportedModelFormats is empty: it serves no model')
  const bare = rule.formats.filter(({framework}) => framework === undefined)
  if (bare.length > 0)
    return warning('choice', 'an entry without modelFramework only serves models that have none either')
  return ok(
    'choice',
    isSelectable(rule) ? 'the operator may pick it by itself' : 'only when it is named (autoSelect is off)',
  )
}

export const priorities: Rule = ({runtime, others}) => {
  const own = ruleOf(runtime)
  const byName = Map.groupBy(own.formats, ({format, architecture, quantization}) =>
    [format?.name, architecture, quantization].join(),
  )
  const uneven = [...byName.values()].find((entries) => new Set(entries.map(({priority}) => priority)).size > 1)
  if (uneven !== undefined)
    return failed('priorities', 'one format has several priorities in this runtime: the operator refuses it')
  const rivals = others
    .map(ruleOf)
    .filter(
      (other) =>
        other.name !== own.name && other.namespace === own.namespace && !other.isDisabled && isRival(own, other),
    )
    .map(({name}) => name)
  if (rivals.length === 0) return ok('priorities', 'no other runtime has the same formats, sizes and priority')
  return warning(
    'priorities',
    `as good as ${rivals.join(', ')} for the same models: their names decide`,
    `omni create runtime --from ${own.name} --name … --set priority=2`,
  )
}

/** Both are picked by themselves, for the same entry and sizes, with the same priority. */
const isRival = (own: SelectRuntime, other: SelectRuntime): boolean =>
  own.range?.min === other.range?.min &&
  own.range?.max === other.range?.max &&
  own.formats.some(
    (entry) =>
      entry.autoSelect === true &&
      other.formats.some((theirs) => theirs.autoSelect === true && entryKey(theirs) === entryKey(entry)),
  )

const entryKey = ({
  format,
  framework,
  architecture,
  quantization,
  priority,
}: SelectRuntime['formats'][number]): string =>
  [format?.name, format?.version, framework?.name, framework?.version, architecture, quantization, priority].join('|')

export const acceleratorClasses: Rule = ({runtime, classes}) => {
  const wanted = textsAt(runtime.spec, 'acceleratorRequirements', 'acceleratorClasses')
  if (wanted.length === 0) return ok('accelerators', 'any; a service that names a class does not get this runtime')
  const missing = wanted.filter((name) => classes?.includes(name) !== true)
  if (missing.length === 0) return ok('accelerators', wanted.join(', '))
  return failed('accelerators', `there is no class ${missing.join(', ')}`, 'omni accelerators list')
}
