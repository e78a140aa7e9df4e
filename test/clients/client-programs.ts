/** What a program does, and what the suite then looks for at the server, on disk and in the audit. */
export type Task = 'small' | 'large' | 'parts' | 'read' | 'list' | 'delete'

/** A client of few lines: a program of test/clients/programs, run through Sealgate alone. */
export interface ClientProgram {
  readonly name: string
  /** Without a folder: `aws4fetch.mjs`. Its end says who runs it. */
  readonly file: string
  /** `npm`: programs/package.json pins it under this name. Else its package of Debian 12. */
  readonly npm?: string
  readonly debian?: string
  readonly tasks: readonly Task[]
  /** The client chooses its own keys. */
  readonly ownKeys?: boolean
  /** The program must fail: the reason of Sealgate's refusal. */
  readonly refused?: string
  /** The program must fail by its own mind, although the object is stored: what it says. */
  readonly complains?: RegExp
}

const ALL: readonly Task[] = ['small', 'large', 'parts', 'read', 'list', 'delete']
const ALL_WHOLE: readonly Task[] = ['small', 'large', 'read', 'list', 'delete']

const NPM_PROGRAMS: readonly ClientProgram[] = [
  // Signers alone.
  { name: 'aws4fetch', file: 'aws4fetch.mjs', npm: 'aws4fetch', tasks: ALL_WHOLE },
  { name: 'aws4', file: 'aws4.mjs', npm: 'aws4', tasks: ALL_WHOLE },
  // Small clients with SigV4 of their own.
  { name: 's3mini', file: 's3mini.mjs', npm: 's3mini', tasks: ALL },
  { name: 'lean-s3', file: 'lean-s3.mjs', npm: 'lean-s3', tasks: ALL },
  { name: 'pico-s3', file: 'pico-s3.mjs', npm: 'pico-s3', tasks: without(ALL_WHOLE, 'list') },
  { name: '@aws-lite/s3', file: 'aws-lite.mjs', npm: '@aws-lite/s3', tasks: ALL_WHOLE },
  { name: 'unstorage', file: 'unstorage.mjs', npm: 'unstorage', tasks: ALL_WHOLE },
  {
    name: '@remix-run/file-storage-s3',
    file: 'remix.mjs',
    npm: '@remix-run/file-storage-s3',
    tasks: ALL_WHOLE,
  },
  // Native engines.
  { name: 'bun', file: 'bun.mjs', npm: '@oven/bun-linux-x64', tasks: ALL },
  { name: 'opendal', file: 'opendal.mjs', npm: 'opendal', tasks: ALL },
  {
    name: '@lancedb/lancedb',
    file: 'lancedb.mjs',
    npm: '@lancedb/lancedb',
    tasks: [],
    ownKeys: true,
  },
  {
    name: 'nodejs-polars',
    file: 'polars.mjs',
    npm: 'nodejs-polars',
    tasks: ['parts'],
    ownKeys: true,
  },
  // The AWS SDK for JavaScript 2, and what sits on it.
  { name: 'aws-sdk 2', file: 'aws-sdk-2.mjs', npm: 'aws-sdk', tasks: ALL },
  {
    name: 's3-upload-stream',
    file: 's3-upload-stream.mjs',
    npm: 's3-upload-stream',
    tasks: ['large', 'parts'],
  },
  // Version 3, and what sits on it: streams with trailing checksums, locations that are kept.
  {
    name: 'multer-s3',
    file: 'multer-s3.mjs',
    npm: 'multer-s3',
    tasks: ['small', 'large', 'parts'],
  },
  { name: 'flydrive', file: 'flydrive.mjs', npm: 'flydrive', tasks: ALL_WHOLE },
  { name: '@flystorage/aws-s3', file: 'flystorage.mjs', npm: '@flystorage/aws-s3', tasks: ALL },
  {
    name: '@directus/storage-driver-s3',
    file: 'directus.mjs',
    npm: '@directus/storage-driver-s3',
    tasks: ALL,
  },
  { name: 's3-sync-client', file: 's3-sync-client.mjs', npm: 's3-sync-client', tasks: ALL },
  { name: '@tus/s3-store', file: 'tus.mjs', npm: '@tus/s3-store', tasks: ['parts'], ownKeys: true },
  {
    name: 'gulp-awspublish',
    file: 'gulp-awspublish.mjs',
    npm: 'gulp-awspublish',
    tasks: ['small'],
  },
  // What does not work, and says so.
  { name: 'knox', file: 'knox.mjs', npm: 'knox', tasks: [], refused: 'sigv2-unsupported' },
  {
    name: '@auth0/s3',
    file: 'auth0-s3.mjs',
    npm: '@auth0/s3',
    tasks: ['small'],
    complains: /ETag does not match MD5 checksum/,
  },
]

const DEBIAN_PROGRAMS: readonly ClientProgram[] = [
  // Names of fields with their own case, multipart always.
  { name: 'samtools', file: 'samtools.sh', debian: 'samtools', tasks: ['parts'], ownKeys: true },
  { name: 's4cmd', file: 's4cmd.sh', debian: 's4cmd', tasks: ALL },
  // Every request is presigned.
  { name: 'davix', file: 'davix.sh', debian: 'davix', tasks: ALL_WHOLE },
  { name: 'gdal', file: 'gdal.sh', debian: 'gdal-bin', tasks: [], ownKeys: true },
  { name: 'duplicity', file: 'duplicity.sh', debian: 'duplicity', tasks: ['list'], ownKeys: true },
  { name: 'hugo', file: 'hugo.sh', debian: 'hugo', tasks: ['small', 'large', 'list'] },
  // A query parameter of its own on every read.
  { name: 'libcloud', file: 'libcloud-storage.py', debian: 'python3-libcloud', tasks: ALL },
  {
    name: 'smart_open',
    file: 'smart-open.py',
    debian: 'python3-smart-open',
    tasks: ['small', 'large', 'parts', 'read'],
  },
  { name: 'ruby aws-sdk-s3', file: 'aws-sdk-s3.rb', debian: 'ruby-aws-sdk-s3', tasks: ALL },
  // Signed chunks in the chunked coding.
  { name: 'fog-aws', file: 'fog-aws.rb', debian: 'ruby-fog-aws', tasks: ALL },
  {
    name: 'Net::Amazon::S3',
    file: 'net-amazon-s3.pl',
    debian: 'libnet-amazon-s3-perl',
    tasks: ALL_WHOLE,
  },
  {
    name: 'Amazon::S3',
    file: 'amazon-s3.pl',
    debian: 'libamazon-s3-perl',
    tasks: ['small'],
    complains: /MD5's do not match/,
  },
  {
    name: 'boto 2',
    file: 'boto-2.py',
    debian: 'python3-boto',
    tasks: [],
    refused: 'host-invalid',
  },
  { name: 'libs3', file: 'libs3.sh', debian: 'libs3-2', tasks: [], refused: 'sigv2-unsupported' },
]

/** Chosen for what is odd in their signatures or framing. */
export const CLIENT_PROGRAMS: readonly ClientProgram[] = [...NPM_PROGRAMS, ...DEBIAN_PROGRAMS]

function without(tasks: readonly Task[], task: Task): readonly Task[] {
  return tasks.filter((one) => one !== task)
}
