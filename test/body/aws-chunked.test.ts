import { hash } from 'node:crypto'
import t from 'tap'
import { trailerText } from '../../src/body/aws-chunked.ts'
import { EMPTY_SHA256 } from '../../src/s3/payload.ts'

t.test('EMPTY_SHA256 is the hash of no bytes', async (t) => {
  t.equal(EMPTY_SHA256, hash('sha256', '', 'hex'))
})

t.test('a trailer is signed with LF, and the lack of one too', async (t) => {
  const trailer = { name: 'x-amz-checksum-crc32c', value: 'sOO8/Q==' }
  t.equal(
    hash('sha256', trailerText(trailer), 'hex'),
    '1e376db7e1a34a8ef1c4bcee131a2d60a1cb62503747488624e10995f448d774',
  )
  t.equal(trailerText(undefined), '\n')
})
