import {didYouMean, type InstanceSpec} from '@omni-cli/sdk'
import type {WireImage} from '../client/wire.ts'
import {type ImageSource, imageSource, localImage} from './images-names.ts'
import type {Problem} from './refusals.ts'
import type {Facts} from './refusals-facts.ts'

/** The image: is there one, does it fit the machine, does it read the user data. */
export function imageProblems(spec: InstanceSpec, facts: Facts): Problem[] {
  const {image, type} = spec
  const path = ['image']
  const aliases = facts.images.flatMap((one) => one.aliases.map(({name}) => name))
  const source = sourceIn(facts.imageNames[image] ?? image, aliases)
  if (source === undefined) return [{path, ...missing(image, aliases)}]
  if (source.from === 'remote') return remoteProblems(spec, source, facts)
  const found = facts.images.find((one) => isMeant(one, source))
  if (found === undefined) return [{path, ...missing(image, aliases)}]
  const has = found.type === 'container' ? 'container' : 'vm'
  const wrong = {path, message: `the image '${image}' is for a ${has}, not for a ${type}`, hint: `write "type: ${has}"`}
  return [...(has === type ? [] : [wrong]), ...cloudInitProblems(spec, found)]
}

/** A local alias of this very name comes first. */
const sourceIn = (text: string, aliases: readonly string[]): ImageSource | undefined =>
  aliases.includes(text) ? localImage(text) : imageSource(text)

const isMeant = (image: WireImage, source: Extract<ImageSource, {from: 'local'}>): boolean =>
  'alias' in source
    ? image.aliases.some(({name}) => name === source.alias)
    : image.fingerprint.startsWith(source.fingerprint)

const missing = (image: string, aliases: readonly string[]) => ({
  message: `there is no image '${image}'`,
  hint:
    didYouMean(image.replace(/^local:/, ''), aliases) ?? 'omni get images; or write ubuntu:22.04, images:alpine/3.20',
})

function remoteProblems(
  spec: InstanceSpec,
  {remote, alias}: Extract<ImageSource, {from: 'remote'}>,
  {remotes, hasOci}: Facts,
): Problem[] {
  const path = ['image']
  const known = remotes.get(remote)
  if (known === undefined) {
    const hint = didYouMean(remote, remotes.keys()) ?? 'incus remote list'
    return [{path, message: `no image server is called '${remote}'`, hint}]
  }
  if (!known.isPublic) {
    const hint = `incus image copy ${remote}:${alias} local: --copy-aliases`
    return [{path, message: `the server '${remote}' gives its images to its own clients alone`, hint}]
  }
  if (known.protocol === 'oci') {
    return [
      ...(hasOci
        ? []
        : [{path, message: 'this server runs no images of applications', hint: 'Incus 6.3 or later does'}]),
      ...(spec.cloud_init === undefined ? [] : [noCloudInit(spec.image)]),
    ]
  }
  const isWithout = known.protocol === 'simplestreams' && !/\/cloud$/.test(alias)
  if (spec.cloud_init === undefined || !isWithout) return textProblems(spec)
  return [{...noCloudInit(spec.image), hint: `write "image: ${remote}:${alias.replace(/\/default$/, '')}/cloud"`}]
}

function cloudInitProblems(spec: InstanceSpec, {properties}: WireImage): Problem[] {
  if (spec.cloud_init === undefined) return []
  // Canonical's own images say it in another way.
  const hasIt = properties.variant === 'cloud' || (properties.os === 'ubuntu' && properties.label !== undefined)
  if (hasIt) return textProblems(spec)
  const hint = `if it has: incus image set-property ${spec.image.replace(/^local:/, '')} variant cloud`
  return [{...noCloudInit(spec.image), hint}]
}

const noCloudInit = (image: string): Problem => ({
  path: ['cloud_init'],
  message: `the image '${image}' has no cloud-init, which would pass over it`,
})

const HEADERS =
  /^(#cloud-config|#!|#include|#cloud-boothook|#part-handler|## template: jinja|Content-Type:|MIME-Version:|From )/i

function textProblems({cloud_init: text}: InstanceSpec): Problem[] {
  if (typeof text !== 'string' || HEADERS.test(text)) return []
  return [{path: ['cloud_init'], message: 'the user data has no header', hint: 'its first line: #cloud-config'}]
}
