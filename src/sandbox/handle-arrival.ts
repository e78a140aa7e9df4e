import { type Authentication, authenticate } from './authenticate.ts'
import { expectedChecksum } from './checksum.ts'
import { corsHeaders, findCorsRule, readCorsQuestion } from './cors-decision.ts'
import type { SandboxAccount } from './credential.ts'
import { refuseCustomerHeaders } from './customer-key.ts'
import { refuseEncryptionHeaders } from './encryption.ts'
import type { Answer, Exchange } from './exchange.ts'
import { S3Fault } from './fault.ts'
import type { KmsKeys } from './kms-keys.ts'
import { checkBucketPolicy } from './operations/bucket-policy.ts'
import { postObject } from './operations/post-object.ts'
import { EMPTY_SHA256, isHexSha256, isStreamingPayload } from './payload.ts'
import { policyAction } from './policy-action.ts'
import { answerPreflight, isPreflight } from './preflight.ts'
import type { Quirks } from './quirks.ts'
import { planBody, receiveBody } from './receive-body.ts'
import type { BucketRecord } from './records.ts'
import { header, parameter, parseRequest, type SandboxRequest } from './request.ts'
import { findRoute, type Route } from './route.ts'
import type { Arrival } from './server.ts'
import type { Store } from './store.ts'

/** XML and JSON documents are small; a DeleteObjects of 1,000 long keys is the largest. */
const DOCUMENT_BYTES_MAX = 8_388_608

/** The state that all requests share. */
export interface SandboxState {
  readonly store: Store
  readonly keys: KmsKeys
  readonly accounts: readonly SandboxAccount[]
  readonly region: string
  readonly quirks: Quirks
  /** Whether a quirk makes this conditional write conflict with another. */
  isConflicting(): boolean
  now(): number
}

/**
 * Handles a request: parse, authenticate, find the operation, check the head, run. A preflight ends
 * after the first step. Successes and refusals both get the headers of the bucket's CORS rules.
 */
export async function handleArrival(state: SandboxState, arrival: Arrival): Promise<Answer> {
  const parsed = parseRequest(arrival.method, arrival.rawTarget, arrival.headers)
  const bucket = state.store.find(parsed.bucket ?? '')?.record
  if (isPreflight(parsed)) return answerPreflight(parsed, bucket)
  const cors = corsHeadersFor(parsed, bucket)
  if (cors === undefined) return answerRequest(state, arrival, parsed)
  try {
    const answer = await answerRequest(state, arrival, parsed)
    return { ...answer, headers: { ...answer.headers, ...cors } }
  } catch (error) {
    throw error instanceof S3Fault ? error.withHeaders(cors) : error
  }
}

function corsHeadersFor(
  request: SandboxRequest,
  bucket: BucketRecord | undefined,
): Readonly<Record<string, string>> | undefined {
  if (bucket?.cors === undefined) return undefined
  const question = readCorsQuestion(request.method, request.headers)
  const rule = question === undefined ? undefined : findCorsRule(bucket.cors, question)
  return question === undefined || rule === undefined ? undefined : corsHeaders(rule, question)
}

async function answerRequest(
  state: SandboxState,
  arrival: Arrival,
  parsed: SandboxRequest,
): Promise<Answer> {
  const now = state.now()
  if (isForm(parsed)) {
    return postObject(exchangeOf(state, parsed, undefined, now, arrival, ''), state.accounts)
  }
  const authentication = authenticate(parsed, {
    accounts: state.accounts,
    region: state.region,
    now,
  })
  const { request } = authentication
  const route = findRoute(request)
  judgeHead(request, authentication, route, state.quirks)
  if (isConditionalWrite(request, route) && state.isConflicting()) {
    throw new S3Fault('ConditionalRequestConflict')
  }
  const action = policyAction(route.name, parameter(request, 'versionId') !== undefined)
  if (action !== undefined) {
    const bucket = state.store.find(request.bucket ?? '')?.record
    checkBucketPolicy(bucket, action, request.key, request.wireHeaders)
  }
  const document =
    route.body === 'document' ? await readDocument(request, authentication, route, arrival) : ''
  return route.run(exchangeOf(state, request, authentication, now, arrival, document))
}

/** A POST to a bucket that is neither signed nor another operation. */
function isForm(request: SandboxRequest): boolean {
  return (
    request.method === 'POST' &&
    request.bucket !== undefined &&
    request.key === undefined &&
    request.query.length === 0 &&
    header(request, 'authorization') === undefined
  )
}

function isConditionalWrite(request: SandboxRequest, { name }: Route): boolean {
  const isWrite = ['PutObject', 'CopyObject', 'CompleteMultipartUpload'].includes(name)
  const isConditional = ['if-match', 'if-none-match'].some(
    (condition) => header(request, condition) !== undefined,
  )
  return isWrite && isConditional
}

function judgeHead(
  request: SandboxRequest,
  authentication: Authentication,
  route: Route,
  quirks: Quirks,
): void {
  const { payload } = authentication
  if (isStreamingPayload(payload) && route.body !== 'object') {
    throw new S3Fault('InvalidRequest', 'The value of x-amz-content-sha256 header is invalid.')
  }
  if (quirks.noTrailers && payload.endsWith('-TRAILER')) {
    throw new S3Fault('XAmzContentSHA256Mismatch')
  }
  if (route.encryption !== 'all') refuseEncryptionHeaders(request.headers)
  if (route.encryption === 'none') refuseCustomerHeaders(request.headers)
}

function exchangeOf(
  state: SandboxState,
  request: SandboxRequest,
  authentication: Authentication | undefined,
  now: number,
  arrival: Arrival,
  document: string,
): Exchange {
  return {
    request,
    authentication,
    store: state.store,
    keys: state.keys,
    region: state.region,
    now,
    quirks: state.quirks,
    document,
    receive(needsMd5, sink) {
      if (authentication === undefined) throw new S3Fault('AccessDenied')
      const plan = planBody(request, authentication, expectedChecksum(request.wireHeaders))
      return receiveBody(plan, arrival.body(), needsMd5, sink)
    },
    rawBody() {
      return arrival.body()
    },
  }
}

/** Reads and verifies the body of an operation that has none or a small one. */
async function readDocument(
  request: SandboxRequest,
  authentication: Authentication,
  route: Route,
  arrival: Arrival,
): Promise<string> {
  const length = header(request, 'content-length') ?? '0'
  if (length === '0' && header(request, 'transfer-encoding') === undefined) {
    return checkEmpty(authentication.payload)
  }
  // A checksum header of CompleteMultipartUpload speaks of the object, not of the document.
  const checksum =
    route.name === 'CompleteMultipartUpload' ? undefined : expectedChecksum(request.wireHeaders)
  const plan = planBody(request, authentication, checksum)
  if (plan.size === undefined || plan.size > DOCUMENT_BYTES_MAX) throw new S3Fault('EntityTooLarge')
  const pieces: Buffer[] = []
  await receiveBody(plan, arrival.body(), false, (piece) => {
    pieces.push(piece)
    return undefined
  })
  return Buffer.concat(pieces).toString('utf8')
}

function checkEmpty(payload: string): string {
  if (isHexSha256(payload) && payload.toLowerCase() !== EMPTY_SHA256) {
    throw new S3Fault('XAmzContentSHA256Mismatch', undefined, [
      ['ClientComputedContentSHA256', payload],
      ['S3ComputedContentSHA256', EMPTY_SHA256],
    ])
  }
  return ''
}
