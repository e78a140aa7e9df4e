import {
  type Context,
  context,
  propagation,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { type HeaderList, headerValue } from '../base/header-list.ts'
import { parseTraceParent } from './trace-parent.ts'

/** A step of the road that gets a span of its own. */
export type TracedStep = 'judge' | 'upstream'

/** How a traced request ended; names as in OpenTelemetry's semantic conventions. */
interface TracedEnding {
  readonly operation: string | undefined
  readonly bucket: string | undefined
  readonly status: number
  readonly requestId: string
  readonly reason: string | undefined
}

/** Makes a trace for each request. */
export interface Tracing {
  begin(method: string, headers: HeaderList): RequestTrace
}

/**
 * Traces by the OpenTelemetry API. Which SDK is behind it, and where spans go, is the operator's:
 * an SDK that was loaded before (`node --import …`) and that is configured by the standard `OTEL_…`
 * variables. Without one there is no provider and no tracing, which costs nothing.
 */
export function openTracing(provider: TracerProvider = trace.getTracerProvider()): Tracing {
  const tracer = provider.getTracer('sealgate')
  return { begin: (method, headers) => new RequestTrace(tracer, method, headers) }
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

  constructor(tracer: Tracer, method: string, headers: HeaderList) {
    const parent = contextOfCaller(headers)
    this.#tracer = tracer
    this.#span = tracer.startSpan(
      method,
      { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } },
      parent,
    )
    this.#context = trace.setSpan(parent, this.#span)
    this.traceId = this.#span.spanContext().traceId
  }

  /** A step begins; the one before it has ended. */
  enter(step: TracedStep): void {
    this.#begin(step)
  }

  /** The same, for work in which other instrumentation (undici's) finds the step's span as its parent. */
  within<T>(step: TracedStep, work: () => T): T {
    return context.with(trace.setSpan(this.#context, this.#begin(step)), work)
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

  #begin(step: TracedStep): Span {
    this.#step?.end()
    const kind = step === 'upstream' ? SpanKind.CLIENT : SpanKind.INTERNAL
    this.#step = this.#tracer.startSpan(step, { kind }, this.#context)
    return this.#step
  }
}

/**
 * Where the request's span belongs: under the span of the HTTP instrumentation that has taken the
 * request, else under the caller's, as the configured propagator reads it (`OTEL_PROPAGATORS`: W3C, B3,
 * X-Ray, …), else as `traceparent` says. Only the span is taken from a caller: baggage of strangers
 * does not go on.
 */
function contextOfCaller(headers: HeaderList): Context {
  const active = context.active()
  if (isValid(trace.getSpanContext(active))) return active
  const caller = extractCaller(active, headers)
  return caller === undefined ? active : trace.setSpanContext(active, caller)
}

function extractCaller(active: Context, headers: HeaderList): SpanContext | undefined {
  const extracted = trace.getSpanContext(propagation.extract(active, headers, HEADER_GETTER))
  if (isValid(extracted)) return extracted
  return parseTraceParent(headerValue(headers, 'traceparent'))
}

function isValid(spanContext: SpanContext | undefined): spanContext is SpanContext {
  return spanContext !== undefined && trace.isSpanContextValid(spanContext)
}

const HEADER_GETTER: TextMapGetter<HeaderList> = {
  get: (headers, name) => headerValue(headers, name.toLowerCase()),
  keys: (headers) => headers.filter((_, i) => i % 2 === 0),
}
