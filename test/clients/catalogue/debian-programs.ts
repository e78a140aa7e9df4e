import { ALL, ALL_WHOLE, type ClientProgram } from '../client-program.ts'

/** Clients of Debian 12. */
export const DEBIAN_PROGRAMS: readonly ClientProgram[] = [
  // Names of fields with their own case, multipart always.
  {
    ...command('samtools', 'samtools'),
    group: 'Tables, frames and query engines',
    settings: [
      '`HTS_S3_HOST=SEALGATE HTS_S3_ADDRESS_STYLE=path`, `s3+http://BUCKET/key` (htslib: samtools, htsfile, bcftools)',
      '`CURL_CA_BUNDLE=/path/ca.pem`',
    ],
    tasks: ['parts'],
    ownKeys: true,
  },
  {
    ...command('s4cmd', 's4cmd'),
    settings: ['`--endpoint-url http://SEALGATE`', '`AWS_CA_BUNDLE=/path/ca.pem`'],
    tasks: [...ALL, 'encryption'],
  },
  // Every request is presigned.
  {
    ...command('davix', 'davix'),
    settings: [
      '`--s3region REGION --s3alternate s3://SEALGATE/BUCKET/KEY` (`s3s://` for TLS)',
      "percent-encode keys, `+ = & @ : , ' ( ) ! $ ;` too; not davix-mv and davix-cp",
    ],
    tasks: ALL_WHOLE,
  },
  {
    ...command('gdal', 'gdal-bin'),
    group: 'Tables, frames and query engines',
    settings: [
      '`AWS_S3_ENDPOINT=SEALGATE AWS_HTTPS=NO AWS_VIRTUAL_HOSTING=FALSE`, `/vsis3/BUCKET/key`',
      '`CURL_CA_BUNDLE=/path/ca.pem`',
    ],
    tasks: [],
    ownKeys: true,
  },
  {
    ...command('duplicity', 'duplicity'),
    settings: [
      '`boto3+s3://BUCKET/dir --s3-endpoint-url http://SEALGATE --s3-region-name REGION`; not `s3://` (boto 2)',
      '`AWS_CA_BUNDLE=/path/ca.pem`',
    ],
    tasks: ['list'],
    ownKeys: true,
  },
  {
    ...command('hugo', 'hugo'),
    group: 'Registries, state, logs, metrics and sites',
    settings: [
      '`URL = "s3://BUCKET?region=…&endpoint=SEALGATE&disableSSL=true&s3ForcePathStyle=true"`',
      '`SSL_CERT_FILE=/path/ca.pem`; sends everything at each run',
    ],
    tasks: ['small', 'large', 'list'],
  },
  {
    ...command('docker-registry', 'docker-registry'),
    group: 'Registries, state, logs, metrics and sites',
    settings: [
      '`storage: { s3: { regionendpoint: http://SEALGATE, forcepathstyle: true, secure: false, region: …, bucket: … } }`',
      'the authority in the system’s store; who pulls is sent to SEALGATE, unless `redirect: { disable: true }`',
    ],
    tasks: ['parts', 'list', 'delete', 'encryption'],
    copies: true,
    ownKeys: true,
  },
  // A query parameter of its own on every read.
  {
    ...library('libcloud', 'python3-libcloud', 'libcloud-storage.py'),
    settings: [
      '`S3StorageDriver(key, secret, secure=False, host="HOST", port=PORT, region="…")`',
      'signs metadata wrongly, directly too',
    ],
    tasks: ALL,
  },
  {
    ...library('smart_open', 'python3-smart-open', 'smart-open.py'),
    settings: [
      '`transport_params={"client": boto3.client("s3", endpoint_url="http://SEALGATE")}`',
      '`AWS_CA_BUNDLE=/path/ca.pem`',
    ],
    tasks: ['small', 'large', 'parts', 'read'],
  },
  {
    ...library('aws-sdk-s3', 'ruby-aws-sdk-s3', 'aws-sdk-s3.rb'),
    name: 'ruby aws-sdk-s3',
    settings: ['`endpoint: "http://SEALGATE", force_path_style: true`', '`ssl_ca_bundle:`'],
    tasks: ALL,
  },
  // Signed chunks in the chunked coding.
  {
    ...library('fog-aws', 'ruby-fog-aws', 'fog-aws.rb'),
    settings: [
      '`endpoint: "http://SEALGATE", path_style: true, region:` (GitLab: `object_store.connection`)',
      'the authority in the system’s store',
    ],
    tasks: ALL,
  },
  {
    ...library('Net::Amazon::S3', 'libnet-amazon-s3-perl', 'net-amazon-s3.pl'),
    settings: [
      '`vendor => Net::Amazon::S3::Vendor::Generic->new(host => "SEALGATE", use_https => 0, use_virtual_host => 0, authorization_method => "Net::Amazon::S3::Signature::V4", default_region => …)`',
      '`PERL_LWP_SSL_CA_FILE=/path/ca.pem`',
    ],
    tasks: ALL_WHOLE,
  },
  {
    ...failing('Amazon::S3', 'libamazon-s3-perl', 'amazon-s3.pl'),
    settings: ['–', 'it takes the ETag for an MD5 on every read: Net::Amazon::S3 instead'],
    tasks: ['small'],
    complains: /MD5's do not match/,
  },
  {
    ...failing('boto 2', 'python3-boto', 'boto-2.py'),
    settings: [
      'a listener on 80 or 443',
      'sends `Host: name:port:port`; takes the ETag for an MD5: boto3 instead',
    ],
    tasks: [],
    refused: 'host-invalid',
  },
  {
    ...failing('libs3', 'libs3-2', 'libs3.sh'),
    settings: ['none: it signs with SigV2', 'an egress listener with `verifySignatures: false`'],
    tasks: [],
    refused: 'sigv2-unsupported',
  },
]

function command(name: string, debian: string) {
  const from = { from: 'Debian 12', package: debian } as const
  return { name, file: `${name}.sh`, ...from, group: 'Commands, mounts and backups' } as const
}

function library(name: string, debian: string, file: string) {
  return { name, file, from: 'Debian 12', package: debian, group: 'SDKs and libraries' } as const
}

function failing(name: string, debian: string, file: string) {
  return { name, file, from: 'Debian 12', package: debian, group: 'Run to see them fail' } as const
}
