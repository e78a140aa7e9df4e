import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { parseTraceParent } from './trace-parent.ts'

/** A step of the road that gets a span of its own. */
export type TracedStep = 'authenticate' | 'decide' | 'upstream'

/** How a traced request ended; names as in OpenTelemetry's semantic conventions. */
export interface TracedEnding {
  readonly operation: string | undefined
  readonly bucket: string | undefined
  readonly status: number
  readonly requestId: string
  readonly reason: string | undefined
}

/** Makes a trace for each request. */
export interface Tracing {
  begin(method: string, traceParent: string | undefined): RequestTrace
}

/**
 * Traces by the OpenTelemetry API. Which SDK is behind it, and where spans go, is the operator's:
 * an SDK that was loaded before (`node --import …`) and that is configured by the standard `OTEL_…`
 * variables. Without one there is no provider and no tracing, which costs nothing.
 */
export function openTracing(provider: TracerProvider = trace.getTracerProvider()): Tracing {
  const tracer = provider.getTracer('sealgate')
  return { begin: (method, traceParent) => new RequestTrace(tracer, method, traceParent) }
}

/** Whether an SDK has been registered, so that spans go anywhere. */
export function hasTraceProvider(): boolean {
  // Never ended, so never exported. Not isRecording(): a sampler may have left this very span out;
  // without an SDK its ids are zeros.
  const span = trace.getTracer('sealgate').startSpan('start')
  return trace.isSpanContextValid(span.spanContext())
}

/** The spans of one request: one for the whole, and within it one for each traced step. */
export class RequestTrace {
  /** 32 hex digits; what ties the audit line to the trace. */
  readonly traceId: string
  readonly #tracer: Tracer
  readonly #span: Span
  readonly #context: Context
  #step: Span | undefined

  constructor(tracer: Tracer, method: string, traceParent: string | undefined) {
    const parent = parseTraceParent(traceParent)
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
    this.#tracer = tracer
    this.#span = tracer.startSpan(
      method,
      { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } },
      context,
    )
    this.#context = trace.setSpan(context, this.#span)
    this.traceId = this.#span.spanContext().traceId
  }

  /** A step begins; the one before it has ended. */
  enter(step: TracedStep): void {
    this.#step?.end()
    const kind = step === 'upstream' ? SpanKind.CLIENT : SpanKind.INTERNAL
    this.#step = this.#tracer.startSpan(step, { kind }, this.#context)
  }

  /** The request has ended. */
  end(ending: TracedEnding): void {
    this.#step?.end()
    const { operation, bucket, status, requestId, reason } = ending
    this.#span.setAttribute('http.response.status_code', status)
    this.#span.setAttribute('sealgate.request_id', requestId)
    if (operation !== undefined) {
      this.#span.updateName(operation)
      this.#span.setAttribute('rpc.method', operation)
    }
    if (bucket !== undefined) this.#span.setAttribute('aws.s3.bucket', bucket)
    if (reason !== undefined) this.#span.setAttribute('sealgate.reason', reason)
    if (status === 0 || status >= 500) this.#span.setStatus({ code: SpanStatusCode.ERROR })
    this.#span.end()
  }
}
