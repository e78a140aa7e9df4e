import { z } from 'zod'
import { failure, ok, type Result } from '../base/result.ts'
import { INJECT_ANNOTATION } from './inject-annotation.ts'

/** The node label by which pods for Windows choose their nodes; `spec.os` is often left out. */
export const OS_LABEL = 'kubernetes.io/os'

const ENV_SCHEMA = z.looseObject({ name: z.string(), value: z.string().optional() })

const CONTAINER_SCHEMA = z.looseObject({
  name: z.string(),
  env: listOf(ENV_SCHEMA).nullish(),
  ports: listOf(z.looseObject({ containerPort: z.number().int() })).nullish(),
})

const POD_SCHEMA = z.looseObject({
  metadata: z
    .looseObject({
      annotations: z
        .looseObject({
          [INJECT_ANNOTATION.inject]: z.string().optional(),
          [INJECT_ANNOTATION.config]: z.string().optional(),
          [INJECT_ANNOTATION.containers]: z.string().optional(),
        })
        .nullish(),
    })
    .default(() => ({})),
  spec: z.looseObject({
    containers: listOf(CONTAINER_SCHEMA),
    initContainers: listOf(CONTAINER_SCHEMA).nullish(),
    volumes: listOf(z.looseObject({ name: z.string() })).nullish(),
    hostNetwork: z.boolean().nullish(),
    nodeSelector: z.looseObject({ [OS_LABEL]: z.string().optional() }).nullish(),
    os: z.looseObject({ name: z.string() }).nullish(),
  }),
})

const REVIEW_SCHEMA = z.looseObject({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.looseObject({
    uid: z.string().min(1),
    kind: z.looseObject({ group: z.string(), version: z.string(), kind: z.string() }),
    subResource: z.string().nullish(),
    operation: z.string(),
    namespace: z.string().default(''),
    object: z.unknown(),
  }),
})

/** The part of a container that the webhook reads. */
export type PodContainer = z.output<typeof CONTAINER_SCHEMA>

/** The part of a pod that the webhook reads; everything else is passed by untouched. */
export type Pod = z.output<typeof POD_SCHEMA>

/** What the API server asks: `pod` is undefined where the object is no pod that is being created. */
export interface AdmissionRequest {
  readonly uid: string
  readonly namespace: string
  readonly pod: Pod | undefined
}

/**
 * Reads an AdmissionReview document of the API server (admission.k8s.io/v1, JSON, UTF-8). The error
 * is a sentence for the log.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
 */
export function parseAdmissionRequest(document: string): Result<AdmissionRequest, string> {
  const json = parseJson(document)
  if (!json.ok) return json
  const review = REVIEW_SCHEMA.safeParse(json.value)
  if (!review.success) return failure(`not an AdmissionReview: ${z.prettifyError(review.error)}`)
  const { uid, namespace, object } = review.data.request
  if (!isPodCreation(review.data.request)) return ok({ uid, namespace, pod: undefined })
  const pod = POD_SCHEMA.safeParse(object)
  if (!pod.success) return failure(`not a Pod: ${z.prettifyError(pod.error)}`)
  return ok({ uid, namespace, pod: pod.data })
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

/**
 * An array of which the first element that does not fit is told, and no other: of a document of 3 MiB,
 * which anybody who reaches the webhook can send, zod would make a million issues and a gigabyte.
 */
function listOf<T extends z.ZodType>(element: T) {
  return z.array(z.unknown()).transform((items, context) => {
    const list: z.output<T>[] = []
    for (const [index, item] of items.entries()) {
      const parsed = element.safeParse(item)
      if (!parsed.success) {
        for (const { message, path } of parsed.error.issues) {
          context.addIssue({ code: 'custom', message, path: [index, ...path] })
        }
        return z.NEVER
      }
      list.push(parsed.data)
    }
    return list
  })
}
