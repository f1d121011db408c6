import {OmniError} from '@omni-cli/sdk'

export interface StorageUri {
  readonly uri: string
  /** Last part of what it names, for a name. */
  readonly stem: string
  /** Why no model that stands there would ever become ready; absent where OME fetches it. */
  readonly unserved?: string | undefined
}

const NO_DOWNLOADER = "OME's model agent has no downloader for it: the model would never become ready"

interface Form {
  readonly pattern: RegExp
  /** How it is written. */
  readonly example: string
  readonly unserved?: string
}

const FORMS: Readonly<Record<string, Form>> = {
  oci: {pattern: /^n\/[^/\s]+\/b\/[^/\s]+\/o\/\S+$/, example: 'oci://n/NAMESPACE/b/BUCKET/o/PREFIX'},
  s3: {pattern: /^[a-z0-9][a-z0-9.-]+(@[\w-]+)?\/\S+$/, example: 's3://BUCKET@REGION/PREFIX', unserved: NO_DOWNLOADER},
  local: {pattern: /^\/\S+$/, example: 'local:///raid/models/NAME'},
}

/** A registry of images: `oci://registry/model:tag`. */
const REGISTRY = /^[^/\s]+(:\d+)?\/\S+(:[\w.-]+|@sha256:[0-9a-f]+)$/

/**
 * The address of a model outside of a hub. USAGE for another scheme or form, with how it is written.
 *
 * @param text with the scheme, or for `local` an absolute path
 */
export function storageUri(scheme: string, text: string): StorageUri {
  const form = FORMS[scheme]
  const given = /^([a-z0-9]+):\/\/(.*)$/s.exec(text)
  if (form === undefined) throw new OmniError('USAGE', `there are no models of ${scheme}://`)
  if (given !== null && given[1] !== scheme) {
    throw new OmniError('USAGE', `'${text}' is of ${given[1]}://, and this is for ${scheme}://`, {
      hint: otherCommand(given[1]),
    })
  }
  const rest = given?.[2] ?? text
  if (form.pattern.test(rest) && !rest.split('/').includes('..') && isPlain(rest)) {
    return {
      uri: `${scheme}://${rest}`,
      stem: stemOf(rest),
      ...(form.unserved === undefined ? {} : {unserved: form.unserved}),
    }
  }
  if (scheme === 'oci' && REGISTRY.test(rest)) {
    throw new OmniError('USAGE', `'${text}' names an image of a registry; OME reads oci:// as Oracle Object Storage`, {
      hint: `write it like ${form.example}\nor unpack the image on the nodes, then omni import local PATH`,
    })
  }
  throw new OmniError('USAGE', `'${text}' is no address of ${scheme}://`, {hint: `write it like ${form.example}`})
}

const isPlain = (text: string): boolean => !/[\u0000-\u0020\u007f]/.test(text) && text.length <= 2048

const stemOf = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '')
    .at(-1) ?? ''

const UNSERVED = ['gs', 'az', 'github']

function otherCommand(scheme: string | undefined): string {
  if (scheme === 'hf' || (scheme !== undefined && Object.hasOwn(FORMS, scheme))) return `omni import ${scheme}`
  return scheme !== undefined && UNSERVED.includes(scheme)
    ? `OME reads addresses of ${scheme}:// and has no downloader for them: copy the files to the nodes, then omni import local`
    : 'omni import hf, oci, s3 or local'
}
