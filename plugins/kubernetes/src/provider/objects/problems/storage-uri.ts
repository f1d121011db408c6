import {didYouMean} from '@omni-cli/sdk'

export interface UriProblem {
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly hint?: string | undefined
}

interface Scheme {
  readonly form: RegExp
  readonly shown: string
  /** Who brings the files to a node. */
  readonly files: 'downloaded' | 'there' | 'nobody'
}

/** Storage URIs that OME's parser knows. */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  hf: {form: /^[\w.-]+\/[\w.-]+(@[\w./-]+)?$/, shown: 'hf://OWNER/REPO[@REVISION]', files: 'downloaded'},
  oci: {form: /^n\/[^/]+\/b\/[^/]+\/o\/.+$/, shown: 'oci://n/NAMESPACE/b/BUCKET/o/PREFIX', files: 'downloaded'},
  local: {form: /^\/.+$/, shown: 'local:///ABSOLUTE/PATH', files: 'there'},
  vendor: {form: /^[^/]+\/[^/]+\/.+$/, shown: 'vendor://VENDOR/TYPE/PATH', files: 'there'},
  pvc: {form: /^([a-z0-9-]+:)?[a-z0-9][a-z0-9.-]*\/.+$/, shown: 'pvc://[NAMESPACE:]CLAIM/PATH', files: 'nobody'},
  s3: {form: /^[^/@]+(@[^/]+)?\/.+$/, shown: 's3://BUCKET[@REGION]/PREFIX', files: 'nobody'},
  az: {form: /^[^/]+\/[^/]+\/.+$/, shown: 'az://ACCOUNT/CONTAINER/PATH', files: 'nobody'},
  gs: {form: /^[^/]+\/.+$/, shown: 'gs://BUCKET/PATH', files: 'nobody'},
  github: {form: /^[\w.-]+\/[\w.-]+(@.+)?$/, shown: 'github://OWNER/REPO[@TAG]', files: 'nobody'},
}

/** What is wrong with a storage URI. The server takes any text, and the model then never gets ready. */
export function uriProblem(uri: string, use: 'model' | 'output'): UriProblem | undefined {
  const [, scheme = '', rest = ''] = /^([a-zA-Z][\w+.-]*):\/\/(.*)$/s.exec(uri) ?? []
  const known = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined
  if (known === undefined) {
    const names = Object.keys(SCHEMES)
    const message =
      scheme === '' ? `'${uri}' is no storage URI such as hf://OWNER/REPO` : `OME knows no storage '${scheme}://'`
    return {severity: 'error', message, hint: didYouMean(scheme, names) ?? `known: ${names.join(', ')}`}
  }
  if (!known.form.test(rest)) return {severity: 'error', message: `'${uri}' is not of the form ${known.shown}`}
  if (use === 'model' && known.files === 'nobody') {
    const message = `OME accepts '${scheme}://' and downloads nothing from there: the model would never get ready`
    return {severity: 'warning', message, hint: 'hf://, oci:// and local:// are served'}
  }
  return undefined
}
