import { connect } from '@lancedb/lancedb'
import { bucket, endpoint, region } from './task.mjs'

const storageOptions = { awsEndpoint: endpoint, awsRegion: region, allowHttp: 'true' }
const db = await connect(`s3://${bucket}/db`, { storageOptions })
const rows = Array.from({ length: 500 }, (_, i) => ({ id: i, vector: [i, i + 1] }))
const table = await db.createTable('t', rows)
await table.add([{ id: 500, vector: [1, 2] }])
await table.delete('id < 10')
const count = await (await db.openTable('t')).countRows()
if (count !== 491) throw new Error(`${count} rows`)
