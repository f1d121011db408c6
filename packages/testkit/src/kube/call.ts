import type {Json} from './objects.ts'
import type {Route} from './route.ts'

/** A request that was understood. */
export interface Call {
  readonly method: string
  readonly route: Route
  readonly query: URLSearchParams
  readonly body: Json | undefined
  readonly contentType: string
  readonly accept: string
  /** First word of the user agent: the manager of what is not said to be another's. */
  readonly agent: string
}
