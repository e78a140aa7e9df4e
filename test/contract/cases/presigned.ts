import type { PresignRequest } from '../../support/s3-client.ts'
import { amzDate, type Field } from '../../support/signer.ts'
import { type ContractCase, judgedHere, POLICY } from '../contract-case.ts'
import { type Run, statusOf } from '../run.ts'

const SSE = 'x-amz-server-side-encryption'

function url(run: Run, method: string, more: Partial<PresignRequest> = {}): string {
  return run.target.client.presign({ method, target: run.path(), ...more })
}

function use(run: Run, method: string, target: string, fields: readonly Field[] = [], body = '') {
  return run.target.client.sendBare(method, target, fields, body)
}

async function seeded(run: Run): Promise<Run> {
  await run.seed(run.key, 'content')
  return run
}

/** URLs that carry their own signature. */
export const PRESIGNED: readonly ContractCase[] = [
  {
    id: 'presigned-get',
    says: 'a presigned GET and HEAD read the object',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      await seeded(run)
      const read = await use(run, 'GET', url(run, 'GET'))
      const head = await use(run, 'HEAD', url(run, 'HEAD'))
      return { content: read.body.toString(), length: head.headers.get('content-length') }
    },
    aws: { content: 'content', length: '7' },
  },
  {
    id: 'presigned-put',
    says: 'a presigned PUT stores the object',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      const answer = await use(run, 'PUT', url(run, 'PUT'), [], 'content')
      return { ...run.outcome(answer), content: await run.content() }
    },
    aws: { answer: '200 AES256', content: 'content' },
    differs: {
      rgw: {
        see: { answer: '200 plain', content: 'content' },
        cause: 'RGW 16 has no default encryption',
      },
      sealgate: {
        see: { answer: '200 aws:kms one', content: 'content' },
        cause: POLICY,
      },
    },
  },
  {
    id: 'presigned-delete',
    says: 'a presigned DELETE deletes',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      await seeded(run)
      const answer = await use(run, 'DELETE', url(run, 'DELETE'))
      return { answer: statusOf(answer), stored: await run.stored() }
    },
    aws: { answer: '204', stored: 'none' },
  },
  {
    id: 'presigned-signed-encryption',
    says: 'encryption headers that the URL signs are taken',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      const fields: readonly Field[] = [
        [SSE, 'aws:kms'],
        [`${SSE}-aws-kms-key-id`, run.target.kms.one],
      ]
      const answer = await use(run, 'PUT', url(run, 'PUT', { fields }), fields, 'content')
      return { ...run.outcome(answer), stored: await run.stored() }
    },
    aws: { answer: '200 aws:kms one', stored: 'aws:kms one' },
  },
  {
    id: 'presigned-unsigned-encryption',
    says: 'a header x-amz-… that the URL did not sign is refused',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      const answer = await use(run, 'PUT', url(run, 'PUT'), [[SSE, 'AES256']], 'content')
      return { answer: statusOf(answer), stored: await run.stored() }
    },
    aws: { answer: '403 AccessDenied', stored: 'none' },
    differs: {
      rgw: {
        see: { answer: '200', stored: 'plain' },
        cause: 'RGW 16 takes unsigned x-amz-… headers',
      },
      sealgate: {
        see: { answer: '403 AccessDenied', stored: 'none' },
        cause: 'as AWS',
      },
    },
  },
  {
    id: 'presigned-unsigned-copy-source',
    says: 'an unsigned x-amz-copy-source cannot turn a presigned PUT into a copy',
    source: 'CVE-2026-54330; AWS, sigv4-query-string-auth',
    run: async (run) => {
      await run.seed(`${run.key}-source`, 'secret')
      const fields: readonly Field[] = [['x-amz-copy-source', run.path(`${run.key}-source`)]]
      const answer = await use(run, 'PUT', url(run, 'PUT'), fields)
      return { answer: statusOf(answer), stored: await run.stored() }
    },
    aws: { answer: '403 AccessDenied', stored: 'none' },
    differs: {
      rgw: {
        see: { answer: '200', stored: 'plain' },
        cause: 'RGW 16 takes unsigned x-amz-… headers',
      },
      sealgate: {
        see: { answer: '403 AccessDenied', stored: 'none' },
        cause: 'as AWS',
      },
    },
  },
  {
    id: 'presigned-hoisted-encryption',
    says: 'encryption in the signed query is taken like a header, or has no effect; never an error',
    source: 'AWS, sigv4-query-string-auth (SDKs move headers into the query)',
    run: async (run) => {
      const target = url(run, 'PUT', { target: run.path(run.key, `${SSE}=AES256`) })
      const answer = await use(run, 'PUT', target, [], 'content')
      return { ...run.outcome(answer), stored: await run.stored() }
    },
    aws: { answer: '200 AES256', stored: 'AES256' },
    differs: {
      rgw: {
        see: { answer: '200 plain', stored: 'plain' },
        cause: 'RGW ignores encryption in the query',
      },
      sealgate: {
        see: { answer: '200 aws:kms one', stored: 'aws:kms one' },
        cause: POLICY,
      },
    },
  },
  {
    id: 'presigned-expired',
    says: 'an expired URL is refused',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      await seeded(run)
      const date = amzDate(Date.now() - 120_000)
      return {
        answer: statusOf(await use(run, 'GET', url(run, 'GET', { scope: { date }, expires: 60 }))),
      }
    },
    aws: { answer: '403 AccessDenied' },
  },
  {
    id: 'presigned-too-long',
    says: 'an expiry over a week is refused',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      await seeded(run)
      return { answer: statusOf(await use(run, 'GET', url(run, 'GET', { expires: 604_801 }))) }
    },
    aws: { answer: '400 AuthorizationQueryParametersError' },
    differs: judgedHere(
      { answer: '403 AccessDenied' },
      'RGW says AccessDenied to a malformed URL',
      { answer: '400 AuthorizationQueryParametersError' },
    ),
  },
  {
    id: 'presigned-negative-expiry',
    says: 'a negative expiry is refused',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      await seeded(run)
      return { answer: statusOf(await use(run, 'GET', url(run, 'GET', { expires: -1 }))) }
    },
    aws: { answer: '400 AuthorizationQueryParametersError' },
    differs: judgedHere(
      { answer: '403 AccessDenied' },
      'RGW says AccessDenied to a malformed URL',
      { answer: '400 AuthorizationQueryParametersError' },
    ),
  },
  {
    id: 'presigned-incomplete',
    says: 'a URL without all six parameters is refused',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      await seeded(run)
      const target = url(run, 'GET').replace(/&X-Amz-Expires=\d+/, '')
      return { answer: statusOf(await use(run, 'GET', target)) }
    },
    aws: { answer: '400 AuthorizationQueryParametersError' },
    differs: judgedHere(
      { answer: '403 AccessDenied' },
      'RGW says AccessDenied to a malformed URL',
      { answer: '400 AuthorizationQueryParametersError' },
    ),
  },
  {
    id: 'presigned-other-key',
    says: 'a URL signed for one key does not open another',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      await run.seed(`${run.key}-other`)
      const target = url(run, 'GET').replace(run.key, `${run.key}-other`)
      return { answer: statusOf(await use(run, 'GET', target)) }
    },
    aws: { answer: '403 SignatureDoesNotMatch' },
  },
  {
    id: 'presigned-other-method',
    says: 'a URL signed for GET does not delete',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      await seeded(run)
      const answer = await use(run, 'DELETE', url(run, 'GET'))
      return { answer: statusOf(answer), content: await run.content() }
    },
    aws: { answer: '403 SignatureDoesNotMatch', content: 'content' },
  },
  {
    id: 'presigned-response-headers',
    says: 'response-… parameters of a signed URL set headers of the answer',
    source: 'AWS, API_GetObject',
    run: async (run) => {
      await seeded(run)
      const query =
        'response-content-type=text%2Fx-test&response-content-disposition=attachment%3B%20filename%3D%22a%20b%22'
      const answer = await use(run, 'GET', url(run, 'GET', { target: run.path(run.key, query) }))
      return {
        status: answer.status,
        type: answer.headers.get('content-type'),
        disposition: answer.headers.get('content-disposition'),
      }
    },
    aws: { status: 200, type: 'text/x-test', disposition: 'attachment; filename="a b"' },
  },
  {
    id: 'presigned-content-type-unsigned',
    says: 'an unsigned Content-Type on a presigned PUT is taken',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      const type: Field = ['content-type', 'text/x-test']
      const answer = await use(run, 'PUT', url(run, 'PUT'), [type], 'content')
      const head = await run.ask('HEAD')
      return { status: answer.status, type: head.headers.get('content-type') }
    },
    aws: { status: 200, type: 'text/x-test' },
  },
  {
    id: 'presigned-and-header',
    says: 'two signatures at once are refused',
    source: 'AWS, sigv4-query-string-auth',
    run: async (run) => {
      await seeded(run)
      return { answer: statusOf(await run.ask('GET', { target: url(run, 'GET') })) }
    },
    aws: { answer: '400 InvalidArgument' },
    differs: judgedHere({ answer: '200' }, 'RGW looks at one of them', {
      answer: '400 InvalidArgument',
    }),
  },
]
