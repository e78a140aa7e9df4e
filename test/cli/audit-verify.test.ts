import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ORIGIN, StreamFile, verifierKeyOf } from '../support/make-trail.ts'
import { anchor, smallTrail } from '../support/sealed-trail.ts'
import { run } from './fake-terminal.ts'

t.test('the exit code is the verdict, and three answers stand apart', async (t) => {
  const root = t.testdir()
  const at = (name: string): string => join(root, name)
  const [one] = smallTrail(at('trail'))
  anchor(at('trail'), at('anchor'), 12)
  writeFileSync(at('policy'), `# keys\nlog ${verifierKeyOf()}\nquorum none\n`)
  const verified = await run(['audit', 'verify', at('trail'), '--vkey', verifierKeyOf()])
  t.equal(verified.code, 0, verified.stdout + verified.stderr)
  t.match(verified.stdout, /^Integrity {5}verified: every line, every root and every signature$/m)
  t.match(verified.stdout, /^Completeness {2}complete/m)
  t.match(
    verified.stdout,
    /^Freshness .*newest checkpoint \S+ 12, no anchor given; 0 lines unsealed$/m,
  )
  t.match(
    verified.stdout,
    /no anchor was given: the holder of the key could have rewritten all of it/,
  )
  t.match(verified.stdout, /\nVERIFIED\n$/)

  const anchored = [
    'audit',
    'verify',
    at('trail'),
    '--policy',
    at('policy'),
    '--anchor',
    at('anchor'),
  ]
  const json = await run([...anchored, '--format', 'json'])
  t.equal(json.code, 0, json.stdout)
  t.match(JSON.parse(json.stdout), {
    verdict: 'verified',
    exitCode: 0,
    integrity: { ok: true, problems: 0 },
    completeness: { complete: true, gaps: 0 },
    freshness: [{ checkpoint: { origin: ORIGIN, size: 12 }, unsealed: 0, anchored: 12 }],
    trails: [{ lines: 12, requests: 7, streams: 2, files: 2, lost: 0 }],
  })

  const open = new StreamFile(at('trail'), 'three')
  open.wait(-86_400)
  const gaps = await run(anchored)
  t.equal(gaps.code, 3, gaps.stdout)
  t.match(gaps.stdout, /\nVERIFIED, WITH GAPS\n$/)

  if (one !== undefined) appendFileSync(one.path, '{"time":"2026-11-28T15:00:00.000Z"}\n')
  const failed = await run(anchored)
  t.equal(failed.code, 1)
  t.match(failed.stdout, /one\.0000\.jsonl line 8 \(byte \d+, 35 bytes\): a line without chain/)
  t.match(failed.stdout, /\nNOT VERIFIED\n$/)
})

t.test('what is no answer about the trail is a wrong usage', async (t) => {
  const root = t.testdir({ empty: '' })
  const trail = join(root, 'trail')
  smallTrail(trail)
  for (const [args, says] of [
    [[trail], /is sealed: give --vkey or --policy/],
    [[trail, '--vkey', 'a+b+c'], /not a verifier key/],
    [[trail, '--policy', join(root, 'empty')], /names no log/],
    [[join(root, 'none'), '--vkey', verifierKeyOf()], /none does not exist/],
    [[trail, '--vkey', verifierKeyOf(), '--anchor', join(root, 'none')], /none does not exist/],
  ] as const) {
    const { code, stderr } = await run(['audit', 'verify', ...args])
    t.equal(code, 2)
    t.match(stderr, says)
  }
})

t.test('a period is days or times, and its end comes after its beginning', async (t) => {
  const trail = join(t.testdir(), 'trail')
  smallTrail(trail)
  const ask = (...more: readonly string[]) =>
    run(['audit', 'verify', trail, '--vkey', verifierKeyOf(), ...more])
  const whole = await ask('--from', '2026-11-28T15:00:00Z', '--to', '2026-11-28T16:01+01:00')
  t.equal(whole.code, 0, whole.stdout)
  t.match(whole.stdout, /^Period {8}\S+trail: 12 lines \(7 of requests\); 0 gaps outside of it$/m)
  const later = await ask('--from', '2026-11-28', '--to', '2026-11-29', '--format', 'json')
  t.equal(later.code, 3)
  t.match(JSON.parse(later.stdout), {
    completeness: { complete: false, outsideOfPeriod: 0 },
    trails: [{ inPeriod: { lines: 12, requests: 7 } }],
  })
  for (const [from, to, says] of [
    ['2026-11-29', '2026-11-28', /--from is not before --to/],
    ['yesterday', '2026-11-28', /write a day or a time/],
    ['2026-02-30', '2026-11-28', /write a day or a time/],
    ['2026-11-28T15:00', '2026-11-28', /write a day or a time/],
  ] as const) {
    const wrong = await ask('--from', from, '--to', to)
    t.equal(wrong.code, 2, from)
    t.match(wrong.stderr, says)
  }
})
