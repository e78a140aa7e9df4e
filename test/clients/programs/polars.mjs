import pl from 'nodejs-polars'
import { bucket, endpoint, region } from './task.mjs'

const cloudOptions = { aws_endpoint_url: endpoint, aws_region: region }
const frame = pl.DataFrame({ a: Array.from({ length: 1000 }, (_, i) => i) })
const at = `s3://${bucket}/t.parquet`
await frame.lazy().sinkParquet(at, { cloudOptions }).collect()
const read = await pl.scanParquet(at, { cloudOptions }).collect()
if (read.height !== 1000) throw new Error(`${read.height} rows`)
