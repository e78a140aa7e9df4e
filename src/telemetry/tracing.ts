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

/** A step with its own span. */
export type TracedStep = 'judge' | 'upstream'

/** The end of a traced request; names as in OpenTelemetry's semantic conventions. */
interface TracedEnding {
  readonly operation: string | undefined
  readonly bucket: string | undefined
  readonly status: number
  readonly requestId: string
  readonly reason: string | undefined
}

/** Creates a trace for each request. */
export interface Tracing {
  begin(method: string, headers: HeaderList): RequestTrace
}

/**
 * Traces with the OpenTelemetry API. The operator chooses the SDK and the destination of spans: an
 * SDK that is loaded before the program (`node --import …`) and configured by the standard `OTEL_…`
 * variables. Without one there is no provider and no tracing, at no cost.
 */
export function openTracing(provider: TracerProvider = trace.getTracerProvider()): Tracing {
  const tracer = provider.getTracer('sealgate')
  return { begin: (method, headers) => new RequestTrace(tracer, method, headers) }
}

/** Returns whether an SDK is registered, so that spans are exported. */
export function hasTraceProvider(): boolean {
  // Never ended, so never exported. Does not use isRecording(), because a sampler may drop this
  // span; without an SDK the ids are zeros.
  const span = trace.getTracer('sealgate').startSpan('start')
  return trace.isSpanContextValid(span.spanContext())
}

/** The spans of one request: one for the whole, and one for each traced step within it. */
export class RequestTrace {
  /** 32 hex digits; connects the audit line with the trace. */
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

  /** Begins a step; ends the previous one. */
  enter(step: TracedStep): void {
    this.#begin(step)
  }

  /**
   * The same, for work in which other instrumentation (undici's) finds the step's span as its
   * parent.
   */
  within<T>(step: TracedStep, work: () => T): T {
    return context.with(trace.setSpan(this.#context, this.#begin(step)), work)
  }

  /** Ends the request. */
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
 * Finds the parent of the request's span: the span of the HTTP instrumentation of the request,
 * otherwise the caller's, as the configured propagator reads it (`OTEL_PROPAGATORS`: W3C, B3,
 * X-Ray, …), otherwise that of `traceparent`. Only the span is used: a client's baggage is not
 * forwarded.
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
