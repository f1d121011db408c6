import {registerHooks} from 'node:module'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'

/** What a plugin may use without bringing it: it names them as optional peers. */
const SHARED = /^(@omni-cli\/sdk|@oclif\/core|zod)(\/|$)/

/** Lets plugins find the sdk of this installation when they have none of their own. */
export function shareSdk(root: string): void {
  const parentURL = pathToFileURL(join(root, 'package.json')).href
  registerHooks({
    resolve(specifier, context, next) {
      if (!SHARED.test(specifier)) return next(specifier, context)
      try {
        return next(specifier, context)
      } catch {
        return next(specifier, {...context, parentURL})
      }
    },
  })
}
