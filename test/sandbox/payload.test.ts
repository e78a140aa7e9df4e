import { createHash } from 'node:crypto'
import t from 'tap'
import {
  checkPayloadValue,
  EMPTY_SHA256,
  isHexSha256,
  isStreamingPayload,
} from '../../src/sandbox/payload.ts'

t.test('the values that S3 knows pass, others do not', async (t) => {
  for (const payload of [
    EMPTY_SHA256,
    'UNSIGNED-PAYLOAD',
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  ]) {
    t.doesNotThrow(() => checkPayloadValue(payload), payload)
  }
  for (const payload of ['', 'unsigned-payload', 'STREAMING-AWS4-HMAC-SHA256-EVENTS', 'e3b0']) {
    t.throws(() => checkPayloadValue(payload), { code: 'InvalidArgument' }, payload)
  }
})

t.test('kinds of payload are told apart', async (t) => {
  t.equal(EMPTY_SHA256, createHash('sha256').digest('hex'))
  t.ok(isHexSha256(EMPTY_SHA256.toUpperCase()))
  t.notOk(isHexSha256('UNSIGNED-PAYLOAD'))
  t.ok(isStreamingPayload('STREAMING-AWS4-HMAC-SHA256-PAYLOAD'))
  t.notOk(isStreamingPayload('UNSIGNED-PAYLOAD'))
})
