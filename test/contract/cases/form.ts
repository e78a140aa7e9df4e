import { type FormRequest, postForm } from '../../support/post-form.ts'
import type { Field } from '../../support/signer.ts'
import { xmlText } from '../../support/xml.ts'
import { type ContractCase, judgedHere } from '../contract-case.ts'
import { type Run, statusOf } from '../run.ts'

function post(run: Run, form: Partial<FormRequest> & { readonly extra?: readonly Field[] } = {}) {
  const { extra = [], ...rest } = form
  const fields: readonly Field[] = [['key', run.key], ...extra]
  return postForm(run.target.client, { bucket: run.bucket, fields, file: 'content', ...rest })
}

async function answerAndStored(run: Run, form: Parameters<typeof post>[1]) {
  const answer = await post(run, form)
  return { answer: statusOf(answer), stored: (await run.stored()) !== 'none' }
}

/** POST Object beside its encryption. */
export const FORM: readonly ContractCase[] = [
  {
    id: 'form-content',
    says: 'a form stores its file, octet for octet, with its content type and metadata',
    source: 'AWS, RESTObjectPOST',
    run: async (run) => {
      const file = Buffer.from([0, 13, 10, 45, 45, 255, 13, 10])
      const answer = await post(run, {
        file,
        extra: [
          ['Content-Type', 'text/x-test'],
          ['x-amz-meta-colour', 'green'],
        ],
      })
      const read = await run.ask('GET')
      return {
        answer: statusOf(answer),
        same: read.body.equals(file),
        type: read.headers.get('content-type'),
        colour: read.headers.get('x-amz-meta-colour'),
      }
    },
    aws: { answer: '204', same: true, type: 'text/x-test', colour: 'green' },
  },
  {
    id: 'form-bare-file',
    says: 'a file without a name and a content type is stored octet for octet too',
    source: 'AWS, RESTObjectPOST',
    run: async (run) => {
      const file = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet))
      const answer = await post(run, { file, bareFile: true })
      return { answer: statusOf(answer), same: (await run.ask('GET')).body.equals(file) }
    },
    aws: { answer: '204', same: true },
  },
  {
    id: 'form-status-201',
    says: 'success_action_status 201 answers an XML document with bucket, key and ETag',
    source: 'AWS, RESTObjectPOST',
    run: async (run) => {
      const answer = await post(run, { extra: [['success_action_status', '201']] })
      return {
        status: answer.status,
        bucket: xmlText(answer.body, 'Bucket') === run.bucket,
        key: xmlText(answer.body, 'Key'),
        etag: /^"?[0-9a-f]{32}/.test(xmlText(answer.body, 'ETag') ?? ''),
      }
    },
    aws: { status: 201, bucket: true, key: 'form-status-201', etag: true },
  },
  {
    id: 'form-status-200',
    says: 'success_action_status 200 answers an empty 200',
    source: 'AWS, RESTObjectPOST',
    run: async (run) => {
      const answer = await post(run, { extra: [['success_action_status', '200']] })
      return { status: answer.status, body: answer.body.length }
    },
    aws: { status: 200, body: 0 },
  },
  {
    id: 'form-redirect',
    says: 'success_action_redirect answers 303 with bucket, key and ETag in the location',
    source: 'AWS, RESTObjectPOST',
    run: async (run) => {
      const url = 'http://127.0.0.1/thanks'
      const answer = await post(run, { extra: [['success_action_redirect', url]] })
      const location = new URL(answer.headers.get('location') ?? 'http://none')
      return {
        status: answer.status,
        path: location.pathname,
        bucket: location.searchParams.get('bucket') === run.bucket,
        key: location.searchParams.get('key'),
      }
    },
    aws: { status: 303, path: '/thanks', bucket: true, key: 'form-redirect' },
  },
  {
    id: 'form-file-name',
    says: 'the placeholder filename in the key becomes the name of the file',
    source: 'AWS, RESTObjectPOST',
    run: async (run) => {
      const answer = await postForm(run.target.client, {
        bucket: run.bucket,
        fields: [['key', `${run.key}-\${filename}`]],
        conditions: [['starts-with', '$key', run.key]],
        file: 'content',
        fileName: 'photo.jpg',
      })
      return { answer: statusOf(answer), content: await run.content(`${run.key}-photo.jpg`) }
    },
    aws: { answer: '204', content: 'content' },
  },
  {
    id: 'form-named-fields',
    says: 'fields that carry a file name are fields all the same',
    source: 'ceph/s3-tests sends every form so',
    run: (run) => answerAndStored(run, { namedFields: true }),
    aws: { answer: '204', stored: true },
  },
  {
    id: 'form-preamble',
    says: 'what stands before the first boundary and behind the last is ignored',
    source: 'RFC 2046 section 5.1.1',
    run: (run) => answerAndStored(run, { preamble: 'before\r\n', epilogue: 'behind' }),
    aws: { answer: '204', stored: true },
    differs: {
      rgw: {
        see: { answer: '400 InvalidArgument', stored: false },
        cause: 'RGW wants the first boundary at the first byte',
      },
      sealgate: { see: { answer: '204', stored: true }, cause: 'Sealgate writes the form anew' },
    },
  },
  {
    id: 'form-field-case',
    says: 'names of fields are compared without case',
    source: 'AWS, RESTObjectPOST',
    run: (run) =>
      answerAndStored(run, {
        fields: [
          ['Key', run.key],
          ['X-Amz-Meta-Colour', 'green'],
        ],
        conditions: [{ key: run.key }, { 'x-amz-meta-colour': 'green' }],
      }),
    aws: { answer: '204', stored: true },
  },
  {
    id: 'form-after-file',
    says: 'fields after the file are not judged and have no effect',
    source: 'AWS, RESTObjectPOST',
    run: async (run) => {
      const answer = await post(run, { after: [['x-amz-meta-late', 'yes']] })
      const read = await run.ask('HEAD')
      return { answer: statusOf(answer), late: read.headers.has('x-amz-meta-late') }
    },
    aws: { answer: '204', late: false },
    differs: {
      sealgate: {
        see: { answer: '400 InvalidArgument', late: false },
        cause: 'Sealgate takes nothing after the file',
      },
    },
  },
  {
    id: 'form-bad-signature',
    says: 'a wrong signature over the policy is refused',
    source: 'AWS, sigv4-HTTPPOSTConstructPolicy',
    run: (run) => answerAndStored(run, { breakSignature: true }),
    aws: { answer: '403 SignatureDoesNotMatch', stored: false },
    differs: judgedHere(
      { answer: '403 AccessDenied', stored: false },
      'RGW says AccessDenied to every refused form',
      { answer: '403 SignatureDoesNotMatch', stored: false },
    ),
  },
  {
    id: 'form-expired',
    says: 'an expired policy is refused',
    source: 'AWS, sigv4-HTTPPOSTConstructPolicy',
    run: (run) => answerAndStored(run, { expiresInMs: -60_000 }),
    aws: { answer: '403 AccessDenied', stored: false },
  },
  {
    id: 'form-condition-fails',
    says: 'a condition that does not hold is refused',
    source: 'AWS, sigv4-HTTPPOSTConstructPolicy',
    run: (run) => answerAndStored(run, { conditions: [{ key: 'another' }] }),
    aws: { answer: '403 AccessDenied', stored: false },
  },
  {
    id: 'form-extra-field',
    says: 'a field that no condition covers is refused',
    source: 'AWS, sigv4-HTTPPOSTConstructPolicy',
    run: (run) =>
      answerAndStored(run, {
        extra: [['x-amz-meta-extra', 'yes']],
        conditions: [['starts-with', '$key', '']],
      }),
    aws: { answer: '403 AccessDenied', stored: false },
  },
  {
    id: 'form-too-large',
    says: 'a file over content-length-range is refused',
    source: 'AWS, sigv4-HTTPPOSTConstructPolicy',
    run: (run) =>
      answerAndStored(run, { conditions: [{ key: run.key }, ['content-length-range', 0, 3]] }),
    aws: { answer: '400 EntityTooLarge', stored: false },
  },
  {
    id: 'form-too-small',
    says: 'a file under content-length-range is refused',
    source: 'AWS, sigv4-HTTPPOSTConstructPolicy',
    run: (run) =>
      answerAndStored(run, { conditions: [{ key: run.key }, ['content-length-range', 100, 200]] }),
    aws: { answer: '400 EntityTooSmall', stored: false },
  },
  {
    id: 'form-no-file',
    says: 'a form without a file is refused',
    source: 'AWS, RESTObjectPOST',
    run: (run) => answerAndStored(run, { omitFile: true }),
    aws: { answer: '400 InvalidArgument', stored: false },
    differs: judgedHere({ answer: '204', stored: true }, 'RGW stores an empty object', {
      answer: '400 InvalidArgument',
      stored: false,
    }),
  },
  {
    id: 'form-wrong-key-id',
    says: 'a credential that does not exist is refused',
    source: 'AWS, sigv4-HTTPPOSTConstructPolicy',
    run: (run) =>
      answerAndStored(run, {
        scope: { keys: { accessKeyId: 'NOSUCHKEY00000000000', secretAccessKey: 'x' } },
      }),
    aws: { answer: '403 InvalidAccessKeyId', stored: false },
    differs: judgedHere(
      { answer: '403 AccessDenied', stored: false },
      'RGW says AccessDenied to every refused form',
      { answer: '403 InvalidAccessKeyId', stored: false },
    ),
  },
  {
    id: 'form-not-multipart',
    says: 'a POST to a bucket that is no multipart/form-data is refused',
    source: 'AWS, RESTObjectPOST',
    run: async (run) => {
      const answer = await run.target.client.sendBare('POST', `/${run.bucket}`, [], 'x')
      return { answer: statusOf(answer) }
    },
    aws: { answer: '412 PreconditionFailed' },
    differs: judgedHere({ answer: '400 InvalidArgument' }, 'RGW takes it for another operation', {
      answer: '412 PreconditionFailed',
    }),
  },
]
