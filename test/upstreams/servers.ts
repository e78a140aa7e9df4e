import type { ServerUnderTest } from './server.ts'
import { GOFAKES3 } from './servers/gofakes3.ts'
import { MOTO } from './servers/moto.ts'
import { RGW } from './servers/rgw.ts'
import { S3MOCK } from './servers/s3mock.ts'
import { S3PROXY } from './servers/s3proxy.ts'
import { VERSITYGW } from './servers/versitygw.ts'

/** In the order of the page: those that encrypt first, then the mocks, then those without SSE. */
export const SERVERS: readonly ServerUnderTest[] = [RGW, MOTO, S3MOCK, VERSITYGW, S3PROXY, GOFAKES3]
