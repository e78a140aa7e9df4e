import { AggregatorRegistry, Registry } from 'prom-client'
import t from 'tap'
import {
  counterValues,
  histogramCell,
  histogramValues,
  observe,
  registerSource,
} from '../../src/telemetry/metric-series.ts'

const BOUNDS = [1, 2, 5]

function registry(counted: number, observed: readonly number[]): Registry {
  const built = new Registry()
  registerSource(built, {
    name: 'x_total',
    help: 'X.',
    type: 'counter',
    aggregator: 'sum',
    values: () => counterValues([{ labels: { a: 'b"c' }, value: counted }]),
  })
  const cell = histogramCell({ a: 'b' }, BOUNDS)
  for (const value of observed) observe(cell, BOUNDS, value)
  registerSource(built, {
    name: 'y',
    help: 'Y.',
    type: 'histogram',
    aggregator: 'sum',
    values: () => histogramValues('y', BOUNDS, [cell]),
  })
  return built
}

t.test('a registry publishes the numbers as Prometheus wants them', async (t) => {
  t.equal(
    await registry(7, [0.5, 1, 1.5, 5, 9]).metrics(),
    `# HELP x_total X.
# TYPE x_total counter
x_total{a="b\\"c"} 7

# HELP y Y.
# TYPE y histogram
y_bucket{a="b",le="1"} 2
y_bucket{a="b",le="2"} 3
y_bucket{a="b",le="5"} 4
y_bucket{a="b",le="+Inf"} 5
y_sum{a="b"} 17
y_count{a="b"} 5
`,
  )
})

t.test('numbers of several workers are added up', async (t) => {
  const parts = await Promise.all(
    [registry(7, [0.5]), registry(3, [1.5, 9])].map((part) => part.getMetricsAsJSON()),
  )
  const text = await AggregatorRegistry.aggregate(parts).metrics()
  for (const line of [
    'x_total{a="b\\"c"} 10',
    'y_bucket{le="2",a="b"} 2',
    'y_sum{a="b"} 11',
    'y_count{a="b"} 3',
  ]) {
    const sorted = line.replace('{le="2",a="b"}', '{a="b",le="2"}')
    t.ok(
      text.split('\n').some((found) => found === line || found === sorted),
      line,
    )
  }
})

t.test('two metrics of one name are a mistake', async (t) => {
  const built = registry(1, [])
  const source = {
    name: 'y',
    help: '',
    type: 'gauge',
    aggregator: 'sum',
    values: () => [],
  } as const
  t.throws(() => registerSource(built, source), /already been registered/)
})
