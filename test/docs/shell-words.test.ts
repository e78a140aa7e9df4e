import t from 'tap'
import { sealgateArguments, simpleCommands } from './shell-words.ts'

const SCRIPTS: readonly (readonly [script: string, commands: readonly (readonly string[])[]])[] = [
  ['a b  c\nd\n', [['a', 'b', 'c'], ['d']]],
  ['a \'b c\' "d $X \\"e\\"" f\\ g\n', [['a', 'b c', 'd $X "e"', 'f g']]],
  ['a b \\\n  c   # a comment; d\n# another | one\n', [['a', 'b', 'c']]],
  ['a#b #c\n', [['a#b']]],
  ['a | b && c; d || e & f\n', [['a'], ['b'], ['c'], ['d'], ['e'], ['f']]],
  ['a > out 2>&1 < in b >> "more out"\n', [['a', 'b']]],
  ["cat > f <<'END'\nnot $(a command)\nEND\nb c\n", [['cat'], ['b', 'c']]],
  ['X=1 Y="2 3" a --b="c d"\nX=1\n', [['a', '--b=c d']]],
  ['a --c "$(b | c)" $(d (e) | f) g\n', [['a', '--c', '$(b | c)', '$(d (e) | f)', 'g']]],
  [
    'for i in $(seq 3); do\n  a $i\ndone | b\n',
    [['for', 'i', 'in', '$(seq 3)'], ['a', '$i'], ['b']],
  ],
  ["jq 'select(.a) |\n  .b' f\n", [['jq', 'select(.a) |\n  .b', 'f']]],
  ["a <<< 'text' b\n", [['a', 'b']]],
]

t.test('a script is split as the shell splits it', async (t) => {
  for (const [script, commands] of SCRIPTS) t.strictSame(simpleCommands(script), commands, script)
})

t.test("Sealgate's own arguments are found, however it is typed", async (t) => {
  const of = (script: string) => simpleCommands(script).map(sealgateArguments)
  t.strictSame(of('sealgate check -c f'), [['check', '-c', 'f']])
  t.strictSame(of('npx sealgate check'), [['check']])
  t.strictSame(of('node build/src/main.js explain -c f'), [['explain', '-c', 'f']])
  t.strictSame(of('kubectl exec d -- /nodejs/bin/node /app/build/src/main.js probe'), [['probe']])
  t.strictSame(of('node --import x build/src/main.js serve'), [['serve']])
  t.strictSame(of('cat sealgate; node a.mjs build/src/main.js'), [undefined, undefined])
})
