import { z } from 'zod'
import { failure, ok, type Result } from '../base/result.ts'
import { INJECT_ANNOTATION } from './inject-annotation.ts'

/** The node label by which Windows pods select nodes; `spec.os` is often omitted. */
export const OS_LABEL = 'kubernetes.io/os'

/** Limit of a name or UID that is logged and repeated; Kubernetes allows at most 253 characters. */
const NAME_CHARS_MAX = 253

/**
 * Limit of containers and init containers, or volumes, of a pod that asks for the sidecar; real
 * pods have dozens.
 */
export const POD_LIST_MAX = 500

/** A list whose elements are read one by one, without a copy: there may be a million. */
const LIST = z.custom<readonly unknown[]>(Array.isArray, 'expected array')

const METADATA_SCHEMA = z.object({
  annotations: z
    .object({
      [INJECT_ANNOTATION.inject]: z.string().optional(),
      [INJECT_ANNOTATION.config]: z.string().optional(),
      [INJECT_ANNOTATION.containers]: z.string().optional(),
      [INJECT_ANNOTATION.role]: z.string().optional(),
    })
    .nullish(),
})

const OBJECT_SCHEMA = z.object({
  metadata: METADATA_SCHEMA.default(() => ({})),
  spec: z.object({ containers: LIST, initContainers: LIST.nullish(), volumes: LIST.nullish() }),
})

const CONTAINER_SCHEMA = z.object({
  name: z.string(),
  env: LIST.nullish(),
  ports: LIST.nullish(),
  volumeMounts: LIST.nullish(),
})

const VOLUME_SCHEMA = z.object({
  name: z.string(),
  configMap: z.object({ name: z.string().optional() }).nullish(),
  emptyDir: z.object({}).nullish(),
})

const POD_SCHEMA = z.object({
  metadata: METADATA_SCHEMA.default(() => ({})),
  spec: z.object({
    containers: z.array(CONTAINER_SCHEMA),
    initContainers: z.array(CONTAINER_SCHEMA).nullish(),
    volumes: z.array(VOLUME_SCHEMA).nullish(),
    hostNetwork: z.boolean().nullish(),
    nodeSelector: z.object({ [OS_LABEL]: z.string().optional() }).nullish(),
    os: z.object({ name: z.string() }).nullish(),
  }),
})

const REVIEW_SCHEMA = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().min(1).max(NAME_CHARS_MAX),
    kind: z.object({ group: z.string(), version: z.string(), kind: z.string() }),
    subResource: z.string().nullish(),
    operation: z.string(),
    namespace: z.string().max(NAME_CHARS_MAX).default(''),
    object: z.unknown(),
  }),
})

/** The part of a container that the webhook reads. */
export type PodContainer = z.output<typeof CONTAINER_SCHEMA>

/** The part of a volume that the webhook reads. */
export type PodVolume = z.output<typeof VOLUME_SCHEMA>

/** The part of a pod that the webhook reads; the rest is not changed. */
export type Pod = z.output<typeof POD_SCHEMA>

/** A request of the API server. */
export interface AdmissionRequest {
  readonly uid: string
  readonly namespace: string
  /**
   * Undefined if the object is not a pod being created, or has no annotation that asks for the
   * sidecar or for a role; `too-large` if it asks and has a list longer than {@link POD_LIST_MAX}.
   */
  readonly pod: Pod | 'too-large' | undefined
}

/**
 * Parses an AdmissionReview document of the API server (admission.k8s.io/v1, JSON, UTF-8). The
 * error is a sentence for the log.
 *
 * Source:
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
 */
export function parseAdmissionRequest(document: string): Result<AdmissionRequest, string> {
  const json = parseJson(document)
  if (!json.ok) return json
  const review = REVIEW_SCHEMA.safeParse(json.value)
  if (!review.success) return failure(`not an AdmissionReview: ${z.prettifyError(review.error)}`)
  const { uid, namespace, object } = review.data.request
  if (!isPodCreation(review.data.request)) return ok({ uid, namespace, pod: undefined })
  const pod = parsePod(object)
  return pod.ok ? ok({ uid, namespace, pod: pod.value }) : pod
}

/** Counts the lists before it reads their elements, because the input is not trusted. */
function parsePod(object: unknown): Result<AdmissionRequest['pod'], string> {
  const counted = OBJECT_SCHEMA.safeParse(object)
  if (!counted.success) return failure(`not a Pod: ${z.prettifyError(counted.error)}`)
  const { metadata, spec } = counted.data
  const { inject, role } = INJECT_ANNOTATION
  const { annotations } = metadata
  if (annotations?.[inject] === undefined && annotations?.[role] === undefined) return ok(undefined)
  const containers = spec.containers.length + (spec.initContainers ?? []).length
  if (Math.max(containers, (spec.volumes ?? []).length) > POD_LIST_MAX) return ok('too-large')
  const pod = POD_SCHEMA.safeParse(object)
  return pod.success ? ok(pod.data) : failure(`not a Pod: ${firstIssue(pod.error)}`)
}

/** Returns only the first of possibly many issues. */
function firstIssue(error: z.ZodError): string {
  return z.prettifyError({ issues: error.issues.slice(0, 1) })
}

function parseJson(document: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(document))
  } catch {
    return failure('not JSON')
  }
}

function isPodCreation(request: z.output<typeof REVIEW_SCHEMA>['request']): boolean {
  const { group, version, kind } = request.kind
  const isPod = group === '' && version === 'v1' && kind === 'Pod'
  return isPod && request.operation === 'CREATE' && (request.subResource ?? '') === ''
}
