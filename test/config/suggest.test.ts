import t from 'tap'
import { suggest } from '../../src/config/suggest.ts'

const KEYS = ['listen', 'upstream', 'clients', 'bucketKey', 'keyId']

t.test('a mistyped word gets the nearest candidate', async (t) => {
  for (const [word, near] of [
    ['lisen', 'listen'],
    ['upstraem', 'upstream'],
    ['bucketkey', 'bucketKey'],
    ['KeyID', 'keyId'],
    ['client', 'clients'],
    ['ekyId', 'keyId'],
  ] as const) {
    t.equal(suggest(word, KEYS), near, word)
  }
})

t.test('a word that is near to nothing gets no candidate', async (t) => {
  for (const word of ['tls', 'x', '', 'a'.repeat(65)]) t.equal(suggest(word, KEYS), undefined, word)
})
