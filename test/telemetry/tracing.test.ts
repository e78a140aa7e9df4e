import {
  type Attributes,
  type Context,
  type Span,
  type SpanOptions,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import t from 'tap'
import { hasTraceProvider, openTracing } from '../../src/telemetry/tracing.ts'

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
  const caller = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const request = openTracing(provider).begin('PUT', caller)
  request.enter('authenticate')
  request.enter('decide')
  request.enter('upstream')
  request.end({
    operation: 'PutObject',
    bucket: 'b',
    status: 500,
    requestId: 'ID',
    reason: 'encryption-not-confirmed',
  })
  t.equal(request.traceId, '4bf92f3577b34da6a3ce929d0e0e4736')
  t.strictSame(
    spans.map(({ name, parentSpanId }) => [name, parentSpanId]),
    [
      ['PutObject', '00f067aa0ba902b7'],
      ['authenticate', '0000000000000001'],
      ['decide', '0000000000000001'],
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
