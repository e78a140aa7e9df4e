import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import {
  formatVerifierKey,
  isKeyName,
  type NoteVerifier,
  openNote,
  parseVerifierKey,
  signNote,
  verifierKeyText,
} from '../../src/evidence/note.ts'

/** The key of Go's checksum database, as it is published. */
const PUBLISHED_KEY = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'

/** The example of the library from which the format comes. Source: golang.org/x/mod/sumdb/note */
const EXAMPLE = {
  key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  note: `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`,
}

function verifierOf(text: string): NoteVerifier {
  const parsed = parseVerifierKey(text)
  if (!parsed.ok) throw new Error(parsed.error)
  return parsed.value
}

function createSigner(name: string) {
  return { name, privateKey: generateKeyPairSync('ed25519').privateKey }
}

const alice = createSigner('alice.example/log')
const bob = createSigner('bob.example/log')
const ALICE = verifierOf(formatVerifierKey(alice))
const BOB = verifierOf(formatVerifierKey(bob))
const TEXT = 'alice.example/log\n3\nAAAA\n'

t.test('the published example opens', async (t) => {
  t.match(openNote(Buffer.from(EXAMPLE.note), [verifierOf(EXAMPLE.key)]), {
    ok: true,
    value: { text: /problem is\.\n$/, verifiers: [{ name: 'PeterNeumann' }] },
  })
})

t.test('a note that is signed opens with the keys that signed it', async (t) => {
  const note = Buffer.from(signNote(TEXT, [alice, bob]))
  t.strictSame(openNote(note, [ALICE, BOB]), {
    ok: true,
    value: { text: TEXT, verifiers: [ALICE, BOB] },
  })
  t.match(openNote(note, [BOB]), { ok: true, value: { text: TEXT } }, 'unknown keys are ignored')
})

t.test('a note is refused without a signature of a known key', async (t) => {
  const note = Buffer.from(signNote(TEXT, [bob]))
  t.match(openNote(note, [ALICE]), { ok: false, error: /no signature of a known key/ })
  t.match(openNote(Buffer.from(TEXT), [ALICE]), { ok: false, error: /no signatures/ })
  t.match(openNote(Buffer.from(`${TEXT}\n`), [ALICE]), { ok: false })
})

t.test('every signature of a known key must hold, a repeated one too', async (t) => {
  const good = signNote(TEXT, [alice])
  const bad = signNote(`${TEXT}x\n`, [alice]).split('\n\n')[1]
  t.match(openNote(Buffer.from(`${good}${bad}`), [ALICE]), { ok: false, error: /does not hold/ })
  t.match(openNote(Buffer.from(`${good}${good.split('\n\n')[1]}`), [ALICE]), { ok: true })
})

t.test('a note may carry sixteen signatures of other keys', async (t) => {
  const others = Array.from({ length: 16 }, (_, n) => createSigner(`other-${n}.example`))
  t.match(openNote(Buffer.from(signNote(TEXT, [...others, alice])), [ALICE]), { ok: true })
})

t.test('no byte of a note can be changed', async (t) => {
  const note = Buffer.from(signNote(TEXT, [alice]))
  fc.assert(
    fc.property(fc.nat(note.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(note)
      changed[at] = (changed[at] ?? 0) ^ flip
      return !openNote(changed, [ALICE]).ok
    }),
  )
  t.pass('no counterexample')
})

t.test('a name of the same key that is not its own does not verify', async (t) => {
  const renamed = { name: 'mallory.example/log', privateKey: alice.privateKey }
  const note = Buffer.from(signNote(TEXT, [renamed]))
  t.match(openNote(note, [ALICE]), { ok: false, error: /no signature of a known key/ })
})

t.test('a verifier key is parsed strictly', async (t) => {
  t.match(parseVerifierKey(PUBLISHED_KEY), { ok: true, value: { name: 'sum.golang.org' } })
  const parsed = parseVerifierKey(PUBLISHED_KEY)
  t.equal(parsed.ok && verifierKeyText(parsed.value), PUBLISHED_KEY, 'and back')
  t.match(parseVerifierKey(`${PUBLISHED_KEY}\n`), { ok: true }, 'the line end of a file')
  for (const wrong of [
    '',
    'sum.golang.org',
    PUBLISHED_KEY.replace('033de0ae', '033de0af'),
    PUBLISHED_KEY.replace('033de0ae', '033DE0AE'),
    PUBLISHED_KEY.replace('sum.golang.org', 'example.com/bar'),
    PUBLISHED_KEY.replace('+Ac4z', '+Bc4z'),
    PUBLISHED_KEY.slice(0, -4),
  ]) {
    t.match(parseVerifierKey(wrong), { ok: false }, wrong)
  }
})

t.test('the note equals the vector of the evidence format: seed 00 … 1f', async (t) => {
  const seed = Buffer.from(Array.from({ length: 32 }, (_, n) => n))
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const name = 'audit.example.com/sealgate/gw-0'
  t.equal(
    formatVerifierKey({ name, privateKey }),
    'audit.example.com/sealgate/gw-0+8360c252+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4',
  )
})

t.test('a key name has no space, no plus and no control character', async (t) => {
  t.ok(isKeyName('audit.example.com/sealgate/gw-0'))
  const wrong = ['', 'a b', 'a+b', 'a\u00a0b', 'a\u2028b', 'a\nb', 'a\u0000']
  t.strictSame(wrong.filter(isKeyName), [])
})
