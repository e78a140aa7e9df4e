import { once } from 'node:events'
import publish from 'gulp-awspublish'
import Vinyl from 'vinyl'
import { bucket, credentials, endpoint, region, small } from './task.mjs'

const own = { endpoint, region, credentials, forcePathStyle: true, params: { Bucket: bucket } }
const publisher = publish.create(own, { cacheFileName: 'cache' })
const stream = publisher.publish()
stream.resume()
stream.end(new Vinyl({ base: '/site', path: '/site/small.bin', contents: small }))
await once(stream, 'end')
