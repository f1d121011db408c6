const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Why the text is no resource name, or undefined when it is one. The rule is the intersection of all engines' rules. */
export function nameProblem(value: string): string | undefined {
  if (NAME.test(value)) return undefined
  if (value === '') return 'the name is empty'
  if (value.length > 63) return `the name has ${value.length} characters; at most 63 are allowed`
  return 'a name has lower-case letters, digits and "-", starts with a letter and ends with a letter or digit'
}

const HOST_NAME = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i

/** What is wrong with a host name that a service is to answer for, or undefined. */
export function hostNameProblem(value: string): string | undefined {
  if (value.length <= 253 && HOST_NAME.test(value)) return undefined
  if (value.includes('*')) return 'each host name is written out; there are no wildcards'
  return value.length > 253
    ? `the host name has ${value.length} characters; at most 253 are allowed`
    : 'a host name has letters, digits and "-" between dots'
}
