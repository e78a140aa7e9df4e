import type { S3Request } from '../../support/s3-client.ts'
import { xmlText } from '../../support/xml.ts'
import type { ContractCase } from '../contract-case.ts'
import { type Run, statusOf } from '../run.ts'

const SSE = 'x-amz-server-side-encryption'

/** An operation that takes no encryption header, and what a header there leads to. */
interface Elsewhere {
  readonly id: string
  readonly name: string
  /** Sets the scene and gives the request, without the header. */
  readonly request: (run: Run) => Promise<Omit<S3Request, 'fields'>> | Omit<S3Request, 'fields'>
  /** Of RGW, which judges the header on GET and HEAD of objects only. */
  readonly rgw: string
  /** What Sealgate answers. */
  readonly sealgate: string
  /** HEAD: no document, so no code. */
  readonly aws?: string
}

const REFUSED_READ = '400 BadRequest'
const REFUSED_WRITE = '400 InvalidArgument'

const OPERATIONS: readonly Elsewhere[] = [
  {
    id: 'get',
    name: 'GetObject',
    request: async (run) => {
      await run.seed(run.key)
      return { method: 'GET', target: run.path() }
    },
    rgw: '400 InvalidRequest',
    sealgate: REFUSED_READ,
  },
  {
    id: 'head',
    name: 'HeadObject',
    request: async (run) => {
      await run.seed(run.key)
      return { method: 'HEAD', target: run.path() }
    },
    aws: '400',
    rgw: '400',
    sealgate: '400',
  },
  {
    id: 'list',
    name: 'ListObjectsV2',
    request: (run) => ({ method: 'GET', target: `/${run.bucket}?list-type=2&prefix=none` }),
    rgw: '200',
    sealgate: REFUSED_READ,
  },
  {
    id: 'head-bucket',
    name: 'HeadBucket',
    request: (run) => ({ method: 'HEAD', target: `/${run.bucket}` }),
    aws: '400',
    rgw: '200',
    sealgate: '400',
  },
  {
    id: 'get-tagging',
    name: 'GetObjectTagging',
    request: async (run) => {
      await run.seed(run.key)
      return { method: 'GET', target: run.path(run.key, 'tagging') }
    },
    rgw: '200',
    sealgate: REFUSED_READ,
  },
  {
    id: 'put-tagging',
    name: 'PutObjectTagging',
    request: async (run) => {
      await run.seed(run.key)
      const body = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
      return { method: 'PUT', target: run.path(run.key, 'tagging'), body }
    },
    rgw: '200',
    sealgate: REFUSED_WRITE,
  },
  {
    id: 'delete',
    name: 'DeleteObject',
    request: async (run) => {
      await run.seed(run.key)
      return { method: 'DELETE', target: run.path() }
    },
    rgw: '204',
    sealgate: REFUSED_WRITE,
  },
  {
    id: 'upload-part',
    name: 'UploadPart',
    request: async (run) => {
      const uploadId = await createUpload(run)
      return {
        method: 'PUT',
        target: run.path(run.key, `partNumber=1&uploadId=${uploadId}`),
        body: 'x',
      }
    },
    rgw: '200',
    sealgate: REFUSED_WRITE,
  },
  {
    id: 'complete',
    name: 'CompleteMultipartUpload',
    request: async (run) => {
      const uploadId = await createUpload(run)
      const part = await run.ask('PUT', {
        target: run.path(run.key, `partNumber=1&uploadId=${uploadId}`),
        body: 'x',
      })
      const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get('etag')}</ETag></Part></CompleteMultipartUpload>`
      return { method: 'POST', target: run.path(run.key, `uploadId=${uploadId}`), body }
    },
    rgw: '200',
    sealgate: REFUSED_WRITE,
  },
  {
    id: 'list-parts',
    name: 'ListParts',
    request: async (run) => ({
      method: 'GET',
      target: run.path(run.key, `uploadId=${await createUpload(run)}`),
    }),
    rgw: '200',
    sealgate: REFUSED_READ,
  },
]

async function createUpload(run: Run): Promise<string> {
  const created = await run.ask('POST', { target: run.path(run.key, 'uploads') })
  return xmlText(created.body, 'UploadId') ?? `no upload: ${created.status}`
}

const HEADERS = [
  { id: 'aes256', value: 'AES256' },
  { id: 'kms', value: 'aws:kms' },
] as const

/** Only the operations that create an object take encryption headers: everywhere else they are refused. */
export const ENCRYPTION_ELSEWHERE: readonly ContractCase[] = OPERATIONS.flatMap((operation) =>
  HEADERS.map(({ id, value }) => ({
    id: `${operation.id}-with-${id}`,
    says: `${operation.name} refuses ${SSE}: ${value}`,
    source: 'AWS, API_GetObject and API_UploadPart',
    run: async (run: Run) => {
      const request = await operation.request(run)
      const answer = await run.target.client.send({ ...request, fields: [[SSE, value]] })
      return { answer: statusOf(answer) }
    },
    aws: { answer: operation.aws ?? '400 InvalidArgument' },
    differs: {
      rgw: {
        see: { answer: operation.rgw },
        cause: 'RGW 16 judges the header on GET and HEAD of objects only, and says InvalidRequest',
      },
      sealgate: {
        see: { answer: operation.sealgate },
        cause: 'Sealgate answers reads with the code BadRequest, the word of AWS’s documentation',
      },
    },
  })),
)
