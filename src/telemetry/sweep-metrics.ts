import { Registry } from 'prom-client'
import { registerSource, type SeriesValue } from './metric-series.ts'

/** The numbers of a run at a scrape. */
export interface SweepNumbers {
  /** Of the whole plan, by how they stand: they add up to its versions. */
  readonly versions: Readonly<Record<'fine' | 'done' | 'failed' | 'left', number>>
  /** Of this process. */
  readonly copiedBytes: number
  readonly requests: number
  readonly backOffs: number
  /** Requests a second that are allowed now. */
  readonly rate: number
}

/** The metrics of a run, as a scrape gives them. */
export function sweepMetrics(read: () => SweepNumbers): Pick<Registry, 'metrics' | 'contentType'> {
  const registry = new Registry()
  const add = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    values: (numbers: SweepNumbers) => SeriesValue[],
  ): void => {
    const source = { type, name: `sealgate_sweep_${name}`, help, aggregator: 'sum' } as const
    registerSource(registry, { ...source, values: () => values(read()) })
  }
  const single = (value: number): SeriesValue[] => [{ labels: {}, value }]
  add('gauge', 'versions', 'Versions of the plan, by how they stand.', ({ versions }) =>
    Object.entries(versions).map(([status, value]) => ({ labels: { status }, value })),
  )
  add('counter', 'copied_bytes_total', 'Bytes that S3 copied.', (numbers) =>
    single(numbers.copiedBytes),
  )
  add('counter', 'requests_total', 'Requests to S3.', (numbers) => single(numbers.requests))
  add('counter', 'back_offs_total', 'How often throttling halved the rate.', (numbers) =>
    single(numbers.backOffs),
  )
  add('gauge', 'request_rate', 'Requests a second that are allowed now.', (numbers) =>
    single(numbers.rate),
  )
  return registry
}
