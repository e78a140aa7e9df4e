/** A client that the suite cannot run: only what to set. */
export interface ClientNotRun {
  readonly name: string
  readonly settings: readonly [endpoint: string, other: string]
}

/** From these programs' own documentation; nothing here was tried. */
export const CLIENTS_NOT_RUN: readonly ClientNotRun[] = [
  {
    name: 'Hadoop s3a',
    settings: [
      '`fs.s3a.endpoint=http://SEALGATE`, `fs.s3a.path.style.access=true`, `fs.s3a.connection.ssl.enabled=false`',
      'the authority goes into the JVM’s trust store; leave `fs.s3a.encryption.algorithm` unset',
    ],
  },
  {
    name: 'Spark',
    settings: [
      'as Hadoop s3a, each name with `spark.hadoop.` before it',
      '`spark.driver.extraJavaOptions` and `spark.executor.extraJavaOptions`: `-Djavax.net.ssl.trustStore=…`',
    ],
  },
  {
    name: 'Velero',
    settings: [
      'BackupStorageLocation `config: { s3Url: "http://SEALGATE", s3ForcePathStyle: "true", region: … }`',
      '`caCert` of the object storage; leave `serverSideEncryption` and `kmsKeyId` unset',
    ],
  },
  {
    name: 'fluent-bit',
    settings: [
      '`[OUTPUT]` `name s3`, `endpoint http://SEALGATE`, `region …`',
      '`tls.ca_file /path/ca.pem`; `use_put_object On` or Off, both are sealed',
    ],
  },
  {
    name: 'Loki',
    settings: [
      '`storage_config.aws: { endpoint: SEALGATE, s3forcepathstyle: true, insecure: true, region: … }`',
      '`http_config.ca_file: /path/ca.pem`; leave `sse` unset',
    ],
  },
  {
    name: 'Thanos',
    settings: [
      '`config: { endpoint: SEALGATE, insecure: true, region: …, bucket_lookup_type: path }`',
      '`http_config.tls_config.ca_file: /path/ca.pem`; leave `sse_config` unset',
    ],
  },
  {
    name: 'GitLab',
    settings: [
      '`object_store.connection: { provider: AWS, endpoint: "http://SEALGATE", path_style: true, region: … }`',
      'the authority in `/etc/gitlab/trusted-certs/`; leave `storage_options.server_side_encryption` unset',
    ],
  },
  {
    name: 'registry (distribution)',
    settings: [
      '`storage.s3: { regionendpoint: "http://SEALGATE", forcepathstyle: true, region: …, secure: false }`',
      'the authority in the container’s system store; leave `encrypt` and `keyid` unset. Its moves are copies at the server',
    ],
  },
  {
    name: 'mountpoint-s3',
    settings: [
      '`mount-s3 --endpoint-url http://SEALGATE --force-path-style --region REGION BUCKET DIR`',
      'the authority in the system store; leave `--sse` unset. Its trailing checksums need `upstream.trailers: terminate` on servers that do not know them',
    ],
  },
  {
    name: 's5cmd',
    settings: [
      '`s5cmd --endpoint-url http://SEALGATE …` (path style follows for an address that is not AWS’s)',
      '`AWS_CA_BUNDLE=/path/ca.pem`; leave `--sse` unset',
    ],
  },
]
