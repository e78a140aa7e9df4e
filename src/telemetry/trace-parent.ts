import { type SpanContext, TraceFlags } from '@opentelemetry/api'

/** `version-traceid-parentid-flags`; later versions may have more behind. */
const TRACE_PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/**
 * The caller's span that a `traceparent` header names; undefined where the header is none, as W3C
 * says: a trace is never a reason to refuse a request.
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
