import {z} from 'zod'
import {type Access, accessOf} from '../access.ts'
import {type Body, ROUTES, type Route} from './routes.ts'
import {SCHEMAS} from './schemas.ts'

type Json = Readonly<Record<string, unknown>>

const refTo = (name: string): string => `#/components/schemas/${name}`

/** OpenAPI 3.1 of the whole API, from the tables of routes, rights and shapes. */
export function openApiDocument(version: string): Json {
  return {
    openapi: '3.1.1',
    info: {
      title: 'omni server',
      version,
      description:
        "Orca's routes and our own. Paths of both answer in Orca's form; with `Accept: application/vnd.omni+json` in ours.",
      license: {name: 'Apache-2.0', identifier: 'Apache-2.0'},
    },
    servers: [{url: '/'}],
    security: [{token: []}],
    paths: paths(),
    components: {
      schemas: schemas(),
      securitySchemes: {token: {type: 'http', scheme: 'bearer', description: 'omni token create NAME --role ROLE'}},
    },
  }
}

function paths(): Json {
  const result: Record<string, Record<string, Json>> = {}
  for (const [key, route] of Object.entries(ROUTES)) {
    const [method = '', path = ''] = key.split(' ')
    const template = path.replace(/:([a-z_]+)/g, '{$1}')
    result[template] ??= {}
    result[template][method.toLowerCase()] = operation(key, route, accessOf(method, path))
  }
  return result
}

function operation(key: string, route: Route, {role, action}: Access): Json {
  const names = [...key.matchAll(/:([a-z_]+)/g)].map((match) => match[1])
  const parameters = [
    ...names.map((name) => ({name, in: 'path', required: true, schema: {type: 'string'}})),
    ...Object.entries(route.query ?? {}).map(([name, description]) => ({
      name,
      in: 'query',
      description,
      schema: {type: 'string'},
    })),
  ]
  return {
    operationId: key.replace(/[^A-Za-z]+/g, '_').replace(/^_|_$/g, ''),
    summary: route.summary,
    ...(role === 'open' ? {security: []} : {description: `Needs the role ${role}.`}),
    'x-role': role,
    'x-action': action,
    ...(parameters.length === 0 ? {} : {parameters}),
    ...requestBody(route),
    responses: {...answers(route), ...(role === 'open' ? {} : REFUSALS)},
  }
}

const plain = (description: string): Json => ({
  description,
  content: {'text/plain': {schema: {type: 'string'}}},
})

const REFUSALS = {
  401: plain('the token is missing, wrong, expired or revoked'),
  403: plain('the token may not do this'),
}

function requestBody({request, upload}: Route): Json {
  if (upload !== undefined) return {requestBody: {required: true, content: {[upload]: {schema: {}}}}}
  if (request === undefined) return {}
  return {requestBody: {content: {'application/json': {schema: {$ref: refTo(request)}}}}}
}

function answers({answers: byStatus}: Route): Json {
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, bodies]) => [
      status,
      bodies === undefined
        ? {description: 'no body'}
        : {description: descriptionOf(bodies), content: contentOf(bodies)},
    ]),
  )
}

const descriptionOf = (bodies: readonly Body[]): string =>
  bodies
    .map((body) => ('text' in body ? body.text : 'json' in body ? body.json : `lines of ${body.lines}`))
    .join('; or ')

function contentOf(bodies: readonly Body[]): Json {
  const json = bodies.flatMap((body) => ('json' in body ? [{$ref: refTo(body.json)}] : []))
  const lines = bodies.flatMap((body) => ('lines' in body ? [{$ref: refTo(body.lines)}] : []))
  const hasText = bodies.some((body) => 'text' in body)
  return {
    ...(json.length === 0 ? {} : {'application/json': {schema: json.length === 1 ? json[0] : {anyOf: json}}}),
    ...(lines.length === 0 ? {} : {'application/x-ndjson': {schema: lines[0]}}),
    ...(hasText ? {'text/plain': {schema: {type: 'string'}}} : {}),
  }
}

/** Shapes that contain one another refer to each other by name. */
function schemas(): Json {
  const registry = z.registry<{id: string}>()
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, {id})
  const made = z.toJSONSchema(registry, {io: 'input', unrepresentable: 'any', uri: refTo})
  return Object.fromEntries(
    Object.entries(made.schemas).map(([name, {$id: _, $schema: __, ...schema}]) => [name, schema]),
  )
}
