import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { S3Client } from '@aws-sdk/client-s3'
import { S3SyncClient } from 's3-sync-client'
import { bucket, endpoint, region } from './task.mjs'

const client = new S3Client({ endpoint, region, forcePathStyle: true, maxAttempts: 1 })
const { sync } = new S3SyncClient({ client })
mkdirSync('site')
for (const name of ['small.bin', 'large.bin']) copyFileSync(name, `site/${name}`)
copyFileSync('small.bin', 'site/gone.bin')
await sync('site', `s3://${bucket}`, { partSize: 5 << 20 })
await sync(`s3://${bucket}`, 'site.back')
for (const name of ['small', 'large']) copyFileSync(`site.back/${name}.bin`, `${name}.back`)
rmSync('site/gone.bin')
await sync('site', `s3://${bucket}`, { del: true, partSize: 5 << 20 })
client.destroy()
