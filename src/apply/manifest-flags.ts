import {resolve} from 'node:path'
import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import type {LoadOptions} from '@omni-cli/sdk/engine'

/** Flags about what stands in the files, for every command that reads them. */
export const manifestFlags = {
  env: Flags.string({summary: 'environment whose changes apply', helpValue: 'NAME'}),
  var: Flags.string({
    summary: 'value of a variable of the files; repeatable',
    helpValue: 'NAME=VALUE',
    multiple: true,
    multipleNonGreedy: true,
    parse: async (value) => {
      if (/^[A-Za-z_][\w-]*=/.test(value)) return value
      throw new OmniError('USAGE', '--var takes NAME=VALUE')
    },
  }),
  'var-file': Flags.string({
    summary: 'file with values of variables, by name; repeatable',
    helpValue: 'FILE',
    multiple: true,
    multipleNonGreedy: true,
    parse: async (value) => resolve(value),
  }),
}

/** What the flags mean for the loader. */
export const loadOptions = (flags: {
  readonly env?: string | undefined
  readonly var?: readonly string[] | undefined
  readonly 'var-file'?: readonly string[] | undefined
}): LoadOptions => ({env: flags.env, vars: flags.var, varFiles: flags['var-file']})

/** Flags about Kubernetes objects, for commands that compare and apply. */
export const objectFlags = {
  kustomize: Flags.string({char: 'k', summary: 'kustomize folder', helpValue: 'DIR'}),
  'remote-bases': Flags.boolean({summary: 'let a kustomization fetch its bases from elsewhere'}),
  'force-conflicts': Flags.boolean({summary: 'take over fields of Kubernetes objects that others have set'}),
}

/** What they mean for the loader. */
export const objectSources = (flags: {
  readonly kustomize?: string | undefined
  readonly 'remote-bases': boolean
}): {readonly kustomize: string | undefined; readonly remoteBases: boolean} => ({
  kustomize: flags.kustomize,
  remoteBases: flags['remote-bases'],
})
