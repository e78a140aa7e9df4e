import type { Field } from '../../support/signer.ts'
import type { ContractCase } from '../contract-case.ts'
import { type Run, statusOf } from '../run.ts'

const LATER = 'Fri, 01 Jan 2044 00:00:00 GMT'
const EARLIER = 'Sat, 01 Jan 2000 00:00:00 GMT'

async function get(run: Run, fields: readonly Field[], query = '') {
  await run.seed(run.key, '0123456789')
  const answer = await run.ask('GET', { target: run.path(run.key, query), fields })
  const range = answer.headers.get('content-range')
  const body = answer.status < 300 ? answer.body.toString() : undefined
  return { answer: statusOf(answer), body, range }
}

function sees(answer: string, body?: string, range?: string) {
  return { answer, body, range }
}

async function etagOf(run: Run): Promise<string> {
  return (await run.seed(run.key, '0123456789')).headers.get('etag') ?? ''
}

/** Ranges and conditions. */
export const READS: readonly ContractCase[] = [
  {
    id: 'read-range',
    says: 'a range is 206 with its octets',
    source: 'AWS, API_GetObject',
    run: (run) => get(run, [['range', 'bytes=2-5']]),
    aws: sees('206', '2345', 'bytes 2-5/10'),
  },
  {
    id: 'read-range-open',
    says: 'an open range goes to the end',
    source: 'AWS, API_GetObject',
    run: (run) => get(run, [['range', 'bytes=7-']]),
    aws: sees('206', '789', 'bytes 7-9/10'),
  },
  {
    id: 'read-range-suffix',
    says: 'a suffix range gives the last octets',
    source: 'AWS, API_GetObject',
    run: (run) => get(run, [['range', 'bytes=-3']]),
    aws: sees('206', '789', 'bytes 7-9/10'),
  },
  {
    id: 'read-range-too-long',
    says: 'a range over the end is cut at the end',
    source: 'AWS, API_GetObject',
    run: (run) => get(run, [['range', 'bytes=8-100']]),
    aws: sees('206', '89', 'bytes 8-9/10'),
  },
  {
    id: 'read-range-outside',
    says: 'a range behind the end is 416',
    source: 'AWS, API_GetObject',
    run: async (run) => {
      const { answer, body } = await get(run, [['range', 'bytes=10-']])
      return { answer, body }
    },
    aws: { answer: '416 InvalidRange', body: undefined },
  },
  {
    id: 'read-range-malformed',
    says: 'a range that is none is ignored',
    source: 'AWS, API_GetObject',
    run: (run) => get(run, [['range', 'octets=1-2']]),
    aws: sees('200', '0123456789'),
    differs: {
      rgw: { see: sees('200', '0123456789', 'bytes 0-9/10'), cause: 'RGW adds Content-Range' },
    },
  },
  {
    id: 'read-if-match',
    says: 'If-Match reads with the right ETag and is 412 with another',
    source: 'AWS, API_GetObject',
    run: async (run) => {
      const etag = await etagOf(run)
      const right = await run.ask('GET', { fields: [['if-match', etag]] })
      const wrong = await run.ask('GET', { fields: [['if-match', `"${'0'.repeat(32)}"`]] })
      return { right: statusOf(right), wrong: statusOf(wrong) }
    },
    aws: { right: '200', wrong: '412 PreconditionFailed' },
  },
  {
    id: 'read-if-none-match',
    says: 'If-None-Match with the right ETag is 304 without a body',
    source: 'AWS, API_GetObject',
    run: async (run) => {
      const etag = await etagOf(run)
      const right = await run.ask('GET', { fields: [['if-none-match', etag]] })
      const wrong = await run.ask('GET', { fields: [['if-none-match', `"${'0'.repeat(32)}"`]] })
      return { right: statusOf(right), body: right.body.length, wrong: statusOf(wrong) }
    },
    aws: { right: '304', body: 0, wrong: '200' },
  },
  {
    id: 'read-if-modified-since',
    says: 'If-Modified-Since is 304 for an older object',
    source: 'AWS, API_GetObject',
    run: async (run) => {
      await run.seed(run.key)
      const earlier = await run.ask('GET', { fields: [['if-modified-since', EARLIER]] })
      const date = (await run.ask('HEAD')).headers.get('last-modified') ?? ''
      const same = await run.ask('GET', { fields: [['if-modified-since', date]] })
      return { earlier: statusOf(earlier), same: statusOf(same) }
    },
    aws: { earlier: '200', same: '304' },
  },
  {
    id: 'read-if-unmodified-since',
    says: 'If-Unmodified-Since is 412 for a newer object',
    source: 'AWS, API_GetObject',
    run: async (run) => {
      await run.seed(run.key)
      const earlier = await run.ask('GET', { fields: [['if-unmodified-since', EARLIER]] })
      const later = await run.ask('GET', { fields: [['if-unmodified-since', LATER]] })
      return { earlier: statusOf(earlier), later: statusOf(later) }
    },
    aws: { earlier: '412 PreconditionFailed', later: '200' },
  },
  {
    id: 'read-head',
    says: 'HEAD tells what GET would, without a body',
    source: 'AWS, API_GetObject',
    run: async (run) => {
      await run.seed(run.key, '0123456789', [['content-type', 'text/x-test']])
      const head = await run.ask('HEAD')
      return {
        status: head.status,
        length: head.headers.get('content-length'),
        type: head.headers.get('content-type'),
        ranges: head.headers.get('accept-ranges'),
        body: head.body.length,
      }
    },
    aws: { status: 200, length: '10', type: 'text/x-test', ranges: 'bytes', body: 0 },
  },
  {
    id: 'read-missing',
    says: 'a key that does not exist is NoSuchKey; HEAD: 404 without a body',
    source: 'AWS, ErrorResponses',
    run: async (run) => {
      const head = await run.ask('HEAD')
      return { get: statusOf(await run.ask('GET')), head: statusOf(head), body: head.body.length }
    },
    aws: { get: '404 NoSuchKey', head: '404', body: 0 },
  },
  {
    id: 'read-encryption-told',
    says: 'GET and HEAD tell the encryption of the object',
    source: 'AWS, API_GetObject',
    run: async (run) => {
      await run.seed(run.key, 'content', [
        ['x-amz-server-side-encryption', 'aws:kms'],
        ['x-amz-server-side-encryption-aws-kms-key-id', run.target.kms.two],
      ])
      const [get, head] = await Promise.all([run.ask('GET'), run.ask('HEAD')])
      return { get: run.encryption(get), head: run.encryption(head), body: get.body.toString() }
    },
    aws: { get: 'aws:kms two', head: 'aws:kms two', body: 'content' },
  },
  {
    id: 'read-range-of-encrypted',
    says: 'a range of an encrypted object is the range of its content',
    source: 'AWS, API_GetObject',
    run: async (run) => {
      await run.seed(run.key, Buffer.alloc(100_000, '0123456789'), [
        ['x-amz-server-side-encryption', 'aws:kms'],
        ['x-amz-server-side-encryption-aws-kms-key-id', run.target.kms.one],
      ])
      const read = await run.ask('GET', { fields: [['range', 'bytes=65535-65540']] })
      return { answer: run.outcome(read).answer, body: read.body.toString() }
    },
    aws: { answer: '206 aws:kms one', body: '567890' },
  },
]
