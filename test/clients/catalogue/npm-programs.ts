import { ALL, ALL_WHOLE, type ClientProgram } from '../client-program.ts'

const NODE_CA = '`NODE_EXTRA_CA_CERTS=/path/ca.pem`'
const SDK_3 =
  '`new S3Client({ endpoint: "http://SEALGATE", forcePathStyle: true })` or `AWS_ENDPOINT_URL_S3`'

/** Clients of npm, chosen for what is odd in their signatures or framing. */
export const NPM_PROGRAMS: readonly ClientProgram[] = [
  // Signers alone.
  {
    ...library('aws4fetch'),
    settings: [
      '`http://SEALGATE/BUCKET/…`, `encodeURIComponent` on each part of the key; `service: "s3"`, `region`',
      `${NODE_CA}; bodies with a length`,
    ],
    tasks: ALL_WHOLE,
  },
  {
    ...library('aws4'),
    settings: ['as aws4fetch', `${NODE_CA}; bodies with a length`],
    tasks: ALL_WHOLE,
  },
  // Small clients with SigV4 of their own.
  {
    ...library('s3mini'),
    settings: [
      '`endpoint: "http://SEALGATE/BUCKET"`; `region` must be given: its default is `auto` (or `upstream.acceptRegions: [auto]`)',
      NODE_CA,
    ],
    tasks: ALL,
  },
  { ...library('lean-s3'), settings: ['`endpoint`, path style', wrongEncoding()], tasks: ALL },
  {
    ...library('pico-s3'),
    settings: ['`endpoint`, path style', wrongEncoding()],
    tasks: ['small', 'large', 'read', 'delete'],
  },
  {
    ...library('@aws-lite/s3', 'aws-lite.mjs'),
    settings: ['`awsLite({ endpoint: "http://SEALGATE", region, plugins })`', 'encode keys'],
    tasks: ALL_WHOLE,
  },
  {
    ...library('unstorage'),
    settings: ['`s3Driver({ endpoint: "http://SEALGATE", bucket, region, … })`', NODE_CA],
    tasks: ALL_WHOLE,
  },
  {
    ...library('@remix-run/file-storage-s3', 'remix.mjs'),
    settings: [
      '`createS3FileStorage({ endpoint: "http://SEALGATE", bucket, region, … })`',
      NODE_CA,
    ],
    tasks: ALL_WHOLE,
  },
  // Native engines.
  {
    ...library('bun'),
    package: '@oven/bun-linux-x64',
    settings: [
      '`new S3Client({ endpoint: "http://SEALGATE", bucket, region })` or `S3_ENDPOINT`; path style is its default, `virtualHostedStyle: true` with the bucket in the endpoint',
      `${NODE_CA}. \`type\` and \`contentDisposition\` in a presigned PUT have no effect, as at S3`,
    ],
    tasks: ALL,
  },
  {
    ...library('opendal'),
    settings: [
      '`new Operator("s3", { endpoint, region, bucket, … })`',
      'no authority of one’s own; leave `server_side_encryption` unset, or `strip`',
    ],
    tasks: ALL,
  },
  {
    ...library('@lancedb/lancedb', 'lancedb.mjs'),
    group: 'Tables, frames and query engines',
    settings: [
      '`storageOptions: { awsEndpoint: "http://SEALGATE", awsRegion, allowHttp: "true" }`',
      '`SSL_CERT_FILE=/path/ca.pem`; the server’s certificate must not be the authority itself',
    ],
    tasks: [],
    ownKeys: true,
  },
  {
    ...library('nodejs-polars', 'polars.mjs'),
    group: 'Tables, frames and query engines',
    settings: [
      '`cloudOptions: { aws_endpoint_url: "http://SEALGATE", aws_region }`, a plain object and never a `Map`',
      '`SSL_CERT_FILE`; always multipart',
    ],
    tasks: ['parts'],
    ownKeys: true,
  },
  // The AWS SDK for JavaScript 2, and what sits on it.
  {
    ...library('aws-sdk', 'aws-sdk-2.mjs'),
    name: 'aws-sdk 2',
    settings: [
      '`new AWS.S3({ endpoint: "http://SEALGATE", s3ForcePathStyle: true, signatureVersion: "v4" })`',
      `${NODE_CA}; streams that are no files need TLS; not \`computeChecksums: false\``,
    ],
    tasks: ALL,
  },
  {
    ...library('s3-upload-stream'),
    settings: ['as aws-sdk 2, which it takes', NODE_CA],
    tasks: ['large', 'parts'],
  },
  // Version 3, and what sits on it: streams with trailing checksums, locations that are kept.
  { ...library('multer-s3'), settings: [SDK_3, NODE_CA], tasks: ['small', 'large', 'parts'] },
  {
    ...library('flydrive'),
    settings: [`${SDK_3}; \`supportsACL: false\` where ACLs are not known`, trailing()],
    tasks: ALL_WHOLE,
  },
  {
    ...library('@flystorage/aws-s3', 'flystorage.mjs'),
    settings: [SDK_3, `${NODE_CA}; its \`checksum()\` by ETag is no MD5`],
    tasks: ALL,
  },
  {
    ...library('@directus/storage-driver-s3', 'directus.mjs'),
    settings: [
      '`endpoint`, `forcePathStyle: true`; in Directus `STORAGE_S3_ENDPOINT`, `STORAGE_S3_FORCE_PATH_STYLE=true`',
      NODE_CA,
    ],
    tasks: ALL,
  },
  { ...library('s3-sync-client'), settings: [SDK_3, trailing()], tasks: ALL },
  {
    ...library('@tus/s3-store', 'tus.mjs'),
    settings: [`\`s3ClientConfig\` as ${SDK_3}`, trailing()],
    tasks: ['parts'],
    ownKeys: true,
  },
  {
    ...library('gulp-awspublish'),
    group: 'Registries, state, logs, metrics and sites',
    settings: [SDK_3, `${NODE_CA}; sends everything at each run`],
    tasks: ['small'],
  },
  // What does not work, and says so.
  {
    ...library('knox'),
    group: 'Run to see them fail',
    settings: ['none: it signs with SigV2', 'an SDK of version 3'],
    tasks: [],
    refused: 'sigv2-unsupported',
  },
  {
    ...library('@auth0/s3', 'auth0-s3.mjs'),
    group: 'Run to see them fail',
    settings: [
      'as aws-sdk 2',
      'it compares the ETag with an MD5, and gives up; the object is there',
    ],
    tasks: ['small'],
    complains: /ETag does not match MD5 checksum/,
  },
]

function library(name: string, file = `${name}.mjs`) {
  return { name, file, from: 'npm', package: name, group: 'SDKs and libraries' } as const
}

function wrongEncoding(): string {
  return `${NODE_CA}; leave \`% ' ( ) ; & ?\` out of keys: it encodes them wrongly, directly too`
}

function trailing(): string {
  return `${NODE_CA}; streams have trailing checksums: \`upstream.trailers: terminate\` for servers without`
}
