import fc from 'fast-check'
import t from 'tap'
import { firstPrev, nextPrev } from '../../src/evidence/chain.ts'
import { parseCheckpoint } from '../../src/evidence/checkpoint.ts'
import { openNote, parseVerifierKey } from '../../src/evidence/note.ts'
import { rootFromInclusion } from '../../src/evidence/proof.ts'
import { formatTlogProof, parseTlogProof } from '../../src/evidence/tlog-proof.ts'
import { hashLeaf } from '../../src/evidence/tree.ts'

const ORIGIN = 'audit.example.com/sealgate/gw-0'
const VKEY = `${ORIGIN}+8360c252+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4`

/** Three lines of a trail, whose proof was checked with an independent verifier. */
const LINES = [
  '{"time":"2026-11-28T15:00:00.000Z","record":"open","version":"0.2.0","worker":1,"policy":"sha256:00","stream":"AAECAwQFBgcICQoLDA0ODw","seq":0,"prev":"qFGwmyny_mNtLccSKUEKKPg2zebXOjlRE4JgsCSKa0Q"}',
  '{"time":"2026-11-28T15:00:01.000Z","requestId":"29CSDOOAL5AGCKUF","client":"demo","stream":"AAECAwQFBgcICQoLDA0ODw","seq":1,"prev":"ZLx-2sg6ydDWiLYK-EYQb65bsJRjhr3cL38eSFgR5QM"}',
  '{"time":"2026-11-28T15:00:02.000Z","record":"close","lines":3,"lost":0,"stream":"AAECAwQFBgcICQoLDA0ODw","seq":2,"prev":"LMArvleZX25TwOclGKDANS2JgiNlfFsOCP5iPW8QWJY"}',
] as const

const PROOF = `c2sp.org/tlog-proof@v1
index 1
RkzONJsFeD0Ofr8TTIFWwIliNk0a/Fz//WvGQS76llM=
DWefk/xNv4+QTDTHJN7d2Y84JnU5XCtyQT2U9d+pXc8=

${ORIGIN}
3
8Y3TyKOuDLW1/HZ8iJQsrDoRav8gAgH4UK2r+/LyH3A=

— ${ORIGIN} g2DCUo4o2I9yGlPU6Xm9D2RW06R3KAsX5w9ewBqMjeLplOMFkZD0VnL686eo1YpRjGNOBVM1rRgZXuDt3NVlu5n4aA4=
`

t.test('chain, leaf, path, checkpoint and signature of the vector agree', async (t) => {
  t.match(LINES[0], firstPrev(ORIGIN, 'AAECAwQFBgcICQoLDA0ODw'))
  t.match(LINES[1], nextPrev(LINES[0]))
  t.match(LINES[2], nextPrev(LINES[1]))

  const proof = parseTlogProof(PROOF)
  const verifier = parseVerifierKey(VKEY)
  if (!proof.ok || !verifier.ok) throw new Error('the vector does not parse')
  const note = openNote(proof.value.checkpoint, [verifier.value])
  if (!note.ok) throw new Error(note.error)
  const checkpoint = parseCheckpoint(note.value.text)
  if (!checkpoint.ok) throw new Error(checkpoint.error)
  t.match(checkpoint.value, { origin: ORIGIN, size: 3 })
  const { index, path } = proof.value
  const leaf = hashLeaf(Buffer.from(LINES[1]))
  t.strictSame(rootFromInclusion(index, 3, leaf, path), checkpoint.value.root)
  t.equal(formatTlogProof(proof.value), PROOF)
})

t.test('what is formatted is parsed to the same', async (t) => {
  const bytes = (size: number) =>
    fc.uint8Array({ minLength: size, maxLength: size }).map((array) => Buffer.from(array))
  fc.assert(
    fc.property(
      fc.record({
        extra: fc.option(
          fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array)),
          { nil: undefined },
        ),
        index: fc.maxSafeNat(),
        path: fc.array(bytes(32), { maxLength: 63 }),
        checkpoint: fc.constant(Buffer.from('o\n1\n\n')),
      }),
      (proof) => {
        t.same(parseTlogProof(formatTlogProof(proof)), { ok: true, value: proof })
      },
    ),
    { numRuns: 50 },
  )
})

t.test('a malformed proof is refused', async (t) => {
  for (const [wrong, says] of [
    ['', /not a tlog-proof/],
    [PROOF.replace('@v1', '@v2'), /first line/],
    [PROOF.replace('index 1', 'index 01'), /no index/],
    [PROOF.replace('index 1', 'index 9007199254740993'), /no index/],
    [PROOF.replace('RkzO', 'RkzO\n'), /not a hash/],
    [PROOF.replace('index 1', 'extra *\nindex 1'), /not base64/],
    [PROOF.replace('index 1\n', `index 1\n${`${'A'.repeat(43)}=\n`.repeat(62)}`), /too long/],
  ] as const) {
    t.match(parseTlogProof(wrong), { ok: false, error: says })
  }
})
