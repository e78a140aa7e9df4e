import { readFile } from 'node:fs/promises'
import type { Credentials } from './credentials.ts'

/** The limit of an answer: it has four short texts. */
const ANSWER_OCTETS_MAX = 64 * 1024

/** Hosts that plain HTTP is allowed for: ECS, EKS Pod Identity, loopback. */
const PLAIN_HOSTS =
  /^(?:169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\]|localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** The environment variables that name the endpoint. */
type ContainerEnvironment = Readonly<Record<string, string | undefined>>

/** Returns whether the environment names a container endpoint. */
export function hasContainerEndpoint(env: ContainerEnvironment): boolean {
  const {
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: full,
  } = env
  return Boolean(relative) || Boolean(full)
}

/**
 * Fetches credentials once from the container endpoint of ECS or EKS Pod Identity. Reads the token
 * file each time, because it rotates. Does not use the SDK's provider, which has no timeout for the
 * answer: a hanging request would keep its socket forever.
 *
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export async function fetchContainerCredentials(
  env: ContainerEnvironment,
  timeoutMs: number,
): Promise<Credentials> {
  const url = endpointOf(env)
  const authorization = await readAuthorization(env)
  const response = await fetch(url, {
    headers: authorization === undefined ? {} : { authorization },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await readText(response)
  if (response.status !== 200) {
    throw new Error(`the container endpoint answered with status ${response.status}`)
  }
  return parseAnswer(text)
}

function endpointOf(env: ContainerEnvironment): URL {
  const {
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: full,
  } = env
  if (relative !== undefined && relative !== '') return new URL(`http://169.254.170.2${relative}`)
  if (full === undefined || full === '')
    throw new Error('the environment names no container endpoint')
  if (!URL.canParse(full)) throw new Error('AWS_CONTAINER_CREDENTIALS_FULL_URI is not a URL')
  const url = new URL(full)
  const isSafe =
    url.protocol === 'https:' || (url.protocol === 'http:' && PLAIN_HOSTS.test(url.hostname))
  if (isSafe && url.username === '') return url
  throw new Error(
    'AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to loopback or to the address of ECS or EKS',
  )
}

async function readAuthorization(env: ContainerEnvironment): Promise<string | undefined> {
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } =
    env
  const text = file ? (await readFile(file, 'utf8')).trimEnd() : token
  if (text !== undefined && !/^[\x20-\x7e]*$/.test(text)) {
    throw new Error('the authorization token of the container endpoint is malformed')
  }
  return text
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let octets = 0
  for await (const chunk of response.body ?? []) {
    octets += chunk.length
    if (octets > ANSWER_OCTETS_MAX)
      throw new Error('the answer of the container endpoint is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parseAnswer(text: string): Credentials {
  const answer = parseJson(text)
  const accessKeyId = property(answer, 'AccessKeyId')
  const secretAccessKey = property(answer, 'SecretAccessKey')
  const sessionToken = property(answer, 'Token')
  const expiration = property(answer, 'Expiration')
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error('the answer of the container endpoint has no credentials')
  }
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiration: expiration === undefined ? undefined : new Date(expiration),
  }
}

/** The message of JSON.parse is not used, because it quotes the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('the answer of the container endpoint is not JSON')
  }
}

function property(answer: unknown, name: string): string | undefined {
  const value: unknown = Reflect.get(Object(answer), name)
  return typeof value === 'string' ? value : undefined
}
