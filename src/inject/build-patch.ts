import { failure, ok, type Result } from '../base/result.ts'
import {
  type AdmissionRequest,
  OS_LABEL,
  POD_LIST_MAX,
  type Pod,
  type PodContainer,
  type PodVolume,
} from './admission-request.ts'
import { INJECT_ANNOTATION } from './inject-annotation.ts'
import type { InjectSettings } from './inject-settings.ts'
import { addToArray, type JsonPatchAdd } from './json-patch.ts'
import { addIdentity, addTokenVolume, isRole } from './pod-identity.ts'
import { NAME_CHARS_MAX, shortenName } from './shorten-name.ts'
import {
  buildConfigVolume,
  buildSidecarContainer,
  CONFIG_VOLUME_NAME,
  SIDECAR_NAME,
} from './sidecar-container.ts'

/** The changes to a pod (none if `operations` is empty), and the warnings for its author. */
export interface PodPatch {
  readonly operations: readonly JsonPatchAdd[]
  readonly warnings: readonly string[]
}

const NOTHING: PodPatch = { operations: [], warnings: [] }
const ENDPOINT_VARIABLE = 'AWS_ENDPOINT_URL_S3'

/** Limit of a container's name (RFC 1123 label), and of the annotation that lists them. */
const CONTAINER_LIST_CHARS_MAX = POD_LIST_MAX * (NAME_CHARS_MAX + ', '.length)

/** RFC 1123 subdomain, the form of a ConfigMap's name. */
const OBJECT_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/**
 * Adds the sidecar to a pod that asks for it, and points its containers to it; or gives a pod that asks
 * for a role its identity token, for the gateway. Idempotent, so that
 * the API server may call it again (`reinvocationPolicy: IfNeeded`); containers that another
 * webhook adds later get the endpoint too.
 *
 * The error is a sentence for the pod's author. A pod that asks for the sidecar and cannot have it
 * is refused, because every upload would fail later with a less clear error.
 */
export function buildPatch(
  request: AdmissionRequest,
  settings: InjectSettings,
): Result<PodPatch, string> {
  const { pod, namespace } = request
  if (pod === undefined || settings.excludedNamespaces.includes(namespace)) return ok(NOTHING)
  if (pod === 'too-large') {
    return failure(
      `a pod with more than ${POD_LIST_MAX} containers or volumes cannot have the Sealgate sidecar`,
    )
  }
  const annotations = pod.metadata.annotations ?? {}
  const wish = annotations[INJECT_ANNOTATION.inject]
  const role = annotations[INJECT_ANNOTATION.role]
  if (wish === undefined || wish === 'false') {
    if (role === undefined) return ok(NOTHING)
    return buildIdentityPatch(pod, settings, role, annotations[INJECT_ANNOTATION.containers])
  }
  if (role !== undefined) {
    return failure(
      `annotation ${INJECT_ANNOTATION.role} gives keys of the gateway, ${INJECT_ANNOTATION.inject} a sidecar: choose one`,
    )
  }
  if (wish !== 'true') {
    return failure(`annotation ${INJECT_ANNOTATION.inject} must be "true" or "false"`)
  }
  const obstacle = findObstacle(pod)
  if (obstacle !== undefined) return failure(obstacle)
  const configMap = annotations[INJECT_ANNOTATION.config] ?? settings.configMap
  if (configMap.length > 253 || !OBJECT_NAME.test(configMap)) {
    return failure(`annotation ${INJECT_ANNOTATION.config} is not a ConfigMap's name`)
  }
  const chosen = chooseContainers(pod, annotations[INJECT_ANNOTATION.containers])
  if (!chosen.ok) return chosen
  return ok(buildPodPatch(pod, settings, configMap, chosen.value))
}

/** Gives the chosen containers the pod's identity token, and the variables by which SDKs use it. */
function buildIdentityPatch(
  pod: Pod,
  { gateway }: InjectSettings,
  role: string,
  list: string | undefined,
): Result<PodPatch, string> {
  if (gateway === undefined) {
    return failure(
      `annotation ${INJECT_ANNOTATION.role}: the webhook has no --gateway-endpoint and --sts-endpoint`,
    )
  }
  if (!isRole(role)) return failure(`annotation ${INJECT_ANNOTATION.role} is not a client's name`)
  const chosen = chooseContainers(pod, list)
  if (!chosen.ok) return chosen
  const warnings: string[] = []
  const identities = (path: string, containers: readonly PodContainer[]) =>
    containers.flatMap((container, index) => {
      if (!chosen.value.has(container.name)) return []
      return addIdentity(`${path}/${index}`, container, role, gateway, warnings)
    })
  const operations = [
    ...addTokenVolume(pod.spec.volumes, gateway),
    ...identities('/spec/containers', pod.spec.containers),
    ...identities('/spec/initContainers', pod.spec.initContainers ?? []),
  ]
  return ok({ operations, warnings })
}

/** Returns why a pod cannot have the sidecar; undefined if it can. */
function findObstacle(pod: Pod): string | undefined {
  if (pod.spec.hostNetwork === true) {
    // The listener requires no signature because only the pod can reach it; here the whole node
    // could.
    return 'a pod with hostNetwork cannot have the Sealgate sidecar: its loopback is that of the node'
  }
  const os = pod.spec.os?.name ?? pod.spec.nodeSelector?.[OS_LABEL]
  if (os === 'windows') return 'the Sealgate sidecar does not run on Windows'
  if (!hasSidecar(pod) && findConfigVolume(pod)?.emptyDir != null) {
    // The sidecar starts before every container that could write a configuration into it.
    return `the emptyDir volume "${CONFIG_VOLUME_NAME}" has the name of the Sealgate sidecar's configuration: rename it`
  }
  return undefined
}

