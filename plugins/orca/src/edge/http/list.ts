/** The members of a comma-separated field value, in lower case. */
export const listMembers = (value: string): string[] =>
  value
    .toLowerCase()
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
