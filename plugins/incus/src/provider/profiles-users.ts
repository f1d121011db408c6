/**
 * Who uses a thing, of paths such as `/1.0/instances/web?project=team`: instances by their names, with the project in front
 * where it is another one, and all else by its path.
 */
export function usersIn(paths: readonly string[], project: string): string[] {
  return paths.map((path) => {
    const {pathname, searchParams} = new URL(path, 'http://incus')
    const place = searchParams.get('project') ?? 'default'
    const [, kind, name] = /^\/1\.0\/(instances|profiles)\/([^/]+)$/.exec(pathname) ?? []
    if (name === undefined) return pathname.replace(/^\/1\.0\//, '')
    const shown = `${kind === 'profiles' ? 'profile ' : ''}${decodeURIComponent(name)}`
    return place === project ? shown : `${shown} (project ${place})`
  })
}
