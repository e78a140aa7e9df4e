import { failure, ok, type Result } from '../base/result.ts'
import type { FormHead } from '../body/form-head-reader.ts'
import type { Client, Config } from '../config/config.ts'
import { refuseExpectation } from '../request/expectation.ts'
import { type AuthenticationContext, refusedNobodysBucket } from '../request/identify.ts'
import { judge, type Verdict } from '../request/judge.ts'
import { planForm, traitsOf } from '../request/plan-body.ts'
import { readForm } from '../request/read-form.ts'
import { type ReceivedHead, readHead } from '../request/read-head.ts'
import type { S3Request } from '../request/read-request.ts'
import type { S3Error } from '../s3/error.ts'
import { contextOf, type ExplainedSender, explainSender } from './explain-sender.ts'

/** A request to explain. */
export interface ExplainedRequest extends ReceivedHead {
  /**
   * The fields of a POST form, or why they cannot be parsed; undefined if the request has no form.
   */
  readonly form?: Result<FormHead, S3Error> | undefined
}

/** How to judge the request. */
export interface ExplainSettings {
  /** Judge as if this client had signed the request. */
  readonly as?: Client | undefined
  /** The time at which the signature is verified. */
  readonly nowMs: number
  /** False if the configuration was loaded without its secrets: signatures cannot be verified. */
  readonly hasSecrets: boolean
}

/** The verdict on a request, with its sender. */
export interface Explanation {
  /** Undefined if the request cannot be parsed. */
  readonly request: S3Request | undefined
  /** Undefined if the request is refused before its sender is identified. */
  readonly sender: ExplainedSender | undefined
  readonly verdict: Verdict
  /** If the sender is only assumed: the proxy's verdict on the request as sent. */
  readonly asItStands: Verdict | undefined
}

/** Judges a request as a loopback listener of this configuration would. Pure. */
export function explainRequest(
  config: Config,
  asked: ExplainedRequest,
  settings: ExplainSettings,
): Explanation {
  const hosts = servedHosts(config)
  const configuredBuckets = new Set(config.upstream.buckets.keys())
  const site = { policy: config.policy, hosts, configuredBuckets }
  const read = readHead(site, asked, refuseExpectation(asked.headers))
  if (!read.ok) return unread(undefined, read.error)
  const context = contextOf(config, asked, settings.nowMs)
  const whole = withForm(context, asked, read.value)
  if (!whole.ok) return unread(read.value, whole.error)
  const request = whole.value
  const sender = explainSender(config, context, settings, request)
  const traits = traitsOf(config.upstream)
  const asItStands = sender.isSupposed ? judge(config.policy, traits, context, request) : undefined
  const verdict = judge(config.policy, traits, sender.context, request)
  return { request, sender, verdict, asItStands }
}

/**
 * Returns the host names under which the listeners serve S3; an egress listener has the region's
 * host.
 */
export function servedHosts({ listen, upstream: { region } }: Config): readonly string[] {
  const regional = `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
  return listen.flatMap(({ kind, hosts }) => (kind === 'egress' ? [...hosts, regional] : hosts))
}

/** Adds the fields of a form; checks in the same order as the proxy. */
function withForm(
  context: AuthenticationContext,
  asked: ExplainedRequest,
  request: S3Request,
): Result<S3Request, S3Error> {
  if (request.operation.name !== 'PostObject') return ok(request)
  const nobodys = refusedNobodysBucket(context, request.resource.bucket ?? '')
  if (nobodys !== undefined) return failure(nobodys)
  const plan = planForm(request)
  if (!plan.ok) return plan
  const { form = ok(NO_FIELDS) } = asked
  if (!form.ok) return form
  const read = readForm(request, plan.value, form.value)
  return read.ok ? ok(read.value.request) : read
}

const NO_FIELDS: FormHead = {
  fields: [],
  file: { name: 'file', filename: undefined, contentType: undefined },
  length: 0,
}

function unread(request: S3Request | undefined, error: S3Error): Explanation {
  const verdict: Verdict = { kind: 'refuse', error, principal: undefined, decision: undefined }
  return { request, sender: undefined, verdict, asItStands: undefined }
}
