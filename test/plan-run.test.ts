import t from 'tap'
import { planRun, SHARED_FILE, type TestFiles, type TestProcess } from './support/plan-run.ts'
import { ownProcessFiles, sharedProcessFiles } from './support/test-files.ts'

const FILES: TestFiles = {
  own: [SHARED_FILE, 'build/test/life/drain.test.js', 'build/test/e2e/attack-fuzz.test.js'],
  shared: [
    'build/test/architecture.test.js',
    'build/test/e2e/cors.test.js',
    'build/test/sweep/plan.test.js',
    'build/test/sweep/run.test.js',
    'build/test/sweep/tally.test.js',
  ],
}
const SWEEP = FILES.shared.slice(2)

function processes(...given: string[]): readonly TestProcess[] | string {
  const planned = planRun(given, FILES, 2)
  return planned.ok ? planned.value : planned.error
}

const units = (share: string, ...files: string[]): TestProcess => ({
  file: SHARED_FILE,
  args: [share],
  loads: files,
})
const alone = (file: string): TestProcess => ({ file, args: [], loads: [] })

t.test('without a name all tests run, the shared ones in as many processes as asked', async (t) => {
  const all = [
    units('1/2'),
    units('2/2'),
    alone('build/test/life/drain.test.js'),
    alone('build/test/e2e/attack-fuzz.test.js'),
  ]
  t.strictSame(processes(), all)
  for (const root of ['build/test', 'build/test/', 'test', './test/']) {
    t.strictSame(processes(root), all, root)
  }
})

t.test('a folder runs all of its tests, with and without a slash, compiled or not', async (t) => {
  for (const name of ['build/test/sweep', 'build/test/sweep/', 'test/sweep', './test/sweep/']) {
    t.strictSame(processes(name), [units('1/2', ...SWEEP), units('2/2', ...SWEEP)], name)
  }
  const e2e = [
    units('1/1', 'build/test/e2e/cors.test.js'),
    alone('build/test/e2e/attack-fuzz.test.js'),
  ]
  t.strictSame(processes('build/test/e2e'), e2e)
})

t.test('a file has a process of its own', async (t) => {
  t.strictSame(processes('build/test/sweep/run.test.js'), [alone('build/test/sweep/run.test.js')])
  t.strictSame(processes('test/sweep/run.test.ts'), [alone('build/test/sweep/run.test.js')])
  t.strictSame(processes('test/life/drain.test.ts'), [alone('build/test/life/drain.test.js')])
})

t.test('the beginning of a path is enough', async (t) => {
  t.strictSame(processes('build/test/e2e/attack'), [alone('build/test/e2e/attack-fuzz.test.js')])
})

t.test('nothing runs twice', async (t) => {
  t.strictSame(processes(SHARED_FILE, 'test/e2e', 'test/sweep/run.test.ts'), [
    units('1/2'),
    units('2/2'),
    alone('build/test/e2e/attack-fuzz.test.js'),
  ])
  t.strictSame(processes('test/life', 'test/life/drain.test.ts'), [
    alone('build/test/life/drain.test.js'),
  ])
  t.strictSame(processes('test/sweep', 'test/sweep/run.test.ts'), [
    units('1/2', ...SWEEP.filter((file) => !file.includes('run'))),
    units('2/2', ...SWEEP.filter((file) => !file.includes('run'))),
    alone('build/test/sweep/run.test.js'),
  ])
})

t.test('a name without tests is an error that lists the folders', async (t) => {
  for (const name of ['build/test/swep', 'build/src', 'build/test/sweep/no.test.js', '']) {
    t.match(processes(name), /^no test file is at .*build\/test\/sweep/, name)
  }
})

t.test('every folder of this build can be named', async (t) => {
  const files = { own: ownProcessFiles(), shared: sharedProcessFiles() }
  const all = [...files.own, ...files.shared]
  t.ok(all.length > 300)
  for (const folder of new Set(all.map((file) => file.replace(/\/[^/]*$/, '')))) {
    const planned = planRun([folder], files, 2)
    const run = planned.ok ? planned.value.flatMap(({ file, loads }) => [file, ...loads]) : []
    for (const file of all.filter((one) => one.startsWith(`${folder}/`))) {
      t.ok(folder === 'build/test' || run.includes(file), file)
    }
  }
})
