import type { Authentication } from './authenticate.ts'
import type { BucketStore } from './bucket-store.ts'
import { findObject } from './find-version.ts'
import type { KmsKeys } from './kms-keys.ts'
import type { Quirks } from './quirks.ts'
import type { BodyFacts, BodySink } from './receive-body.ts'
import type { ObjectRecord, Segment } from './records.ts'
import { parameter, type SandboxRequest } from './request.ts'
import type { Store } from './store.ts'

/** The inputs of every operation: the request, checked so far, and the sandbox's state. */
export interface Exchange {
  readonly request: SandboxRequest
  /** `undefined` for a POST form, which brings its signature in the body. */
  readonly authentication: Authentication | undefined
  readonly store: Store
  readonly keys: KmsKeys
  readonly region: string
  /** Milliseconds since 1970. */
  readonly now: number
  readonly quirks: Quirks
  /** The whole body, verified: for XML and JSON documents. */
  readonly document: string
  /** Reads and verifies an object's body. The first call answers `Expect: 100-continue`. */
  receive(needsMd5: boolean, sink: BodySink): Promise<BodyFacts>
  /** The body undecoded and unjudged: for POST forms. */
  rawBody(): AsyncIterable<Buffer>
}

/** A part of a file to send. */
export interface FileRange {
  readonly path: string
  /** The first byte. */
  readonly start: number
  /** The number of bytes; not 0. */
  readonly size: number
}

/** The answer of an operation. `server.ts` adds date, server and request ids. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Text, bytes or files. */
  readonly body?: string | AnswerFiles
}

/** Files as an answer's body. */
export interface AnswerFiles {
  readonly ranges: readonly FileRange[]
  readonly size: number
  /** Called when they have been sent, or never will be. */
  release(): void
}

/** An operation of the API. */
export type Operation = (exchange: Exchange) => Promise<Answer> | Answer

/** An answer with an XML document. */
export function xmlAnswer(document: string, headers: Record<string, string> = {}): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body: document }
}

/** An answer without a body. */
export function emptyAnswer(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers }
}

/** The bucket that the request names. Throws `NoSuchBucket`. */
export function bucketOf(exchange: Exchange): BucketStore {
  return exchange.store.bucket(exchange.request.bucket ?? '')
}

/** Returns the key of the request: the route guarantees that there is one. */
export function keyOf(exchange: Exchange): string {
  return exchange.request.key ?? ''
}

/**
 * The object that the request names, by key and perhaps by version. Throws `NoSuchBucket` and what
 * `findObject` throws.
 */
export function objectOf(exchange: Exchange): ObjectRecord {
  const { request } = exchange
  const versionId = parameter(request, 'versionId')
  return findObject(bucketOf(exchange), keyOf(exchange), versionId, request.method)
}

/** Sum of segments or parts. */
export function totalSize(segments: readonly Pick<Segment, 'size'>[]): number {
  return segments.reduce((sum, segment) => sum + segment.size, 0)
}
