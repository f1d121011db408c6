import type {FastifyInstance} from 'fastify'

/** `GET /a/:b/c` of every mounted route, read from the router itself. HEAD is listed where it is not that of a GET. */
export function mountedRoutes(app: FastifyInstance): string[] {
  const tree = app.printRoutes({commonPrefix: false, includeHooks: false})
  const routes: string[] = []
  const parents: string[] = []
  for (const line of tree.split('\n')) {
    const match = /^((?:[│ ] {3})*)[├└]── (\S*)(?: \((.+)\))?$/.exec(line)
    if (match === null) continue
    const depth = (match[1] ?? '').length / 4
    parents.length = depth
    parents.push(match[2] ?? '')
    for (const method of (match[3] ?? '').split(', ').filter(Boolean)) routes.push(`${method} ${parents.join('')}`)
  }
  return routes.filter((route) => !route.startsWith('HEAD ') || !routes.includes(route.replace('HEAD', 'GET')))
}

/** A path for a template. */
export const concrete = (route: string): string => route.replace(/:[a-z_]+/g, 'x')
