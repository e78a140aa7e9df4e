import type { PodContainer, PodVolume } from './admission-request.ts'
import type { GatewaySettings } from './inject-settings.ts'
import { addToArray, type JsonPatchAdd } from './json-patch.ts'
import { shortenName } from './shorten-name.ts'

/** The name of the volume with the pod's identity token. */
const TOKEN_VOLUME_NAME = 'sealgate-token'
const TOKEN_FOLDER = '/var/run/secrets/sealgate'

/** Kubernetes renews the file when four fifths of this time have passed. */
const TOKEN_SECONDS = 3600

/** The name of a client, as the configuration allows it. */
const ROLE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** With these the SDKs never look for a token. */
const STATIC_KEY_VARIABLE = 'AWS_ACCESS_KEY_ID'

/** Returns whether the text can be the name of a client of the gateway. */
export function isRole(text: string): boolean {
  return ROLE.test(text)
}

/** Adds the volume with the pod's identity token: for the gateway alone, and renewed by Kubernetes. */
export function addTokenVolume(
  volumes: readonly PodVolume[] | null | undefined,
  { audience }: GatewaySettings,
): readonly JsonPatchAdd[] {
  if (volumes?.some(({ name }) => name === TOKEN_VOLUME_NAME) === true) return []
  const token = { audience, expirationSeconds: TOKEN_SECONDS, path: 'token' }
  const volume = {
    name: TOKEN_VOLUME_NAME,
    projected: { sources: [{ serviceAccountToken: token }] },
  }
  return addToArray('/spec/volumes', volumes != null, 'last', [volume])
}

/**
 * Adds what SDKs need to get session keys of the gateway: the token and four variables. A variable that
 * the container sets itself stays, with a warning.
 */
export function addIdentity(
  path: string,
  container: PodContainer,
  role: string,
  { endpoint, stsEndpoint }: GatewaySettings,
  warnings: string[],
): readonly JsonPatchAdd[] {
  const { env, volumeMounts } = container
  const own = new Map((env ?? []).map((entry) => [fieldOf(entry, 'name'), fieldOf(entry, 'value')]))
  const wanted = [
    { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${TOKEN_FOLDER}/token` },
    { name: 'AWS_ROLE_ARN', value: `arn:aws:iam::000000000000:role/${role}` },
    { name: 'AWS_ENDPOINT_URL_STS', value: stsEndpoint },
    { name: 'AWS_ENDPOINT_URL_S3', value: endpoint },
  ]
  for (const { name, value } of wanted) {
    if (own.has(name) && own.get(name) !== value) {
      warnings.push(`container "${shortenName(container.name)}" sets ${name} itself and keeps it`)
    }
  }
  if (own.has(STATIC_KEY_VARIABLE)) {
    warnings.push(
      `container "${shortenName(container.name)}" sets ${STATIC_KEY_VARIABLE}, which SDKs take instead of its token`,
    )
  }
  const missing = wanted.filter(({ name }) => !own.has(name))
  const hasMount = (volumeMounts ?? []).some(
    (mount) => fieldOf(mount, 'mountPath') === TOKEN_FOLDER,
  )
  const mount = { name: TOKEN_VOLUME_NAME, mountPath: TOKEN_FOLDER, readOnly: true }
  return [
    ...addToArray(`${path}/env`, env != null, 'last', missing),
    ...addToArray(`${path}/volumeMounts`, volumeMounts != null, 'last', hasMount ? [] : [mount]),
  ]
}

/** A field of an element that the API server may not have checked yet. */
function fieldOf(element: unknown, name: string): unknown {
  return typeof element === 'object' && element !== null ? Reflect.get(element, name) : undefined
}
