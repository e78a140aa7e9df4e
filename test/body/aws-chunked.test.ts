import { hash } from 'node:crypto'
import t from 'tap'
import {
  chunkSignatureMismatch,
  decodedLengthMismatch,
  incompleteBody,
  invalidChunkSize,
  malformedTrailer,
  trailerText,
} from '../../src/body/aws-chunked.ts'
import { EMPTY_SHA256 } from '../../src/s3/payload.ts'

t.test('the hash of nothing', async (t) => {
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

/** Texts as recorded from S3 by OpenStack Swift's test/s3api/test_input_errors.py. */
t.test('errors are in the words of S3', async (t) => {
  t.match(incompleteBody(), {
    code: 'IncompleteBody',
    message: 'The request body terminated unexpectedly',
  })
  t.match(decodedLengthMismatch(12, 4), {
    code: 'IncompleteBody',
    message: 'You did not provide the number of bytes specified by the Content-Length HTTP header',
    extras: [
      ['NumberBytesExpected', '12'],
      ['NumberBytesProvided', '4'],
    ],
  })
  t.match(invalidChunkSize(2, 3), {
    code: 'InvalidChunkSizeError',
    message: 'Only the last chunk is allowed to have a size less than 8192 bytes',
    extras: [
      ['Chunk', '2'],
      ['BadChunkSize', '3'],
    ],
  })
  t.match(malformedTrailer(), {
    code: 'MalformedTrailerError',
    message:
      'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  })
  t.match(chunkSignatureMismatch('trailer'), {
    code: 'SignatureDoesNotMatch',
    reason: 'trailer-signature-mismatch',
  })
})
