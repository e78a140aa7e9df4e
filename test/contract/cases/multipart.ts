import type { Field } from '../../support/signer.ts'
import { xmlText, xmlTexts } from '../../support/xml.ts'
import { type ContractCase, judgedHere, POLICY } from '../contract-case.ts'
import { completeUpload, createUpload, etagOf, putPart } from '../parts.ts'
import { type Run, statusOf } from '../run.ts'

const SSE = 'x-amz-server-side-encryption'
const FIVE_MIB = Buffer.alloc(5 << 20, 'p')
const SILENT = 'RGW completes without the encryption headers'

function kms(run: Run): readonly Field[] {
  return [
    [SSE, 'aws:kms'],
    [`${SSE}-aws-kms-key-id`, run.target.kms.one],
  ]
}

/** Uploads in parts: what each step answers, and what may go wrong. */
export const MULTIPART: readonly ContractCase[] = [
  {
    id: 'multipart-kms',
    says: 'Create, UploadPart and Complete all tell the encryption that Create sealed',
    source: 'AWS, API_CreateMultipartUpload',
    run: async (run) => {
      const created = await run.ask('POST', {
        target: run.path(run.key, 'uploads'),
        fields: kms(run),
      })
      const uploadId = xmlText(created.body, 'UploadId') ?? ''
      const part = await putPart(run, uploadId, 1, 'one part')
      const completed = await completeUpload(run, uploadId, [[1, etagOf(part)]])
      return {
        create: run.encryption(created),
        part: run.encryption(part),
        complete: run.encryption(completed),
        stored: await run.stored(),
        content: await run.content(),
      }
    },
    aws: {
      create: 'aws:kms one',
      part: 'aws:kms one',
      complete: 'aws:kms one',
      stored: 'aws:kms one',
      content: 'one part',
    },
    differs: {
      rgw: {
        see: {
          create: 'aws:kms one',
          part: 'aws:kms one',
          complete: 'plain',
          stored: 'aws:kms one',
          content: 'one part',
        },
        cause: SILENT,
      },
    },
  },
  {
    id: 'multipart-nothing',
    says: 'an upload without a word about encryption gets the bucket default',
    source: 'AWS, API_CreateMultipartUpload',
    run: async (run) => {
      const uploadId = await createUpload(run)
      const part = await putPart(run, uploadId, 1, 'one part')
      const completed = await completeUpload(run, uploadId, [[1, etagOf(part)]])
      return { status: completed.status, stored: await run.stored() }
    },
    aws: { status: 200, stored: 'AES256' },
    differs: {
      rgw: { see: { status: 200, stored: 'plain' }, cause: 'RGW 16 has no default encryption' },
      sealgate: { see: { status: 200, stored: 'aws:kms one' }, cause: POLICY },
    },
  },
  {
    id: 'multipart-two-parts',
    says: 'parts of 5 MiB and a shorter last one make one object, whose ETag tells their number',
    source: 'AWS, API_CompleteMultipartUpload',
    run: async (run) => {
      const uploadId = await createUpload(run, kms(run))
      const [second, first] = await Promise.all([
        putPart(run, uploadId, 2, 'tail'),
        putPart(run, uploadId, 1, FIVE_MIB),
      ])
      const completed = await completeUpload(run, uploadId, [
        [1, etagOf(first)],
        [2, etagOf(second)],
      ])
      const end = await run.ask('GET', { fields: [['range', 'bytes=5242878-5242883']] })
      return {
        status: completed.status,
        etag: /-2"$/.test(etagOf(end)),
        end: end.body.toString('latin1'),
        range: end.headers.get('content-range'),
      }
    },
    aws: { status: 200, etag: true, end: 'pptail', range: 'bytes 5242878-5242883/5242884' },
  },
  {
    id: 'multipart-part-too-small',
    says: 'a part before the last under 5 MiB is refused when the upload is completed',
    source: 'AWS, API_CompleteMultipartUpload',
    run: async (run) => {
      const uploadId = await createUpload(run)
      const first = await putPart(run, uploadId, 1, 'short')
      const second = await putPart(run, uploadId, 2, 'tail')
      const completed = await completeUpload(run, uploadId, [
        [1, etagOf(first)],
        [2, etagOf(second)],
      ])
      return { answer: statusOf(completed), stored: await run.stored() }
    },
    aws: { answer: '400 EntityTooSmall', stored: 'none' },
  },
  {
    id: 'multipart-wrong-etag',
    says: 'a part whose ETag is not the one answered is refused',
    source: 'AWS, API_CompleteMultipartUpload',
    run: async (run) => {
      const uploadId = await createUpload(run)
      await putPart(run, uploadId, 1, 'part')
      const completed = await completeUpload(run, uploadId, [[1, `"${'0'.repeat(32)}"`]])
      return { answer: statusOf(completed), stored: await run.stored() }
    },
    aws: { answer: '400 InvalidPart', stored: 'none' },
  },
  {
    id: 'multipart-wrong-order',
    says: 'parts that are not in ascending order are refused',
    source: 'AWS, API_CompleteMultipartUpload',
    run: async (run) => {
      const uploadId = await createUpload(run)
      const first = await putPart(run, uploadId, 1, FIVE_MIB)
      const second = await putPart(run, uploadId, 2, 'tail')
      const completed = await completeUpload(run, uploadId, [
        [2, etagOf(second)],
        [1, etagOf(first)],
      ])
      return { answer: statusOf(completed), stored: await run.stored() }
    },
    aws: { answer: '400 InvalidPartOrder', stored: 'none' },
    differs: {
      rgw: { see: { answer: '200', stored: 'plain' }, cause: 'RGW takes parts in any order' },
      'sealgate+rgw': {
        see: { answer: '200', stored: 'aws:kms one' },
        cause: 'RGW takes parts in any order',
      },
    },
  },
  {
    id: 'multipart-malformed',
    says: 'a list of parts that is no XML is refused',
    source: 'AWS, ErrorResponses',
    run: async (run) => {
      const uploadId = await createUpload(run)
      const target = run.path(run.key, `uploadId=${uploadId}`)
      return { answer: statusOf(await run.ask('POST', { target, body: '<Complete' })) }
    },
    aws: { answer: '400 MalformedXML' },
  },
  {
    id: 'multipart-unknown-upload',
    says: 'an upload id that does not exist is NoSuchUpload in every step',
    source: 'AWS, API_AbortMultipartUpload',
    run: async (run) => {
      const uploadId = '2~aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
      const target = run.path(run.key, `uploadId=${uploadId}`)
      return {
        part: statusOf(await putPart(run, uploadId, 1, 'part')),
        complete: statusOf(await completeUpload(run, uploadId, [[1, `"${'0'.repeat(32)}"`]])),
        abort: statusOf(await run.ask('DELETE', { target })),
        list: statusOf(await run.ask('GET', { target })),
      }
    },
    aws: {
      part: '404 NoSuchUpload',
      complete: '404 NoSuchUpload',
      abort: '404 NoSuchUpload',
      list: '404 NoSuchUpload',
    },
    differs: {
      rgw: {
        see: {
          part: '404 NoSuchUpload',
          complete: '500 InternalError',
          abort: '404 NoSuchUpload',
          list: '404 NoSuchKey',
        },
        cause: 'RGW names a missing upload so',
      },
    },
  },
  {
    id: 'multipart-abort',
    says: 'an aborted upload is gone and leaves no object',
    source: 'AWS, API_AbortMultipartUpload',
    run: async (run) => {
      const uploadId = await createUpload(run)
      await putPart(run, uploadId, 1, 'part')
      const target = run.path(run.key, `uploadId=${uploadId}`)
      const aborted = await run.ask('DELETE', { target })
      const after = await run.ask('GET', { target })
      return { abort: statusOf(aborted), after: statusOf(after), stored: await run.stored() }
    },
    aws: { abort: '204', after: '404 NoSuchUpload', stored: 'none' },
    differs: {
      rgw: {
        see: { abort: '204', after: '404 NoSuchKey', stored: 'none' },
        cause: 'RGW names a missing upload so',
      },
    },
  },
  {
    id: 'multipart-part-twice',
    says: 'a part sent again replaces the first',
    source: 'AWS, API_UploadPart',
    run: async (run) => {
      const uploadId = await createUpload(run)
      await putPart(run, uploadId, 1, 'old')
      const part = await putPart(run, uploadId, 1, 'new')
      await completeUpload(run, uploadId, [[1, etagOf(part)]])
      return { content: (await run.ask('GET')).body.toString() }
    },
    aws: { content: 'new' },
  },
  {
    id: 'multipart-list-parts',
    says: 'ListParts gives numbers and sizes, page by page',
    source: 'AWS, API_ListParts',
    run: async (run) => {
      const uploadId = await createUpload(run)
      await putPart(run, uploadId, 1, 'one')
      await putPart(run, uploadId, 3, 'three')
      const page = (query: string) =>
        run.ask('GET', { target: run.path(run.key, `uploadId=${uploadId}${query}`) })
      const all = await page('')
      const first = await page('&max-parts=1')
      const second = await page('&max-parts=1&part-number-marker=1')
      return {
        numbers: xmlTexts(all.body, 'PartNumber'),
        sizes: xmlTexts(all.body, 'Size'),
        truncated: xmlText(first.body, 'IsTruncated'),
        marker: xmlText(first.body, 'NextPartNumberMarker'),
        second: xmlTexts(second.body, 'PartNumber'),
      }
    },
    aws: {
      numbers: ['1', '3'],
      sizes: ['3', '5'],
      truncated: 'true',
      marker: '1',
      second: ['3'],
    },
  },
  {
    id: 'multipart-list-uploads',
    says: 'ListMultipartUploads shows the open upload',
    source: 'AWS, API_ListMultipartUploads',
    run: async (run) => {
      const uploadId = await createUpload(run)
      const target = `/${run.bucket}?uploads&prefix=${run.key}`
      const listed = await run.ask('GET', { target })
      return {
        status: listed.status,
        keys: xmlTexts(listed.body, 'Key'),
        same: xmlText(listed.body, 'UploadId') === uploadId,
      }
    },
    aws: { status: 200, keys: ['multipart-list-uploads'], same: true },
  },
  {
    id: 'multipart-part-copy',
    says: 'UploadPartCopy takes a range of another object and tells the encryption of the upload',
    source: 'AWS, API_UploadPartCopy',
    run: async (run) => {
      await run.seed(`${run.key}-source`, '0123456789')
      const uploadId = await createUpload(run, kms(run))
      const part = await run.ask('PUT', {
        target: run.path(run.key, `partNumber=1&uploadId=${uploadId}`),
        fields: [
          ['x-amz-copy-source', run.path(`${run.key}-source`)],
          ['x-amz-copy-source-range', 'bytes=2-5'],
        ],
      })
      const completed = await completeUpload(run, uploadId, [[1, xmlText(part.body, 'ETag') ?? '']])
      return {
        part: run.outcome(part).answer,
        complete: completed.status,
        stored: await run.stored(),
        content: await run.content(),
      }
    },
    aws: { part: '200 aws:kms one', complete: 200, stored: 'aws:kms one', content: '2345' },
    differs: {
      rgw: {
        see: { part: '200 plain', complete: 200, stored: 'aws:kms one', content: '2345' },
        cause: 'RGW answers UploadPartCopy without the encryption headers',
      },
    },
  },
  {
    id: 'multipart-part-number-limit',
    says: 'a part number over 10,000 is refused',
    source: 'AWS, API_UploadPart',
    run: async (run) => {
      const uploadId = await createUpload(run)
      return { answer: statusOf(await putPart(run, uploadId, 10_001, 'x')) }
    },
    aws: { answer: '400 InvalidArgument' },
    differs: judgedHere({ answer: '200' }, 'RGW 16 does not look at the limit', {
      answer: '400 InvalidArgument',
    }),
  },
  {
    id: 'multipart-created-past-the-policy',
    says: 'an upload that was created at S3 itself keeps its own encryption',
    source: 'AWS, API_CreateMultipartUpload',
    run: async (run) => {
      const created = await run.target.upstream.send({
        method: 'POST',
        target: run.path(run.key, 'uploads'),
      })
      const uploadId = xmlText(created.body, 'UploadId') ?? ''
      const part = await putPart(run, uploadId, 1, 'part')
      const parts = [[1, etagOf(part)]] as const
      const completed = await completeUpload(run, uploadId, parts)
      return { part: run.outcome(part).answer, complete: run.outcome(completed).answer }
    },
    aws: { part: '200 AES256', complete: '200 AES256' },
    differs: {
      rgw: {
        see: { part: '200 plain', complete: '200 plain' },
        cause: 'RGW 16 has no default encryption',
      },
      'sealgate+rgw': {
        see: { part: '200 plain', complete: '501 EncryptionNotConfirmed' },
        cause: 'RGW says nothing of a part; the object is looked up: encryption-not-confirmed',
      },
      'sealgate+sandbox': {
        see: { part: '501 EncryptionNotConfirmed', complete: '400 InvalidPart' },
        cause: 'the part is not under the policy: encryption-not-confirmed; the client has no ETag',
      },
    },
  },
]
