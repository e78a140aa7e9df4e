/** The key that `sealgate sandbox` knows. */
export const SANDBOX_KEY =
  'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

/** The account of `sealgate sandbox`; printed in its documentation. */
export const SANDBOX_ACCOUNT = {
  accessKeyId: 'SGSANDBOX00000000001',
  secretAccessKey: 'sandbox-only-secret-do-not-use-elsewhere',
} as const

/** A sidecar's configuration as JSON (which is YAML), on free ports in front of an embedded S3. */
export function buildSidecarConfig(upstream: string, credentials: object | undefined): string {
  return JSON.stringify({
    version: 1,
    listen: [{ address: '127.0.0.1:0' }],
    admin: { address: '127.0.0.1:0' },
    upstream: { endpoint: upstream, region: 'us-east-1', addressing: 'path', credentials },
    clients: [{ name: 'app', anonymous: true, buckets: ['*'] }],
    policy: {
      rules: [
        {
          name: 'exempt',
          match: { buckets: ['demo'], keys: ['exempt/*'] },
          exempt: 'to have an object without KMS',
        },
        {
          name: 'all',
          match: { buckets: ['*'] },
          encrypt: { algorithm: 'aws:kms', keyId: SANDBOX_KEY, bucketKey: true },
        },
      ],
    },
  })
}
