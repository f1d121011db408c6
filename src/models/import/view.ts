import {formatBytes} from '@omni-cli/sdk'
import {itemView, type TextLine, type View} from '@omni-cli/sdk/cli'
import {factLines} from '../../resources/cells.ts'
import {versioned} from '../../resources/model.ts'
import type {ImportedModel} from './apply.ts'
import type {ImportPlan, PlannedModel} from './plan.ts'

/** What `--dry-run` answers. `-o json`: `{models: [{action, spec, bytes?, license?, access?, warnings}], secrets, skipped}`. */
export const planView = (plan: ImportPlan): View =>
  itemView({
    data: {
      models: plan.models.map(({found: {sizeBytes, license, access, warnings}, spec, action}) => ({
        ...{action, spec, bytes: sizeBytes, license, access},
        warnings: warnings ?? [],
      })),
      secrets: plan.secrets,
      skipped: plan.skipped,
    },
    ref: plan.models.map(({spec}) => `model/${spec.name}`),
    text: () => planLines(plan, {}),
  })

/** The plan as plain text, for the question that follows. */
export const planText = (plan: ImportPlan, options: PlanLineOptions): string => plainText(planLines(plan, options))

/** Lines without their tones. */
export const plainText = (lines: readonly TextLine[]): string =>
  lines
    .map((line) =>
      typeof line === 'string' ? line : line.map((part) => (typeof part === 'string' ? part : part[0])).join(''),
    )
    .join('\n')

interface PlanLineOptions {
  /** Folder for the files. */
  readonly download?: string | undefined
  /** Nothing is made in a cluster. */
  readonly downloadOnly?: boolean | undefined
}

function planLines(plan: ImportPlan, {download, downloadOnly = false}: PlanLineOptions): TextLine[] {
  const {models, secrets, skipped} = plan
  const [only] = models
  return [
    ...(models.length === 1 && only !== undefined ? modelLines(only) : models.map(shortLine)),
    ...secrets.map(
      ({name, from}): TextLine =>
        from === undefined
          ? [`the Secret ${name} is there and stays as it is`]
          : [['+ ', 'good'], `Secret ${name}, with the token of ${from}`],
    ),
    ...skipped.map(({ref, reason}): TextLine => [['- ', 'warn'], `${ref} is left out: ${reason}`]),
    ...(download === undefined ? [] : [`the files go to ${download}`]),
    totalText(plan, downloadOnly),
  ]
}

function modelLines({found, spec, action}: PlannedModel): TextLine[] {
  return [
    [[action === 'create' ? '+ ' : '= ', action === 'create' ? 'good' : 'dim'], `model ${spec.name}`],
    ...factLines({
      ...{source: spec.source, namespace: spec.namespace, type: spec.modelType, architecture: spec.architecture},
      parameters:
        found.parameters === undefined ? spec.size : `${spec.size} (${found.parameters.toLocaleString('en')})`,
      ...{quantization: spec.quantization, context: spec.maxTokens, capabilities: spec.capabilities?.join(', ')},
      ...{format: versioned(spec.format), framework: versioned(spec.framework), vendor: spec.vendor, path: spec.path},
      ...{license: found.license ?? 'not told', access: found.access, secret: spec.secret},
      files: found.sizeBytes === undefined ? undefined : formatBytes(found.sizeBytes),
    }),
    ...(found.warnings ?? []).map((warning): TextLine => [['! ', 'warn'], warning]),
  ]
}

function shortLine({found, spec, action}: PlannedModel): TextLine {
  const facts = [spec.size, found.sizeBytes === undefined ? undefined : formatBytes(found.sizeBytes), found.license]
  const remarks = found.warnings?.length ?? 0
  return [
    [action === 'create' ? '+ ' : '= ', action === 'create' ? 'good' : 'dim'],
    `${spec.name}  ${facts.filter((fact) => fact !== undefined).join(', ')}`,
    remarks === 0 ? '' : [`  ${remarks} ${remarks === 1 ? 'remark' : 'remarks'}`, 'warn'],
  ]
}

/** `3 models, 412Gi (1 gated): 2 to create`. */
function totalText({models}: ImportPlan, downloadOnly: boolean): string {
  const bytes = models.reduce((sum, {found}) => sum + (found.sizeBytes ?? 0), 0)
  const gated = models.filter(({found}) => found.access === 'gated').length
  const created = models.filter(({action}) => action === 'create').length
  const closed = gated === 0 ? '' : ` (${gated} gated)`
  return `${models.length} ${models.length === 1 ? 'model' : 'models'}, ${formatBytes(bytes)}${closed}${downloadOnly ? '' : `: ${created} to create`}`
}

/** `-o json`: `{models: [{name, namespace?, source, action, size?, runtime?, download?, warnings}], skipped}`. */
export const importedView = (models: readonly ImportedModel[], {skipped}: Pick<ImportPlan, 'skipped'>): View =>
  itemView({
    data: {models, skipped},
    ref: models.map(({name}) => `model/${name}`),
    text: () => models.flatMap(importedLines),
  })

function importedLines({name, action, runtime, runtimeProblem, download, source}: ImportedModel): TextLine[] {
  const done = {created: 'created', exists: 'is there already, and nothing differs', downloaded: source}[action]
  const lines: TextLine[] = [[['✔ ', 'good'], `${name}  ${done}`]]
  if (runtime !== undefined) lines.push([['  the operator would serve it with ', 'dim'], runtime])
  if (runtimeProblem !== undefined) {
    lines.push([['  no runtime is chosen by itself: ', 'warn'], firstLine(runtimeProblem)])
    lines.push([['  try: ', 'dim'], `omni runtime suggest ${name}`])
  }
  if (download === undefined) return lines
  const {folder, files, bytes, fetchedBytes, repairedChunks} = download
  const repaired =
    repairedChunks === 0 ? '' : `, ${repairedChunks} damaged ${repairedChunks === 1 ? 'chunk' : 'chunks'} replaced`
  const told = `${files} files, ${formatBytes(bytes)} in ${folder}; ${formatBytes(fetchedBytes)} fetched, every byte checked${repaired}`
  return [...lines, `  ${told}`]
}

const firstLine = (text: string): string => text.split(/\n|\. Excluded/)[0] ?? text
