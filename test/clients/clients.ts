import { AWS_SDK_JS } from './aws-sdk-js.ts'
import { AWSCLI } from './awscli.ts'
import { BOTO3 } from './boto3.ts'
import type { ClientUnderTest } from './client-under-test.ts'
import { CURL } from './curl.ts'
import { MINIO } from './minio.ts'
import { RCLONE } from './rclone.ts'
import { RESTIC } from './restic.ts'
import { S3CMD } from './s3cmd.ts'
import { S3FS } from './s3fs.ts'

/** All clients that the suite runs. */
export const CLIENTS: readonly ClientUnderTest[] = [
  AWSCLI,
  BOTO3,
  S3CMD,
  RCLONE,
  S3FS,
  RESTIC,
  CURL,
  AWS_SDK_JS,
  MINIO,
]
