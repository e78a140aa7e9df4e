import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type Context,
  type ContextManager,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanOptions,
  type TextMapPropagator,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import t from 'tap'
import { hasTraceProvider, openTracing } from '../../src/telemetry/tracing.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

interface Recorded {
  name: string
  readonly parentSpanId: string | undefined
  readonly traceId: string
  readonly attributes: Attributes
  isEnded: boolean
  statusCode: number
}

/** A provider that keeps what it is told, as an SDK with an exporter in memory does. */
function recordingProvider(): { readonly provider: TracerProvider; readonly spans: Recorded[] } {
  const spans: Recorded[] = []
  const startSpan = (name: string, options?: SpanOptions, context?: Context): Span => {
    const parent = context === undefined ? undefined : trace.getSpanContext(context)
    const recorded: Recorded = {
      name,
      parentSpanId: parent?.spanId,
      traceId: parent?.traceId ?? 'f'.repeat(32),
      attributes: { ...options?.attributes },
      isEnded: false,
      statusCode: 0,
    }
    const spanId = String(spans.push(recorded)).padStart(16, '0')
    const span: Span = {
      spanContext: () => ({ traceId: recorded.traceId, spanId, traceFlags: 1 }),
      setAttribute: (key, value) => {
        recorded.attributes[key] = value
        return span
      },
      setAttributes: () => span,
      addEvent: () => span,
      addLink: () => span,
      addLinks: () => span,
      setStatus: ({ code }) => {
        recorded.statusCode = code
        return span
      },
      updateName: (text) => {
        recorded.name = text
        return span
      },
      end: () => {
        recorded.isEnded = true
      },
      isRecording: () => true,
      recordException: () => undefined,
    }
    return span
  }
  const startActiveSpan = () => {
    throw new Error('not used')
  }
  return { provider: { getTracer: () => ({ startSpan, startActiveSpan }) }, spans }
}

t.test('a request is a span under the caller, its steps are spans under it', async (t) => {
  const { provider, spans } = recordingProvider()
  const request = openTracing(provider).begin('PUT', ['traceparent', `00-${TRACE}-${SPAN}-01`])
  request.enter('judge')
  t.equal(
    request.within('upstream', () => 'its result'),
    'its result',
  )
  request.end({
    operation: 'PutObject',
    bucket: 'b',
    status: 500,
    requestId: 'ID',
    reason: 'encryption-not-confirmed',
  })
  t.equal(request.traceId, TRACE)
  t.strictSame(
    spans.map(({ name, parentSpanId }) => [name, parentSpanId]),
    [
      ['PutObject', SPAN],
      ['judge', '0000000000000001'],
      ['upstream', '0000000000000001'],
    ],
  )
  t.ok(spans.every(({ isEnded }) => isEnded))
  t.match(spans[0]?.attributes, {
    'http.request.method': 'PUT',
    'http.response.status_code': 500,
    'sealgate.request_id': 'ID',
    'sealgate.reason': 'encryption-not-confirmed',
  })
  t.equal(spans[0]?.statusCode, 2)
})

t.test('without an SDK there is no provider', async (t) => {
  t.equal(hasTraceProvider(), false)
})

/** What an SDK registers to know the context of code that runs later. */
function asyncContextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, work, thisArg, ...args) => storage.run(active, () => work.apply(thisArg, args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  }
  return manager
}

/** Reads `x-b3-traceid` and `x-b3-spanid`, as `OTEL_PROPAGATORS=b3multi` does. */
const B3: TextMapPropagator = {
  inject: () => undefined,
  fields: () => ['x-b3-traceid', 'x-b3-spanid'],
  extract: (active, carrier, getter) => {
    const [traceId, spanId] = ['X-B3-TraceId', 'X-B3-SpanId'].map((name) =>
      getter.get(carrier, name),
    )
    if (typeof traceId !== 'string' || typeof spanId !== 'string') return active
    const noted = propagation.setBaggage(active, propagation.createBaggage({ a: { value: 'b' } }))
    return trace.setSpanContext(noted, { traceId, spanId, traceFlags: 1, isRemote: true })
  },
}

t.test('with an SDK, the caller is whoever the propagator or the HTTP span says', async (t) => {
  t.teardown(() => {
    propagation.disable()
    context.disable()
  })
  context.setGlobalContextManager(asyncContextManager())
  propagation.setGlobalPropagator(B3)
  const b3 = ['x-b3-traceid', 'a'.repeat(32), 'x-b3-spanid', 'b'.repeat(16)]
  const w3c = ['traceparent', `00-${TRACE}-${SPAN}-01`]
  const invalid = ['x-b3-traceid', '0'.repeat(32), 'x-b3-spanid', '0'.repeat(16)]
  for (const { name, headers, traceId, parent } of [
    { name: 'B3', headers: b3, traceId: 'a'.repeat(32), parent: 'b'.repeat(16) },
    { name: 'B3 before W3C', headers: [...w3c, ...b3], traceId: 'a'.repeat(32) },
    { name: 'W3C, which the propagator does not know', headers: w3c, traceId: TRACE, parent: SPAN },
    { name: 'W3C beside an invalid B3', headers: [...invalid, ...w3c], traceId: TRACE },
    { name: 'nobody', headers: [], traceId: 'f'.repeat(32) },
  ]) {
    t.test(name, async (t) => {
      const { provider, spans } = recordingProvider()
      const request = openTracing(provider).begin('GET', headers)
      t.equal(request.traceId, traceId)
      if (parent !== undefined) t.equal(spans[0]?.parentSpanId, parent)
      t.equal(request.within('upstream', propagation.getActiveBaggage), undefined, 'no baggage')
    })
  }

  t.test('the span of the HTTP instrumentation is the parent', async (t) => {
    const { provider, spans } = recordingProvider()
    const http = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: 1 }
    const request = context.with(trace.setSpanContext(ROOT_CONTEXT, http), () =>
      openTracing(provider).begin('GET', [...b3, ...w3c]),
    )
    t.equal(request.traceId, http.traceId)
    t.equal(spans[0]?.parentSpanId, http.spanId)
  })

  t.test('what the upstream step calls later is under its span', async (t) => {
    const { provider, spans } = recordingProvider()
    const request = openTracing(provider).begin('GET', b3)
    const parent = await request.within('upstream', async () => {
      await new Promise(setImmediate)
      return trace.getSpanContext(context.active())
    })
    t.match(parent, { traceId: 'a'.repeat(32), spanId: '2'.padStart(16, '0') })
    t.equal(spans[1]?.name, 'upstream')
    t.equal(trace.getSpanContext(context.active()), undefined, 'and nothing else is')
  })
})
