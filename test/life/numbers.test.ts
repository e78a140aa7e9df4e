import t from 'tap'
import { numbersAgreeEmbedded } from '../support/numbers-agree.ts'

t.test('report, metrics, client and a listing with HEAD agree on the embedded S3', async (t) => {
  const { differences, total, objects } = await numbersAgreeEmbedded(t.testdir(), 300, 20_261_128)
  t.strictSame(differences, [])
  for (const word of ['sealed', 'exempt', 'refused', 'failed'] as const) {
    t.ok(total[word] > 0, `${total[word]} ${word}`)
  }
  t.ok(objects > 50, `${objects} objects`)
})
