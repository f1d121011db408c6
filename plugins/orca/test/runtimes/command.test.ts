import {describe, expect, it} from 'vitest'
import {commandProblem, commandWords} from '../../src/runtimes/process/command.ts'

const env = {PORT: '4711', NAME: 'a b', EMPTY: ''}

describe('commandWords', () => {
  it.each([
    ['node server.js', ['node', 'server.js']],
    ['  node\t--port   $PORT\n', ['node', '--port', '4711']],
    [`serve --url=http://h:\${PORT}/x`, ['serve', '--url=http://h:4711/x']],
    [`sh -c 'echo "$PORT" && exit'`, ['sh', '-c', 'echo "$PORT" && exit']],
    ['echo "port $PORT" end', ['echo', 'port 4711', 'end']],
    ['echo $NAME', ['echo', 'a b']],
    [`echo a'b c'd"e f"g`, ['echo', 'ab cde fg']],
    [`echo ''`, ['echo', '']],
    ['echo a\\ b \\$PORT "\\$PORT" "\\n"', ['echo', 'a b', '$PORT', '$PORT', '\\n']],
    [`echo $UNKNOWN \${UNKNOWN} $1 $`, ['echo', '$UNKNOWN', `\${UNKNOWN}`, '$1', '$']],
    [`echo x\${EMPTY}y`, ['echo', 'xy']],
    ['echo a\\\nb', ['echo', 'ab']],
    ['echo $toString $constructor', ['echo', '$toString', '$constructor']],
  ])('%j is split into %j', (text, words) => {
    expect(commandWords(text, env)).toEqual(words)
  })

  it('replaces variables in given words and never splits them', () => {
    expect(commandWords(['run', '$PORT and $NAME', "'quotes'"], env)).toEqual(['run', '4711 and a b', "'quotes'"])
  })
})

describe('commandProblem', () => {
  it.each([
    [`echo 'open`, /quote ' that is not closed/],
    ['echo "open', /quote " that is not closed/],
    ['echo \\', /backslash/],
    ['npm ci && npm run build', /'&&' needs a shell/],
    ['cat x | wc', /'\|' needs a shell/],
    ['NODE_ENV=production node x.js', /set NODE_ENV under 'env'/],
    ['   ', /empty/],
    ["''", /empty/],
  ])('%j is refused', (text, problem) => {
    expect(commandProblem(text)).toMatch(problem)
  })

  it.each(['node x.js', `sh -c 'a && b'`, "echo '|'", 'echo a=b'])('%j is fine', (text) => {
    expect(commandProblem(text)).toBeUndefined()
  })
})
