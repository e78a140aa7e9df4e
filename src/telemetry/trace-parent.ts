import { type SpanContext, TraceFlags } from '@opentelemetry/api'

/** `version-traceid-parentid-flags`; later versions may append more. */
const TRACE_PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/**
 * Parses the caller's span from a `traceparent` header; undefined if the header is invalid, as W3C
 * requires: a trace is never a reason to refuse a request.
 *
 * Source: https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function parseTraceParent(header: string | undefined): SpanContext | undefined {
  if (header === undefined || header.length > 256) return undefined
  const match = TRACE_PARENT.exec(header.trim())
  if (match === null) return undefined
  const [, version = '', traceId = '', spanId = '', flags = '', more] = match
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  const isSampled = (Number.parseInt(flags, 16) & TraceFlags.SAMPLED) !== 0
  return {
    traceId,
    spanId,
    isRemote: true,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
  }
}
