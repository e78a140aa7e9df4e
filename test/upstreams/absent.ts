/** A server that could not be had or run, in the words of the client that said so. */
export interface AbsentServer {
  readonly server: string
  readonly tried: string
  readonly why: string
}

export const ABSENT: readonly AbsentServer[] = [
  {
    server: 'RustFS 1.0.1',
    tried: '`cargo info rustfs@1.0.1`',
    why: '`rust-version: 1.98.1`, and the newest Rust here is 1.95.0',
  },
  {
    server: 'SeaweedFS, 2026-11-09',
    tried: '`go install github.com/seaweedfs/seaweedfs/weed@v0.0.0-20261109003541-7506e5f91cd6`',
    why: 'its go.mod has a `replace` directive, "that would cause it to be interpreted differently than if it were the main module"',
  },
  {
    server: 'Zenko CloudServer',
    tried: '`npm view @zenko/cloudserver`',
    why: '8.0.0-beta depends on `scality/Arsenal#development/8.0` and six more that no registry has',
  },
  {
    server: 's3rver 3.7.1',
    tried: '`npm install s3rver@3.7.1`, and the contract',
    why: 'it does not live to the end of the contract; the secret of its account is six characters long, Sealgate wants eight',
  },
  {
    server: 'fauxqs 2.4.1',
    tried: '`npm view fauxqs`',
    why: '`engines: node >= 22.5`, and the suite runs on Node 20 too',
  },
  {
    server: 'Swift s3api 2.30.1',
    tried: 'not in this suite; see docs/compatibility.md',
    why: 'it has no SSE-KMS and answers 501 to it: `x-sealgate-reason: upstream-lacks-sse-kms`',
  },
  {
    server: 'MinIO 2026-02-12',
    tried: '`go install github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c`',
    why: 'the module can be had; it was not built, by one process in 45 minutes and by two in 38 on a busy machine of two cores',
  },
  {
    server: 'Garage 2.5.0, s3s-fs 0.14.1',
    tried: '`cargo info`',
    why: 'they can be had, and were not built',
  },
  {
    server: 'LocalStack 4.14.0',
    tried: '`pip install localstack-core[runtime]==4.14.0`',
    why: 'the last edition without an account; its installation was broken off after ten minutes',
  },
  { server: 'Hadoop Ozone', tried: '–', why: 'not tried' },
]
