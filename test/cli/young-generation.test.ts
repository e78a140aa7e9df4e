import { readFile } from 'node:fs/promises'
import t from 'tap'
import {
  hasSmallYoungGeneration,
  YOUNG_GENERATION_OPTION,
  youngGenerationAdvice,
} from '../../src/cli/young-generation.ts'

const MIB = 1024 * 1024
const SMALL = { memoryBytes: 256 * MIB, execArgv: [], env: {} }

t.test('a small container needs the option, unless node has one', async (t) => {
  t.ok(hasSmallYoungGeneration(SMALL))
  t.ok(hasSmallYoungGeneration({ ...SMALL, memoryBytes: 2047 * MIB }))
  t.notOk(hasSmallYoungGeneration({ ...SMALL, memoryBytes: 2048 * MIB }))
  const execArgv = ['--enable-source-maps', YOUNG_GENERATION_OPTION]
  t.notOk(hasSmallYoungGeneration({ ...SMALL, execArgv }))
  t.notOk(hasSmallYoungGeneration({ ...SMALL, execArgv: ['--max_semi_space_size=8'] }))
  t.notOk(
    hasSmallYoungGeneration({
      ...SMALL,
      env: { NODE_OPTIONS: `--no-warnings ${YOUNG_GENERATION_OPTION}` },
    }),
  )
  t.ok(hasSmallYoungGeneration({ ...SMALL, env: { NODE_OPTIONS: '--max-old-space-size=200' } }))
})

t.test('the advice names the memory and the option', async (t) => {
  t.match(youngGenerationAdvice(256 * MIB), `of 256 MiB`)
  t.match(youngGenerationAdvice(256 * MIB), `node ${YOUNG_GENERATION_OPTION} `)
})

t.test('the image starts with the option', async (t) => {
  const recipe = await readFile(new URL('../../../deploy/Dockerfile', import.meta.url), 'utf8')
  const [entrypoint = ''] = /^ENTRYPOINT .*$/m.exec(recipe) ?? []
  t.match(entrypoint, `"${YOUNG_GENERATION_OPTION}"`)
})
