import { createReadStream } from 'node:fs'
import { Disk } from 'flydrive'
import { S3Driver } from 'flydrive/drivers/s3'
import { all, back, bucket, credentials, endpoint, region, small } from './task.mjs'

const own = { endpoint, region, bucket, credentials, forcePathStyle: true, visibility: 'private' }
const disk = new Disk(new S3Driver({ ...own, supportsACL: false, encryption: 'AES256' }))
await disk.put('small.bin', small)
await disk.putStream('large.bin', createReadStream('large.bin'))
await disk.put('gone.bin', small)
back('small', await disk.getBytes('small.bin'))
back('large', await all(await disk.getStream('large.bin')))
await disk.listAll('')
await disk.delete('gone.bin')
