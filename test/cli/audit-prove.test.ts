import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { StreamFile, sealingKey, verifierKeyOf } from '../support/make-trail.ts'
import { seal } from '../support/sealed-trail.ts'
import { run } from './fake-terminal.ts'

t.test('one line is proved by a text that shows no other', async (t) => {
  const directory = t.testdir()
  const stream = new StreamFile(directory, 'one')
  stream.request(300)
  stream.request(1, ',"bucket":"b","key":"k"')
  seal(directory)
  stream.request(1, ',"bucket":"b","key":"k","again":true')
  stream.close()
  seal(directory)
  const out = join(directory, 'k.tlog-proof')
  t.equal(
    (await run(['audit', 'prove', directory, '--bucket', 'b', '--key', 'k', '--out', out])).code,
    0,
  )
  const proof = readFileSync(out, 'utf8')
  t.match(proof, /^c2sp\.org\/tlog-proof@v1\nextra /)
  t.ok(proof.length < 2500, `${proof.length} bytes`)
  const vkey = verifierKeyOf()
  const proved = await run(['audit', 'check-proof', out, '--vkey', vkey])
  t.equal(proved.code, 0, proved.stdout)
  t.match(proved.stdout, /"again":true/, 'the newest')
  t.match(proved.stdout, /PROVED: line 302 of 304 in audit\.example\.com/)

  const other = await run(['audit', 'check-proof', out, '--vkey', verifierKeyOf(sealingKey(64))])
  t.equal(other.code, 1)
  t.match(other.stdout, /NOT PROVED: no signature of a known key/)
  writeFileSync(out, proof.replace('index 302', 'index 301'))
  const wrong = await run(['audit', 'check-proof', out, '--vkey', vkey])
  t.equal(wrong.code, 1)
  t.match(wrong.stdout, /NOT PROVED: the line does not lead to the signed root/)

  writeFileSync(`${stream.path}.gz`, gzipSync(readFileSync(stream.path)))
  rmSync(stream.path)
  const request = await run(['audit', 'prove', directory, '--request-id', 'R17'])
  t.equal(request.code, 0)
  writeFileSync(out, request.stdout)
  t.match((await run(['audit', 'check-proof', out, '--vkey', vkey])).stdout, /"requestId":"R17"/)
})

t.test('what cannot be proved, and what names no line', async (t) => {
  const directory = t.testdir()
  t.match(await run(['audit', 'prove', `${directory}/none`, '--request-id', 'a']), {
    code: 2,
    stderr: `${directory}/none does not exist`,
  })
  new StreamFile(directory, 'one').request(1)
  seal(directory)
  t.equal((await run(['audit', 'prove', directory, '--request-id', 'R9'])).code, 1)
  t.equal((await run(['audit', 'prove', directory, '--bucket', 'b'])).code, 2)
  t.equal((await run(['audit', 'prove', directory, '--request-id', 'R1', '--key', 'k'])).code, 2)
  t.equal(
    (await run(['audit', 'check-proof', join(directory, 'none'), '--vkey', verifierKeyOf()])).code,
    2,
  )
  t.equal((await run(['audit', 'check-proof', join(directory, 'tree/order')])).code, 2)
  const { code, stdout } = await run([
    'audit',
    'check-proof',
    join(directory, 'tree/order'),
    '--vkey',
    verifierKeyOf(),
  ])
  t.equal(code, 1)
  t.match(stdout, /^NOT PROVED: not a tlog-proof/)
})
