import { ALL, type ClientProgram } from '../client-program.ts'

/** Clients in Go. */
export const GO_PROGRAMS: readonly ClientProgram[] = [
  {
    ...library('minio-go', 'github.com/minio/minio-go/v7@v7.4.1'),
    settings: [
      '`minio.New("SEALGATE", &minio.Options{Secure: false, Region: …})`; path style follows (also of Thanos, Loki with `use_thanos_objstore`, and restic, which take it)',
      '`SSL_CERT_FILE=/path/ca.pem`; with `ServerSideEncryption`: `strip`',
    ],
    tasks: ALL,
  },
  {
    ...library('aws-sdk-go-v2', 'github.com/aws/aws-sdk-go-v2/service/s3@v1.114.10'),
    with: [
      'github.com/aws/aws-sdk-go-v2/config@v1.33.18',
      'github.com/aws/aws-sdk-go-v2/feature/s3/manager@v1.23.24',
    ],
    settings: [
      '`AWS_ENDPOINT_URL_S3=http://SEALGATE` or `BaseEndpoint`, and `UsePathStyle: true`',
      '`AWS_CA_BUNDLE=/path/ca.pem`',
    ],
    tasks: ALL,
  },
  {
    ...library('Thanos', 'github.com/thanos-io/objstore@v0.0.0-20250804093838-71d60dfee488'),
    file: 'thanos.go',
    group: 'Registries, state, logs, metrics and sites',
    settings: [
      '`config: { endpoint: SEALGATE, insecure: true, region: …, bucket_lookup_type: path }` (run as its objstore, which Loki and Mimir also take)',
      '`http_config.tls_config.ca_file: /path/ca.pem`; leave `sse_config` unset',
    ],
    tasks: ALL,
  },
  {
    name: 'docker registry',
    file: 'distribution.sh',
    from: 'Go',
    package: 'github.com/distribution/distribution/v3/cmd/registry@v3.1.2',
    group: 'Registries, state, logs, metrics and sites',
    settings: [
      '`storage: { s3: { regionendpoint: http://SEALGATE, forcepathstyle: true, secure: false, region: …, bucket: … } }`',
      '`SSL_CERT_FILE=/path/ca.pem`; who pulls is sent to SEALGATE, unless `redirect: { disable: true }`',
    ],
    tasks: ['parts', 'list', 'delete', 'encryption'],
    copies: true,
    ownKeys: true,
  },
]

function library(name: string, module: string) {
  const from = { from: 'Go', package: module } as const
  return { name, file: `${name}.go`, ...from, group: 'SDKs and libraries' } as const
}