function hasSidecar(pod: Pod): boolean {
  return containersOf(pod).some(isSidecar)
}

function containersOf(pod: Pod): readonly PodContainer[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
}

function findConfigVolume(pod: Pod): PodVolume | undefined {
  return (pod.spec.volumes ?? []).find(({ name }) => name === CONFIG_VOLUME_NAME)
}

/**
 * Returns the names of the containers that get the endpoint: the listed ones, or all except the
 * sidecar.
 */
function chooseContainers(pod: Pod, list: string | undefined): Result<ReadonlySet<string>, string> {
  const present = new Set(containersOf(pod).map(({ name }) => name))
  present.delete(SIDECAR_NAME)
  if (list === undefined) return ok(present)
  if (list.length > CONTAINER_LIST_CHARS_MAX) {
    return failure(
      `annotation ${INJECT_ANNOTATION.containers} is longer than ${CONTAINER_LIST_CHARS_MAX} characters`,
    )
  }
  const listed = new Set(list.split(',').map((name) => name.trim()))
  for (const name of listed) {
    if (present.has(name)) continue
    return failure(
      `annotation ${INJECT_ANNOTATION.containers}: no container "${shortenName(name)}"`,
    )
  }
  return ok(listed)
}

function buildPodPatch(
  pod: Pod,
  settings: InjectSettings,
  configMap: string,
  chosen: ReadonlySet<string>,
): PodPatch {
  const { containers, initContainers, volumes } = pod.spec
  const warnings: string[] = []
  // The sidecar becomes the first container, so it is last in the patch: the other operations use
  // the old indexes.
  const operations = [
    ...addEndpoints('/spec/containers', containers, chosen, settings, warnings),
    ...addEndpoints('/spec/initContainers', initContainers ?? [], chosen, settings, warnings),
  ]
  warnings.push(...findPortClashes(containersOf(pod), settings))
  if (hasSidecar(pod)) return { operations, warnings }
  const volume = findConfigVolume(pod)
  if (volume !== undefined && volume.configMap?.name !== configMap) {
    warnings.push(
      `the sidecar reads its configuration from the pod's own volume "${CONFIG_VOLUME_NAME}", not from ConfigMap "${shortenName(configMap)}"`,
    )
  }
  if (volume === undefined) {
    operations.push(
      ...addToArray('/spec/volumes', volumes != null, 'last', [buildConfigVolume(configMap)]),
    )
  }
  operations.push(
    ...addToArray('/spec/initContainers', initContainers != null, 'first', [
      buildSidecarContainer(settings),
    ]),
  )
  return { operations, warnings }
}

function isSidecar(container: PodContainer): boolean {
  return container.name === SIDECAR_NAME
}

function addEndpoints(
  path: string,
  containers: readonly PodContainer[],
  chosen: ReadonlySet<string>,
  settings: InjectSettings,
  warnings: string[],
): JsonPatchAdd[] {
  const variable = { name: ENDPOINT_VARIABLE, value: settings.endpoint }
  return containers.flatMap((container, index) => {
    if (!chosen.has(container.name)) return []
    const own = (container.env ?? []).find((entry) => fieldOf(entry, 'name') === ENDPOINT_VARIABLE)
    if (own === undefined) {
      return addToArray(`${path}/${index}/env`, container.env != null, 'last', [variable])
    }
    if (fieldOf(own, 'value') !== settings.endpoint) {
      warnings.push(
        `container "${shortenName(container.name)}" sets ${ENDPOINT_VARIABLE} itself and bypasses Sealgate`,
      )
    }
    return []
  })
}

/**
 * Warnings about ports that the sidecar listens on too; each once per container. Every container
 * counts, because the sidecar is the first to start and runs until the last has ended: an init
 * container or another native sidecar on its port fails as an application does.
 */
function findPortClashes(
  containers: readonly PodContainer[],
  settings: InjectSettings,
): readonly string[] {
  const sidecar = containers.find(isSidecar)
  const adminPorts = sidecar === undefined ? new Set([settings.adminPort]) : tcpPortsOf(sidecar)
  const taken = new Set([Number(new URL(settings.endpoint).port || '80'), ...adminPorts])
  return containers.flatMap((container) => {
    if (isSidecar(container)) return []
    const own = tcpPortsOf(container)
    return [...taken]
      .filter((port) => own.has(port))
      .map(
        (port) => `container "${shortenName(container.name)}" listens on ${port}, as Sealgate does`,
      )
  })
}

/** The ports that a container says it listens on; Kubernetes's default protocol is TCP. */
function tcpPortsOf({ ports }: PodContainer): ReadonlySet<unknown> {
  const tcp = (ports ?? []).filter((port) => (fieldOf(port, 'protocol') ?? 'TCP') === 'TCP')
  return new Set(tcp.map((port) => fieldOf(port, 'containerPort')))
}

/** A field of an element that the API server may not have checked yet. */
function fieldOf(element: unknown, name: string): unknown {
  return typeof element === 'object' && element !== null ? Reflect.get(element, name) : undefined
}
