import {readFile} from 'node:fs/promises'
import type {Plugin} from 'rolldown'

/** Parts of Node that take a millisecond or more to load and that few commands use. */
const LAZY_BUILTINS = ['crypto', 'fs/promises', 'child_process', 'readline', 'perf_hooks', 'net', 'http', 'https', 'stream/promises', 'timers/promises', 'zlib']

const BUILTIN = new RegExp(`require\\(["'\`](?:node:)?(${LAZY_BUILTINS.join('|')})["'\`]\\)`, 'g')

/** An object that becomes the module when one of its members is first asked for. */
const LAZY_MODULE = `const omniLazyModule = (name) => new Proxy({}, {
  get: (_, key) => key === '__esModule' ? undefined : process.getBuiltinModule(name)[key],
  has: (_, key) => key in process.getBuiltinModule(name),
  ownKeys: () => Reflect.ownKeys(process.getBuiltinModule(name)),
  getOwnPropertyDescriptor: (_, key) => ({...Reflect.getOwnPropertyDescriptor(process.getBuiltinModule(name), key), configurable: true}),
});
`

/** Loads the slow parts of Node at the first use instead of at the start. */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  renderChunk(code) {
    const lazy = code.replaceAll(BUILTIN, 'omniLazyModule("node:$1")')
    return lazy === code ? null : {code: LAZY_MODULE + lazy}
  },
}

/**
 * oclif's files require all their neighbours when they are loaded; a command that runs needs a third of them. TypeScript
 * wrote them, so each import is `const name_1 = require("…")` and every use is `name_1.member`: the import becomes a
 * function that requires at the first call.
 */
export const lazyOclif: Plugin = {
  name: 'lazy-oclif',
  transform: {
    filter: {id: /node_modules\/@oclif\/core\/lib\//},
    handler(code) {
      const imports = [...code.matchAll(/^const (\w+_\d+) = ((?:__importDefault\()?require\("[^"]+"\)\)?);$/gm)]
      let result = code
      for (const [declaration, name = '', value = ''] of imports) {
        const uses = result
          .replace(declaration, '')
          .replaceAll(new RegExp(`\\bnew ${name}((?:\\.\\w+)+)`, 'g'), `new (${name}$1)`)
          .replaceAll(new RegExp(`\\b${name}\\b`, 'g'), `${name}()`)
        result = `let ${name}$;\nfunction ${name}() { return ${name}$ ??= ${value}; }\n${uses}`
      }
      return imports.length === 0 ? null : {code: result}
    },
  },
}

const NO_DEBUG = 'Object.assign(() => undefined, {enabled: false})'

/** oclif's logger loads the package `debug` at each start, to print nothing unless DEBUG is set. */
export const quietLogger: Plugin = {
  name: 'quiet-logger',
  transform: {
    filter: {id: /node_modules\/@oclif\/core\/lib\/logger\.js$/},
    handler(code) {
      const use = '(0, debug_1.default)(namespace)'
      if (!code.includes(use)) throw new Error("oclif's logger has changed: see scripts/build/lazy.ts")
      return {code: code.replace(use, `(process.env.DEBUG ? ${use} : ${NO_DEBUG})`)}
    },
  },
}

const LIGHT = '?light'

/**
 * `zod/mini` shares its core with `zod`, and one file for both holds all that either uses. A copy for those who import
 * the small one keeps it small: a client's checks load in a tenth of the time.
 */
export const lightZod: Plugin = {
  name: 'light-zod',
  async resolveId(source, importer, options) {
    const isLight = source === 'zod/mini' || (importer?.endsWith(LIGHT) === true && source.startsWith('.'))
    if (!isLight) return null
    const found = await this.resolve(source, importer?.replace(LIGHT, ''), {...options, skipSelf: true})
    return found === null ? null : {...found, id: found.id + LIGHT, moduleSideEffects: false}
  },
  load: {
    filter: {id: /\?light$/},
    handler: (id) => readFile(id.slice(0, -LIGHT.length), 'utf8'),
  },
}
