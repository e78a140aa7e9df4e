import { ALL, ALL_WHOLE, type ClientProgram } from '../client-program.ts'

const SDK = '2.57.8'
const HADOOP = '3.5.0'
const STORE = 'the authority in the JVM’s trust store: `-Djavax.net.ssl.trustStore=…`'
const S3A =
  '`fs.s3a.endpoint=http://SEALGATE`, `fs.s3a.endpoint.region=…`, `fs.s3a.path.style.access=true`, `fs.s3a.connection.ssl.enabled=false`'

/** What s3a needs of the AWS SDK: its bundle of everything is 600 MB. */
const S3A_PACKAGES = [
  '-software.amazon.awssdk:bundle',
  'software.amazon.awssdk:s3:2.35.4',
  'software.amazon.awssdk:s3-transfer-manager:2.35.4',
  'software.amazon.awssdk:sts:2.35.4',
  `org.apache.hadoop:hadoop-client-api:${HADOOP}`,
  `org.apache.hadoop:hadoop-client-runtime:${HADOOP}`,
]

/** Clients for the JVM. */
export const JAVA_PROGRAMS: readonly ClientProgram[] = [
  {
    ...library('AWS SDK for Java 2', 'aws-sdk-java-2', `software.amazon.awssdk:s3:${SDK}`),
    settings: [
      '`AWS_ENDPOINT_URL_S3=http://SEALGATE` or `endpointOverride`, and `forcePathStyle(true)`',
      `${STORE}; from 2.30 every upload has a trailing checksum`,
    ],
    tasks: [...ALL, 'encryption'],
  },
  {
    ...library('AWS SDK for Java 2, CRT', 'aws-sdk-java-crt', `software.amazon.awssdk:s3:${SDK}`),
    with: [`software.amazon.awssdk:aws-crt-client:${SDK}`],
    settings: [
      '`S3AsyncClient.crtBuilder().endpointOverride(URI.create("http://SEALGATE")).forcePathStyle(true)`, also of the S3TransferManager',
      'the authority in the system’s store; every upload has a trailing checksum',
    ],
    tasks: [...ALL, 'encryption'],
  },
  {
    ...library('AWS SDK for Java 1', 'aws-sdk-java-1', 'com.amazonaws:aws-java-sdk-s3:1.12.791'),
    settings: [
      '`withEndpointConfiguration(new EndpointConfiguration("http://SEALGATE", region))`, `withPathStyleAccessEnabled(true)`',
      STORE,
    ],
    tasks: ALL,
  },
  {
    ...library('minio-java', 'minio-java', 'io.minio:minio:9.0.4'),
    with: ['com.squareup.okhttp3:okhttp-jvm:5.5.1'],
    settings: [
      '`MinioClient.builder().endpoint("http://SEALGATE").region(…)`',
      `${STORE}; with Maven add \`com.squareup.okhttp3:okhttp-jvm\` (findings/minio-java-maven.sh)`,
    ],
    tasks: ALL,
  },
  {
    ...library('Hadoop s3a', 'hadoop-s3a', `org.apache.hadoop:hadoop-aws:${HADOOP}`),
    with: [
      ...S3A_PACKAGES,
      'org.apache.commons:commons-lang3:3.18.0',
      'org.apache.commons:commons-collections4:4.4',
    ],
    group: 'Tables, frames and query engines',
    settings: [S3A, STORE],
    tasks: [...ALL, 'encryption'],
  },
  {
    ...library('Spark', 'spark', 'org.apache.spark:spark-sql_2.13:4.2.0'),
    with: [`org.apache.hadoop:hadoop-aws:${HADOOP}`, ...S3A_PACKAGES],
    group: 'Tables, frames and query engines',
    settings: [
      'as Hadoop s3a, each name with `spark.hadoop.` before it',
      '`spark.driver.extraJavaOptions` and `spark.executor.extraJavaOptions`: `-Djavax.net.ssl.trustStore=…`',
    ],
    tasks: ['list', 'delete'],
    ownKeys: true,
  },
  {
    ...library('Iceberg S3FileIO', 'iceberg', 'org.apache.iceberg:iceberg-aws:1.12.0'),
    with: [
      'org.apache.iceberg:iceberg-core:1.12.0',
      'org.xerial:sqlite-jdbc:3.46.1.3',
      'software.amazon.awssdk:s3:2.44.4',
      'software.amazon.awssdk:sts:2.44.4',
      'software.amazon.awssdk:glue:2.44.4',
      'software.amazon.awssdk:kms:2.44.4',
      'software.amazon.awssdk:dynamodb:2.44.4',
      'software.amazon.awssdk:url-connection-client:2.44.4',
      `org.apache.hadoop:hadoop-client-api:${HADOOP}`,
      `org.apache.hadoop:hadoop-client-runtime:${HADOOP}`,
    ],
    group: 'Tables, frames and query engines',
    settings: [
      '`io-impl=org.apache.iceberg.aws.s3.S3FileIO`, `s3.endpoint=http://SEALGATE`, `s3.path-style-access=true`, `client.region=…`',
      STORE,
    ],
    tasks: ['parts', 'read', 'list', 'delete', 'encryption'],
    ownKeys: true,
  },
  {
    ...library('jclouds', 'jclouds', 'org.apache.jclouds.provider:aws-s3:2.7.0'),
    settings: [
      '`ContextBuilder.newBuilder("aws-s3").endpoint("http://SEALGATE")`, `jclouds.s3.virtual-host-buckets=false`, `jclouds.region`',
      STORE,
    ],
    tasks: ALL_WHOLE,
  },
]

function library(name: string, file: string, artifact: string) {
  const from = { from: 'Maven', package: artifact } as const
  return { name, file: `${file}.java`, ...from, group: 'SDKs and libraries' } as const
}
