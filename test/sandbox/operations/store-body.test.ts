import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { send } from '../send.ts'
import { BUCKET, startTestSandbox } from '../start-test-sandbox.ts'

t.test('a body that turns out wrong leaves neither object nor data', async (t) => {
  const { sandbox, dataDir } = await startTestSandbox(t)
  const target = `/${BUCKET}/key`
  for (const size of [10, 2_000_000]) {
    const answer = await send(sandbox, {
      method: 'PUT',
      target,
      body: Buffer.alloc(size),
      headers: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' },
    })
    t.match(answer, {
      status: 400,
      code: 'BadDigest',
      body: /<ExpectedDigest>AAAA.*<CalculatedDigest>/,
    })
  }
  t.strictSame(sandbox.list(BUCKET), [])
  t.strictSame(readdirSync(join(dataDir, 'buckets', BUCKET, 'data')), [])
})
