import t from 'tap'
import { staticSource } from '../../src/credentials/static-source.ts'

t.test('fixed credentials are there at once and for good', async (t) => {
  const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'secret' }
  const source = staticSource(credentials)
  await source.ready()
  t.strictSame(source.current(), credentials)
  t.equal(source.expiresAt, undefined)
  t.equal(source.problem, undefined)
  source.close()
  t.strictSame(source.current(), credentials)
})
